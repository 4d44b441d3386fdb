package collect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

// source is a Source made of a func.
type source struct {
	name    string
	promise Promise
	collect func(ctx context.Context, b *Batch) error
}

func (s source) Name() string                                { return s.name }
func (s source) Promise() Promise                            { return s.promise }
func (s source) Collect(ctx context.Context, b *Batch) error { return s.collect(ctx, b) }

// events keeps what it is told.
type events struct {
	mu  sync.Mutex
	all []Event
}

func (e *events) Report(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, ev)
}

func (e *events) of(k Kind) (of []Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range e.all {
		if ev.Kind == k {
			of = append(of, ev)
		}
	}
	return of
}

func options(t *testing.T) Options {
	t.Helper()
	r, err := redact.Compile([]redact.Rule{{ID: "test-password", Keys: []string{"password"}}})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Output: filepath.Join(t.TempDir(), "imbundle-x.tgz"), Redactor: r, Grace: 300 * time.Millisecond, Deadline: 20 * time.Second}
}

func put(names ...string) func(context.Context, *Batch) error {
	return func(_ context.Context, b *Batch) error {
		for _, name := range names {
			if err := b.Put(name, bundle.Meta{}, []byte("of "+name+"\n")); err != nil {
				return err
			}
		}
		return nil
	}
}

func manifest(t *testing.T, path string) *bundle.Manifest {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	m := r.Manifest()
	if m == nil {
		t.Fatal("the bundle has no manifest")
	}
	return m
}

