// Package redact hides what must not leave the customer.
package redact

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
)

// ErrLeak says that the leak gate saw a secret in what the rules had let through. The entry must be dropped.
var ErrLeak = errors.New("a secret was seen after redaction")

// Stream redacts what is written to it. It is for one goroutine and one entry.
type Stream struct {
	r      *Redactor
	dst    io.Writer
	held   []byte
	counts map[string]int64
	err    error
}

// Stream returns a writer that passes its input, redacted, to dst. Any split of the writes gives the same bytes.
func (r *Redactor) Stream(dst io.Writer) *Stream {
	return &Stream{r: r, dst: dst, counts: map[string]int64{}}
}

// Write takes bytes. After an error the entry must be dropped.
func (s *Stream) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	s.held = append(s.held, p...)
	if end := bytes.LastIndexByte(s.held, '\n') + 1; end > 0 {
		s.pass(s.held[:end])
		s.held = append(s.held[:0], s.held[end:]...)
	}
	if s.err != nil {
		return 0, s.err
	}
	return len(p), nil
}

// Close passes what is left and returns the leak gate's answer.
func (s *Stream) Close() error {
	if s.err == nil {
		s.pass(s.held)
		s.held = nil
	}
	return s.err
}

// Counts returns the replacements so far by rule id.
func (s *Stream) Counts() map[string]int64 { return s.counts }

func (s *Stream) pass(block []byte) {
	out := make([]byte, 0, len(block))
	for line := range bytes.Lines(block) {
		out = s.line(out, line)
	}
	if leaks(out) {
		s.err = ErrLeak
		return
	}
	_, s.err = s.dst.Write(out)
}

type span struct{ from, to, rule int }

func (s *Stream) line(out, line []byte) []byte {
	var spans []span
	for _, p := range s.r.patterns {
		if len(p.literal) > 0 && !slices.ContainsFunc(p.literal, func(l []byte) bool { return bytes.Contains(line, l) }) {
			continue
		}
		for _, m := range p.re.FindAllSubmatchIndex(line, -1) {
			if from, to := m[2*p.secret], m[2*p.secret+1]; from >= 0 {
				spans = append(spans, span{from, to, p.rule})
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	done := 0
	for _, sp := range spans {
		if sp.from >= done {
			out = append(out, line[done:sp.from]...)
			out = append(out, "<redacted:"+s.r.rules[sp.rule].ID+">"...)
			s.counts[s.r.rules[sp.rule].ID]++
		}
		done = max(done, sp.to)
	}
	return append(out, line[done:]...)
}

// String redacts a short text; one that the leak gate refuses comes back as "<redacted:leak>".
func (r *Redactor) String(text string) string {
	var out strings.Builder
	s := r.Stream(&out)
	_, _ = io.WriteString(s, text) // Close repeats the error
	if s.Close() != nil {
		return "<redacted:leak>"
	}
	return out.String()
}
