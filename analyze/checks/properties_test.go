package checks

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

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
	lead  string
	named []string // all causes
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
		dirs, err := filepath.Glob(root + "/*/case.yaml")
		if err != nil || len(dirs) == 0 {
			t.Fatalf("no cases below %s (%v)", root, err)
		}
		for _, path := range dirs {
			var want caseFile
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := specs.Unmarshal(body, &want); err != nil {
				t.Fatal(err)
			}
			c := solvedCase{files: filesOf(t, filepath.Dir(path))}
			report := reportOf(t, c.files)
			c.lead = leadIn(report)
			for _, cause := range report.Verdict.Causes {
				c.named = append(c.named, cause.Cause)
			}
			if slices.Contains(want.Expect, c.lead) || len(want.Expect) == 0 && c.lead == "" {
				out[filepath.Base(filepath.Dir(path))] = c
			}
		}
	}
	return out
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

// reportOf analyzes evidence as the command does.
func reportOf(t *testing.T, files []file) *analyze.Report {
	t.Helper()
	r, err := bundle.Open("-", bundle.ReadOptions{Stdin: bytes.NewReader(tarOf(t, files)), Inside: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Workers: 2, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func leadOf(t *testing.T, files []file) string {
	t.Helper()
	return leadIn(reportOf(t, files))
}

// leadIn is the leading cause, empty when none is an error.
func leadIn(r *analyze.Report) string {
	causes := r.Verdict.Causes
	if slices.ContainsFunc(causes, func(c analyze.CauseResult) bool { return c.Severity == analyze.Error || c.Severity == analyze.Critical }) {
		return causes[0].Cause
	}
	return ""
}

// each makes a way of sending out of what becomes of one file.
func each(change func(i int, f file) file) func([]file) []file {
	return func(files []file) []file {
		out := make([]file, len(files))
		for i, f := range files {
			out[i] = change(i, f)
		}
		return out
	}
}

var (
	colourSequence = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	anyStamp       = regexp.MustCompile(`\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d`)
)

// shifted moves every time of the usual form by a day.
func shifted(b []byte) []byte {
	return anyStamp.ReplaceAllFunc(b, func(at []byte) []byte {
		layout := "2006-01-02 15:04:05"
		if at[10] == 'T' {
			layout = "2006-01-02T15:04:05"
		}
		t, err := time.Parse(layout, string(at))
		if err != nil {
			return at
		}
		return []byte(t.Add(24 * time.Hour).Format(layout))
	})
}

func isLogFile(name string) bool { return strings.HasSuffix(name, ".log") }

// ways of sending the same evidence.
var ways = map[string]func([]file) []file{
	"in another order":  func(files []file) []file { out := slices.Clone(files); slices.Reverse(out); return out },
	"each file gzipped": each(func(_ int, f file) file { return file{f.name + ".gz", gzipped(f.body)} }),
	"with CRLF": each(func(_ int, f file) file {
		return file{f.name, bytes.ReplaceAll(bytes.ReplaceAll(f.body, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))}
	}),
	"in UTF-16":       each(func(_ int, f file) file { return file{f.name, wideOf(f.body)} }),
	"without colours": each(func(_ int, f file) file { return file{f.name, colourSequence.ReplaceAll(f.body, nil)} }),
	"a day later":     each(func(_ int, f file) file { return file{f.name, shifted(f.body)} }),
	"under other names": each(func(i int, f file) file {
		return file{fmt.Sprintf("%d.txt", i+1), f.body}
	}),
	"with compose's prefix": each(func(_ int, f file) file {
		if !isLogFile(f.name) {
			return f
		}
		name := strings.TrimSuffix(filepath.Base(f.name), ".log")
		return file{"compose-" + filepath.Base(f.name) + ".txt", prefixed(f.body, name+"  | ")}
	}),
	"with stern's prefix": each(func(_ int, f file) file {
		if !isLogFile(f.name) {
			return f
		}
		name := strings.TrimSuffix(filepath.Base(f.name), ".log")
		return file{"stern-" + filepath.Base(f.name) + ".txt", prefixed(f.body, "\x1b[36m"+name+"-0\x1b[0m \x1b[96m"+name+"\x1b[0m ")}
	}),
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		panic(err) // a buffer takes everything
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func wideOf(b []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, r := range string(b) {
		if r >= 0x10000 {
			r = 0xfffd
		}
		out = append(out, byte(r), byte(r>>8))
	}
	return out
}

func prefixed(b []byte, prefix string) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(b) {
		out.WriteString(prefix)
		out.Write(line)
	}
	return out.Bytes()
}

// TestSameVerdictHoweverItIsSent holds every solved case to its leading cause. Where names are taken away, or the time of what
// has none, a case in twenty may fall to a neighbour.
func TestSameVerdictHoweverItIsSent(t *testing.T) {
	all := solved(t)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var lost []string
			for id, c := range all {
				if after := leadOf(t, way(c.files)); after != c.lead {
					lost = append(lost, fmt.Sprintf("%s: %q became %q", id, c.lead, after))
				}
			}
			slices.Sort(lost)
			if allowed := len(all) / 20; len(lost) > allowed {
				t.Errorf("%d of %d cases changed:\n%s", len(lost), len(all), strings.Join(lost, "\n"))
			} else if len(lost) > 0 {
				t.Logf("changed:\n%s", strings.Join(lost, "\n"))
			}
		})
	}
}

// TestOneFileLess removes each file of a case in turn. What is left may not be enough for the verdict, but in nine cases of ten
// some file can be spared, and no other fault takes the lead that the whole case does not name at all.
func TestOneFileLess(t *testing.T) {
	all := solved(t)
	spared := 0
	for id, c := range all {
		kept := len(c.files) < 2
		for i := range c.files {
			if len(c.files) < 2 {
				break
			}
			switch now := leadOf(t, slices.Delete(slices.Clone(c.files), i, i+1)); {
			case now == c.lead:
				kept = true
			case now != "" && !slices.Contains(c.named, now):
				t.Errorf("%s without %s leads with %s, which the whole does not name", id, c.files[i].name, now)
			}
		}
		if kept {
			spared++
		}
	}
	if spared*10 < len(all)*9 {
		t.Errorf("only %d of %d cases can spare a file", spared, len(all))
	}
}

// TestHealthyLogsBeside adds the logs of components that work to each case; a case in ten may gain or lose by them.
func TestHealthyLogsBeside(t *testing.T) {
	healthy := filesOf(t, cases+"/healthy")
	var lost []string
	all := solved(t)
	for id, c := range all {
		if id == "healthy" {
			continue
		}
		more := slices.Clone(c.files)
		for _, f := range healthy {
			if !slices.ContainsFunc(c.files, func(o file) bool { return filepath.Base(o.name) == filepath.Base(f.name) }) {
				more = append(more, file{"beside/" + f.name, f.body})
			}
		}
		if after := leadOf(t, more); after != c.lead {
			lost = append(lost, fmt.Sprintf("%s: %q became %q", id, c.lead, after))
		}
	}
	if len(lost)*10 > len(all) {
		t.Errorf("%d of %d cases changed:\n%s", len(lost), len(all), strings.Join(lost, "\n"))
	}
}
