package collect

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// ErrEnded is what a source gets that writes after its run has ended, or after its own deadline was enforced.
var ErrEnded = errors.New("the collection has ended")

// Batch is a source's way into the bundle. It is safe for concurrent use.
type Batch struct {
	source    string
	promise   Promise
	run       *run
	inherited map[string]bool // promised names that only the earlier run promised
	ended     atomic.Bool
	mu        sync.Mutex
	expected  map[string]bool // exact names that were promised and are not accounted for yet
	promised  int
	got       int // entries closed
	kept      int // promised names among them
	carried   int // promised names that an earlier run brought
	bytes     int64
	gaps      []bundle.Gap
}

// Create opens an entry. The source's name is filled in.
func (b *Batch) Create(name string, m bundle.Meta) (*Entry, error) {
	if b.ended.Load() {
		return nil, fmt.Errorf("creating %q: %w", name, ErrEnded)
	}
	m.Source = b.source
	if m.Time.IsZero() {
		m.Time = b.run.o.Now()
	}
	e, err := b.run.w.Create(name, m)
	if err != nil {
		b.run.fail(err)
		return nil, fmt.Errorf("creating %q: %w", name, err)
	}
	return &Entry{name: name, entry: e, batch: b}, nil
}

// Put writes a whole entry.
func (b *Batch) Put(name string, m bundle.Meta, body []byte) error {
	e, err := b.Create(name, m)
	if err != nil {
		return err
	}
	if _, err := e.Write(body); err != nil {
		e.Abort(bundle.Gap{Reason: bundle.Failed, Detail: err.Error()})
		return err
	}
	return e.Close()
}

// Copy writes a whole entry from a reader.
func (b *Batch) Copy(name string, m bundle.Meta, r io.Reader) error {
	e, err := b.Create(name, m)
	if err != nil {
		return err
	}
	if _, err := io.Copy(e, r); err != nil {
		e.Abort(bundle.Gap{Reason: ReasonOf(err), Detail: err.Error()})
		return fmt.Errorf("writing %q: %w", name, err)
	}
	return e.Close()
}

// Gap records what could not be had. The source's name is filled in.
func (b *Batch) Gap(g bundle.Gap) {
	if b.ended.Load() {
		return
	}
	b.gap(g)
}

func (b *Batch) gap(g bundle.Gap) {
	g.Source, g.Detail = b.source, oneLine(g.Detail)
	b.mu.Lock()
	b.gaps = append(b.gaps, g)
	delete(b.expected, g.Entry)
	b.mu.Unlock()
	b.run.w.Gap(g)
	b.tell(Event{Kind: GapRecorded, Gap: g})
}

// oneLine makes one line of several, as errors that were joined have, or answers of a server.
func oneLine(text string) string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return strings.Join(all, "; ")
}

// Note tells the user something that is no gap; it is kept in the collection's log.
func (b *Batch) Note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	b.run.log("%s: %s", b.source, text)
	b.tell(Event{Kind: Note, Text: text})
}

// Expect adds exact names to what was promised, for what a source learns on its way.
func (b *Batch) Expect(names ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range names {
		if _, known := b.expected[name]; known {
			continue
		}
		b.promised++
		if b.Has(name) {
			b.kept++
			b.carried++
		} else {
			b.expected[name] = true
		}
	}
}

// Written reads back what the run has written so far, as it stands in the bundle: redacted.
type Written struct{ w *bundle.Writer }

// Written is for sources that work on what others have collected.
func (b *Batch) Written() Written { return Written{b.run.w} }

// Names lists the entries that are finished.
func (w Written) Names() []string { return w.w.Names() }

// Info describes a finished entry; nil while it is none.
func (w Written) Info(name string) *bundle.EntryInfo { return w.w.Info(name) }

// Open reads a finished entry back.
func (w Written) Open(name string) (io.ReadCloser, error) { return w.w.Open(name) }

// Budget is the run's; nil when there is no limit.
func (b *Batch) Budget() *Budget { return b.run.budget }

