package checks

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
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

// Properties that hold for every case: however the same evidence is sent, the verdict is the same.

// file is one piece of evidence.
type file struct {
	name string
	body []byte
}

// caseRoots are the folders of cases: those of the repository, and what IMBUNDLE_CASES names.
func caseRoots() []string {
	roots := []string{cases}
	if more := os.Getenv("IMBUNDLE_CASES"); more != "" {
		roots = append(roots, more)
	}
	return roots
}

// solvedCase is a case whose leading cause is right as it is.
type solvedCase struct {
	files []file
	want  caseFile
	lead  string
	shown map[string]bool // entries with evidence of the leading cause
}

var (
	findSolved  sync.Once
	solvedCases map[string]solvedCase
)

// solved lists the cases whose leading cause is right as they are.
func solved(t *testing.T) map[string]solvedCase {
	t.Helper()
	findSolved.Do(func() { solvedCases = solvedNow(t) })
	return solvedCases
}

func solvedNow(t *testing.T) map[string]solvedCase {
	t.Helper()
	out := map[string]solvedCase{}
	for _, root := range caseRoots() {
		for _, path := range stories(t, root) {
			want := wanted(t, path)
			c := solvedCase{files: filesOf(t, filepath.Dir(path)), want: want, shown: map[string]bool{}}
			_, report := examined(t, load(t), c.files)
			c.lead = leadIn(report)
			if c.lead != "" {
				for _, s := range report.Verdict.Causes[0].Evidence {
					c.shown[s.Entry] = true
				}
			}
			if slices.Contains(want.Expect, c.lead) || len(want.Expect) == 0 && c.lead == "" {
				out[filepath.Base(filepath.Dir(path))] = c
			}
		}
	}
	return out
}

// stories lists the case.yaml of every case below a folder.
func stories(t *testing.T, root string) []string {
	t.Helper()
	all, err := filepath.Glob(root + "/*/case.yaml")
	if err != nil || len(all) == 0 {
		t.Fatalf("no cases below %s (%v)", root, err)
	}
	return all
}

func wanted(t *testing.T, path string) caseFile {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want caseFile
	if err := specs.DecodeYAML(path, body, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

func filesOf(t *testing.T, dir string) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || slices.Contains([]string{"case.yaml", "EVENTS.md", "README.md"}, d.Name()) {
			return err
		}
		body, err := os.ReadFile(path)
		files = append(files, file{filepath.ToSlash(strings.TrimPrefix(path, dir+string(filepath.Separator))), body})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func tarOf(t *testing.T, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: "evidence/" + f.name, Mode: 0o600, Size: int64(len(f.body))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// examined analyzes evidence as the command does.
func examined(t *testing.T, set *specs.Set, files []file) (*analyze.Facts, *analyze.Report) {
	t.Helper()
	r, err := bundle.Open("-", bundle.ReadOptions{Stdin: bytes.NewReader(tarOf(t, files)), Inside: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	facts, report, err := analyze.Examine(context.Background(), r, set, analyze.Options{Checks: All(), Workers: 2, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return facts, report
}

func leadOf(t *testing.T, files []file) string {
	t.Helper()
	_, report := examined(t, load(t), files)
	return leadIn(report)
}

// leadIn is the leading cause, empty when none is an error.
func leadIn(r *analyze.Report) string {
	causes := r.Verdict.Causes
	if slices.ContainsFunc(causes, func(c analyze.CauseResult) bool { return c.Severity == analyze.Error || c.Severity == analyze.Critical }) {
		return causes[0].Cause
	}
	return ""
}

// TestSameVerdictHoweverItIsSent holds every solved case to its leading cause.
func TestSameVerdictHoweverItIsSent(t *testing.T) {
	all := solved(t)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for id, c := range all {
				if after := leadOf(t, way(c.files)); after != c.lead {
					t.Errorf("%s: %q became %q", id, c.lead, after)
				}
			}
		})
	}
}

// TestOneFileLess removes each file of a case in turn. A file is essential when all evidence of the leading cause lies in it:
// without it another answer, or none, is honest. Every other file can be spared, in nine cases of ten. Whatever is removed, no
// fault that the case does not know takes the lead with any certainty.
func TestOneFileLess(t *testing.T) {
	var removed, kept int
	var lost []string
	for id, c := range solved(t) {
		for i := range c.files {
			if len(c.files) < 2 {
				break
			}
			name := c.files[i].name
			_, report := examined(t, load(t), slices.Delete(slices.Clone(c.files), i, i+1))
			lead := leadIn(report)
			if wrong(report, c.want) {
				t.Errorf("%s without %s leads with %s (%s), want %q", id, name, lead, report.Verdict.Causes[0].Confidence, c.want.Expect)
			}
			if len(c.shown) == 1 && c.shown[name] {
				continue
			}
			removed++
			if lead == c.lead || slices.Contains(c.want.Expect, lead) {
				kept++
			} else {
				lost = append(lost, fmt.Sprintf("%s without %s: %q became %q", id, name, c.lead, lead))
			}
		}
	}
	slices.Sort(lost)
	t.Logf("%d of %d verdicts stay without a file that is not essential; lost:\n%s", kept, removed, strings.Join(lost, "\n"))
	if kept*10 < removed*9 {
		t.Errorf("only %d of %d verdicts stay", kept, removed)
	}
}

// wrong tells a report that leads with a fault that the case does not know, and not as a mere possibility.
func wrong(r *analyze.Report, want caseFile) bool {
	lead := leadIn(r)
	if slices.Contains(want.MustNot, lead) && !slices.Contains(want.Also, lead) {
		return true
	}
	return lead != "" && r.Verdict.Causes[0].Confidence != analyze.Possible &&
		!slices.Contains(want.Expect, lead) && !slices.Contains(want.Also, lead)
}

// TestHealthyLogsBeside adds the logs of components that work, of the same time, to each case. Those of the messages' own way are
// left out where the case has some of it itself: one system's messages would be missing at the other's consumers.
func TestHealthyLogsBeside(t *testing.T) {
	healthy := filesOf(t, cases+"/healthy")
	end := newest(healthy)
	for id, c := range solved(t) {
		if id == "healthy" {
			continue
		}
		more := slices.Clone(c.files)
		messages := slices.ContainsFunc(c.files, func(f file) bool {
			return slices.ContainsFunc([]string{"rpc-msg", "SendMsg", "transfer", "openim-server", "push"}, func(s string) bool { return bytes.Contains(f.body, []byte(s)) })
		})
		for _, f := range healthy {
			onWay := slices.Contains([]string{"openim-api.log", "openim-msggateway.log", "openim-rpc-msg.log", "openim-msgtransfer.log", "openim-push.log"}, f.name)
			if !(onWay && messages) && !slices.ContainsFunc(c.files, func(o file) bool { return filepath.Base(o.name) == filepath.Base(f.name) }) {
				body := f.body
				if last := newest(c.files); !last.IsZero() {
					body = shifted(body, last.Sub(end))
				}
				more = append(more, file{"beside/" + f.name, body})
			}
		}
		if _, report := examined(t, load(t), more); leadIn(report) != c.lead {
			t.Errorf("%s: %q became %q: %+v", id, c.lead, leadIn(report), report.Verdict.Causes[0].Evidence)
		}
	}
}
