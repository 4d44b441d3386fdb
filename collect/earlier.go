package collect

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/imbundle/imbundle/bundle"
)

// Earlier is the bundle of a run that a new one continues: cut in the middle, or finished without all that it promised.
type Earlier struct {
	Path string
	Size int64 // of the file
	Plan *bundle.Plan

	manifest *bundle.Manifest      // nil when the run was killed
	whole    map[string]wholeEntry // by name: what can be carried on
	partly   map[string]wholeEntry // what could be, if it were not lacking something that may be had by now
	met      int                   // entries in all, without those about the run itself
	intact   bool                  // the file is as its run finished it
	log      []byte                // of the run, without its gaps
	due      []due                 // what gaps say is missing
}

// wholeEntry is an entry that can be carried on.
type wholeEntry struct {
	bundle.EntryInfo
	redacted map[string]int64 // by rule
}

// maxOwn bounds what is read of an earlier run's log.
const maxOwn = 16 << 20

const anew = "collect anew, without --resume"

// OpenEarlier reads the bundle of an earlier run once, so that it is known which of its entries are whole. What cannot be
// continued is a *bundle.InputError with a hint.
func OpenEarlier(ctx context.Context, path string) (*Earlier, error) {
	refuse := func(text, hint string) error {
		return &bundle.InputError{Path: path, Err: errors.New(text), Hint: hint}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("opening the earlier bundle: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, refuse("it is no file", "give the file itself that an earlier `imbundle collect` left")
	}
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	e := &Earlier{Path: path, Size: info.Size(), Plan: r.Plan()}
	switch {
	case e.Plan == nil:
		return nil, refuse("it holds no plan of a collection: another tool's file, or one that was cut at its very beginning", anew)
	case e.Plan.Tool.Name != "imbundle":
		return nil, refuse(fmt.Sprintf("it was written by %q", e.Plan.Tool.Name), anew)
	}
	m := meeting{entries: map[string]met{}}
	if err := r.Each(ctx, 0, m.visit); err != nil {
		return nil, err
	}
	e.judge(r, &m)
	return e, nil
}

// met is an entry as the first reading met it.
type met struct {
	size     int64
	sum      string
	short    bool              // fewer bytes than the archive says
	info     *bundle.EntryInfo // nil when nothing is told of it
	redacted map[string]int64
}

// meeting gathers what the first reading meets.
type meeting struct {
	mu         sync.Mutex
	entries    map[string]met
	redactions bundle.Redactions
	log        []byte
}

func (m *meeting) visit(_ int, f *bundle.File) error {
	if bundle.Own(f.Name) {
		return m.own(f)
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return fmt.Errorf("reading %q: %w", f.Name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries[f.Name] = met{n, hex.EncodeToString(h.Sum(nil)), n != f.Size, f.Info, f.Redacted}
	return nil
}

// own keeps what the run told of itself.
func (m *meeting) own(f *bundle.File) error {
	if f.Name != bundle.RedactionsFile && f.Name != bundle.CollectLog {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(f, maxOwn))
	if err != nil {
		return fmt.Errorf("reading %q: %w", f.Name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch f.Name {
	case bundle.RedactionsFile:
		_ = json.Unmarshal(text, &m.redactions) // damaged, it costs its counts and nothing else
	case bundle.CollectLog:
		for line := range bytes.Lines(text) {
			if !bytes.HasPrefix(line, []byte("gap: ")) { // those of the new bundle are others
				m.log = append(m.log, line...)
			}
		}
	}
	return nil
}

// judge chooses what is whole: as long as the archive and with the sum that the manifest says; not cut short by its source;
// and without a gap that another try might fill. Without a manifest the entry in or behind which the file is damaged is not trusted.
func (e *Earlier) judge(r *bundle.Reader, m *meeting) {
	e.manifest, e.log, e.met, e.whole = r.Manifest(), m.log, len(m.entries), map[string]wholeEntry{}
	e.partly = map[string]wholeEntry{}
	end := r.End()
	e.intact = e.manifest != nil && end.Complete
	told, lacking := map[string]*bundle.EntryInfo{}, map[string]bool{}
	if e.manifest == nil {
		lacking[end.Entry] = !end.Between
	} else {
		for i := range e.manifest.Entries {
			told[e.manifest.Entries[i].Name] = &e.manifest.Entries[i]
		}
		for _, g := range e.manifest.Gaps {
			name := e.entryOf(m, g)
			lacking[name] = lacking[name] || fillable(g)
			if fillable(g) && g.Entry != "" && g.Source != "" {
				e.due = append(e.due, due{g.Source, name})
			}
		}
	}
	for name, t := range told {
		e.intact = e.intact && (bundle.Own(name) || m.entries[name].sum == t.SHA256)
	}
	for name, x := range m.entries {
		if t := told[name]; t != nil {
			x.info, x.redacted = t, m.redactions.Entries[name]
			x.short = x.sum != t.SHA256
		}
		if x.info == nil || x.short || !x.info.Truncated.Meant() {
			continue
		}
		info := *x.info
		info.Name, info.Size, info.SHA256 = name, x.size, x.sum
		if lacking[name] {
			e.partly[name] = wholeEntry{info, x.redacted}
		} else {
			e.whole[name] = wholeEntry{info, x.redacted}
		}
	}
}

// entryOf is the entry of which a gap tells, also where it tells of a part of it: mongo/server.json#status.
func (e *Earlier) entryOf(m *meeting, g bundle.Gap) string {
	entry, _, part := strings.Cut(g.Entry, "#")
	if !part {
		return g.Entry
	}
	_, there := m.entries[entry]
	if there || slices.ContainsFunc(e.Plan.Expect, func(x bundle.Expect) bool { return slices.Contains(x.Entries, entry) }) {
		return entry
	}
	return g.Entry
}

// due is an entry that another run might bring, or bring whole.
type due struct{ source, entry string }

// fillable tells whether another run might bring what a gap says is missing.
func fillable(g bundle.Gap) bool { return g.Reason != bundle.Forbidden && g.Reason != bundle.NotFound }

// Complete tells that nothing is missing: there is nothing to continue.
func (e *Earlier) Complete() bool { return e.intact && e.manifest.Complete }

// Whole counts the entries that can be carried on, and those that were met in all.
func (e *Earlier) Whole() (whole, met int) { return len(e.whole), e.met }

// Incident is what was reported to the earlier run.
func (e *Earlier) Incident() Incident { return incidentOf(e.Plan.Incident) }

// gaps are those that the earlier run recorded.
func (e *Earlier) gaps() []bundle.Gap {
	if e.manifest == nil {
		return nil
	}
	return e.manifest.Gaps
}

// run describes the earlier run for the plan of the one that goes on from it.
func (e *Earlier) run(carried int) bundle.EarlierRun {
	run := bundle.EarlierRun{Started: e.Plan.Started, Carried: carried}
	if e.manifest != nil {
		run.Finished = e.manifest.Finished
	}
	var entries []bundle.EntryInfo
	for _, name := range slices.Sorted(maps.Keys(e.whole)) {
		entries = append(entries, e.whole[name].EntryInfo)
	}
	run.ContentDigest = bundle.ContentDigest(entries)
	return run
}

// clock is what the earlier run knew of clocks.
func (e *Earlier) clock() []bundle.ClockOffset {
	if e.manifest != nil {
		return e.manifest.Clock
	}
	return e.Plan.Clock
}

// timings are how long the sources of the earlier run took; empty when it was killed.
func (e *Earlier) timings() []bundle.Timing {
	if e.manifest == nil {
		return nil
	}
	all := slices.Clone(e.manifest.Timings)
	for i := range all {
		if all[i].Note == "" {
			all[i].Note = "of the run that this one continues"
		}
	}
	return all
}

// SameCluster is an error when a cluster is evidently not the one of the earlier run: none of the workloads that both know
// by name is the same, or, where they have none in common, the servers differ.
func (e *Earlier) SameCluster(now bundle.Cluster) error {
	was := e.Plan.Cluster
	if was == nil {
		return nil
	}
	others := 0
	for name, uid := range was.Workloads {
		switch now.Workloads[name] {
		case uid:
			return nil
		case "":
		default:
			others++
		}
	}
	switch {
	case others > 0:
		return e.elsewhere(fmt.Sprintf("the workloads at %s have the same names and are others (%d of them)", now.Server, others))
	case was.Server != now.Server:
		return e.elsewhere("the cluster at " + now.Server + " is another one")
	}
	return nil
}

func (e *Earlier) elsewhere(why string) error {
	return &bundle.InputError{
		Path: e.Path, Err: fmt.Errorf("it was collected from %s; %s", e.Plan.Cluster.Server, why),
		Hint: "choose its cluster with --context or --kubeconfig; if OpenIM was installed again since, " + anew,
	}
}
