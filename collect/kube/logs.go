package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// leastLog is the smallest part of the budget with which a log is begun.
const leastLog = 4 << 10

// logs collects the log of every container of the chosen namespaces.
type logs struct {
	c *Cluster
	s *Survey
}

// LogsRead is closed when the logs are in the bundle, for sources that read them back.
func (s *Survey) LogsRead() <-chan struct{} { return s.logsRead }

func (*logs) Name() string { return logsName }

func (l *logs) Promise() collect.Promise {
	p := collect.Promise{Priority: logsPriority}
	for _, s := range l.s.streams {
		if s.none == "" {
			p.Entries = append(p.Entries, s.entry())
		}
	}
	return p
}

// Collect reads what the survey saw, then once more what has come up since: pods are replaced while one looks at them.
func (l *logs) Collect(ctx context.Context, b *collect.Batch) error {
	defer close(l.s.logsRead)
	l.readAll(ctx, b, l.s.streams)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	seen := map[string]bool{}
	for _, s := range l.s.streams {
		seen[s.entry()] = true
	}
	var fresh []*stream
	err := l.c.eachPod(ctx, l.s, func(_ *corev1.Pod, logs []*stream) {
		for _, s := range logs {
			if !seen[s.entry()] && s.none == "" && !b.Has(s.entry()) {
				fresh = append(fresh, s)
				b.Expect(s.entry())
			}
		}
	})
	if err != nil {
		return fmt.Errorf("looking for new pods: %w", err)
	}
	byRank(fresh)
	l.readAll(ctx, b, fresh)
	return ctx.Err()
}

// calls are the logs of the pods that there are, and the look for new pods.
func (l *logs) calls() []call {
	var all []call
	for _, s := range l.s.streams {
		if s.none == "" {
			all = append(all, get(s.path()))
		}
	}
	for _, ns := range l.c.podsOf(l.s) {
		all = append(all, get(kindFor("pods").path(ns)))
	}
	return all
}

// podsOf are the namespaces whose pods the user may read.
func (c *Cluster) podsOf(s *Survey) []string {
	return slices.DeleteFunc(slices.Clone(s.Namespaces), func(ns string) bool { return !s.Access.May("list", "", "pods", ns) })
}

// eachPod lists the pods of the chosen namespaces, each with those of its logs that may be read.
func (c *Cluster) eachPod(ctx context.Context, s *Survey, each func(*corev1.Pod, []*stream)) error {
	for _, ns := range c.podsOf(s) {
		readable := s.Access.May("get", "", "pods/log", ns)
		err := list(ctx, c, kindFor("pods").path(ns), func(p *corev1.Pod) {
			var logs []*stream
			if readable {
				logs = streamsOf(c.o.Specs, p)
			}
			each(p, logs)
		})
		if err != nil {
			return fmt.Errorf("listing the pods of namespace %q: %w", ns, err)
		}
	}
	return nil
}

// readAll reads logs side by side, within the limits of nodes and of the whole.
func (l *logs) readAll(ctx context.Context, b *collect.Batch, all []*stream) {
	var some []*stream
	for _, s := range all {
		if carried(b, s) {
			continue
		}
		if s.none != "" {
			b.Gap(bundle.Gap{Entry: s.entry(), Reason: bundle.NotFound, Detail: s.none})
			continue
		}
		some = append(some, s)
	}
	q := newQueue(some, l.c.o.Streams, l.c.o.StreamsPerNode, l.c.pace.atOnce)
	stop := context.AfterFunc(ctx, func() {
		for _, s := range q.stop() {
			b.Gap(bundle.Gap{Entry: s.entry(), Reason: bundle.Timeout, Detail: "not begun: " + endText(ctx)})
		}
	})
	defer stop()
	var work sync.WaitGroup
	for range min(l.c.o.Streams, len(some)) {
		work.Go(func() {
			for {
				s, t := q.next()
				if s == nil {
					return
				}
				if t.down != "" {
					b.Gap(bundle.Gap{Entry: s.entry(), Reason: bundle.Timeout, Detail: "node " + s.node + " was given up: " + t.down})
					q.done(s, t.down)
					continue
				}
				q.done(s, l.read(ctx, b, s, t))
				l.c.pace.tell(b.Note)
			}
		})
	}
	work.Wait()
}

