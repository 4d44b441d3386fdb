package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Single entries of a Reader that looks inside: which are packed is told by their names, so that nothing else has to be opened
// for it; how, by their content.

// packedNames are how the names of packed files and archives end.
var packedNames = []string{".gz", ".tgz", ".zst", ".bz2", ".xz", ".zip", ".tar"}

func packedByName(name string) bool {
	return slices.Contains(packedNames, strings.ToLower(path.Ext(name)))
}

// folded tells whether an entry is, or lies in, a packed one.
func (r *Reader) folded(name string) bool {
	return packedByName(name) || len(r.holders(name)) > 1
}

// single notes whether one entry stands for the input.
func (r *Reader) single() {
	if !r.deep || !r.Direct() {
		return
	}
	names := r.Names()
	if r.only = len(names) == 1; r.only && packedByName(names[0]) {
		r.alone = names[0]
	}
}

// Unfold takes what lies within packed entries among Names, where these are known without Each. It unpacks those entries once.
func (r *Reader) Unfold(ctx context.Context) error {
	if !r.deep || r.streamed() {
		return nil
	}
	u := r.inside(r.book, func(int, *File) error { return ctx.Err() })
	for _, name := range r.Names() {
		if !packedByName(name) {
			continue
		}
		rc, err := r.way.open(name)
		if err != nil {
			return fmt.Errorf("opening %q in %q: %w", name, r.path, err)
		}
		err = u.entry(0, &File{Name: name, Size: -1, Reader: rc})
		if err := errors.Join(err, rc.Close()); err != nil {
			return fmt.Errorf("looking into %q in %q: %w", name, r.path, err)
		}
	}
	return nil
}

func (r *Reader) inside(b *book, visit Visit) *inside {
	return &inside{book: b, visit: visit, only: r.only}
}

// openInside gives an entry that is packed, or lies in an archive that is an entry.
func (r *Reader) openInside(name string) (io.ReadCloser, error) {
	for _, outer := range r.holders(name) {
		rc, err := r.way.open(outer)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out, in := io.Pipe()
		e := &insideEntry{PipeReader: out, done: make(chan struct{})}
		go func() {
			defer close(e.done)
			err := r.send(in, outer, name, rc)
			_ = in.CloseWithError(errors.Join(err, rc.Close())) // it never fails
		}()
		return e, nil
	}
	return nil, ErrNotFound
}

// holders are the entries that may hold one of that name, the nearest first.
func (r *Reader) holders(name string) []string {
	list := []string{name}
	for at := path.Dir(name); at != "."; at = path.Dir(at) {
		if packedByName(at) {
			list = append(list, at)
		}
	}
	if r.alone != "" && r.alone != name {
		list = append(list, r.alone)
	}
	return list
}

var errSent = errors.New("the entry was found")

// send looks for the entry in what holds it. An archive that is asked for itself is given as it is.
func (r *Reader) send(w io.Writer, outer, name string, rc io.Reader) error {
	u := r.inside(newBook(r.book.lim), func(_ int, f *File) error {
		if f.Name != name {
			return nil
		}
		if _, err := io.Copy(w, f); err != nil {
			return err
		}
		return errSent
	})
	err := u.entry(0, &File{Name: outer, Size: -1, Reader: rc})
	switch {
	case errors.Is(err, errSent):
		return nil
	case err != nil:
		return err
	case outer != name:
		return fmt.Errorf("looking for %q in %q: %w", name, outer, ErrNotFound)
	}
	whole, err := r.way.open(outer)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, whole)
	return errors.Join(err, whole.Close())
}

// insideEntry is read while it is unpacked.
type insideEntry struct {
	*io.PipeReader
	done chan struct{}
}

// Close ends the unpacking, too.
func (e *insideEntry) Close() error {
	err := e.PipeReader.Close()
	<-e.done
	return err
}