func entryNames(m *bundle.Manifest) (names []string) {
	for _, e := range m.Entries {
		if !strings.HasPrefix(e.Name, "imbundle/") {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestRun(t *testing.T) {
	o := options(t)
	seen := &events{}
	o.Progress = seen
	o.Incident = Incident{Users: []string{"u1"}}
	attached := filepath.Join(t.TempDir(), "client.log")
	if err := os.WriteFile(attached, []byte("reConn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Attach = []string{attached}
	o.Gaps = []bundle.Gap{{Source: "b", Entry: "metrics/never", Reason: bundle.Forbidden, Costs: "something"}}
	res, err := Run(t.Context(), o, []Source{
		source{"a", Promise{Entries: []string{"config/a", "config/a2"}}, put("config/a", "config/a2")},
		source{"b", Promise{Entries: []string{"config/b"}, Priority: 9}, put("config/b")},
	})
	if err != nil || !res.Complete {
		t.Fatalf("%v, %+v", err, res)
	}
	m := manifest(t, o.Output)
	want := []string{"attachments/client.log", "config/a", "config/a2", "config/b", "incident.yaml"}
	if got := entryNames(m); !slices.Equal(got, want) {
		t.Errorf("entries %q, want %q", got, want)
	}
	if !m.Complete || len(m.Gaps) != 1 || m.Gaps[0].Reason != bundle.Forbidden {
		t.Errorf("a refusal known beforehand is a gap and leaves the bundle complete: %v %+v", m.Complete, m.Gaps)
	}
	if c := m.Counts["a"]; c.Expected != 2 || c.Got != 2 {
		t.Errorf("counts of a: %+v", c)
	}
	if n := len(seen.of(EntryClosed)); n != 5 {
		t.Errorf("%d entries were told of, want 5", n)
	}
	if started := seen.of(SourceStarted); len(started) != 4 || len(seen.of(SourceFinished)) != 4 {
		t.Errorf("4 sources start and finish: %+v", started)
	}
}

func TestFailuresStayAlone(t *testing.T) {
	o := options(t)
	res, err := Run(t.Context(), o, []Source{
		source{"bad", Promise{Entries: []string{"config/bad"}}, func(context.Context, *Batch) error { return errors.New("no luck") }},
		source{"panics", Promise{}, func(context.Context, *Batch) error { panic("oh") }},
		source{"silent", Promise{Entries: []string{"config/silent"}}, put()},
		source{"none", Promise{Entries: []string{"config/none"}}, func(_ context.Context, b *Batch) error {
			b.Gap(bundle.Gap{Entry: "config/none", Reason: bundle.NotFound})
			return nil
		}},
		source{"good", Promise{Entries: []string{"config/good"}}, put("config/good")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if res.Complete || !strings.Contains(res.Reason, "bad") || !strings.Contains(res.Reason, "panics") || !strings.Contains(res.Reason, "silent") {
		t.Errorf("every source that failed is named: %q", res.Reason)
	}
	if strings.Contains(res.Reason, "none") || strings.Contains(res.Reason, "good") {
		t.Errorf("what does not exist leaves nothing incomplete: %q", res.Reason)
	}
	if got := entryNames(manifest(t, o.Output)); !slices.Equal(got, []string{"config/good"}) {
		t.Errorf("entries %q", got)
	}
}

// TestInterrupt ends a run whose sources ignore their context, while one of them has an entry open and goes on writing.
// TestGapsHaveOneLine each, whatever answers and errors they are made of.
func TestGapsHaveOneLine(t *testing.T) {
	o := options(t)
	o.Gaps = []bundle.Gap{{Reason: bundle.Forbidden, Detail: "of the survey:\n\tno\n"}}
	joined := errors.Join(errors.New("pods: busy\n"), errors.New("nodes: busy"), errors.New("nodes: busy"))
	res, err := Run(t.Context(), o, []Source{source{name: "a", collect: func(_ context.Context, b *Batch) error {
		b.Gap(bundle.Gap{Reason: bundle.Failed, Detail: joined.Error()})
		return nil
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for where, gaps := range map[string][]bundle.Gap{"result": res.Gaps, "manifest": manifest(t, o.Output).Gaps} {
		if len(gaps) != 2 || gaps[0].Detail != "of the survey:; no" || gaps[1].Detail != "pods: busy; nodes: busy" {
			t.Errorf("%s: %+q", where, gaps)
		}
	}
}

func TestInterrupt(t *testing.T) {
	o := options(t)
	o.Grace = 0 // the default
	ctx, interrupt := context.WithCancel(t.Context())
	release, late := make(chan struct{}), make(chan error, 2)
	began := make(chan struct{})
	go func() {
		<-began
		interrupt()
	}()
	start := time.Now()
	res, err := Run(ctx, o, []Source{
		source{"done", Promise{Entries: []string{"config/done"}, Priority: 5}, put("config/done")},
		source{"stuck", Promise{Entries: []string{"config/stuck", "config/later"}}, func(_ context.Context, b *Batch) error {
			e, err := b.Create("config/stuck", bundle.Meta{})
			if err != nil {
				return err
			}
			if _, err := e.Write([]byte("half")); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
			close(began)
			<-release
			_, err = e.Write([]byte("more"))
			late <- err
			_, err = b.Create("config/later", bundle.Meta{})
			late <- err
			return nil
		}},
	})
	took := time.Since(start)
	close(release)
	if err != nil {
		t.Fatal(err)
	}
	if took > 5*time.Second {
		t.Errorf("it took %s to end", took)
	}
	if res.Complete || !strings.Contains(res.Reason, "interrupted") {
		t.Errorf("complete %v because %q", res.Complete, res.Reason)
	}
	for range 2 {
		if err := <-late; !errors.Is(err, ErrEnded) {
			t.Errorf("writing after the end: %v", err)
		}
	}
	m := manifest(t, o.Output)
	if got := entryNames(m); !slices.Equal(got, []string{"config/done", "config/stuck"}) {
		t.Errorf("entries %q", got)
	}
	for _, e := range m.Entries {
		if e.Name == "config/stuck" && e.Truncated == nil {
			t.Error("the entry that was open is not marked as truncated")
		}
	}
	if m.Complete {
		t.Error("the manifest calls itself complete")
	}
}

func TestDeadlines(t *testing.T) {
	o := options(t)
	slow := func(ctx context.Context, _ *Batch) error {
		<-ctx.Done()
		return ctx.Err()
	}
	res, err := Run(t.Context(), o, []Source{
		source{"slow", Promise{Timeout: 50 * time.Millisecond}, slow},
		source{"good", Promise{}, put("config/good")},
	})
	if err != nil || res.Complete || len(res.Gaps) != 1 {
		t.Fatalf("%v, %+v", err, res)
	}
	if g := res.Gaps[0]; g.Reason != bundle.Timeout || !strings.Contains(g.Detail, "source's deadline of 50ms") {
		t.Errorf("%+v", g)
	}
	o = options(t)
	o.Deadline, o.Parallel = 50*time.Millisecond, 1
	res, err = Run(t.Context(), o, []Source{source{"slow", Promise{}, slow}, source{"next", Promise{Entries: []string{"config/n"}}, put("config/n")}})
	if err != nil {
		t.Fatal(err)
	}
	if res.Complete || !strings.Contains(res.Reason, "deadline of 50ms") {
		t.Errorf("%+v", res)
	}
}

func TestOutputExists(t *testing.T) {
	o := options(t)
	if err := os.WriteFile(o.Output, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("%v", err)
	}
	if body, err := os.ReadFile(o.Output); err != nil || string(body) != "precious" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAttachmentMissing(t *testing.T) {
	o := options(t)
	o.Attach = []string{filepath.Join(t.TempDir(), "nothing.log")}
	if _, err := Run(t.Context(), o, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(o.Output); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a run that did not begin left a file: %v", err)
	}
}

// TestStoppedTerminal runs with a renderer that never returns.
func TestStoppedTerminal(t *testing.T) {
	o := options(t)
	hang := make(chan struct{})
	defer close(hang)
	o.Progress = reportFunc(func(Event) { <-hang })
	var names []string
	for i := range 1500 {
		names = append(names, "config/"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+"-"+time.Duration(i).String())
	}
	res, err := Run(t.Context(), o, []Source{source{"many", Promise{}, put(names...)}})
	if err != nil || res.Entries != 1500 {
		t.Fatalf("%v, %+v", err, res)
	}
}

type reportFunc func(Event)

func (f reportFunc) Report(e Event) { f(e) }
