package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/typeset"
	"github.com/imbundle/imbundle/specs"
)

const (
	defaultWidth = 100
	leastWidth   = 40
	fieldWidth   = 11 // columns of the label in front of a field
)

// ANSI attributes of the screen.
const (
	bold   = "1"
	faint  = "2"
	red    = "1;31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

// screen writes lines; the first error is kept and given by flush.
type screen struct {
	w     *bufio.Writer
	o     Options
	width int
	err   error // of rendering a table
}

func newScreen(w io.Writer, o Options) *screen {
	width := o.Width
	if width == 0 {
		width = defaultWidth
	}
	return &screen{w: bufio.NewWriter(w), o: o, width: max(width, leastWidth)}
}

// fail keeps the first error of rendering.
func (s *screen) fail(err error) {
	if s.err == nil {
		s.err = fmt.Errorf("rendering a table: %w", err)
	}
}

// flush gives the first error that rendering or writing met.
func (s *screen) flush() error {
	if err := s.w.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return s.err
}

// say is a fixed word in the reader's language; an unknown one is shown by its own name.
func (s *screen) say(l label, args ...any) string {
	t, ok := labels[l]
	if !ok {
		_, name, _ := strings.Cut(string(l), ".")
		return typeset.Clean(name)
	}
	if len(args) == 0 {
		return t.In(s.o.Lang)
	}
	return fmt.Sprintf(t.In(s.o.Lang), args...)
}

// in is a text of the report in the reader's language.
func (s *screen) in(t specs.Text) string { return typeset.Clean(t.In(s.o.Lang)) }

func (s *screen) paint(attr, text string) string {
	if !s.o.Color || attr == "" || text == "" {
		return text
	}
	return "\x1b[" + attr + "m" + text + "\x1b[0m"
}

func (s *screen) line(text string) {
	s.w.WriteString(strings.TrimRight(text, " "))
	s.w.WriteByte('\n')
}

func (s *screen) blank() { s.w.WriteByte('\n') }

// heading opens a section.
func (s *screen) heading(l label) {
	s.blank()
	s.line(s.paint(bold, s.say(l)))
}

// field writes "label  text", the text wrapped and hanging; an empty text writes nothing.
func (s *screen) field(indent int, l label, attr, text string) {
	if text == "" {
		return
	}
	s.hang(indent, s.paint(faint, typeset.Pad(s.say(l), fieldWidth)), fieldWidth, attr, text)
}

// hang writes text after a lead of leadWidth columns, wrapped under its own beginning.
func (s *screen) hang(indent int, lead string, leadWidth int, attr, text string) {
	for _, row := range typeset.Wrap(text, s.width-indent-leadWidth) {
		s.line(strings.Repeat(" ", indent) + lead + s.paint(attr, row))
		lead = strings.Repeat(" ", leadWidth)
	}
}

// when prints a time with its zone; nil and zero are empty.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05Z07:00")
}

// bytes prints a size the way df -h does.
func bytes(n int64) string {
	units := "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/1024, 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	return fmt.Sprintf("%.1f %ciB", v, units[i])
}
