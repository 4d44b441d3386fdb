package view

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
)

// firstLook is how much of the end of a log is read first for its last records.
const firstLook = 256 << 10

// tail keeps the last records of a log.
type tail struct {
	size  int
	seen  int // so far
	lines []kept
}

func (t *tail) add(at place, l *Line) {
	if len(t.lines) < t.size {
		t.lines = append(t.lines, kept{})
	}
	k := &t.lines[t.seen%t.size]
	t.seen++
	text := append(k.Text[:0], l.Text...)
	k.place, k.Line = at, *l
	k.Text = text
}

func (t *tail) each(put func(place, *Line)) {
	for i := range t.lines {
		put(t.lines[i].place, &t.lines[i].Line)
	}
}

// tail reads what is left of the log.
func (t *tap) tail() (*tail, error) {
	last := &tail{size: t.f.Tail}
	for {
		err := t.next()
		if errors.Is(err, io.EOF) {
			return last, nil
		}
		if err != nil {
			return last, fmt.Errorf("reading %q: %w", t.log.Entry, err)
		}
		last.add(t.place(), t.line())
	}
}

// tails hands out the last records of all logs, reading logs whose size is known from near their end.
func (in Input) tails(ctx context.Context, taps []*tap, emit func(*Line) error) error {
	p := &pile{room: cmp.Or(in.room, pileBytes)}
	for more := true; more; {
		err := eachOf(ctx, taps, func(t *tap) error {
			last, err := in.ending(t)
			if err == nil {
				last.each(p.put)
			}
			return err
		})
		if err != nil {
			return err
		}
		if more, err = p.hand(emit); err != nil {
			return err
		}
	}
	return nil
}

// ending reads so much of the end of a log as holds one record more than is wanted: the first may lack its beginning.
func (in Input) ending(t *tap) (*tail, error) {
	size := int64(0)
	if info := in.Reader.Info(t.log.Entry); info != nil {
		size = info.Size
	}
	for span := int64(firstLook); ; span *= 8 {
		from := max(0, size-span)
		last, err := in.from(t, from)
		if err != nil || from == 0 || last.seen > last.size {
			return last, err
		}
	}
}

// from reads the last records behind an offset.
func (in Input) from(t *tap, offset int64) (last *tail, err error) {
	rc, err := in.Reader.OpenAt(t.log.Entry, offset)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	body := bufio.NewReaderSize(rc, 64<<10)
	for offset > 0 {
		if _, err := body.ReadSlice('\n'); !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	t.read(body, in.year())
	return t.tail()
}
