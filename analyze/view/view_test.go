package view

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

const cases = "../../testdata/cases/"

// look opens an input of any form.
func look(t testing.TB, path string, stdin io.Reader) Input {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(path, bundle.ReadOptions{Stdin: stdin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return Input{Reader: r, Specs: set, Name: path, Now: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}
}

// folder makes a folder of files.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// packed is a folder as a tar.gz, which is read as a stream.
func packed(t testing.TB, dir string) []byte {
	t.Helper()
	var out bytes.Buffer
	zw := gzip.NewWriter(&out)
	tw := tar.NewWriter(zw)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if err := tw.WriteHeader(&tar.Header{Name: "case/" + filepath.ToSlash(name), Mode: 0o600, Size: int64(len(text))}); err != nil {
			return err
		}
		_, err = tw.Write(text)
		return err
	})
	if err := errors.Join(err, tw.Close(), zw.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func shown(t testing.TB, in Input, f Filter) string {
	t.Helper()
	var out strings.Builder
	if err := in.Logs(context.Background(), &out, &f, Screen{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The three ways of merging give the same lines: open logs, a pile that holds all, and piles that are too small.
func TestWaysOfMergingAgree(t *testing.T) {
	dirs, err := filepath.Glob(cases + "*")
	if err != nil || len(dirs) < 5 {
		t.Fatalf("%d cases, %v", len(dirs), err)
	}
	filters := map[string]Filter{"all": {}, "warnings": {Level: scan.LevelWarn}, "text": {Grep: regexp.MustCompile("(?i)error")}, "tail": {Tail: 7}}
	for _, dir := range dirs {
		file := filepath.Join(t.TempDir(), "case.tgz")
		if err := os.WriteFile(file, packed(t, dir), 0o600); err != nil {
			t.Fatal(err)
		}
		for name, f := range filters {
			want := shown(t, look(t, dir, nil), f)
			if got := shown(t, look(t, file, nil), f); got != want {
				t.Errorf("%s, %s: the stream gives %d bytes, the folder %d", filepath.Base(dir), name, len(got), len(want))
			}
			small := look(t, file, nil)
			small.room = max(2000, len(want)/3)
			if got := shown(t, small, f); got != want {
				t.Errorf("%s, %s: small piles give %d bytes, the folder %d", filepath.Base(dir), name, len(got), len(want))
			}
		}
	}
}

const (
	firstHalf = "2026-11-23 10:00:01.000\t\x1b[34mINFO\x1b[0m\t\x1b[34m[PID:1]    \x1b[0m\t\x1b[34mopenim-api       \x1b[0m\t[v3.8.3\n"
	otherHalf = "]    \t[mw/rpc.go:48]    \trpc client request    \t{\"operationID\": \"op1\", \"method\": \"/msg/Send\"}\n"
)

// console is one record of OpenIM in one line.
func console(clock, level, module, message, fields string) string {
	return "2026-11-23 " + clock + "\t" + level + "\t[PID:1]    \t" + module + "    \t[v3.8.3-patch.16]    \t[a/b.go:12]    \t" + message + "    \t" + fields + "\n"
}

func TestMergeByTime(t *testing.T) {
	dir := folder(t, map[string]string{
		"openim-api.log": firstHalf + otherHalf + console("10:00:03.000", "INFO", "openim-api", "three", "{}") + "\tat a frame\n" +
			console("10:00:02.500", "INFO", "openim-api", "out of order", "{}") + console("10:00:07.000", "ERROR", "openim-api", "seven", "{}"),
		"openim-push.log": console("10:00:02.000", "WARN", "openim-push", "two", "{}") + "no time\n" + console("10:00:05.000", "INFO", "openim-push", "five", "{}"),
	})
	want := []string{"[v3.8.3", "rpc client request", "two", "no time", "three", "at a frame", "out of order", "five", "seven"}
	lines := strings.Split(strings.TrimSpace(shown(t, look(t, dir, nil), Filter{})), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, text := range want {
		if !strings.Contains(lines[i], text) {
			t.Errorf("line %d is %q, want one with %q", i+1, lines[i], text)
		}
	}
	if !strings.HasPrefix(lines[0], "api  | 2026") || !strings.HasPrefix(lines[2], "push | 2026") || strings.Contains(lines[0], "\x1b") {
		t.Errorf("labels or colours: %q, %q", lines[0], lines[2])
	}
}

func TestFilters(t *testing.T) {
	dir := folder(t, map[string]string{
		"a/openim-api.log":            firstHalf + otherHalf + console("10:00:05.000", "ERROR", "openim-api", "refused", "{}"),
		"a/openim-push.log":           console("10:00:02.000", "WARN", "openim-push", "slow", "{}") + "panic: boom\n\ngoroutine 1 [running]:\n",
		"compose.log":                 "openim-rpc-msg  | " + console("10:00:03.000", "INFO", "openim-rpc-msg", "stored", "{}") + "redis  | 1:M 23 Nov 2026 10:00:04.000 * ready\n",
		"openim-push.previous.log":    console("09:00:00.000", "INFO", "openim-push", "before the crash", "{}"),
		"notes.txt":                   "nothing but words\n",
		"kubectl-get-pods.txt":        "NAME   READY   STATUS    RESTARTS   AGE\na-0    1/1     Running   0          5m\n",
		"looks-like-a-log-inside.txt": console("10:00:06.000", "INFO", "openim-crontask", "cleaned", "{}"),
	})
	at := func(clock string) time.Time {
		at, err := time.Parse("2006-01-02 15:04:05", "2026-11-23 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, c := range map[string]struct {
		f    Filter
		want string
	}{
		"all":                        {Filter{}, "before the crash|rpc client request|slow|boom|stored|ready|refused|cleaned"},
		"a role":                     {Filter{Components: []string{"push"}}, "before the crash|slow|boom"},
		"a role by its other name":   {Filter{Components: []string{"openim-push"}}, "before the crash|slow|boom"},
		"a role in a shared log":     {Filter{Components: []string{"rpc-msg"}}, "stored"},
		"a service in a shared log":  {Filter{Components: []string{"redis"}}, "ready"},
		"the role inside a text":     {Filter{Components: []string{"crontask"}}, "cleaned"},
		"two components":             {Filter{Components: []string{"api", "redis"}}, "rpc client request|ready|refused"},
		"an entry":                   {Filter{Components: []string{"a/openim-push.log"}}, "slow|boom"},
		"previous":                   {Filter{Previous: true}, "before the crash"},
		"warnings and panics":        {Filter{Level: scan.LevelWarn}, "slow|boom|refused"},
		"the second half of a split": {Filter{Grep: regexp.MustCompile("/msg/Send")}, "rpc client request"},
		"a frame of a trace":         {Filter{Grep: regexp.MustCompile("^goroutine|\ngoroutine")}, "boom"},
		"a window":                   {Filter{From: at("10:00:02"), To: at("10:00:03")}, "slow|boom|stored"},
		"the last of each":           {Filter{Tail: 1}, "before the crash|boom|ready|refused|cleaned"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			text := shown(t, look(t, dir, nil), c.f)
			for _, word := range []string{"before the crash", "rpc client request", "slow", "boom", "stored", "ready", "refused", "cleaned", "nothing but words", "Running"} {
				if strings.Contains(text, word) {
					got = append(got, word)
				}
			}
			if strings.Join(got, "|") != c.want {
				t.Errorf("got %s, want %s\n%s", strings.Join(got, "|"), c.want, text)
			}
		})
	}
	err := look(t, dir, nil).Logs(context.Background(), io.Discard, &Filter{Components: []string{"push", "pusher"}}, Screen{})
	var unknown *UnknownError
	if !errors.As(err, &unknown) || unknown.Name != "pusher" || !slices.Contains(unknown.Known, "push") {
		t.Errorf("an unknown component: %v", err)
	}
}

func TestPodsAreToldApart(t *testing.T) {
	const pods = "cluster-resources/pods/logs/im/"
	line := console("10:00:02.000", "WARN", "openim-push", "slow", "{}")
	in := look(t, folder(t, map[string]string{
		pods + "openim-push-6d9f7677b-aaaaa/openim-push.log": line, pods + "openim-push-6d9f7677b-bbbbb/openim-push.log": line,
		pods + "openim-push-6d9f7677b-bbbbb/openim-push-previous.log": line, pods + "redis-0/redis.log": "1:M 23 Nov 2026 10:00:04.000 * ready\n",
	}), nil)
	var got []string
	for l := range strings.Lines(shown(t, in, Filter{})) {
		label, _, _ := strings.Cut(l, " | ")
		got = append(got, strings.TrimSpace(label))
	}
	want := []string{"openim-push.previous", "openim-push-6d9f7677b-aaaaa", "openim-push-6d9f7677b-bbbbb", "redis"}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("labels %q, want %q", got, want)
	}
	if got := shown(t, in, Filter{Components: []string{"openim-push-6d9f7677b-aaaaa"}}); strings.Count(got, "\n") != 1 {
		t.Errorf("one pod shows\n%s", got)
	}
}

// What a view of several logs prints can be read again, each line with its service.
func TestMergedLogsCanBeReadAgain(t *testing.T) {
	merged := shown(t, look(t, cases+"rpc-msg-killed", nil), Filter{})
	in := look(t, folder(t, map[string]string{"merged.log": merged}), nil)
	for _, name := range []string{"rpc-msg", "api", "redis"} {
		if !strings.Contains(shown(t, in, Filter{Components: []string{name}}), name+" ") {
			t.Errorf("%s is lost", name)
		}
	}
}

func TestStandardInputIsReadOnce(t *testing.T) {
	in := look(t, "-", bytes.NewReader(packed(t, cases+"healthy")))
	in.room = 10_000
	var out strings.Builder
	err := in.Logs(context.Background(), &out, &Filter{}, Screen{})
	var once *OnceError
	if !errors.As(err, &once) || once.Advice == "" || !strings.HasPrefix(shown(t, look(t, cases+"healthy", nil), Filter{}), out.String()) || out.Len() == 0 {
		t.Errorf("%v after %d bytes", err, out.Len())
	}
}
