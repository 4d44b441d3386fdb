package analyze

import "time"

// shift moves everything of an entry in time: its lines are in local time, other entries in UTC.
func (t *textHits) shift(by time.Duration) {
	for _, at := range []*time.Time{&t.First, &t.Last} {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
	for i := range t.Starts {
		t.Starts[i] = t.Starts[i].Add(by)
	}
	for _, c := range t.rules {
		for i := range c.minutes {
			c.minutes[i].at += int64(by / time.Minute)
			c.minutes[i].first += int64(by)
			c.minutes[i].last += int64(by)
		}
		for i := range c.samples {
			c.samples[i].shift(by)
		}
	}
	t.shiftProbes(by)
}

func (t *textHits) shiftProbes(by time.Duration) {
	for _, h := range t.hops {
		h.first, h.last = h.first+int64(by), h.last+int64(by)
		shiftTicks(h.ticks, by)
	}
	for _, a := range t.answers {
		a.first, a.last = a.first+int64(by), a.last+int64(by)
		a.example.shift(by)
		shiftTicks(a.ticks, by)
	}
	for _, w := range t.waits {
		w.since, w.until = w.since+int64(by), w.until+int64(by)
		w.example.shift(by)
	}
	for i := range t.seqs {
		t.seqs[i].before += int64(by)
		t.seqs[i].hit.shift(by)
	}
}

func shiftTicks(ticks []second, by time.Duration) {
	for i := range ticks {
		ticks[i] += second(by/time.Second) << secondShift
	}
}

func (s *sample) shift(by time.Duration) {
	if s.at != 0 {
		s.at += int64(by)
	}
}
