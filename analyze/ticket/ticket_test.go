package ticket

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

const cases = "../../testdata/cases/"

func maker(t *testing.T) *Maker {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Maker{Specs: set, Redact: func(s string) string { return s }}
}

func made(t *testing.T, from string) (string, *Case, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "case")
	c, err := maker(t).Make(context.Background(), func() (*bundle.Reader, error) { return bundle.Open(from, bundle.ReadOptions{}) }, dir)
	return dir, c, err
}

func text(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "case.yaml" {
			return err
		}
		body, err := os.ReadFile(name)
		b.WriteString(name)
		b.Write(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A case gives the verdict of the bundle and names none of its users and addresses.
func TestCaseGivesTheSameVerdictWithoutNames(t *testing.T) {
	for _, name := range []string{"wrong-password-mongo", "kafka-stopped-then-back", "redis-stopped-then-back-empty"} {
		t.Run(name, func(t *testing.T) {
			dir, c, err := made(t, cases+name)
			if err != nil {
				t.Fatal(err)
			}
			story, err := os.ReadFile(filepath.Join(dir, "case.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			if c.Lead == "" || !strings.Contains(string(story), "expect: ["+c.Lead+"]") || !strings.Contains(string(story), "status: "+c.Status) {
				t.Errorf("case %+v says\n%s", c, story)
			}
			before, after := text(t, cases+name), text(t, dir)
			for _, id := range regexp.MustCompile(`"(?:userID|sendID|recvID|operationID|connID)": ?"([^"$]{6,})"`).FindAllStringSubmatch(before, -1) {
				if strings.Contains(after, id[1]) && !strings.HasPrefix(id[1], "imAdmin") {
					t.Fatalf("the case still holds %s", id[0])
				}
			}
			for _, ip := range address.FindAllString(after, -1) {
				if !strings.HasPrefix(ip, "10.200.") && !strings.HasPrefix(ip, "198.51.") && !strings.HasPrefix(ip, "127.") && ip != "0.0.0.0" {
					t.Fatalf("the case still holds the address %s", ip)
				}
			}
		})
	}
}

func TestPseudonymsAreConsistent(t *testing.T) {
	p := newPseudonyms(&analyze.Facts{
		Specs: maker(t).Specs, Pods: []analyze.Pod{{Namespace: "acme-im", Node: "cn-hangzhou.10.1.2.3", Name: "openim-push-0"}},
		Incident: map[string]any{"user": []any{"4711007"}},
	})
	in := `ns acme-im node worker user 4711007 {"sendID": "4711007", "conversationID": "si_4711007_8822331", "recvID":"8822331"} 10.1.2.3:9092 47.1.2.3 im.acme.com a@acme.com 127.0.0.1 kafka`
	p.learn(in)
	out := p.replace(in)
	for _, gone := range []string{"acme", "4711007", "8822331", "10.1.2.3", "47.1.2.3"} {
		if strings.Contains(out, gone) {
			t.Errorf("%q still holds %q", out, gone)
		}
	}
	for _, stays := range []string{":9092", "127.0.0.1", "kafka", "@example.com"} {
		if !strings.Contains(out, stays) {
			t.Errorf("%q lost %q", out, stays)
		}
	}
	m := regexp.MustCompile(`"sendID": "(\d+)", "conversationID": "si_(\d+)_(\d+)", "recvID":"(\d+)"`).FindStringSubmatch(out)
	if m == nil || m[1] != m[2] || m[3] != m[4] || m[1] == m[3] || len(m[1]) != len("4711007") {
		t.Errorf("not consistent: %q", out)
	}
	if again := p.replace(in); again != out {
		t.Errorf("a second time %q, at first %q", again, out)
	}
}

// Where the verdict cannot be kept nothing is left behind.
func TestNothingIsLeftOfAFailedCase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "case")
	calls := 0
	_, err := maker(t).Make(context.Background(), func() (*bundle.Reader, error) {
		calls++
		if calls == 1 {
			return bundle.Open(cases+"wrong-password-mongo", bundle.ReadOptions{})
		}
		return bundle.Open(cases+"healthy", bundle.ReadOptions{})
	}, dir)
	var different *DifferentError
	if !errors.As(err, &different) {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

// TestPseudonymisedSameVerdict replaces the names in every file of every case, those of the repository and those that
// IMBUNDLE_CASES names, and holds the analysis to the same leading cause.
func TestPseudonymisedSameVerdict(t *testing.T) {
	m := maker(t)
	m.Checks = checks.All()
	roots := []string{cases}
	if more := os.Getenv("IMBUNDLE_CASES"); more != "" {
		roots = append(roots, more)
	}
	for _, root := range roots {
		all, err := filepath.Glob(filepath.Join(root, "*", "case.yaml"))
		if err != nil || len(all) == 0 {
			t.Fatalf("no cases below %s (%v)", root, err)
		}
		for _, story := range all {
			from := filepath.Dir(story)
			t.Run(filepath.Base(from), func(t *testing.T) {
				t.Parallel()
				open := func() (*bundle.Reader, error) { return bundle.Open(from, bundle.ReadOptions{}) }
				facts, want, err := m.examine(t.Context(), open)
				if err != nil {
					t.Fatal(err)
				}
				evidence := func(name string) bool { return filepath.Base(name) != "case.yaml" }
				if _, err := m.attempt(t.Context(), open, facts, want, filepath.Join(t.TempDir(), "case"), evidence); err != nil {
					t.Error(err)
				}
			})
		}
	}
}
