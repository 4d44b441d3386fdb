package analyze

import (
	"cmp"
	"maps"
	"slices"
)

// work is what the probes saw in the entries of one pass: what hops did, how requests were answered. It is added up entry by
// entry, so it grows with the time that logs cover and not with their number.
type work struct {
	hops    map[int16]*Progress // by number of the hop
	sends   map[int16]*Progress // successful answers to a send, by the role that logged them
	answers map[answerKey]*Answer
	matcher *matcher
}

func newWork(m *matcher) work {
	return work{hops: map[int16]*Progress{}, sends: map[int16]*Progress{}, answers: map[answerKey]*Answer{}, matcher: m}
}

// progressIn is the sum under a key, a new one at first.
func progressIn[K comparable](sums map[K]*Progress, key K) *Progress {
	p := sums[key]
	if p == nil {
		p = &Progress{Roles: map[string]int64{}}
		sums[key] = p
	}
	return p
}

// add takes in what the probes saw in an entry.
func (w *work) add(t *textHits) {
	for key, c := range t.hops {
		progressIn(w.hops, key.hop).join(w.matcher.roleID(key.role), *c)
		if t.Worked == nil {
			t.Worked = map[string]int64{}
		}
		t.Worked[w.matcher.hops[key.hop].ID] += c.count
	}
	for key, a := range t.answers {
		role := w.matcher.roleID(key.role)
		if key.request == "send" && key.code == 0 {
			progressIn(w.sends, key.role).join(role, progress{count: int64(a.count), first: a.first, last: a.last, ticks: a.ticks})
		}
		w.answer(key, &Answer{
			Request: key.request, Role: role, Code: key.code, Count: a.count, First: stamp(a.first), Last: stamp(a.last),
			Example: t.sighting("answers", a.example),
		})
	}
}

func (w *work) answer(key answerKey, a *Answer) {
	sum := w.answers[key]
	if sum == nil {
		w.answers[key] = a
		return
	}
	sum.Count += a.Count
	sum.First, sum.Last = span(sum.First, sum.Last, a.First, a.Last)
	if earlier(a.Example, sum.Example) {
		sum.Example = a.Example
	}
}

func (w *work) merge(o *work) {
	for key, p := range o.hops {
		progressIn(w.hops, key).joinAll(p)
		delete(o.hops, key)
	}
	for key, p := range o.sends {
		progressIn(w.sends, key).joinAll(p)
	}
	for key, a := range o.answers {
		w.answer(key, a)
	}
	o.sends, o.answers = nil, nil
}

// flow is the progress of every hop, and the sends as the role logged them that saw most; they are handed over.
func (w *work) flow() *Flow {
	f := &Flow{Hops: map[string]*Progress{}}
	for hop, p := range w.hops {
		p.settle()
		f.Hops[w.matcher.hops[hop].ID] = p
	}
	roles := slices.SortedFunc(maps.Keys(w.sends), func(a, b int16) int { return cmp.Compare(w.matcher.roleID(a), w.matcher.roleID(b)) })
	for _, role := range roles {
		if p := w.sends[role]; f.Sends == nil || p.Count > f.Sends.Count {
			f.Sends = p
		}
	}
	if f.Sends != nil {
		f.Sends.settle()
	}
	w.hops, w.sends = nil, nil
	return f
}

// settle sorts the ticks and gives back the room that they do not need.
func (p *Progress) settle() {
	p.tidy()
	p.Ticks = slices.Clone(p.Ticks)
}

// answered lists the answers; where several roles log the same requests each keeps its own count.
func (w *work) answered() []Answer {
	out := make([]Answer, 0, len(w.answers))
	for _, a := range w.answers {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Code, b.Code))
	})
	w.answers = nil
	return out
}
