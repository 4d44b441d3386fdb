package redact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Window and Overlap bound how much of one line is looked at at once, in bytes.
const (
	Window  = 256 << 10
	Overlap = 32 << 10
)

const flushSize = 64 << 10

// ErrLeak says that the leak gate saw a secret in what the rules had let through. The entry must be dropped.
var ErrLeak = errors.New("a secret was seen after redaction")

// Stream redacts what is written to it. It is for one entry and for one goroutine at a time.
type Stream struct {
	dst     io.Writer
	scan    scanner
	gate    gate
	held    []byte // of a line whose end has not come yet, or of a window
	midway  bool   // held continues a line of which windows were passed on already
	out     []byte
	counts  []int64
	err     error
	window  int
	overlap int
}

// Stream returns a writer that passes its input, redacted, to dst. Any split of the writes gives the same bytes.
func (r *Redactor) Stream(dst io.Writer) *Stream {
	return &Stream{
		dst: dst, scan: scanner{r: r}, gate: gate{r: r}, counts: make([]int64, len(r.marks)),
		window: Window, overlap: Overlap,
	}
}

// Write takes bytes; they reach dst in larger pieces, the last of them in Close. After an error the entry must be dropped.
func (s *Stream) Write(p []byte) (int, error) {
	if s.err == nil {
		s.guard(func() { s.take(p) })
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

// Close passes on what is left and gives the leak gate's answer. It does not close dst.
func (s *Stream) Close() error {
	if s.err == nil {
		s.guard(func() {
			if len(s.held) > 0 {
				s.finish(s.held)
			}
			s.flush()
		})
	}
	s.held, s.out = nil, nil
	if s.err == nil {
		s.err = errClosed
		return nil
	}
	if s.err == errClosed {
		return nil
	}
	return s.err
}

var errClosed = errors.New("writing to a closed redaction stream")

// guard makes an error of a panic: whatever goes wrong in a rule, the entry is dropped.
func (s *Stream) guard(do func()) {
	defer func() {
		if p := recover(); p != nil {
			s.err = fmt.Errorf("applying the redaction rules: %v", p)
		}
	}()
	do()
}

// Counts returns the replacements so far by rule id.
func (s *Stream) Counts() map[string]int64 {
	m := map[string]int64{}
	for i, n := range s.counts {
		if n > 0 {
			mark := s.scan.r.marks[i]
			m[string(mark[len("<redacted:"):len(mark)-1])] += n
		}
	}
	return m
}

// take cuts p into lines and long lines into windows, by their own lengths and not by those of the writes.
func (s *Stream) take(p []byte) {
	for len(p) > 0 && s.err == nil {
		if len(s.held) == 0 {
			if n := bytes.IndexByte(p[:min(len(p), s.window)], '\n') + 1; n > 0 {
				s.finish(p[:n])
				p = p[n:]
				continue
			}
		}
		piece := p[:min(len(p), s.window-len(s.held))]
		n := bytes.IndexByte(piece, '\n') + 1
		if n > 0 {
			piece = piece[:n]
		}
		s.held = append(s.held, piece...)
		p = p[len(piece):]
		switch {
		case n > 0:
			s.finish(s.held)
			s.held = s.held[:0]
		case len(s.held) == s.window:
			s.pass()
		}
	}
}

// finish redacts a line, or the last window of one.
func (s *Stream) finish(line []byte) {
	s.scan.scan(line, !s.midway, true)
	s.midway = false
	s.emit(line, s.scan.spans)
}

// pass redacts the window that is held, as far as no later byte can change the outcome.
func (s *Stream) pass() {
	window := s.held
	if n := backslashes(window, len(window)); n < len(window)/2 {
		window = window[:len(window)-n]
	}
	s.scan.scan(window, !s.midway, false)
	cut := safeCut(window, s.scan.spans, len(window)-s.overlap)
	if cut == 0 {
		cut = s.scan.spans[0].to
	}
	if cut < len(window) {
		s.scan.carry.open = nil
		s.scan.carry.nameLife = 0
	}
	spans := s.scan.spans
	for len(spans) > 0 && spans[len(spans)-1].at >= cut {
		spans = spans[:len(spans)-1]
	}
	s.emit(s.held[:cut], spans)
	s.midway = true
	s.held = append(s.held[:0], s.held[cut:]...)
}

// safeCut is the last place up to limit at which a window can be cut without cutting what was recognised.
func safeCut(window []byte, spans []span, limit int) int {
	cut := limit
	for back := cut; back > 0 && cut-back < 4<<10; back-- {
		if c := window[back-1]; c == ' ' || c == ',' || c == '\t' {
			cut = back
			break
		}
	}
	for i := len(spans) - 1; i >= 0; i-- {
		if spans[i].at < cut && spans[i].to > cut {
			cut = spans[i].at
		}
	}
	return cut
}

// emit appends a part of the input with its spans replaced.
func (s *Stream) emit(part []byte, spans []span) {
	done := 0
	for _, sp := range spans {
		s.out = append(s.out, part[done:sp.from]...)
		if !sp.silent {
			s.out = appendMark(s.out, s.scan.r.marks[sp.rule], sp.wrap)
			s.counts[sp.rule]++
		}
		done = sp.to
	}
	s.out = append(s.out, part[done:]...)
	if len(s.out) >= flushSize {
		s.flush()
	}
}

// appendMark writes a replacement; within quotes, if its place is one where JSON wants a value.
func appendMark(out, mark []byte, wrap int) []byte {
	if wrap == none {
		return append(out, mark...)
	}
	quote := bytes.Repeat([]byte{'\\'}, delimiter(wrap))
	out = append(append(out, quote...), '"')
	out = append(out, mark...)
	return append(append(out, quote...), '"')
}

// flush lets the gate look at what is ready and passes it on.
func (s *Stream) flush() {
	if what := s.gate.look(s.out); what != "" {
		s.err = fmt.Errorf("%w: %s", ErrLeak, what)
		return
	}
	if len(s.out) > 0 {
		_, s.err = s.dst.Write(s.out)
	}
	s.out = s.out[:0]
}

// String redacts a short text: a name, a note, a table's cell. One that the leak gate refuses becomes "<redacted:leak>".
func (r *Redactor) String(text string) string {
	if text == "" {
		return ""
	}
	var out strings.Builder
	s := r.Stream(&out)
	if _, err := io.WriteString(s, text); err != nil {
		return "<redacted:leak>"
	}
	if err := s.Close(); err != nil {
		return "<redacted:leak>"
	}
	return out.String()
}
