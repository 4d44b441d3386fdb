package view

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/imbundle/imbundle/analyze/typeset"
	"github.com/imbundle/imbundle/bundle"
)

// AmbiguousError is a short form of several names.
type AmbiguousError struct {
	Name  string
	Names []string
}

// Error tells how many fit.
func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%d entries fit %q", len(e.Names), e.Name)
}

// Cat writes the bytes of entries, in the order in which they are named. A name may be shortened to a part of it that no other
// entry has. harmless makes control characters visible, for a terminal; else the bytes are those of the entry.
func (in Input) Cat(ctx context.Context, w io.Writer, names []string, harmless bool) error {
	if !in.Reader.Direct() && len(names) == 1 {
		if done, err := in.catStream(ctx, w, names[0], harmless); done || err != nil {
			return err
		}
	}
	all, err := in.names(ctx)
	if err != nil && !errors.Is(err, bundle.ErrReadTwice) {
		return err
	}
	for _, name := range names {
		full, err := resolve(name, all)
		if err != nil {
			return err
		}
		err = in.copy(w, full, harmless)
		if errors.Is(err, bundle.ErrReadTwice) {
			return &OnceError{Err: err, Advice: fmt.Sprintf("give the whole name of one entry: %q", full)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// catStream finds an entry by its whole name in one reading, which is all that standard input has.
func (in Input) catStream(ctx context.Context, w io.Writer, name string, harmless bool) (done bool, err error) {
	short := false
	err = in.Reader.Each(ctx, 1, func(_ int, f *bundle.File) error {
		if f.Name != name {
			return nil
		}
		body := &counted{Reader: f}
		err := pour(w, body, harmless)
		done, short = true, body.n < f.Size
		return err
	})
	if err == nil && (short || done && name == in.Reader.End().Entry && len(in.Reader.Names()) == 1) {
		err = in.Ended()
	}
	return done, err
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (in Input) copy(w io.Writer, name string, harmless bool) error {
	rc, err := in.Reader.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(pour(w, rc, harmless), rc.Close())
}

// Print writes a text out of the input, made harmless for a terminal.
func (in Input) Print(w io.Writer, text string, harmless bool) error {
	return pour(w, strings.NewReader(text), harmless)
}

// pour copies r; made harmless, a line of more than the buffer may show a character that the buffer cuts as bytes.
func pour(w io.Writer, r io.Reader, harmless bool) error {
	if !harmless {
		_, err := io.Copy(w, r)
		return err
	}
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		if _, err := w.Write(typeset.Visible(line)); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// resolve finds the entry that a name, or a short form of it, means: the end of a name goes before any other part.
func resolve(name string, all []string) (string, error) {
	var ends, parts []string
	for _, full := range all {
		switch {
		case full == name:
			return full, nil
		case strings.HasSuffix(full, "/"+name):
			ends = append(ends, full)
		case strings.Contains(full, name):
			parts = append(parts, full)
		}
	}
	for _, fit := range [][]string{ends, parts} {
		switch len(fit) {
		case 0:
		case 1:
			return fit[0], nil
		default:
			return "", &AmbiguousError{name, fit}
		}
	}
	return "", &UnknownError{What: "entry", Name: name, Known: all}
}
