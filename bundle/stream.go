package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// stream is the way into a tar, packed or not, and into a single plain file: from the beginning to the end.
type stream struct {
	book *book
	path string
	file *os.File // nil for a pipe
	was  os.FileInfo
	flow *flow // opened and not yet passed over
}

// newPipe reads what comes only once.
func newPipe(in io.Reader, b *book) (way, error) {
	s := &stream{book: b, path: "-"}
	return s, s.start(in, false)
}

// newSeekable reads a file as a stream; it owns f.
func newSeekable(f *os.File, path string, b *book) (way, error) {
	was, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s := &stream{book: b, path: path, file: f, was: was}
	return s, s.start(f, true)
}

func (s *stream) start(in io.Reader, sure bool) error {
	f, err := newFlow(in, s.path, sure, s.book.lim)
	if err != nil {
		return err
	}
	s.flow = f
	names, plan := f.lead()
	s.book.top = s.book.lim.commonTop(names)
	if plan != nil {
		return s.book.learn(PlanFile, plan)
	}
	return nil
}

// fresh gives a flow that stands at the beginning.
func (s *stream) fresh() (*flow, error) {
	if f := s.flow; f != nil {
		s.flow = nil
		return f, nil
	}
	if s.file == nil {
		return nil, ErrReadTwice
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return newFlow(s.file, s.path, true, s.book.lim)
}

func (s *stream) each(ctx context.Context, workers int, visit Visit) error {
	f, err := s.fresh()
	if err != nil {
		return err
	}
	defer f.end()
	s.book.begin()
	p, err := newPass(ctx, f, s.book, s.path, workers == 1)
	if err != nil {
		return err
	}
	if workers > 1 {
		return p.spread(ctx, workers, visit)
	}
	for {
		file, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(0, file); err != nil {
			return err
		}
	}
}

// open reads on until it meets the entry, with an account of its own.
func (s *stream) open(name string) (io.ReadCloser, error) {
	if s.file == nil {
		return nil, ErrReadTwice
	}
	in, err := os.Open(s.path)
	if err != nil {
		return nil, err
	}
	f, err := newFlow(in, s.path, true, s.book.lim)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	b := newBook(s.book.lim)
	b.top = s.book.top
	done := func() error { f.end(); return in.Close() }
	p, err := newPass(context.Background(), f, b, s.path, true)
	if err != nil {
		return nil, errors.Join(err, done())
	}
	for {
		file, err := p.next()
		if errors.Is(err, io.EOF) {
			err = ErrNotFound
			if e := b.ending(); !e.Complete {
				err = fmt.Errorf("%w (%w at byte %d: %s)", ErrNotFound, ErrCut, e.Offset, e.Reason)
			}
		}
		if err != nil {
			return nil, errors.Join(err, done())
		}
		if file.Name == name {
			return &strict{Reader: file, book: b, done: done}, nil
		}
	}
}

// unchanged looks at the path, which is opened anew for every entry.
func (s *stream) unchanged() error {
	if s.file == nil {
		return nil
	}
	now, err := os.Stat(s.path)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	return sameFile(s.was, now)
}

func (s *stream) Close() error {
	if s.flow != nil {
		s.flow.end()
		s.flow = nil
	}
	if s.file != nil {
		return s.file.Close()
	}
	return nil
}

// strict turns a recorded cut into an error at the end of the entry.
type strict struct {
	io.Reader
	book *book
	done func() error
}

func (s *strict) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		if e := s.book.ending(); !e.Complete {
			return n, fmt.Errorf("%w at byte %d: %s", ErrCut, e.Offset, e.Reason)
		}
	}
	return n, err
}

func (s *strict) Close() error { return s.done() }
