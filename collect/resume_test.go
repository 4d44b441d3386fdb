package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

var imbundleTool = bundle.Tool{Name: "imbundle", Version: "test"}

// asker is a source that asks for every name that is not there yet, and keeps a list of what it asked for.
type asker struct {
	name     string
	promises []string
	fails    map[string]bundle.Gap
	meta     map[string]bundle.Meta
	shares   []string // siblings
	mu       sync.Mutex
	asked    []string
}

func (a *asker) Name() string     { return a.name }
func (a *asker) Promise() Promise { return Promise{Entries: a.promises} }
func (a *asker) Siblings(name string) []string {
	if slices.Contains(a.shares, name) {
		return a.shares
	}
	return nil
}

func (a *asker) Collect(_ context.Context, b *Batch) error {
	for _, name := range a.promises {
		if b.Has(name) {
			continue
		}
		a.mu.Lock()
		a.asked = append(a.asked, name)
		a.mu.Unlock()
		if g, fails := a.fails[name]; fails {
			g.Entry = name
			b.Gap(g)
			continue
		}
		if err := b.Put(name, a.meta[name], textOf(name)); err != nil {
			return err
		}
	}
	return nil
}

// textOf is long enough that damage in the middle of a file hits it, and has something to redact.
func textOf(name string) []byte {
	return []byte("password: " + name + "\n" + strings.Repeat("of "+name+"\n", 400))
}

func first(t *testing.T, o Options, sources ...Source) string {
	t.Helper()
	o.Tool = imbundleTool
	if _, err := Run(t.Context(), o, sources); err != nil {
		t.Fatal(err)
	}
	return o.Output
}

