package view

import (
	"bufio"
	"bytes"
	"context"
	"hash/fnv"
	"io"
	"strings"

	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/analyze/typeset"
)

// ANSI attributes.
const (
	bold   = "1"
	faint  = "2"
	red    = "31"
	yellow = "33"
	cyan   = "36"
)

// labelColors tell components apart.
var labelColors = []string{"36", "35", "34", "32", "33", "96", "95", "94", "92"}

// widestLabel bounds the column of labels.
const widestLabel = 44

func (s Screen) paint(attr, text string) string {
	if !s.Color || attr == "" || text == "" {
		return text
	}
	return "\x1b[" + attr + "m" + text + "\x1b[0m"
}

// Logs writes the chosen records merged by time: each physical line as it was, behind the name of its component when there are
// several. Colours of the log itself are taken off, other control characters are made visible.
func (in Input) Logs(ctx context.Context, w io.Writer, f *Filter, s Screen) error {
	out := bufio.NewWriterSize(w, 64<<10)
	p := &printer{w: out, screen: s, leads: map[string]string{}}
	if err := in.Each(ctx, f, p.print); err != nil {
		_ = out.Flush() // what was shown before the error is good
		return err
	}
	return out.Flush()
}

// printer writes lines of logs.
type printer struct {
	w      *bufio.Writer
	screen Screen
	leads  map[string]string
}

func (p *printer) print(l *Line) error {
	lead := ""
	if !l.Alone {
		lead = p.lead(l)
	}
	attr := levelColor(l.Level)
	for line := range bytes.Lines(typeset.Visible(l.Text)) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		p.w.WriteString(lead)
		if attr != "" && p.screen.Color {
			p.w.WriteString(p.screen.paint(attr, string(line)))
		} else {
			p.w.Write(line)
		}
		if err := p.w.WriteByte('\n'); err != nil {
			return err
		}
	}
	return nil
}

// maxLeads bounds the memory of labels; a log of several services may name anything.
const maxLeads = 10_000

// lead is what stands before the lines of a log.
func (p *printer) lead(l *Line) string {
	lead, known := p.leads[l.Label]
	if !known {
		lead = p.screen.paint(colorOf(l.Label), typeset.Pad(typeset.Clean(l.Label), min(l.Widest, widestLabel))) + " | "
		if len(p.leads) < maxLeads {
			p.leads[strings.Clone(l.Label)] = lead
		}
	}
	return lead
}

func colorOf(label string) string {
	h := fnv.New32a()
	_, _ = io.WriteString(h, label) // a hash takes every write
	return labelColors[h.Sum32()%uint32(len(labelColors))]
}

func levelColor(l scan.Level) string {
	switch l {
	case scan.LevelFatal, scan.LevelPanic, scan.LevelError:
		return red
	case scan.LevelWarn:
		return yellow
	case scan.LevelDebug:
		return faint
	}
	return ""
}
