package analyze

import (
	"cmp"
	"slices"
	"time"
)

// Flow follows messages through the path by the lines that its components print when they do their work.
type Flow struct {
	Hops  map[string]*Progress // by hop id; a hop without a line is absent
	Sends *Progress            // successful answers to a send, as the role logged them that saw most; nil without one
}

// Progress is the work that was seen.
type Progress struct {
	Count       int64
	First, Last time.Time
	Roles       map[string]int64
	Ticks       []Tick // sorted by second
	Dropped     bool   // there were more seconds than are kept

	tidied int // ticks after the last tidy
}

// Tick counts the lines of one second.
type Tick struct {
	Second int64 // unix
	Count  int
}

// untidied is how many ticks may wait to be sorted in, beyond a quarter of those that are.
const untidied = 4096

func (p *Progress) join(role string, c progress) {
	p.Count += c.count
	p.Roles[role] += c.count
	for _, s := range c.ticks {
		p.Ticks = append(p.Ticks, s.tick())
	}
	p.Dropped = p.Dropped || c.dropped
	if len(p.Ticks) > p.tidied+p.tidied/4+untidied { // many components work in the same seconds
		p.tidy()
	}
	if c.first == 0 {
		return
	}
	p.First, p.Last = span(p.First, p.Last, stamp(c.first), stamp(c.last))
}

// joinAll takes in the work that others saw.
func (p *Progress) joinAll(o *Progress) {
	p.Count += o.Count
	for role, n := range o.Roles {
		p.Roles[role] += n
	}
	p.Dropped = p.Dropped || o.Dropped
	p.Ticks = append(p.Ticks, o.Ticks...)
	p.tidy()
	p.First, p.Last = span(p.First, p.Last, o.First, o.Last)
}

// span joins two spans of time; zero times are unknown.
func span(first, last, first2, last2 time.Time) (time.Time, time.Time) {
	if first.IsZero() || !first2.IsZero() && first2.Before(first) {
		first = first2
	}
	if last2.After(last) {
		last = last2
	}
	return first, last
}

func (p *Progress) tidy() {
	slices.SortFunc(p.Ticks, func(a, b Tick) int { return cmp.Compare(a.Second, b.Second) })
	merged := p.Ticks[:0]
	for _, t := range p.Ticks {
		if n := len(merged); n > 0 && merged[n-1].Second == t.Second {
			merged[n-1].Count += t.Count
			continue
		}
		merged = append(merged, t)
	}
	p.Ticks, p.tidied = merged, len(merged)
}

// Between returns the work of the whole seconds within (from, to).
func (p *Progress) Between(from, to time.Time) []Tick {
	if p == nil {
		return nil
	}
	find := func(second int64) int {
		i, _ := slices.BinarySearchFunc(p.Ticks, second, func(t Tick, s int64) int { return cmp.Compare(t.Second, s) })
		return i
	}
	i, j := find(from.Unix()+1), find(to.Unix())
	return p.Ticks[i:max(i, j)]
}

// earlier orders sightings by time, unknown last, then by place.
func earlier(a, b Sighting) bool {
	at, bt := time.Time{}, time.Time{}
	if a.Time != nil {
		at = *a.Time
	}
	if b.Time != nil {
		bt = *b.Time
	}
	if at.IsZero() != bt.IsZero() {
		return bt.IsZero()
	}
	return cmp.Or(at.Compare(bt), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Line, b.Line)) < 0
}

func (t *textHits) sighting(check string, s sample) Sighting {
	out := Sighting{Check: check, Entry: t.Entry, Line: s.line, Text: s.text, Count: 1}
	if at := stamp(s.at); !at.IsZero() {
		out.Time = &at
	}
	return out
}

// stamp turns unix nanoseconds into a time; 0 stays unknown.
func stamp(nanos int64) time.Time {
	if nanos == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}

// waitingOf lists the requests that had answers once and have none until the end of their log: no others are left.
func waitingOf(texts []*textHits, m *matcher) []Waiting {
	var out []Waiting
	for _, t := range texts {
		for key, w := range t.waits {
			out = append(out, Waiting{Request: key.request, Role: m.roleID(key.role), Count: w.count, Since: stamp(w.since), Until: stamp(w.until), Example: t.sighting("requests-answered", w.example)})
		}
	}
	slices.SortFunc(out, func(a, b Waiting) int {
		return cmp.Or(cmp.Compare(a.Example.Entry, b.Example.Entry), cmp.Compare(a.Request, b.Request), cmp.Compare(a.Role, b.Role))
	})
	return out
}

// sequencesOf lists the forward jumps of all entries.
func sequencesOf(texts []*textHits) []Sequence {
	var out []Sequence
	for _, t := range texts {
		for _, j := range t.seqs {
			out = append(out, Sequence{Conversation: j.conversation, From: j.from, To: j.to, Before: stamp(j.before), Example: t.sighting("seq-jump", j.hit)})
		}
	}
	slices.SortStableFunc(out, func(a, b Sequence) int {
		if earlier(a.Example, b.Example) {
			return -1
		}
		return 1
	})
	return out
}
