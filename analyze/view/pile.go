package view

import (
	"container/heap"
	"slices"
	"strings"
	"sync"
)

// pileBytes bounds what a pile holds.
const pileBytes = 32 << 20

// pile keeps the earliest records of all that are put on it, in bounded memory. It is safe for concurrent use.
type pile struct {
	mu      sync.Mutex
	from    place // what comes before or at it was handed out already
	kept    latest
	bytes   int
	room    int
	horizon *place // the earliest record that was let go; nil when none was
}

// kept is a record on the pile.
type kept struct {
	place
	Line
	text string
}

func (k *kept) size() int { return len(k.text) + 300 }

// latest is a heap with the latest record on top.
type latest []*kept

func (h latest) Len() int           { return len(h) }
func (h latest) Less(i, j int) bool { return h[i].compare(h[j].place) > 0 }
func (h latest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *latest) Push(x any)        { *h = append(*h, x.(*kept)) }
func (h *latest) Pop() any {
	last := (*h)[len(*h)-1]
	(*h)[len(*h)-1] = nil
	*h = (*h)[:len(*h)-1]
	return last
}

// put adds a record, whose text is copied.
func (p *pile) put(at place, l *Line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.compare(p.from) <= 0 || p.horizon != nil && at.compare(*p.horizon) >= 0 {
		return
	}
	k := &kept{place: at, Line: *l, text: string(l.Text)}
	k.Line.Text, k.Service = nil, strings.Clone(l.Service)
	heap.Push(&p.kept, k)
	for p.bytes += k.size(); p.bytes > p.room && len(p.kept) > 1; {
		gone := heap.Pop(&p.kept).(*kept)
		p.bytes -= gone.size()
		p.horizon = &gone.place
	}
}

// hand gives the records out by time, and tells whether others are left for another reading.
func (p *pile) hand(emit func(*Line) error) (more bool, err error) {
	slices.SortFunc(p.kept, func(a, b *kept) int { return a.compare(b.place) })
	for _, k := range p.kept {
		k.Line.Text = []byte(k.text)
		if err := emit(&k.Line); err != nil {
			return false, err
		}
		p.from = k.place
	}
	more = p.horizon != nil
	p.kept, p.bytes, p.horizon = nil, 0, nil
	return more, nil
}
