package bundle

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/imbundle/imbundle/bundle/inflate"
)

func (x *indexed) open(name string) (io.ReadCloser, error) {
	i, known := x.named[name]
	if !known {
		return nil, ErrNotFound
	}
	s := x.spans[i]
	r, done, err := x.body(newDecoder(), s, defaultWorkers(), true)
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d: %w", ErrCut, s.Offset, err)
	}
	return &opened{r, done}, nil
}

// openAt enters the member that holds the offset. It unpacks as it is read, so that many may be open.
func (x *indexed) openAt(name string, offset int64) (io.ReadCloser, error) {
	i, known := x.named[name]
	switch {
	case !known:
		return nil, ErrNotFound
	case len(x.spans[i].Members) == 0:
		return x.open(name)
	case offset >= x.spans[i].Size:
		return io.NopCloser(strings.NewReader("")), nil
	}
	s, size := x.spans[i], x.book.manifest.MemberSize
	first := offset / size
	at := s.Offset + s.Header
	for _, m := range s.Members[:first] {
		at += m
	}
	z, err := inflate.NewReader(bufio.NewReaderSize(io.NewSectionReader(x.file, at, s.end()-at), 64<<10))
	if err == nil {
		_, err = io.CopyN(io.Discard, z, offset-first*size)
	}
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d: %w", ErrCut, at, err)
	}
	return &opened{io.LimitReader(z, s.Size-offset), func() {}}, nil
}

// unchanged looks at the open file: replacing it does no harm, writing into it does.
func (x *indexed) unchanged() error {
	now, err := x.file.Stat()
	if err != nil {
		return err
	}
	return sameFile(x.opened, now)
}

func sameFile(before, now os.FileInfo) error {
	if !os.SameFile(before, now) || before.Size() != now.Size() || !before.ModTime().Equal(now.ModTime()) {
		return ErrChanged
	}
	return nil
}

// opened is an entry read by itself.
type opened struct {
	io.Reader
	done func()
}

func (o *opened) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrCut, err)
	}
	return n, err
}

func (o *opened) Close() error { o.done(); return nil }

func (x *indexed) Close() error { return x.file.Close() }
