package redact

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/specs"
)

// shipped returns the rules that the product ships.
func shipped(t testing.TB) []Rule {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	var rules []Rule
	for _, r := range set.Redactions {
		rules = append(rules, Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern})
	}
	return rules
}

func compiled(t testing.TB) *Redactor {
	t.Helper()
	r, err := Compile(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// examples are the hit and miss lines of the shipped rules and the sample files.
func examples(t testing.TB) []string {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range set.Redactions {
		all = append(append(all, r.Hit...), r.Miss...)
	}
	files, err := filepath.Glob("testdata/samples/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}

// redacted is what the stream makes of a text that is written in pieces.
func redacted(t testing.TB, r *Redactor, text string, piece int) string {
	t.Helper()
	var out bytes.Buffer
	s := r.Stream(&out)
	for b := []byte(text); len(b) > 0; {
		n := min(len(b), max(piece, 1))
		if _, err := s.Write(b[:n]); err != nil {
			t.Fatalf("writing %.300q: %v", text, err)
		}
		b = b[n:]
	}
	if err := s.Close(); err != nil {
		t.Fatalf("closing after %.300q: %v", text, err)
	}
	return out.String()
}

// compare shows the first line in which two texts differ.
func compare(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s, line %d:\n got %.2000q\nwant %.2000q", what, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: got %d lines, want %d", what, len(g), len(w))
}

func TestStreamEqualsReference(t *testing.T) {
	r, plain := compiled(t), newReference(shipped(t))
	for _, text := range examples(t) {
		want := plain.text(text)
		for _, piece := range []int{len(text), 4096, 7, 1} {
			compare(t, "differs from the reference", redacted(t, r, text, piece), want)
		}
	}
}

func FuzzDifferential(f *testing.F) {
	r, plain := compiled(f), newReference(shipped(f))
	for i, text := range examples(f) {
		for _, line := range strings.SplitAfter(text, "\n") {
			if len(line) < 1500 {
				f.Add(line, i%9+1)
			}
		}
	}
	f.Add("password:\r\n  fake\r\nname: DB_PASSWORD\nvalue: fake\n", 3)
	f.Add("a: |\n b\ntoken: >-\n  eyJ\n\n  fake\nc", 2)
	f.Fuzz(func(t *testing.T, text string, piece int) {
		if len(text) > 4096 {
			return
		}
		want := plain.text(text)
		var out bytes.Buffer
		s := r.Stream(&out)
		for b := []byte(text); len(b) > 0; {
			n := min(len(b), max(piece%64, 1))
			if _, err := s.Write(b[:n]); err != nil {
				return
			}
			b = b[n:]
		}
		if s.Close() != nil {
			if leak := (&gate{r: r}).look([]byte(want)); leak == "" {
				t.Fatalf("the gate refuses what it accepts in the reference: %q", want)
			}
			return
		}
		compare(t, "differs from the reference", out.String(), want)
		again := plain.text(text)
		compare(t, "the reference is not steady", again, want)
	})
}
