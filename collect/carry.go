package collect

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// carrying is the name under which a run tells how it carries the entries of an earlier one on.
const carrying = "resume"

// errChanged is an entry that was whole when the earlier bundle was read first.
var errChanged = errors.New("the earlier bundle changed while it was read")

// Sharer is a Source that brings several entries with one answer. Siblings names those that always come with an entry,
// itself included; nil for an entry that is not the source's. A continued run carries an entry on only with all its
// siblings, so that they are always of one moment.
type Sharer interface {
	Siblings(name string) []string
}

// carry puts what an earlier run brought into the new bundle, through the same door as everything else. It goes before
// the sources, so that those know what need not be asked for.
func (r *run) carry(ctx context.Context, jobs []*job) {
	e := r.o.Resume
	if e == nil {
		return
	}
	r.tell(Event{Kind: SourceStarted, Source: carrying})
	r.logText.Write(e.log)
	err := r.carryAll(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		g := bundle.Gap{Source: carrying, Reason: ReasonOf(err), Detail: err.Error()}
		r.w.Gap(g)
		r.o.Gaps = append(slices.Clip(r.o.Gaps), g)
	}
	for _, j := range jobs {
		j.batch.inherit(r.carried)
	}
	text := fmt.Sprintf("%d of %d entries are those of the run of %s, as of then; what is asked for now is newer",
		len(r.carried), e.met, e.Plan.Started.Format(time.RFC3339))
	r.log("%s: %s", carrying, text)
	r.tell(Event{Kind: Note, Source: carrying, Text: text})
	r.tell(Event{Kind: SourceFinished, Source: carrying, Err: err, Done: len(r.carried), Expected: len(r.chosen), Bytes: r.carriedBytes})
	r.carryErr = err
}

// choose leaves out what comes anew: the incident, what costs the server nothing and may tell more than it would now, files that are
// attached again, and entries whose siblings are not whole.
func (r *run) choose(jobs []*job) map[string]wholeEntry {
	chosen := maps.Clone(r.o.Resume.whole)
	delete(chosen, bundle.IncidentFile)
	delete(chosen, bundle.ConfigEffective)
	alone := func(other string) bool { _, there := r.o.Resume.whole[other]; return !there }
	for _, j := range jobs {
		switch s := j.source.(type) {
		case *attachSource:
			for _, name := range s.Promise().Entries {
				delete(chosen, name)
			}
		case Sharer:
			maps.DeleteFunc(chosen, func(name string, _ wholeEntry) bool { return slices.ContainsFunc(s.Siblings(name), alone) })
		}
	}
	return chosen
}

// carryAll copies the chosen entries.
func (r *run) carryAll(ctx context.Context) error {
	in, err := bundle.Open(r.o.Resume.Path, bundle.ReadOptions{})
	if err != nil {
		return fmt.Errorf("carrying the earlier entries on: %w", err)
	}
	defer in.Close()
	r.carried = map[string]bundle.EntryInfo{}
	return in.Each(ctx, 0, func(_ int, f *bundle.File) error {
		w, is := r.chosen[f.Name]
		if !is {
			return nil
		}
		if err := r.carryOne(f, w); err != nil {
			return err
		}
		r.carryMu.Lock()
		defer r.carryMu.Unlock()
		r.carried[f.Name] = w.EntryInfo
		r.carriedBytes += w.Size
		r.tell(Event{Kind: EntryClosed, Source: carrying, Entry: f.Name, Bytes: w.Size, Done: len(r.carried), Expected: len(r.chosen)})
		return nil
	})
}

// carryOne copies one entry with all that is known of it. An error ends the carrying: the output or the input is at fault.
func (r *run) carryOne(f *bundle.File, w wholeEntry) error {
	e, err := r.w.Create(f.Name, bundle.Meta{Source: w.Source, Time: w.Time, Truncated: w.Truncated, Attrs: w.Attrs, Redacted: w.redacted})
	if err != nil {
		r.fail(err)
		return fmt.Errorf("carrying %q on: %w", f.Name, err)
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(e, h), f)
	r.budget.spend(carrying, n)
	if err == nil && hex.EncodeToString(h.Sum(nil)) != w.SHA256 {
		err = errChanged
	}
	if err == nil || errors.Is(err, bundle.ErrBudget) {
		err = e.Close() // what fits is kept, and marked by the writer
	}
	if err != nil {
		r.fail(err)
		e.Abort(bundle.Gap{Reason: ReasonOf(err), Detail: err.Error()})
		return fmt.Errorf("carrying %q on: %w", f.Name, err)
	}
	return nil
}

