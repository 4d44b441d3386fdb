package collect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// Run writes a bundle. It returns an error only when there is no bundle or when the disk failed; everything else that
// went wrong is in the Result. When ctx ends the bundle is finished with what there is, in under five seconds.
func Run(ctx context.Context, o Options, sources []Source) (*Result, error) {
	o = o.withDefaults()
	o.Gaps = slices.Clone(o.Gaps)
	attach, err := attachments(o.Attach)
	if err != nil {
		return nil, err
	}
	if attach != nil {
		o.Incident.attach(attach.Promise().Entries)
		sources = append([]Source{attach}, sources...)
	}
	if !o.Incident.IsZero() {
		sources = append([]Source{incidentSource{o.Incident}}, sources...)
	}
	r := &run{o: o, started: o.Now(), began: time.Now(), courier: newCourier(o.Progress)}
	defer r.courier.stop(200 * time.Millisecond)
	jobs := r.jobs(sources)
	if r.w, err = bundle.Create(o.Output, r.writerOptions(jobs)); err != nil {
		return nil, fmt.Errorf("creating the bundle: %w", err)
	}
	for i, g := range o.Gaps {
		g.Detail = oneLine(g.Detail)
		o.Gaps[i] = g
		r.w.Gap(g)
		r.tell(Event{Kind: GapRecorded, Source: g.Source, Gap: g})
	}
	whole, cancel := WithDeadline(ctx, o.Deadline)
	defer cancel()
	whole, r.stop = context.WithCancelCause(whole)
	defer r.stop(nil)
	r.carry(whole, jobs)
	r.runAll(whole, jobs)
	return r.finish(whole, jobs)
}

// WithDeadline ends a context after the deadline of a run; zero means DefaultDeadline. Run does so by itself; who spends
// time before it that counts wraps both.
func WithDeadline(ctx context.Context, deadline time.Duration) (context.Context, context.CancelFunc) {
	deadline = cmp.Or(deadline, DefaultDeadline)
	return context.WithTimeoutCause(ctx, deadline, errDeadline{deadline})
}

// errDeadline is the end of the whole run.
type errDeadline struct{ after time.Duration }

func (e errDeadline) Error() string { return fmt.Sprintf("the deadline of %s has passed", e.after) }
func (e errDeadline) Timeout() bool { return true }

// run is one collection on its way.
type run struct {
	o       Options
	w       *bundle.Writer
	started time.Time
	began   time.Time // by the clock of this machine: the present of a served bundle stands still
	budget  *Budget
	courier *courier
	stop    context.CancelCauseFunc
	broken  atomic.Pointer[error] // of the output: no further source can succeed
	packed  atomic.Int64          // bytes before compression of entries that were closed
	logMu   sync.Mutex
	logText bytes.Buffer // becomes imbundle/collect.log

	chosen       map[string]wholeEntry // to be carried on; nil unless the run continues another
	carryMu      sync.Mutex
	carried      map[string]bundle.EntryInfo // from the earlier bundle, by name; does not change while sources run
	carriedBytes int64
	carryErr     error // why not all of it was carried
}

// job is one source and what became of it.
type job struct {
	source  Source
	batch   *Batch
	started time.Time
	elapsed time.Duration
}

func (r *run) tell(e Event) {
	e.Time = r.o.Now()
	if e.Kind == EntryClosed {
		r.packed.Add(e.Bytes)
	}
	r.courier.send(e)
}

// log keeps a line for imbundle/collect.log.
func (r *run) log(format string, args ...any) {
	r.logMu.Lock()
	defer r.logMu.Unlock()
	fmt.Fprintf(&r.logText, r.o.Now().UTC().Format(time.RFC3339)+" "+format+"\n", args...)
}

// fail ends the run when the output itself cannot be written any more; every source would fail the same way.
func (r *run) fail(err error) {
	var disk *bundle.WriteError
	if errors.As(err, &disk) && r.broken.CompareAndSwap(nil, &err) {
		r.stop(fmt.Errorf("writing the bundle: %w", err))
	}
}

// jobs asks every source for its promise and sorts by priority.
func (r *run) jobs(sources []Source) []*job {
	r.budget = newBudget(r.o.MaxSize, r.ratio)
	var jobs []*job
	for _, s := range sources {
		jobs = append(jobs, r.job(s))
	}
	if r.o.Resume != nil {
		jobs = r.bequeath(jobs)
		r.chosen = r.choose(jobs)
	}
	slices.SortStableFunc(jobs, func(a, b *job) int { return cmp.Compare(b.batch.promise.Priority, a.batch.promise.Priority) })
	return jobs
}

