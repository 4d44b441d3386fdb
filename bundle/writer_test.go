package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

func create(t testing.TB, o bundle.Options) *bundle.Writer {
	t.Helper()
	w, err := bundle.Create(filepath.Join(t.TempDir(), "imbundle-test.tgz"), o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// put writes one entry and gives the first error.
func put(w *bundle.Writer, name string, text []byte) error {
	e, err := w.Create(name, bundle.Meta{Source: "test"})
	if err != nil {
		return err
	}
	if _, err := e.Write(text); err != nil {
		return errors.Join(err, e.Close())
	}
	return e.Close()
}

func finish(t testing.TB, w *bundle.Writer) *bundle.Reader {
	t.Helper()
	if err := w.Finish(bundle.Final{Complete: true}); err != nil {
		t.Fatal(err)
	}
	return open(t, w.Path(), bundle.ReadOptions{})
}

func TestCreateRefuses(t *testing.T) {
	if _, err := bundle.Create(filepath.Join(t.TempDir(), "a.tgz"), bundle.Options{}); err == nil {
		t.Error("created without a redactor")
	}
	path := writeFile(t, filepath.Join(t.TempDir(), "a.tgz"), []byte("keep"))
	var pe *fs.PathError
	if _, err := bundle.Create(path, options(t)); !errors.Is(err, fs.ErrExist) || !errors.As(err, &pe) {
		t.Errorf("existing output: %v", err)
	}
	if string(readFile(t, path)) != "keep" {
		t.Error("the existing file was changed")
	}
	if _, err := bundle.Create(filepath.Join(t.TempDir(), "no", "a.tgz"), options(t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
	path = filepath.Join(t.TempDir(), "a.tgz")
	o := options(t)
	o.TempDir = filepath.Join(filepath.Dir(path), "missing")
	if _, err := bundle.Create(path, o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing spool folder: %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a failed Create left the file: %v", err)
	}
}

func TestPlanIsOnDiskFirst(t *testing.T) {
	w := create(t, options(t))
	r := open(t, w.Path(), bundle.ReadOptions{})
	if p := r.Plan(); p == nil || len(p.Missing(nil)) != 2 || p.Tool.Version != "test" {
		t.Errorf("plan %+v", p)
	}
	finish(t, w)
}

func TestNamesRefused(t *testing.T) {
	w := create(t, options(t))
	for _, name := range []string{"", "/a", "a//b", "../a", "a/..", "a/./b", "a/", bundle.PlanFile, bundle.ManifestFile} {
		if _, err := w.Create(name, bundle.Meta{}); !errors.Is(err, bundle.ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := put(w, "a", nil); err != nil {
		t.Fatal(err)
	}
	if err := put(w, "a", nil); !errors.Is(err, bundle.ErrDuplicate) {
		t.Errorf("duplicate: %v", err)
	}
	finish(t, w)
	if err := put(w, "b", nil); !errors.Is(err, bundle.ErrFinished) {
		t.Errorf("after Finish: %v", err)
	}
}

// TestRedactionFailsClosed expects that an entry to which the leak gate objects leaves no byte behind, and a gap.
func TestRedactionFailsClosed(t *testing.T) {
	w := create(t, options(t))
	leak := "mongodb://root:openIM123@mongo:27017/openim\n"
	err := put(w, "config/leak.txt", []byte(strings.Repeat("harmless\n", 300_000)+leak))
	if !errors.Is(err, redact.ErrLeak) {
		t.Errorf("closing: %v", err)
	}
	if err := put(w, "config/word.txt", []byte("x SwordfishSwordfish y\n")); err != nil {
		t.Fatal(err)
	}
	r := finish(t, w)
	if got := digests(t, r, 1); got["config/leak.txt"] != "" || got["config/word.txt"] != sumOf([]byte("x <redacted:test-word> y\n")) {
		t.Errorf("entries %q", keys(got))
	}
	m := r.Manifest()
	if len(m.Gaps) != 1 || m.Gaps[0].Reason != bundle.Redaction || m.Gaps[0].Entry != "config/leak.txt" || m.Gaps[0].Source != "test" {
		t.Errorf("gaps %+v", m.Gaps)
	}
	if plain := gunzip(t, readFile(t, w.Path())); bytes.Contains(plain, []byte("openIM123")) {
		t.Error("the secret is in the file")
	}
	rc, err := r.Open(bundle.RedactionsFile)
	if err != nil {
		t.Fatal(err)
	}
	report, err := io.ReadAll(rc)
	if err := errors.Join(err, rc.Close()); err != nil || !strings.Contains(string(report), `"test-word": 1`) {
		t.Errorf("report %s, %v", report, err)
	}
}

func TestMetaIsRedacted(t *testing.T) {
	o := options(t)
	o.Plan.Incident = map[string]any{"note": "SwordfishSwordfish", "users": []string{"SwordfishSwordfish"}}
	w := create(t, o)
	e, err := w.Create("a-SwordfishSwordfish", bundle.Meta{Attrs: map[string]string{"k": "SwordfishSwordfish"}})
	if err != nil {
		t.Fatal(err)
	}
	e.Truncate(bundle.Truncation{Reason: "max-log-size", Note: "SwordfishSwordfish"})
	e.Attr("restarts", "3")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	w.Gap(bundle.Gap{Reason: bundle.Timeout, Detail: "SwordfishSwordfish"})
	if err := w.Finish(bundle.Final{Reason: "SwordfishSwordfish", Log: []byte("SwordfishSwordfish")}); err != nil {
		t.Fatal(err)
	}
	if plain := gunzip(t, readFile(t, w.Path())); bytes.Contains(plain, []byte("Swordfish")) {
		t.Error("a text of the manifest, plan or log was not redacted")
	}
	i := open(t, w.Path(), bundle.ReadOptions{}).Manifest().Entries[1]
	if i.Truncated == nil || i.Attrs["restarts"] != "3" {
		t.Errorf("entry %+v", i)
	}
}

func TestMaxSize(t *testing.T) {
	o := options(t)
	o.MaxSize = 300_000
	o.MemberSize = 64 << 10
	w := create(t, o)
	budget := 0
	for i := range 10 {
		if err := put(w, "logs/"+strconv.Itoa(i), logText(uint64(i), 600_000)); errors.Is(err, bundle.ErrBudget) {
			budget++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	r := finish(t, w)
	fi, err := os.Stat(w.Path())
	if err != nil || fi.Size() > o.MaxSize || fi.Size() < o.MaxSize/2 {
		t.Errorf("%d bytes of %d, %v", fi.Size(), o.MaxSize, err)
	}
	if budget < 3 || len(r.Names()) < 6 {
		t.Errorf("%d entries were refused, names %q", budget, r.Names())
	}
	rep, err := bundle.Verify(context.Background(), w.Path(), bundle.ReadOptions{})
	if err != nil || !rep.Indexed {
		t.Errorf("%+v, %v", rep, err)
	}
	for _, g := range r.Manifest().Gaps {
		if g.Reason != bundle.Budget {
			t.Errorf("gap %+v", g)
		}
	}
	for _, e := range r.Manifest().Entries {
		if e.Source == "test" && e.Size < 600_000 && (e.Truncated == nil || e.Truncated.Reason != bundle.Budget) {
			t.Errorf("%+v is short without a reason", e)
		}
	}
}

// TestSameContentSameBytes writes the same entries in different orders and splits.
func TestSameContentSameBytes(t *testing.T) {
	c := sample()
	a := open(t, write(t, c, options(t)), bundle.ReadOptions{}).Manifest()
	o := options(t)
	o.Workers = 1
	w := create(t, o)
	for _, name := range keys(c) {
		if err := put(w, name, c[name]); err != nil {
			t.Fatal(err)
		}
	}
	b := finish(t, w).Manifest()
	if a.ContentDigest != b.ContentDigest || a.ContentDigest == "" {
		t.Errorf("content digests %s and %s", a.ContentDigest, b.ContentDigest)
	}
}

func TestAbort(t *testing.T) {
	w := create(t, options(t))
	e, err := w.Create("a", bundle.Meta{Source: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(logText(1, 2<<20)); err != nil {
		t.Fatal(err)
	}
	e.Abort(bundle.Gap{Reason: bundle.NotFound, Detail: "the pod is gone"})
	e.Abort(bundle.Gap{Reason: bundle.Failed})
	if err := e.Close(); !errors.Is(err, bundle.ErrAborted) {
		t.Errorf("closing an aborted entry: %v", err)
	}
	r := finish(t, w)
	if g := r.Manifest().Gaps; len(g) != 1 || g[0].Entry != "a" || g[0].Source != "logs" || g[0].Reason != bundle.NotFound {
		t.Errorf("gaps %+v", g)
	}
}
