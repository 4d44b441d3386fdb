package analyze

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"

	"github.com/imbundle/imbundle/analyze/plain"
)

// Files that hold several things: sections, and what people pasted one below the other.

// section reads a part of an entry that stands by itself. within is how deep it lies.
func (p *pass) section(entry string, s plain.Section, within int) error {
	in := bufio.NewReaderSize(s.Text, sectionBuffer)
	head, err := in.Peek(sectionBuffer)
	if err != nil && err != io.EOF {
		return err
	}
	if wrapping := plain.Wrapping(head); !s.Log && within == 0 && wrapping != "" {
		return plain.Sections(in, func(inner plain.Section) error {
			inner.Line = chain(inner.Line, s.Line)
			inner.Name = cmp.Or(inner.Name, s.Name)
			return p.section(entry, inner, within+1)
		})
	}
	src := classify(cmp.Or(s.Name, entry), head[:min(len(head), sniffSize)])
	src.Entry, src.lineOf = entry, s.Line
	if s.Pod != "" || s.Container != "" {
		src.Pod = PodName{s.Namespace, s.Pod, s.Container}
	}
	if s.Log && src.Form != formSkip && src.Form != formNoLog {
		src.Form = formLog
	}
	p.readText(in, src)
	return nil
}

// sectionBuffer is the buffer over a section; it holds what tells its kind.
const sectionBuffer = 32 << 10

// chain follows a line from a section to its file.
func chain(inner, outer func(int64) int64) func(int64) int64 {
	switch {
	case inner == nil:
		return outer
	case outer == nil:
		return inner
	}
	return func(n int64) int64 { return outer(inner(n)) }
}

// readYAMLOrText reads objects, or whatever else the file turns out to hold below them.
func (p *pass) readYAMLOrText(in io.Reader, src source) error {
	held, err := io.ReadAll(io.LimitReader(in, maxSnapshot))
	if err != nil {
		return err
	}
	err = readYAML(io.MultiReader(bytes.NewReader(held), in), src.Entry, func(o *object) error {
		p.addObject(src.Entry, o)
		return nil
	})
	if err == nil || len(held) == maxSnapshot {
		return err
	}
	src.Form = formText
	return p.readForm(bytes.NewReader(held), src)
}

// readSnapshot reads everything that a text may show: people paste the answers of several commands into one file.
func (p *pass) readSnapshot(held []byte, src source) error {
	for _, image := range serverImage.FindAll(held, -1) {
		p.images = append(p.images, string(image))
	}
	err := p.readTable(bytes.NewReader(held), &src)
	if hasDescribe(held) {
		err = errors.Join(err, p.readDescribe(bytes.NewReader(held), &src))
	}
	if isRedis(held) {
		err = errors.Join(err, p.readRedis(bytes.NewReader(held), src.Entry))
	}
	if isReplicaSet(held) {
		err = errors.Join(err, p.readReplicaSet(bytes.NewReader(held), src.Entry))
	}
	return err
}