// carried tells whether an earlier run brought the log. Its window has ended, so that nothing is missing in it though the
// container went on talking; and if the container was restarted since, what it says now is not of the window.
func carried(b *collect.Batch, s *stream) bool {
	e, there := b.Carried(s.entry())
	if there {
		if s.lines != nil {
			s.lines.Store(e.Size / bytesPerLine)
		}
		return true
	}
	if !s.previous || s.id == "" {
		return false
	}
	current := bundle.PodLog(s.ns, s.pod, s.container, false)
	if e, there = b.Carried(current); !there || e.Attrs["containerID"] != s.id {
		return false
	}
	b.Gap(bundle.Gap{Entry: s.entry(), Reason: bundle.NotFound, Detail: "the container was restarted since the earlier run; this log is there as " + current})
	return true
}

// endText says why a context ended.
func endText(ctx context.Context) string {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.Canceled) {
		return "the collection was interrupted"
	}
	return cause.Error()
}

// read collects one log. It returns why the node is at fault, when it did not answer.
func (l *logs) read(ctx context.Context, b *collect.Batch, s *stream, t turn) (fault string) {
	grant := b.Budget().Reserve(b.Priority(), leastLog, b.MaxLogSize(), s.weight(), t.weights)
	defer grant.Settle()
	if grant.Bytes < min(leastLog, b.MaxLogSize()) {
		b.Gap(bundle.Gap{Entry: s.entry(), Reason: bundle.Budget, Detail: "nothing was left of the size limit"})
		return ""
	}
	r := &reading{c: l.c, s: s, limit: grant.Bytes, window: l.window(b.Window())}
	r.timeout, r.newestTimeout = l.c.timeouts(ctx, t.waves)
	defer r.free()
	r.run(ctx)
	s.lines.Store(r.kept.lines)
	if r.got() {
		l.write(ctx, b, r, grant)
		return r.fault
	}
	if r.err != nil {
		b.Gap(bundle.Gap{Entry: s.entry(), Reason: r.reason(), Detail: r.err.Error()})
		return r.fault
	}
	l.write(ctx, b, r, grant) // an empty log: the container said nothing in the window
	return ""
}

// timeouts are what a stream and the one for its newest lines may take, so that the logs of all waves have their share
// of the time that is left.
func (c *Cluster) timeouts(ctx context.Context, waves int) (stream, newest time.Duration) {
	end, ok := ctx.Deadline()
	if !ok {
		return c.o.StreamTimeout, newestTimeout
	}
	share := time.Until(end) * 9 / 10 / time.Duration(waves)
	return min(c.o.StreamTimeout, share*3/4), min(newestTimeout, share/4)
}

// window is what logs are asked for: wider than the user's by as much as the clocks differ.
func (l *logs) window(w bundle.Window) bundle.Window {
	if c := l.c.clock; c != nil && c.Offset.Abs() > c.Uncertainty {
		if !w.From.IsZero() {
			w.From = w.From.Add(-c.Offset.Abs())
		}
		if !w.To.IsZero() {
			w.To = w.To.Add(c.Offset.Abs())
		}
	}
	if !w.To.Before(l.c.began.Add(-time.Minute)) {
		w.To = time.Time{} // it ended when the run began: nothing is cut
	}
	return w
}

// write puts what was read into the bundle, in the order of time, with a line where something was left out.
func (l *logs) write(ctx context.Context, b *collect.Batch, r *reading, grant *collect.Grant) {
	e, err := b.Create(r.s.entry(), bundle.Meta{Attrs: r.s.attrs()})
	if err != nil {
		b.Gap(bundle.Gap{Entry: r.s.entry(), Reason: collect.ReasonOf(err), Detail: err.Error()})
		return
	}
	e.Use(grant)
	if ctx.Err() != nil {
		r.shrink()
	}
	t, err := r.writeTo(e)
	if errors.Is(err, bundle.ErrBudget) {
		err = nil // what fitted is kept, and marked by the writer
	}
	if t != nil {
		e.Truncate(*t)
	}
	if err != nil {
		e.Abort(bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error()})
		return
	}
	if err := e.Close(); err == nil && r.err != nil {
		b.Gap(bundle.Gap{Entry: r.s.entry(), Reason: r.reason(), Detail: "the log ended early: " + r.err.Error()})
	}
}