// inherit counts what was promised and carried.
func (b *Batch) inherit(carried map[string]bundle.EntryInfo) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.expected {
		if _, there := carried[name]; there {
			b.kept++
			b.carried++
			delete(b.expected, name)
		}
	}
}

// Carried tells whether an entry is in the bundle already because the run continues an earlier one that brought it, and
// what is known of it. It must not be created again.
func (b *Batch) Carried(name string) (bundle.EntryInfo, bool) {
	if len(b.run.carried) == 0 {
		return bundle.EntryInfo{}, false
	}
	e, there := b.run.carried[b.run.o.Redactor.String(name)]
	return e, there
}

// ReadCarried is the text of an entry as the earlier run brought it.
func (b *Batch) ReadCarried(name string) ([]byte, error) {
	in, err := bundle.Open(b.run.o.Resume.Path, bundle.ReadOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading what was carried on: %w", err)
	}
	defer in.Close()
	entry, err := in.Open(b.run.o.Redactor.String(name))
	if err != nil {
		return nil, fmt.Errorf("reading what was carried on: %w", err)
	}
	defer entry.Close()
	return io.ReadAll(entry)
}

// Keep writes what an earlier run brought of an entry that was asked for again in vain, as of then, with what it told was missing of
// parts of it; false: there is nothing of the kind, or it is not good.
func (b *Batch) Keep(name string, good func(text []byte) bool) bool {
	e := b.run.o.Resume
	if e == nil {
		return false
	}
	w, there := e.partly[name]
	if !there {
		return false
	}
	text, err := b.ReadCarried(name)
	if err != nil || !good(text) {
		return false
	}
	if err := b.Put(name, bundle.Meta{Time: w.Time, Truncated: w.Truncated, Attrs: w.Attrs, Redacted: w.redacted}, text); err != nil {
		b.Note("%v", err) // the batch has recorded the gap
		return true
	}
	for _, g := range e.gaps() {
		if g.Source == b.source && strings.HasPrefix(g.Entry, name+"#") {
			b.Gap(g)
		}
	}
	return true
}

// Has tells whether all entries were carried, so that nothing has to be asked for.
func (b *Batch) Has(names ...string) bool {
	for _, name := range names {
		if _, there := b.Carried(name); !there {
			return false
		}
	}
	return len(names) > 0
}

// bequeath gives the promises of the earlier run to the new one's sources, so that the bundle still knows what it lacks.
// What a source does not promise any more, it is not asked for; what has no source any more gets an absent one.
func (r *run) bequeath(jobs []*job) []*job {
	bySource := map[string]*job{}
	for _, j := range jobs {
		bySource[j.batch.source] = j
	}
	heir := func(source string) *Batch {
		if bySource[source] == nil {
			j := r.job(&absent{name: source, earlier: r.o.Resume})
			j.batch.inherited = nil // it accounts for all of them
			bySource[source] = j
			jobs = append(jobs, j)
		}
		return bySource[source].batch
	}
	for _, x := range r.o.Resume.Plan.Expect {
		b := heir(x.Source)
		for _, name := range x.Entries {
			b.promiseToo(name)
		}
	}
	for _, d := range r.o.Resume.due {
		heir(d.source).promiseToo(d.entry)
	}
	return jobs
}

// promiseToo adds a promise of the earlier run.
func (b *Batch) promiseToo(name string) {
	if isPattern(name) || slices.Contains(b.promise.Entries, name) {
		return
	}
	b.promise.Entries = append(slices.Clip(b.promise.Entries), name)
	if b.inherited != nil {
		b.inherited[name] = true
	}
	b.expected[name] = true
	b.promised++
}

// absent stands for a source of the earlier run that the new one has not: what is missing of it stays missing.
type absent struct {
	name    string
	earlier *Earlier
}

func (a *absent) Name() string { return a.name }

// Collect says of everything that was not carried why the earlier run had not got it.
func (a *absent) Collect(_ context.Context, b *Batch) error {
	why := map[string]bundle.Gap{}
	for _, g := range a.earlier.gaps() {
		if g.Source != a.name {
			continue
		}
		if g.Entry == "" || isPattern(g.Entry) {
			b.Gap(g)
		}
		why[g.Entry] = g
	}
	for _, name := range b.promise.Entries {
		if b.Has(name) {
			continue
		}
		g, told := why[name]
		if !told {
			g = bundle.Gap{Entry: name, Reason: bundle.NotStarted, Detail: "the earlier run did not come to it, and this one was not told to"}
		}
		b.Gap(g)
	}
	return nil
}
