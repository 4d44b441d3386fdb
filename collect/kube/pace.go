package kube

import (
	"context"
	"sync"
	"time"
)

// The pacer's limits: from a hundred requests a second down to one in two seconds.
const (
	fastest  = 10 * time.Millisecond
	first    = 20 * time.Millisecond
	backedUp = 100 * time.Millisecond // at least, after the first refusal
	slowest  = 2 * time.Second

	slowAnswer  = time.Second
	quickAnswer = 250 * time.Millisecond
	longestHold = 30 * time.Second
)

// pacer spaces requests. It slows down when the server says that it is busy, or answers slowly, and speeds up again
// with every quick answer. All requests of a Cluster share one.
type pacer struct {
	mu       sync.Mutex
	interval time.Duration
	next     time.Time // when the next request may go
	refusals int       // for the summary
}

func newPacer() *pacer { return &pacer{interval: first} }

// wait returns when the caller may send a request.
func (p *pacer) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(p.interval)
	p.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}

// answered takes note of how long the server took to begin its answer.
func (p *pacer) answered(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case took > slowAnswer:
		p.interval = min(p.interval*3/2, slowest)
	case took < quickAnswer:
		p.interval = max(p.interval*9/10, fastest)
	}
}

// refused takes note of a 429 or of an overloaded server; nothing is sent before the time that it asked for.
func (p *pacer) refused(retryAfter time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusals++
	p.interval = min(max(p.interval*2, backedUp), slowest)
	if hold := time.Now().Add(min(retryAfter, longestHold)); hold.After(p.next) {
		p.next = hold
	}
}

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
