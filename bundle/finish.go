package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
)

// Finish ends the bundle: open entries are closed with what they have and marked truncated, then come imbundle/redactions.json,
// imbundle/collect.log, the manifest and the footer. It does not wait for any source, so it may be called when a signal arrives.
// Without room for the manifest the bundle stays readable up to its last entry and the answer is a *WriteError. Later calls
// give the same answer and do nothing.
func (w *Writer) Finish(f Final) error {
	w.once.Do(func() { w.result = w.finish(f) })
	return w.result
}

func (w *Writer) finish(f Final) error {
	reason := f.Reason
	if reason == "" {
		reason = NotStarted
	}
	var errs []error
	for _, e := range w.lastEntries() {
		errs = append(errs, e.interrupt(reason))
	}
	w.spools.release(w.reserve)
	errs = append(errs, w.put(RedactionsFile, w.redactionReport()), w.putLog(f))
	op, err := w.writeEnd(f)
	if err != nil {
		errs = append(errs, &WriteError{Op: op, Path: w.path, Err: err})
	}
	if f.Complete {
		errs = append(errs, w.file.Sync()) // an interrupted run has no time for a slow disk
	}
	return errors.Join(append(errs, w.file.Close(), w.spools.remove())...)
}

// lastEntries refuses new entries and lists the open ones by name.
func (w *Writer) lastEntries() []*Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = true
	var open []*Entry
	for e := range w.open {
		open = append(open, e)
	}
	sort.Slice(open, func(i, j int) bool { return open[i].name < open[j].name })
	return open
}

// Redactions is the content of imbundle/redactions.json.
type Redactions struct {
	Digest  string                      `json:"digest"` // of the rules in use
	Rules   map[string]int64            `json:"rules"`  // replacements by rule id
	Entries map[string]map[string]int64 `json:"entries"`
}

func (w *Writer) redactionReport() Redactions {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := Redactions{Digest: w.o.Redactor.Digest(), Rules: map[string]int64{}, Entries: w.redactions}
	for _, rule := range w.o.Redactor.Rules() {
		r.Rules[rule.ID] = 0
	}
	for _, counts := range w.redactions {
		for id, n := range counts {
			r.Rules[id] += n
		}
	}
	return r
}

// putLog writes the collection's log, through the redactor, and the gaps behind it.
func (w *Writer) putLog(f Final) error {
	w.mu.Lock()
	e, err := w.enter(CollectLog, Meta{Source: "imbundle"})
	gaps := append([]Gap(nil), w.gaps...)
	w.mu.Unlock()
	if err != nil {
		return err
	}
	e.body.own = true
	var text bytes.Buffer
	text.Write(f.Log)
	if n := len(f.Log); n > 0 && f.Log[n-1] != '\n' {
		text.WriteByte('\n')
	}
	for _, g := range gaps {
		fmt.Fprintf(&text, "gap: %s: entry %q of source %q: %s\n", g.Reason, g.Entry, g.Source, g.Detail)
	}
	if _, err := e.Write(text.Bytes()); err != nil {
		return err
	}
	return e.Close()
}

const (
	opManifest = "writing the manifest of"
	opFooter   = "writing the footer of"
)

// writeEnd appends the manifest, the end of the tar and the footer. What fails is cut off again; op names it.
func (w *Writer) writeEnd(f Final) (op string, err error) {
	text, err := json.Marshal(w.manifest(f))
	if err != nil {
		return opManifest, fmt.Errorf("encoding: %w", err)
	}
	info, b, err := w.own(ManifestFile, append(text, '\n'))
	if err != nil {
		return opManifest, err
	}
	p, err := w.prepare(&info, b, nil)
	if err != nil {
		return opManifest, errors.Join(err, b.discard())
	}
	end, err := w.compress(tarEnd)
	if err != nil {
		return opFooter, errors.Join(err, b.discard())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.copy(&info, p, "manifest"); err != nil {
		return opManifest, errors.Join(err, b.discard())
	}
	if err := w.copyFooter(end, footer(info.Offset)); err != nil {
		return opFooter, errors.Join(err, b.discard())
	}
	return "", b.discard()
}

func (w *Writer) copyFooter(members ...[]byte) error {
	at := &cursor{w: w, off: w.off}
	for _, m := range members {
		w.o.Hold("footer")
		if err := at.bytes(m); err != nil {
			return w.rollBack(w.off, err)
		}
	}
	w.off = at.off
	w.o.Hold("footer")
	return nil
}

func (w *Writer) compress(plain []byte) ([]byte, error) {
	p := <-w.presses
	defer func() { w.presses <- p }()
	return wholeCopy(p, plain)
}

func (w *Writer) manifest(f Final) *Manifest {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.o.Plan
	m := &Manifest{
		Format: Format, Tool: w.o.Tool, SpecDigest: p.SpecDigest, Redactor: w.o.Redactor.Digest(), Started: p.Started,
		Finished: w.o.Now().UTC(), Complete: f.Complete, Reason: w.o.Redactor.String(f.Reason), Window: p.Window,
		ContentDigest: ContentDigest(w.entries), Counts: f.Counts, Gaps: w.gaps, Timings: f.Timings,
		Continues: p.Continues,
		Clock:     append(append([]ClockOffset(nil), p.Clock...), f.Clock...), MemberSize: int64(w.o.MemberSize), Entries: w.entries,
	}
	if m.Counts == nil {
		m.Counts = countSources(&p, w.entries)
	}
	return m
}

// countSources compares the plan with the entries: an exact name counts once, a pattern as often as it matched, once at least.
func countSources(p *Plan, entries []EntryInfo) map[string]Count {
	counts := map[string]Count{}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
		if e.Source != "" {
			c := counts[e.Source]
			c.Got++
			counts[e.Source] = c
		}
	}
	for _, x := range p.Expect {
		c := counts[x.Source]
		for _, want := range x.Entries {
			n := 0
			for _, name := range names {
				if matchName(want, name) {
					n++
				}
			}
			c.Expected += max(1, n)
		}
		counts[x.Source] = c
	}
	return counts
}
