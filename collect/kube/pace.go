package kube

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The pacer's limits: from a hundred requests a second down to one in two seconds.
const (
	fastest     = 10 * time.Millisecond
	first       = 20 * time.Millisecond
	backedUp    = 100 * time.Millisecond // at least, after the first refusal
	mostBacked  = 500 * time.Millisecond // at most, for refusals alone: the server says itself when to come again
	slowest     = 2 * time.Second
	longestHold = 30 * time.Second
	longBreak   = time.Second // an outage that people are told of
)

// What strain is.
const (
	recent   = 8                      // answers; the quickest of them tells the server's own delay, whatever the others had to carry
	strainAt = 4                      // times as long as at first
	noStrain = 200 * time.Millisecond // however quick the first answers were
	calm     = 4                      // requests at a time are asked of a server under strain
)

// pacer spaces requests, in the order in which they came. It slows down when the server refuses requests as too many, and
// when it takes much longer to begin an answer than at first: then it asks no more often than a few requests at a time
// would. It speeds up again with every answer. All requests of a Cluster share one.
type pacer struct {
	turn chan struct{} // held by the one whose request is next

	mu       sync.Mutex
	interval time.Duration
	shortest time.Duration // of the intervals
	next     time.Time     // when the next request may go
	reacted  time.Time     // when a refusal last changed the interval
	lost     time.Time     // since when no connection to the server comes about or lasts; zero: they do
	missed   bool          // that was told

	answers  int
	last     [recent]time.Duration // of the answers
	base     time.Duration         // the quickest of the first answers
	strained bool
	notes    []string // for people, not told yet

	requests, refusals int
	worst, rarest      time.Duration // longest delay, longest interval
}

func newPacer() *pacer {
	return &pacer{turn: make(chan struct{}, 1), interval: first, shortest: fastest}
}

// wait returns when the caller may send a request.
func (p *pacer) wait(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.turn }()
	for {
		d := p.take()
		if err := sleep(ctx, d); err != nil || d <= 0 {
			return err
		}
	}
}

// take lets a request go, or says how long it has to wait.
func (p *pacer) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if d := p.next.Sub(now); d > 0 {
		return d
	}
	p.next = now.Add(p.interval)
	p.requests++
	return 0
}

// answered takes note of how long the server took to begin its answer.
func (p *pacer) answered(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reached()
	p.last[p.answers%recent] = took
	p.answers++
	shortest := p.shortest
	if p.answers >= recent {
		shortest = p.judge(slices.Min(p.last[:]))
	}
	p.set(max(p.interval*8/10, shortest))
}

// judge decides whether the server is under strain, and returns how often it may be asked at most.
func (p *pacer) judge(delay time.Duration) (interval time.Duration) {
	if p.answers == recent {
		p.base = delay
	}
	limit := max(strainAt*p.base, noStrain)
	switch {
	case delay > limit && !p.strained:
		p.strained = true
		p.notes = append(p.notes, fmt.Sprintf("the API server answers in %s (%s at first): asking at most %s", spelled(delay), spelled(p.base), often(delay/calm)))
	case delay < limit/2 && p.strained:
		p.strained = false
		p.notes = append(p.notes, fmt.Sprintf("the API server answers in %s again", spelled(delay)))
	}
	if !p.strained {
		return p.shortest
	}
	p.worst = max(p.worst, delay)
	return min(max(delay/calm, fastest), slowest)
}

// refused takes note of a 429 or of an overloaded server; nothing is sent before the time that it asked for. Refusals of
// requests that were under way at the same time count as one.
func (p *pacer) refused(sent time.Time, retryAfter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reached()
	p.refusals++
	now := time.Now()
	if sent.After(p.reacted) {
		p.reacted = now
		p.set(max(p.interval, min(max(p.interval*2, backedUp), mostBacked)))
		if p.refusals == 1 {
			p.notes = append(p.notes, fmt.Sprintf("the API server refuses requests as too many: asking at most %s", often(p.interval)))
		}
	}
	if hold := now.Add(min(retryAfter, longestHold)); hold.After(p.next) {
		p.next = hold
	}
}

// unreached takes note that a connection did not come about or dropped, and returns since when nothing was answered. It
// is not known of a server that has never answered.
func (p *pacer) unreached() (since time.Time, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost.IsZero() {
		p.lost = time.Now()
	}
	if p.answers > 0 && !p.missed && time.Since(p.lost) > longBreak {
		p.missed = true
		p.notes = append(p.notes, "the API server cannot be reached any more: trying again")
	}
	return p.lost, p.answers > 0
}

// reached ends an outage; p.mu is held.
func (p *pacer) reached() {
	if p.missed {
		p.notes = append(p.notes, "the API server answers again")
	}
	p.lost, p.missed = time.Time{}, false
}

func (p *pacer) set(interval time.Duration) {
	p.interval = interval
	p.rarest = max(p.rarest, interval)
}

// atOnce is how many of n requests may be under way now.
func (p *pacer) atOnce(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.strained {
		return min(n, calm)
	}
	return n
}

// tell hands on what a person may want to know, once.
func (p *pacer) tell(note func(format string, args ...any)) {
	p.mu.Lock()
	notes := p.notes
	p.notes = nil
	p.mu.Unlock()
	for _, n := range notes {
		note("%s", n)
	}
}

// summary is a line about the whole run.
func (p *pacer) summary() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := fmt.Sprintf("%d requests, %d refused as too many; never more than %s, at the slowest %s", p.requests, p.refusals, often(fastest), often(p.rarest))
	if p.worst > 0 {
		s += fmt.Sprintf("; the API server answered in %s at first, in %s at worst", spelled(p.base), spelled(p.worst))
	}
	return s
}

// often says an interval as a frequency.
func often(interval time.Duration) string {
	if interval > 750*time.Millisecond {
		return fmt.Sprintf("once in %s", spelled(interval))
	}
	return fmt.Sprintf("%.0f times a second", float64(time.Second)/float64(max(interval, fastest)))
}

func spelled(d time.Duration) string { return fmt.Sprintf("%.2g s", d.Seconds()) }

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
