package kube

import (
	"context"
	"testing"
	"time"
)

func TestPacer(t *testing.T) {
	p := newPacer()
	start := time.Now()
	for range 5 {
		if err := p.wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took < 4*first-5*time.Millisecond {
		t.Errorf("5 requests went within %s", took)
	}
	for range 100 {
		p.answered(time.Millisecond)
	}
	if p.interval != fastest {
		t.Errorf("quick answers speed it up to %s, not %s", fastest, p.interval)
	}
	p.answered(slowAnswer / 2)
	if p.interval != fastest {
		t.Errorf("an answer neither quick nor slow changes nothing: %s", p.interval)
	}
	p.answered(2 * slowAnswer)
	if p.interval <= fastest {
		t.Error("a slow answer slows it down")
	}
	p.refused(300 * time.Millisecond)
	if p.interval < backedUp {
		t.Errorf("a refusal slows it down to %s at least: %s", backedUp, p.interval)
	}
	start = time.Now()
	if err := p.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 290*time.Millisecond {
		t.Errorf("the server asked for 300ms, it waited %s", took)
	}
	for range 50 {
		p.refused(0)
	}
	if p.interval != slowest {
		t.Errorf("it never gets slower than %s: %s", slowest, p.interval)
	}
	p.refused(time.Hour)
	if hold := time.Until(p.next); hold > longestHold {
		t.Errorf("no server may hold it up for %s", hold)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.wait(ctx); err == nil {
		t.Error("waiting ends with the context")
	}
}
