package collect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// ReasonOf classifies an error for a gap. An error may say so itself with a method GapReason() string.
func ReasonOf(err error) string {
	var own interface{ GapReason() string }
	var slow interface{ Timeout() bool }
	switch {
	case errors.Is(err, bundle.ErrBudget):
		return bundle.Budget
	case errors.As(err, &own):
		return own.GapReason()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return bundle.Timeout
	case errors.As(err, &slow) && slow.Timeout():
		return bundle.Timeout
	}
	return bundle.Failed
}

// causeText says why a context ended.
func causeText(ctx context.Context) string {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.Canceled) {
		return "interrupted"
	}
	return cause.Error()
}

// finish accounts for what was promised, writes the manifest and sums up.
func (r *run) finish(ctx context.Context, jobs []*job) (*Result, error) {
	reasons := r.account(ctx, jobs)
	if ctx.Err() != nil {
		reasons = append([]string{causeText(ctx)}, reasons...)
	}
	reason := strings.Join(reasons, "; ")
	r.tell(Event{Kind: Finishing, Text: reason})
	res := r.result(jobs)
	res.Complete, res.Reason = len(reasons) == 0, reason
	err := r.w.Finish(r.final(res))
	if info, statErr := os.Stat(r.o.Output); statErr == nil {
		res.Size = info.Size()
	}
	if broken := r.broken.Load(); err == nil && broken != nil {
		err = *broken
	}
	if err != nil {
		res.Complete = false
		return res, fmt.Errorf("finishing the bundle: %w", err)
	}
	return res, nil
}

// account turns promises that nothing was heard of into gaps, and says which sources leave the bundle incomplete.
func (r *run) account(ctx context.Context, jobs []*job) []string {
	var reasons []string
	if r.carryErr != nil {
		reasons = append(reasons, "not all of the earlier entries could be carried on")
	}
	for _, j := range jobs {
		for _, name := range sorted(j.batch.missing()) {
			g := bundle.Gap{Entry: name, Reason: bundle.Failed, Detail: "promised, but the source ended without it"}
			switch {
			case j.batch.inherited[name]:
				g.Reason, g.Detail = bundle.NotFound, "the earlier run promised it; it is not to be had any more"
			case ctx.Err() != nil:
				g.Reason, g.Detail = bundle.NotStarted, causeText(ctx)
			}
			j.batch.gap(g)
		}
		if n := j.batch.lost(); n > 0 {
			reasons = append(reasons, fmt.Sprintf("%s lacks %d of its parts", j.batch.source, n))
		}
	}
	return reasons
}

// lost counts the gaps that another run might fill: what is forbidden or does not exist is not among them.
func (b *Batch) lost() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, g := range b.gaps {
		if fillable(g) {
			n++
		}
	}
	return n
}

func (r *run) result(jobs []*job) *Result {
	res := &Result{
		Path: r.o.Output, Best: r.o.Output, Gaps: slices.Clone(r.o.Gaps), Elapsed: time.Since(r.began),
		Entries: len(r.carried), Carried: len(r.carried), Bytes: r.carriedBytes,
	}
	if r.carryErr != nil {
		res.Best = r.o.Resume.Path
	}
	for _, j := range jobs {
		j.batch.mu.Lock()
		res.Sources = append(res.Sources, SourceCount{
			Source: j.batch.source, Expected: j.batch.promised, Got: j.batch.kept, Entries: j.batch.got, Bytes: j.batch.bytes,
			Started: j.started, Elapsed: j.elapsed,
		})
		res.Entries += j.batch.got
		res.Bytes += j.batch.bytes
		res.Gaps = append(res.Gaps, j.batch.gaps...)
		j.batch.mu.Unlock()
	}
	return res
}

// final is the result as the manifest keeps it.
func (r *run) final(res *Result) bundle.Final {
	f := bundle.Final{Complete: res.Complete, Reason: res.Reason, Counts: map[string]bundle.Count{}}
	if r.o.Resume != nil {
		f.Timings = r.o.Resume.timings()
	}
	for _, s := range res.Sources {
		f.Counts[s.Source] = bundle.Count{Expected: s.Expected, Got: s.Got}
		if !s.Started.IsZero() {
			f.Timings = append(f.Timings, bundle.Timing{Source: s.Source, Started: s.Started, Took: s.Elapsed})
		}
	}
	if r.o.Closing != nil {
		r.log("%s", r.o.Closing())
	}
	r.logMu.Lock()
	defer r.logMu.Unlock()
	f.Log = bytes.Clone(r.logText.Bytes())
	return f
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func isPattern(name string) bool { return strings.Contains(name, "*") }

// highest is the priority of what the user gave; nothing else is of more use.
const highest = 1000

// incidentSource writes the intake.
type incidentSource struct{ incident Incident }

func (incidentSource) Name() string { return "incident" }

func (incidentSource) Promise() Promise {
	return Promise{Entries: []string{bundle.IncidentFile}, Priority: highest}
}

func (s incidentSource) Collect(_ context.Context, b *Batch) error {
	body, err := s.incident.YAML()
	if err != nil {
		return err
	}
	return b.Put(bundle.IncidentFile, bundle.Meta{}, body)
}

// attachSource copies the user's own files in.
type attachSource struct{ files []string }

// attachments checks that every file can be read before anything is begun; nil when there are none.
func attachments(files []string) (*attachSource, error) {
	if len(files) == 0 {
		return nil, nil
	}
	seen := map[string]string{}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("attaching %q: %w", file, err)
		}
		info, err := f.Stat()
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("attaching %q: %w", file, err)
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("attaching %q: it is no regular file", file)
		case seen[baseName(file)] != "":
			return nil, fmt.Errorf("attaching %q: %q has the same name", file, seen[baseName(file)])
		}
		seen[baseName(file)] = file
	}
	return &attachSource{files}, nil
}

func baseName(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }

func (*attachSource) Name() string { return "attach" }

func (s *attachSource) Promise() Promise {
	p := Promise{Priority: highest}
	for _, file := range s.files {
		p.Entries = append(p.Entries, bundle.Attached(baseName(file)))
	}
	return p
}

func (s *attachSource) Collect(ctx context.Context, b *Batch) error {
	var errs []error
	for _, file := range s.files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := attach(b, file); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func attach(b *Batch, file string) error {
	f, err := os.Open(file)
	if err != nil {
		b.Gap(bundle.Gap{Entry: bundle.Attached(baseName(file)), Reason: bundle.Failed, Detail: err.Error()})
		return fmt.Errorf("attaching %q: %w", file, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("attaching %q: %w", file, err)
	}
	return b.Copy(bundle.Attached(baseName(file)), bundle.Meta{Time: info.ModTime()}, f)
}
