package main

import (
	"bytes"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// TestRoundTrip collects from every sample bundle, served on a port, and wants the same entries again, byte for byte. What tells
// of the run itself differs: its plan and manifest, the clock, which rights were asked about, further samples of the usage.
func TestRoundTrip(t *testing.T) {
	for _, scenario := range demoScenarios {
		t.Run(scenario, func(t *testing.T) {
			dir := t.TempDir()
			sample, again := filepath.Join("demo", scenario+".tgz"), filepath.Join(dir, "again.tgz")
			var said bytes.Buffer
			s := streams{in: strings.NewReader(""), out: io.Discard, err: &said, getenv: func(string) string { return "" }}
			f := demoFlags{scenario: scenario, analyzeFlags: analyzeFlags{lang: "en"}}
			if err := f.collect(t.Context(), s, dir, again); err != nil {
				t.Fatalf("collecting: %v\n%s", err, said.String())
			}
			want, got := contents(t, sample), contents(t, again)
			for name, text := range want {
				if other, ok := got[name]; !ok {
					t.Errorf("%s is missing", name)
				} else if !bytes.Equal(text, other) {
					t.Errorf("%s differs: %s", name, firstDifference(text, other))
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s came up", name)
				}
			}
		})
	}
}

// readyAtSurvey counts the ready pods of a component as the survey saw them; of a real cluster the lists that a served bundle
// is surveyed by are seconds younger.
var readyAtSurvey = regexp.MustCompile(`"ready": \d+`)

// contents reads what a round trip must keep.
func contents(t *testing.T, path string) map[string][]byte {
	t.Helper()
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string][]byte{}
	err = r.Each(t.Context(), 1, func(_ int, f *bundle.File) error {
		for _, prefix := range []string{"imbundle/", "samples/", "config/", bundle.ClockFile, bundle.AccessFile, bundle.IncidentFile} {
			if strings.HasPrefix(f.Name, prefix) {
				return nil
			}
		}
		text, err := io.ReadAll(f)
		if f.Name == bundle.DiscoveryFile {
			text = readyAtSurvey.ReplaceAll(text, nil)
		}
		all[f.Name] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Fatalf("%s holds %d entries", path, len(all))
	}
	return all
}

func firstDifference(a, b []byte) string {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	cut := func(x []byte) string { return string(x[max(0, i-60):min(len(x), i+60)]) }
	return cut(a) + " ⇒ " + cut(b)
}
