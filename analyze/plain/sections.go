package plain

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
)

// Section is one log, or anything else that stands by itself, within a file.
type Section struct {
	Name                      string // what the file calls it; empty when it says nothing
	Namespace, Pod, Container string // any may be empty
	Log                       bool   // it is known to be a log
	Text                      io.Reader
	typed                     bool // a command of a transcript printed it
	// Line gives the line of the file for a line of Text, both from 1; nil when they are the same.
	Line func(int64) int64
}

// Wrapping names how the logs in a file that begins with head are wrapped; empty for a file that is what it is.
func Wrapping(head []byte) string {
	switch {
	case hasSections(head):
		return "sections"
	case isExport(head):
		return "export"
	}
	if f := wrapped(head); f != nil {
		return f.name
	}
	if foldWidth(head) > 0 {
		return "folded"
	}
	return ""
}

// Sections hands out what is in a file, in order. in is a file for which Wrapping says something, or any other, which is one
// section. The error is one of reading or of visit.
func Sections(in *bufio.Reader, visit func(Section) error) error {
	head, err := in.Peek(min(headSize, in.Size()))
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case hasSections(head):
		return split(in, visit)
	case isExport(head):
		return export(in, head, visit)
	}
	if f := wrapped(head); f != nil {
		return visit(Section{Text: unwrap(in, f), Log: true})
	}
	if width := foldWidth(head); width > 0 {
		return visit(Section{Text: unfold(in, width)})
	}
	return visit(Section{Text: in})
}

var (
	dumpMark = regexp.MustCompile(`^==== START logs for container (\S+) of pod ([^/\s]+)/(\S+) ====$`)
	tailMark = regexp.MustCompile(`^==> (\S.*) <==$`)
	dumpEnd  = []byte("==== END logs for container ")
)

// dumpStart is how cluster-info dump begins; its logs may come much later.
var dumpStart = regexp.MustCompile(`^\{\r?\n    "kind": "[A-Z]\w+List",\r?\n    "apiVersion": `)

// hasSections tells whether a head has a line that begins a section, a command that prints a log, or is that of a dump.
func hasSections(head []byte) bool {
	if dumpStart.Match(head) {
		return true
	}
	for len(head) > 0 {
		line, rest, whole := bytes.Cut(head, []byte("\n"))
		if whole && bytes.HasPrefix(line, []byte("==")) && sectionMark(trimEnd(line)) != nil {
			return true
		}
		if command, is := typed(trimEnd(line)); whole && is && logOf(command) != nil {
			return true
		}
		head = rest
	}
	return false
}

// sectionMark reads a line that begins a section: that of cluster-info dump, or of tail and head over several files.
func sectionMark(line []byte) *Section {
	if m := dumpMark.FindSubmatch(line); m != nil {
		return &Section{Namespace: string(m[2]), Pod: string(m[3]), Container: string(m[1]), Log: true}
	}
	if m := tailMark.FindSubmatch(line); m != nil {
		return &Section{Name: string(m[1])}
	}
	return nil
}

// split hands out the sections of a file one after the other, what stands before the first as one without a name.
func split(in *bufio.Reader, visit func(Section) error) error {
	s := &splitter{in: in, next: &Section{}}
	for s.next != nil {
		section := *s.next
		s.next, s.typed = nil, section.typed
		base := s.line
		section.Text, section.Line = s, func(n int64) int64 { return base + n }
		if err := visit(section); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, s); err != nil {
			return err
		}
	}
	return s.failed
}

// splitter reads one section up to the line that begins the next.
type splitter struct {
	in     *bufio.Reader
	line   int64 // lines read
	next   *Section
	held   []byte
	out    []byte // rest of the line in hand
	ended  bool
	typed  bool // the section is what a command printed
	failed error
}

func (s *splitter) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.next != nil || s.ended {
			return 0, io.EOF
		}
		if err := s.fetch(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

func (s *splitter) fetch() error {
	line, err := readLine(s.in, &s.held)
	if err != nil {
		s.ended = true
		if !errors.Is(err, io.EOF) {
			s.failed = err
			return err
		}
		if len(line) == 0 {
			return nil
		}
	}
	s.line++
	if bytes.HasPrefix(line, []byte("==")) {
		if s.next = sectionMark(line); s.next != nil {
			return nil
		}
		if bytes.HasPrefix(line, dumpEnd) {
			s.next = &Section{}
			return nil
		}
	}
	if command, is := typed(line); is {
		if s.next = logOf(command); s.next == nil && s.typed {
			s.next = &Section{}
		}
		if s.next != nil {
			return nil
		}
	}
	s.held = append(append(s.held[:0], line...), '\n') // the line aliases the buffer, or held itself
	s.out = s.held
	return nil
}