func earlier(t *testing.T, path string) *Earlier {
	t.Helper()
	e, err := OpenEarlier(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// resume continues a bundle with the same circumstances and gives the manifest of what came.
func resume(t *testing.T, path string, sources ...Source) (*Result, *bundle.Manifest) {
	t.Helper()
	o := options(t)
	o.Tool, o.Resume = imbundleTool, earlier(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(t.Context(), o, sources)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the earlier bundle was changed (%v)", err)
	}
	report, err := bundle.Verify(t.Context(), o.Output, bundle.ReadOptions{})
	if err != nil || !report.OK || report.Complete != res.Complete {
		t.Errorf("verifying what came: %v, %+v", err, report)
	}
	return res, manifest(t, o.Output)
}

func entry(t *testing.T, m *bundle.Manifest, name string) bundle.EntryInfo {
	t.Helper()
	for _, e := range m.Entries {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("no entry %q in %q", name, entryNames(m))
	return bundle.EntryInfo{}
}

// killed runs sources and takes the file as it is when the last of them holds an entry open: what a kill -9 would leave.
func killed(t *testing.T, o Options, sources ...Source) string {
	t.Helper()
	left := filepath.Join(t.TempDir(), "killed.tgz")
	o.Parallel, o.Output = 1, filepath.Join(t.TempDir(), "unkilled.tgz")
	first(t, o, append(sources, source{"dies", Promise{Priority: -1, Entries: []string{"config/open"}}, func(_ context.Context, b *Batch) error {
		e, err := b.Create("config/open", bundle.Meta{})
		if err != nil {
			return err
		}
		if _, err := e.Write([]byte("half")); err != nil {
			return err
		}
		body, err := os.ReadFile(o.Output)
		if err != nil {
			return err
		}
		return os.WriteFile(left, body, 0o600)
	}})...)
	return left
}

// TestResumeKilled continues a file that has no manifest: nothing that is there is asked for again, nothing known of it is lost.
func TestResumeKilled(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	meta := map[string]bundle.Meta{
		"config/a": {Time: at, Attrs: map[string]string{"node": "n1"}, Truncated: &bundle.Truncation{Reason: bundle.TooLong, Dropped: 9}},
		"config/c": {Time: at, Truncated: &bundle.Truncation{Reason: bundle.CutShort}},
	}
	names := []string{"config/a", "config/b", "config/c", "config/d"}
	o := options(t)
	o.Clock = []bundle.ClockOffset{{Subject: "apiserver", Offset: time.Second}}
	path := killed(t, o, &asker{name: "all", promises: names, meta: meta})
	again := &asker{name: "all", promises: append(names, "config/new")}
	last := &asker{name: "dies", promises: []string{"config/open"}}
	res, m := resume(t, path, again, last)
	if want := []string{"config/c", "config/new"}; !slices.Equal(again.asked, want) {
		t.Errorf("asked again for %q, want %q: what was cut short, and what is new", again.asked, want)
	}
	if !res.Complete || !m.Complete || len(m.Gaps) != 0 || res.Carried != 3 || res.Entries != 6 {
		t.Errorf("%+v, %q", res, m.Gaps)
	}
	if got, want := entryNames(m), append(slices.Clone(names), "config/new", "config/open"); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
	a := entry(t, m, "config/a")
	if a.Source != "all" || !a.Time.Equal(at) || !reflect.DeepEqual(a.Attrs, meta["config/a"].Attrs) || !reflect.DeepEqual(a.Truncated, meta["config/a"].Truncated) {
		t.Errorf("what was known of the entry is lost: %+v", a)
	}
	if m.Counts["all"] != (bundle.Count{Expected: 5, Got: 5}) {
		t.Errorf("counts %+v", m.Counts)
	}
	if len(m.Clock) != 1 || m.Clock[0].Offset != time.Second {
		t.Errorf("clocks %+v", m.Clock)
	}
	if len(m.Continues) != 1 || m.Continues[0].Carried != 3 || m.Continues[0].ContentDigest == "" || !m.Continues[0].Finished.IsZero() {
		t.Errorf("continues %+v", m.Continues)
	}
	if n := redactions(t, res.Path)["config/a"]["test-password"]; n != 1 {
		t.Errorf("%d replacements are told of an entry that has one", n)
	}
}

func redactions(t *testing.T, path string) map[string]map[string]int64 {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rc, err := r.Open(bundle.RedactionsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	body, err := io.ReadAll(rc)
	if err != nil {
		t.Fatal(err)
	}
	var told bundle.Redactions
	if err := json.Unmarshal(body, &told); err != nil {
		t.Fatal(err)
	}
	return told.Entries
}

// TestResumeIncomplete continues a finished bundle: filled gaps are gone, those that stay have their newest reason, and what
// neither run can bring is told.
func TestResumeIncomplete(t *testing.T) {
	slow := bundle.Gap{Reason: bundle.Timeout, Detail: "first"}
	o := options(t)
	path := first(t, o,
		&asker{name: "logs", promises: []string{"config/a", "config/b", "config/c", "config/gone"}, fails: map[string]bundle.Gap{
			"config/b": slow, "config/c": slow, "config/gone": slow,
		}},
		&asker{name: "files", promises: []string{"config/f", "config/g"}, fails: map[string]bundle.Gap{"config/g": slow}},
	)
	before := manifest(t, path)
	again := &asker{name: "logs", promises: []string{"config/a", "config/b", "config/c"}, fails: map[string]bundle.Gap{
		"config/c": {Reason: bundle.Failed, Detail: "second"},
	}}
	res, m := resume(t, path, again)
	if want := []string{"config/b", "config/c"}; !slices.Equal(again.asked, want) {
		t.Errorf("asked for %q, want %q", again.asked, want)
	}
	if got, want := entryNames(m), []string{"config/a", "config/b", "config/f"}; !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
	reasons := map[string]string{}
	for _, g := range m.Gaps {
		reasons[g.Entry] = g.Reason + ": " + g.Detail
	}
	want := map[string]string{
		"config/c": "error: second", "config/g": "timeout: first",
		"config/gone": "not-found: the earlier run promised it; it is not to be had any more",
	}
	if !reflect.DeepEqual(reasons, want) {
		t.Errorf("gaps %q, want %q", reasons, want)
	}
	if res.Complete || res.Best != res.Path {
		t.Errorf("%+v", res)
	}
	if entry(t, m, "config/a").SHA256 != entry(t, before, "config/a").SHA256 {
		t.Error("a carried entry differs")
	}
	if len(m.Timings) != len(before.Timings)+2 || m.Timings[0].Note == "" || !m.Timings[0].Started.Equal(before.Timings[0].Started) {
		t.Errorf("timings of both runs: %+v", m.Timings)
	}
	if c := m.Continues; len(c) != 1 || !c[0].Finished.Equal(before.Finished) || c[0].ContentDigest != before.ContentDigest {
		t.Errorf("continues %+v, want the run with digest %s", c, before.ContentDigest)
	}
	// A third run fills what is left but for the file of a source that it has not.
	third := &asker{name: "logs", promises: []string{"config/a", "config/b", "config/c"}}
	files := &asker{name: "files", promises: []string{"config/f", "config/g"}}
	res, m = resume(t, res.Path, third, files)
	if !res.Complete || !slices.Equal(third.asked, []string{"config/c"}) || !slices.Equal(files.asked, []string{"config/g"}) || len(m.Continues) != 2 {
		t.Errorf("%+v, asked %q %q, continues %+v", res, third.asked, files.asked, m.Continues)
	}
}

// TestResumePart asks again for an entry of which a part is missing that another run might bring, not for one of which it could not.
func TestResumePart(t *testing.T) {
	path := first(t, options(t), source{"all", Promise{Entries: []string{"config/a", "config/b"}}, func(_ context.Context, b *Batch) error {
		b.Gap(bundle.Gap{Entry: "config/a#status", Reason: bundle.Timeout, Detail: "slow"})
		b.Gap(bundle.Gap{Entry: "config/b#status", Reason: bundle.Forbidden, Detail: "refused"})
		return errors.Join(b.Put("config/a", bundle.Meta{}, []byte("half")), b.Put("config/b", bundle.Meta{}, []byte("half")))
	}})
	again := &asker{name: "all", promises: []string{"config/a", "config/b"}}
	res, m := resume(t, path, again)
	if !slices.Equal(again.asked, []string{"config/a"}) || !res.Complete || len(m.Gaps) != 0 || m.Counts["all"] != (bundle.Count{Expected: 2, Got: 2}) {
		t.Errorf("asked for %q; %+v, %+v", again.asked, res, m)
	}
}

// TestResumeIncident keeps the intake, and attachments unless they are given again.
func TestResumeIncident(t *testing.T) {
	file := filepath.Join(t.TempDir(), "client.log")
	if err := os.WriteFile(file, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Attach = []string{file}
	o.Incident = Incident{Users: []string{"u1"}, Scenario: "realtime", Note: "password: hunter2", From: time.Unix(1_800_000_000, 0).UTC()}
	path := first(t, o, &asker{name: "all", promises: []string{"config/a"}, fails: map[string]bundle.Gap{"config/a": {Reason: bundle.Timeout}}})
	e := earlier(t, path)
	got := Incident{Scenario: "history"}.Or(e.Incident())
	want := Incident{
		Users: []string{"u1"}, Scenario: "history", Note: "password: <redacted:test-password>", From: time.Unix(1_800_000_000, 0).UTC(),
		Attachments: []string{"attachments/client.log"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("incident %+v, want %+v", got, want)
	}
	for _, again := range []bool{false, true} {
		if err := os.WriteFile(file, []byte("new\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o := options(t)
		o.Tool, o.Resume, o.Incident = imbundleTool, e, got
		if again {
			o.Attach = []string{file}
		}
		res, err := Run(t.Context(), o, []Source{&asker{name: "all", promises: []string{"config/a"}}})
		if err != nil || !res.Complete {
			t.Fatalf("%v, %+v", err, res)
		}
		if names := entryNames(manifest(t, res.Path)); !slices.Equal(names, []string{"attachments/client.log", "config/a", "incident.yaml"}) {
			t.Errorf("entries %q", names)
		}
		if text := contentOf(t, res.Path, "attachments/client.log"); (text == "new\n") != again {
			t.Errorf("attached again %v: %q", again, text)
		}
		if text := contentOf(t, res.Path, bundle.IncidentFile); !strings.Contains(text, "history") || !strings.Contains(text, "attachments/client.log") {
			t.Errorf("incident %q", text)
		}
	}
}

func contentOf(t *testing.T, path, name string) string {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rc, err := r.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer rc.Close()
	body, err := io.ReadAll(rc)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestPartOfNothing: a gap of a part of an entry that never came promises the entry, which a source can bring.
func TestPartOfNothing(t *testing.T) {
	part := source{"asks", Promise{Entries: []string{"config/a"}}, func(_ context.Context, b *Batch) error {
		b.Gap(bundle.Gap{Entry: "config/a#status", Reason: bundle.Timeout, Detail: "slow"})
		return nil
	}}
	path := first(t, options(t), part)
	_, m := resume(t, path) // without the source
	if g := m.Gaps; len(g) != 1 || g[0].Entry != "config/a" {
		t.Errorf("%+v", g)
	}
	res, m := resume(t, path, &asker{name: "asks", promises: []string{"config/a"}})
	if !res.Complete || len(m.Gaps) > 0 {
		t.Errorf("complete %v, %+v", res.Complete, m.Gaps)
	}
}
