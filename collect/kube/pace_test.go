package kube

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/collect"
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
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	p.refused(time.Now(), time.Hour)
	if err := p.wait(ctx); err == nil {
		t.Error("waiting ends with the context")
	}
}

func TestPacerStrain(t *testing.T) {
	p := newPacer()
	answers := func(took time.Duration, n int) {
		for range n {
			p.answered(took)
		}
	}
	answers(50*time.Millisecond, 100)
	answers(3*time.Second, recent-1)
	if p.interval != fastest || p.atOnce(16) != 16 {
		t.Errorf("as long as one of the last %d answers was quick, the server is not to blame: %s", recent, p.interval)
	}
	answers(1800*time.Millisecond, recent)
	if want := 1800 * time.Millisecond / calm; p.interval != want || p.atOnce(16) != calm {
		t.Errorf("interval %s, want %s; %d at a time, want %d", p.interval, want, p.atOnce(16), calm)
	}
	answers(time.Minute, recent)
	if p.interval != slowest {
		t.Errorf("it never gets slower than %s: %s", slowest, p.interval)
	}
	answers(60*time.Millisecond, 100)
	if p.interval != fastest || p.atOnce(16) != 16 {
		t.Errorf("it recovers with the server: %s, %d at a time", p.interval, p.atOnce(16))
	}
	var told []string
	for range 2 {
		p.tell(func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) })
	}
	want := []string{
		"the API server answers in 1.8 s (0.05 s at first): asking at most 2 times a second",
		"the API server answers in 0.06 s again",
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told %q, want %q", told, want)
	}
	if s := p.summary(); !strings.Contains(s, "0.05 s at first, in 60 s at worst") {
		t.Error(s)
	}
}

// TestQueueUnderStrain reads no more logs at a time than the server bears, and goes on when it is better.
func TestQueueUnderStrain(t *testing.T) {
	var all []*stream
	for i := range 30 {
		all = append(all, running(fmt.Sprint("p", i), fmt.Sprint("n", i)))
	}
	var bears atomic.Int32
	bears.Store(calm)
	q := newQueue(all, 16, 5, func(n int) int { return min(n, int(bears.Load())) })
	var taken []*stream
	for range calm {
		s, turn := q.next()
		if taken = append(taken, s); turn.waves < 30/calm-1 {
			t.Errorf("%d waves of the logs that are left", turn.waves)
		}
	}
	more := make(chan *stream)
	go func() {
		for s, _ := q.next(); s != nil; s, _ = q.next() {
			more <- s
		}
		close(more)
	}()
	select {
	case <-more:
		t.Fatalf("more than %d logs are read at a time", calm)
	case <-time.After(50 * time.Millisecond):
	}
	bears.Store(16)
	q.done(taken[0], "")
	for range 16 - calm + 1 {
		<-more
	}
	q.stop()
}

// TestPacerFar has a server that is far away: that it never answers quickly is no strain.
func TestPacerFar(t *testing.T) {
	p := newPacer()
	for range 100 {
		p.answered(700 * time.Millisecond)
	}
	if p.interval != fastest {
		t.Errorf("interval %s", p.interval)
	}
}

func TestPacerRefusals(t *testing.T) {
	p := newPacer()
	sent := time.Now()
	for range 16 {
		p.refused(sent, 300*time.Millisecond)
	}
	if p.interval != backedUp {
		t.Errorf("refusals of requests that were under way together count as one: %s, want %s", p.interval, backedUp)
	}
	start := time.Now()
	if err := p.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 290*time.Millisecond {
		t.Errorf("the server asked for 300ms, it waited %s", took)
	}
	for range 50 {
		p.refused(time.Now(), 0)
	}
	if p.interval != mostBacked {
		t.Errorf("refusals never make it slower than %s: %s", mostBacked, p.interval)
	}
	p.refused(time.Now(), time.Hour)
	if hold := time.Until(p.next); hold > longestHold {
		t.Errorf("no server may hold it up for %s", hold)
	}
}

// TestPaceIsNoTimeout asks more at a time than the pace lets go within the request timeout: waiting for one's turn is not
// the server's delay.
func TestPaceIsNoTimeout(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList()))
	c := connect(t, f)
	c.o.RequestTimeout = 100 * time.Millisecond
	c.pace.interval = slowest
	c.pace.next = time.Now().Add(300 * time.Millisecond)
	if err := list(t.Context(), c, "/api/v1/namespaces/openim/pods", func(*corev1.Pod) {}); err != nil {
		t.Error(err)
	}
}

// TestServerRestarts has a server that is gone for a while in the middle of a run, and one that stays away.
func TestServerRestarts(t *testing.T) {
	for _, c := range []struct {
		stays bool
		err   error
	}{{false, refusedConnection}, {true, refusedConnection}, {false, io.ErrUnexpectedEOF}, {true, io.ErrUnexpectedEOF}} {
		stays, failure := c.stays, c.err
		t.Run(fmt.Sprintf("stays away %v, %v", stays, failure), func(t *testing.T) {
			f := newFaulty(t)
			f.handle("/api/v1/namespaces/openim/pods", answer(podList(pod("a", "n"))))
			f.handle("/api/v1/namespaces/openim/pods/a/log", answer(logLines(time.Now(), 10)))
			c := connect(t, f)
			c.o.RequestTimeout = 2500 * time.Millisecond
			down := atomic.Bool{}
			down.Store(true)
			c.http.Transport = refusing{c.http.Transport, &down, failure}
			if !stays {
				time.AfterFunc(1300*time.Millisecond, func() { down.Store(false) })
			}
			var all []*stream
			for i := range 30 {
				s := running("a", "n")
				s.container = fmt.Sprint("c", i)
				all = append(all, s)
			}
			start := time.Now()
			res, r := run(t, collect.Options{}, &logs{c, survey(c, all...)})
			if took := time.Since(start); took > 6*time.Second {
				t.Errorf("took %s", took)
			}
			if got := len(all) - len(res.Gaps); !stays && (got != len(all) || !res.Complete) || stays && got > 0 {
				t.Errorf("%d of %d logs, complete %v: %+v", got, len(all), res.Complete, res.Gaps)
			}
			if text := read(t, r, "imbundle/collect.log"); !strings.Contains(text, "cannot be reached any more") {
				t.Errorf("nobody says that the server was gone:\n%s", text)
			}
		})
	}
}

// refusing stands for a server that is not there, or for what is left of it behind a load balancer.
type refusing struct {
	http.RoundTripper
	down *atomic.Bool
	err  error
}

var refusedConnection = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

func (r refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	if r.down.Load() {
		return nil, r.err
	}
	return r.RoundTripper.RoundTrip(req)
}
