package bundle

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/imbundle/imbundle/bundle/redact"
)

// Entry is an entry that is being written. Its methods may be called from several goroutines, though bytes have one order only.
type Entry struct {
	w    *Writer
	name string
	path string

	mu     sync.Mutex
	meta   Meta
	stream *redact.Stream
	body   *body
	done   bool
	err    error // why the entry is done without being kept
}

// Name is the entry's true name, redacted.
func (e *Entry) Name() string { return e.name }

// Write takes plain bytes. ErrBudget says that the bundle is full: what was taken before is kept when the entry is closed, more
// is of no use. Any other error has dropped the entry.
func (e *Entry) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done {
		return 0, e.over()
	}
	if _, err := e.stream.Write(p); err != nil {
		return 0, e.drop(err)
	}
	if e.body.full {
		return len(p), fmt.Errorf("writing %q: %w", e.name, ErrBudget)
	}
	return len(p), nil
}

// over says why nothing more can be done with the entry.
func (e *Entry) over() error {
	if e.err != nil {
		return e.err
	}
	return fmt.Errorf("writing %q: %w", e.name, ErrFinished)
}

// Truncate records what the entry lacks when that is known only after Create.
func (e *Entry) Truncate(t Truncation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.meta.Truncated = &t
}

// Attr records one more attribute.
func (e *Entry) Attr(key, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	attrs := maps.Clone(e.meta.Attrs)
	if attrs == nil {
		attrs = map[string]string{}
	}
	attrs[key] = value
	e.meta.Attrs = attrs
}

// Close appends the entry to the bundle. On an error the entry is not in it, and a Gap says so.
// Closing again gives the same answer.
func (e *Entry) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done {
		return e.err
	}
	return e.close()
}

// interrupt closes an entry that is still open when the bundle ends, with what it has.
func (e *Entry) interrupt(reason string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done {
		return nil
	}
	if e.meta.Truncated == nil {
		e.meta.Truncated = &Truncation{Reason: reason}
	}
	e.meta.Truncated.Note = joinNote(e.meta.Truncated.Note, stillOpen)
	return e.close()
}

func (e *Entry) close() error {
	if err := e.stream.Close(); err != nil {
		return e.drop(err)
	}
	if err := e.body.finish(); err != nil {
		return e.drop(err)
	}
	if e.body.full {
		e.meta.Truncated = overBudget(e.meta.Truncated, e.body)
	}
	counts := e.stream.Counts()
	for rule, n := range e.meta.Redacted {
		counts[rule] += n
	}
	if err := e.w.append(e.info(), e.body, counts); err != nil {
		return e.drop(err)
	}
	e.done = true
	e.w.forget(e)
	return e.body.discard()
}

func overBudget(t *Truncation, b *body) *Truncation {
	if t == nil {
		t = &Truncation{Reason: Budget, Head: b.size}
	}
	t.Dropped += b.dropped
	return t
}

func (e *Entry) info() EntryInfo {
	r := e.w.o.Redactor
	i := EntryInfo{
		Name: e.name, Size: e.body.size, SHA256: hex.EncodeToString(e.body.sum.Sum(nil)),
		Source: e.meta.Source, Time: e.meta.Time, Members: e.body.members,
	}
	if e.path != e.name {
		i.Path = e.path
	}
	if t := e.meta.Truncated; t != nil {
		clean := *t
		clean.Note = r.String(t.Note)
		i.Truncated = &clean
	}
	if len(e.meta.Attrs) > 0 {
		i.Attrs = make(map[string]string, len(e.meta.Attrs))
		for k, v := range e.meta.Attrs {
			i.Attrs[k] = r.String(v)
		}
	}
	return i
}

// Abort gives the entry up; g says why and is recorded.
func (e *Entry) Abort(g Gap) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done {
		return
	}
	if g.Reason == "" {
		g.Reason = Failed
	}
	e.giveUp(fmt.Errorf("writing %q: %w", e.name, ErrAborted), g)
}

// drop ends the entry because of err and records the gap.
func (e *Entry) drop(err error) error {
	g := Gap{Reason: Failed}
	var failed *WriteError
	switch {
	case errors.Is(err, ErrBudget):
		g.Reason = Budget
	case errors.As(err, &failed):
	case e.body.err != nil:
		err = &WriteError{Op: "spooling", Entry: e.name, Path: e.w.path, Err: e.body.err}
	default:
		g.Reason = Redaction
		err = fmt.Errorf("redacting %q: %w", e.name, err)
	}
	g.Detail = err.Error()
	e.giveUp(err, g)
	return err
}

func (e *Entry) giveUp(err error, g Gap) {
	e.done, e.err = true, err
	if g.Entry == "" {
		g.Entry = e.name
	}
	if g.Source == "" {
		g.Source = e.meta.Source
	}
	_ = e.body.discard() // the spool's bytes are not wanted any more
	e.w.forget(e)
	e.w.Gap(g)
}

func joinNote(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