// MaxLogSize bounds one log, in bytes.
func (b *Batch) MaxLogSize() int64 { return b.run.o.MaxLogSize }

// RequestTimeout bounds one request.
func (b *Batch) RequestTimeout() time.Duration { return b.run.o.RequestTimeout }

// Priority is what the source promised.
func (b *Batch) Priority() int { return b.promise.Priority }

// Window is the time that is asked for.
func (b *Batch) Window() bundle.Window { return b.run.o.Window }

func (b *Batch) tell(e Event) {
	e.Source = b.source
	b.mu.Lock()
	e.Done, e.Expected = b.got+b.carried, b.promised
	if e.Kind == SourceFinished {
		e.Bytes = b.bytes
	}
	b.mu.Unlock()
	b.run.tell(e)
}

// written counts an entry that was closed.
func (b *Batch) written(name string, n int64) {
	b.mu.Lock()
	b.got++
	b.bytes += n
	if b.expected[name] {
		b.kept++
		delete(b.expected, name)
	}
	b.mu.Unlock()
	b.tell(Event{Kind: EntryClosed, Entry: name, Bytes: n})
}

// dropped counts an entry that the writer gave up; the writer has recorded the gap.
func (b *Batch) dropped(name string, err error) {
	g := bundle.Gap{Entry: name, Source: b.source, Reason: ReasonOf(err), Detail: err.Error()}
	var disk *bundle.WriteError
	if g.Reason == bundle.Failed && !errors.As(err, &disk) {
		g.Reason = bundle.Redaction
	}
	b.mu.Lock()
	b.gaps = append(b.gaps, g)
	delete(b.expected, name)
	b.mu.Unlock()
	b.tell(Event{Kind: GapRecorded, Gap: g})
}

// missing lists the promised names that neither came nor were explained.
func (b *Batch) missing() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for name := range b.expected {
		names = append(names, name)
	}
	return names
}

// Entry is one file on its way into the bundle. It is not safe for concurrent use.
type Entry struct {
	name  string
	entry *bundle.Entry
	batch *Batch
	grant *Grant
	n     int64
}

// Name is the entry's name.
func (e *Entry) Name() string { return e.name }

// Use makes writes draw on a grant of the budget.
func (e *Entry) Use(g *Grant) { e.grant = g }

// Truncate records what the entry lacks.
func (e *Entry) Truncate(t bundle.Truncation) { e.entry.Truncate(t) }

// Attr records an attribute of the entry for the manifest.
func (e *Entry) Attr(key, value string) { e.entry.Attr(key, value) }

// Write passes bytes on to the redactor.
func (e *Entry) Write(p []byte) (int, error) {
	if e.batch.ended.Load() {
		return 0, fmt.Errorf("writing %q: %w", e.name, ErrEnded)
	}
	n, err := e.entry.Write(p)
	e.n += int64(n)
	e.grant.use(int64(n))
	e.batch.run.budget.spend(e.batch.source, int64(n))
	if err != nil {
		e.batch.run.fail(err)
		err = fmt.Errorf("writing %q: %w", e.name, err)
	}
	return n, err
}

// Close finishes the entry. An error means that it is not in the bundle; the writer has recorded why.
func (e *Entry) Close() error {
	if e.batch.ended.Load() {
		return fmt.Errorf("closing %q: %w", e.name, ErrEnded)
	}
	if err := e.entry.Close(); err != nil {
		e.batch.run.fail(err)
		e.batch.dropped(e.name, err)
		return fmt.Errorf("closing %q: %w", e.name, err)
	}
	e.batch.written(e.name, e.n)
	return nil
}

// Abort drops the entry and records why.
func (e *Entry) Abort(g bundle.Gap) {
	if e.batch.ended.Load() {
		return
	}
	g.Entry, g.Source = e.name, e.batch.source
	e.entry.Abort(g)
	e.batch.mu.Lock()
	delete(e.batch.expected, e.name)
	e.batch.gaps = append(e.batch.gaps, g)
	e.batch.mu.Unlock()
	e.batch.tell(Event{Kind: GapRecorded, Gap: g})
}
