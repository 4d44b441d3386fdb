package checks

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

const cases = "../../testdata/cases"

var loaded = sync.OnceValues(func() (*specs.Set, error) { return specs.Load() })

func load(t *testing.T) *specs.Set {
	t.Helper()
	s, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// caseFile is what a case says about itself; the fields of its story are not read.
type caseFile struct {
	Expect  []string `yaml:"expect"`
	Also    []string `yaml:"also"`
	Benign  []string `yaml:"benign"`
	MustNot []string `yaml:"must_not"`
	Status  string   `yaml:"status"`

	ID        any    `yaml:"id"`
	From      string `yaml:"from"`
	Version   string `yaml:"version"`
	Layer     string `yaml:"layer"`
	Situation string `yaml:"situation"`
	Hard      bool   `yaml:"hard"`
	Real      bool   `yaml:"real"`
	Ask       string `yaml:"ask"`
}

// evidence is a case as a tar of its files without case.yaml, in the order given or in a random one.
func evidence(t *testing.T, dir string, shuffle bool) []byte {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "case.yaml" {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if shuffle {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WriteHeader(&tar.Header{Name: "evidence/" + filepath.ToSlash(rel), Mode: 0o600, Size: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func analyzed(t *testing.T, archive []byte, workers int) *analyze.Report {
	t.Helper()
	r, err := bundle.Open("-", bundle.ReadOptions{Stdin: bytes.NewReader(archive)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Workers: workers, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestCases analyzes every case and compares the leading cause with what the case expects.
func TestCases(t *testing.T) {
	dirs, err := filepath.Glob(cases + "/*/case.yaml")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases below %s (%v)", cases, err)
	}
	for _, file := range dirs {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var want caseFile
			if err := specs.DecodeYAML(file, body, &want); err != nil {
				t.Fatal(err)
			}
			compare(t, analyzed(t, evidence(t, dir, false), 2), want)
		})
	}
}

func compare(t *testing.T, got *analyze.Report, want caseFile) {
	t.Helper()
	lead := ""
	if len(got.Verdict.Causes) > 0 {
		lead = got.Verdict.Causes[0].Cause
	}
	if slices.Contains(want.MustNot, lead) {
		t.Errorf("leads with %s, which is wrong", lead)
	}
	if len(want.Expect) > 0 && !slices.Contains(want.Expect, lead) {
		t.Errorf("leads with %q, want one of %s", lead, strings.Join(want.Expect, ", "))
	}
	if want.Status != "" && got.Verdict.Status != want.Status {
		t.Errorf("status %s, want %s: %s", got.Verdict.Status, want.Status, got.Verdict.Why.EN)
	}
	for _, c := range got.Verdict.Causes {
		if len(want.Expect) == 0 && (c.Severity == analyze.Error || c.Severity == analyze.Critical) {
			t.Errorf("%s is named %s where nothing is wrong", c.Cause, c.Severity)
		}
		if len(c.Evidence) == 0 {
			t.Errorf("%s has no evidence", c.Cause)
		}
	}
	for _, slug := range want.Benign {
		if !slices.ContainsFunc(got.Benign, func(b analyze.BenignResult) bool { return b.Cause == slug }) {
			t.Errorf("%s is not recognised", slug)
		}
	}
}

// TestSameBytes holds the report to be the same whatever the order of entries and the number of workers.
func TestSameBytes(t *testing.T) {
	dir := cases + "/k8s-pods"
	first := encoded(t, analyzed(t, evidence(t, dir, false), 1))
	for range 4 {
		for _, workers := range []int{1, 2, 5} {
			if again := encoded(t, analyzed(t, evidence(t, dir, true), workers)); !bytes.Equal(first, again) {
				t.Fatalf("with %d workers and entries in another order the report differs at %q", workers, difference(first, again))
			}
		}
	}
}

func encoded(t *testing.T, r *analyze.Report) []byte {
	t.Helper()
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// difference shows where two texts part.
func difference(a, b []byte) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return string(a[max(0, i-80):min(len(a), i+80)])
}

// TestFolderAndArchiveAgree reads the same evidence as a folder.
func TestFolderAndArchiveAgree(t *testing.T) {
	dir := cases + "/wrong-password-mongo"
	r, err := bundle.Open(dir, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	folder, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	archive := analyzed(t, evidence(t, dir, false), 2)
	if got, want := folder.Verdict.Causes[0].Count, archive.Verdict.Causes[0].Count; got != want || folder.Fingerprint != archive.Fingerprint {
		t.Errorf("as a folder %d hits and fingerprint %s, as an archive %d and %s", got, folder.Fingerprint, want, archive.Fingerprint)
	}
}
