package view

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/scan"
)

// Line is one record on its way out. It is valid during the call only.
type Line struct {
	Log     analyze.LogName
	Service string // of a log of several services
	At      time.Time
	Level   scan.Level
	Number  int64  // of its first physical line in the entry
	Text    []byte // all physical lines, colours stripped
	Label   string // a short name that tells the log from the others
	Widest  int    // length of the longest label
	Alone   bool   // there is one log only
}

// place is the position of a record among those of all logs.
type place struct {
	at    int64
	entry string
	line  int64
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.entry, b.entry), cmp.Compare(a.line, b.line))
}

func (t *tap) place() place { return place{t.at, t.log.Entry, t.block.Line} }

// opened is a log of which one record is in hand.
type opened struct {
	*tap
	body io.Closer
}

// byTime is a heap of logs, the earliest record on top.
type byTime []*opened

func (h byTime) Len() int           { return len(h) }
func (h byTime) Less(i, j int) bool { return h[i].place().compare(h[j].place()) < 0 }
func (h byTime) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byTime) Push(x any)        { *h = append(*h, x.(*opened)) }
func (h *byTime) Pop() any {
	last := (*h)[len(*h)-1]
	*h = slices.Delete(*h, len(*h)-1, len(*h))
	return last
}

// merge opens all taps and hands their records out by time. It is for an input that is Direct.
func merge(ctx context.Context, taps []*tap, open func(entry string) (io.ReadCloser, error), year int, emit func(*Line) error) (err error) {
	var h byTime
	defer func() {
		for _, o := range h {
			err = errors.Join(err, o.body.Close())
		}
	}()
	for _, t := range taps {
		body, err := open(t.log.Entry)
		if err != nil {
			return fmt.Errorf("opening a log: %w", err)
		}
		t.read(body, year)
		o := &opened{t, body}
		h = append(h, o)
		if more, err := o.advance(); err != nil {
			return err
		} else if !more {
			h = h[:len(h)-1]
			if err := body.Close(); err != nil {
				return err
			}
		}
	}
	heap.Init(&h)
	for len(h) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		o := h[0]
		if err := emit(o.line()); err != nil {
			return err
		}
		more, err := o.advance()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&h, 0)
		} else if err := heap.Pop(&h).(*opened).body.Close(); err != nil {
			return err
		}
	}
	return nil
}

// advance moves to the next record.
func (o *opened) advance() (more bool, err error) {
	err = o.next()
	switch {
	case errors.Is(err, io.EOF):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading %q: %w", o.log.Entry, err)
	}
	return true, nil
}

func (t *tap) line() *Line {
	return &Line{Log: t.log, Service: t.block.Service, At: t.block.Time, Level: t.block.Level, Number: t.block.Line, Text: t.block.Text}
}