// job asks one source for its promise.
func (r *run) job(s Source) *job {
	p := promiseOf(s)
	b := &Batch{source: s.Name(), promise: p, run: r, expected: map[string]bool{}, inherited: map[string]bool{}}
	for _, name := range p.Entries {
		if !isPattern(name) {
			b.expected[name] = true
		}
	}
	b.promised = len(b.expected)
	r.budget.promise(s.Name(), p.Priority, p.Bytes)
	return &job{source: s, batch: b}
}

// ratio is what one byte of the file holds before compression: measured once there is enough to measure.
func (r *run) ratio() float64 {
	const assumed, enough = 4, 4 << 20
	packed := r.packed.Load()
	if packed < enough {
		return assumed
	}
	size := r.w.Size()
	if size == 0 {
		return assumed
	}
	return 0.9 * float64(packed) / float64(size)
}

func (r *run) writerOptions(jobs []*job) bundle.Options {
	plan := bundle.Plan{
		Window: r.o.Window, Incident: r.o.Incident.Map(), Tool: r.o.Tool, Started: r.started,
		Clock: r.o.Clock, Scope: r.o.Scope, Cluster: r.o.Cluster,
	}
	if e := r.o.Resume; e != nil {
		plan.Clock = slices.Concat(e.clock(), r.o.Clock)
		plan.Continues = append(slices.Clip(e.Plan.Continues), e.run(len(r.chosen)))
	}
	if r.o.Specs != nil {
		plan.SpecDigest = r.o.Specs.Digest
	}
	for _, j := range jobs {
		p := j.batch.promise
		plan.Expect = append(plan.Expect, bundle.Expect{Source: j.batch.source, Entries: p.Entries, Priority: p.Priority})
	}
	return bundle.Options{Redactor: r.o.Redactor, Tool: r.o.Tool, Plan: plan, MaxSize: r.o.MaxSize, Now: r.o.Now}
}

// runAll starts the sources in order, so many at a time, and returns when all have ended or have been given up.
func (r *run) runAll(ctx context.Context, jobs []*job) {
	slots := make(chan struct{}, r.o.Parallel)
	var all sync.WaitGroup
	for _, j := range jobs {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			j.batch.gap(bundle.Gap{Reason: bundle.NotStarted, Detail: causeText(ctx)})
			j.batch.ended.Store(true)
			continue
		}
		all.Go(func() {
			defer func() { <-slots }()
			r.runOne(ctx, j)
		})
	}
	all.Wait()
}

// runOne runs a source to its end, its deadline, or the end of the grace after it, whichever is first.
func (r *run) runOne(ctx context.Context, j *job) {
	timeout := j.batch.promise.Timeout
	if timeout <= 0 {
		timeout = r.o.SourceTimeout
	}
	mine, cancel := context.WithTimeoutCause(ctx, timeout, errSourceDeadline{timeout})
	defer cancel()
	began := time.Now()
	j.started = r.o.Now()
	j.batch.tell(Event{Kind: SourceStarted})
	done := make(chan error, 1)
	go func() { done <- collectSafely(mine, j) }()
	var err error
	select {
	case err = <-done:
	case <-mine.Done():
		select {
		case err = <-done:
		case <-time.After(r.o.Grace):
			err = fmt.Errorf("given up, it did not return: %w", context.Cause(mine))
		}
	}
	if err != nil {
		if mine.Err() != nil && errors.Is(err, mine.Err()) {
			err = context.Cause(mine)
		}
		j.batch.gap(bundle.Gap{Reason: ReasonOf(err), Detail: err.Error()})
	}
	j.batch.ended.Store(true)
	r.budget.release(j.batch.source)
	j.elapsed = time.Since(began)
	r.log("%s: ended after %s", j.batch.source, j.elapsed.Round(time.Millisecond))
	j.batch.tell(Event{Kind: SourceFinished, Err: err})
}

// collectSafely turns a source's panic into its error: one broken source must not cost the bundle.
func collectSafely(ctx context.Context, j *job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	return j.source.Collect(ctx, j.batch)
}

type errSourceDeadline struct{ after time.Duration }

func (e errSourceDeadline) Error() string {
	return fmt.Sprintf("the source's deadline of %s has passed", e.after)
}
func (e errSourceDeadline) Timeout() bool { return true }
