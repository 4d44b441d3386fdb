package bundle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

// The crash tests run this test binary again as a writer, end it at a moment of their choice, and read what it left behind.

func TestMain(m *testing.M) {
	if os.Getenv("BUNDLE_TEST_WRITER") != "" {
		if err := writeUntilDead(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var phases = []string{"plan", "open", "append", "manifest", "footer"}

const crashEntries = 12

// crashEntry is the name and content of the i-th entry that the writer makes; every third is longer than a member.
func crashEntry(i int) (string, []byte) {
	return bundle.PodLog("openim", "pod-"+strconv.Itoa(i), "c", false), crashTexts()[i]
}

var crashTexts = sync.OnceValue(func() (texts [crashEntries][]byte) {
	for i := range texts {
		size := 1 + (i*7919)%60_000
		if i%3 == 1 {
			size = 1<<20 + i*100_000
		}
		texts[i] = logText(uint64(i), size)
	}
	return texts
})

// writeUntilDead is the other process. It notes its phase in the first byte of one file, and every closed entry in another.
func writeUntilDead() error {
	path, state, slow := os.Getenv("BUNDLE_TEST_WRITER"), os.Getenv("BUNDLE_TEST_STATE"), os.Getenv("BUNDLE_TEST_SLOW")
	marker, err := os.OpenFile(filepath.Join(state, "phase"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	closed, err := os.OpenFile(filepath.Join(state, "closed"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if limit := os.Getenv("BUNDLE_TEST_FSIZE"); limit != "" {
		n, err := strconv.ParseUint(limit, 10, 64)
		if err != nil {
			return err
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	o, err := crashOptions(func(phase string) {
		mu.Lock()
		defer mu.Unlock()
		if _, err := marker.WriteAt([]byte(phase[:1]), 0); err != nil {
			panic(err)
		}
		if phase == slow {
			time.Sleep(5 * time.Millisecond)
		}
	})
	if err != nil {
		return err
	}
	return writeEntries(path, o, closed, os.Getenv("BUNDLE_TEST_WRITERS") == "1")
}

func crashOptions(hold func(string)) (bundle.Options, error) {
	r, err := redact.Compile(nil)
	var names []string
	for i := range crashEntries {
		name, _ := crashEntry(i)
		names = append(names, name)
	}
	return bundle.Options{
		Redactor: r, Hold: hold, Now: func() time.Time { return started },
		Plan: bundle.Plan{Started: started, Expect: []bundle.Expect{{Source: "logs", Entries: names}}},
	}, err
}

// writeEntries writes three entries at a time, or one after the other.
func writeEntries(path string, o bundle.Options, closed io.Writer, inOrder bool) error {
	w, err := bundle.Create(path, o)
	if err != nil {
		return err
	}
	limit := make(chan bool, 3)
	if inOrder {
		limit = make(chan bool, 1)
	}
	var g sync.WaitGroup
	errs := make([]error, crashEntries+1)
	for i := range crashEntries {
		limit <- true
		g.Go(func() {
			defer func() { <-limit }()
			if errs[i] = writeEntry(w, i); errs[i] == nil {
				_, errs[i] = fmt.Fprintln(closed, i)
			}
		})
	}
	g.Wait()
	errs[crashEntries] = w.Finish(bundle.Final{Complete: true})
	return errors.Join(errs...)
}

func writeEntry(w *bundle.Writer, i int) error {
	name, text := crashEntry(i)
	e, err := w.Create(name, bundle.Meta{Source: "logs"})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(text, 100_000) {
		if _, err := e.Write(part); err != nil {
			return err
		}
	}
	return e.Close()
}

// helper starts the other process.
func helper(t *testing.T, path, state string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), "BUNDLE_TEST_WRITER="+path, "BUNDLE_TEST_STATE="+state), env...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &said
}

func rounds(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

// TestKill kills the writer in every phase and expects that what was closed is there.
func TestKill(t *testing.T) {
	hits := map[string]int{}
	for round := range rounds(60) {
		target := phases[round%len(phases)]
		dir, state := t.TempDir(), t.TempDir()
		path := filepath.Join(dir, "imbundle-kill.tgz")
		cmd, _ := helper(t, path, state, "BUNDLE_TEST_SLOW="+target)
		hits[killIn(t, cmd, state, target)]++
		checkLeft(t, path, state, fmt.Sprintf("round %d, killed in %s", round, target))
		checkLeftovers(t, dir)
	}
	t.Logf("kills by phase: %v", hits)
	for _, p := range phases {
		if hits[p] == 0 {
			t.Errorf("no kill fell in phase %s: %v", p, hits)
		}
	}
}

// killIn waits until the process is in the phase and a random while longer, kills it, and gives the phase that it died in.
func killIn(t *testing.T, cmd *exec.Cmd, state, target string) string {
	t.Helper()
	phase := func() string {
		b, err := os.ReadFile(filepath.Join(state, "phase"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		for _, p := range phases {
			if len(b) == 1 && p[0] == b[0] {
				return p
			}
		}
		return ""
	}
	for deadline := time.Now().Add(20 * time.Second); phase() != target && time.Now().Before(deadline); {
		time.Sleep(200 * time.Microsecond)
	}
	time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	return phase()
}

// checkLeft reads what a dead writer left and compares it with what it had closed.
func checkLeft(t *testing.T, path, state, what string) {
	t.Helper()
	closed := closedEntries(t, state)
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		if len(closed) > 0 || !errors.Is(err, bundle.ErrEmpty) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, bundle.ErrCut) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	defer r.Close()
	got := digests(t, r, 2)
	for _, i := range closed {
		name, text := crashEntry(i)
		if got[name] != sumOf(text) {
			t.Errorf("%s: the closed entry %q differs or is missing", what, name)
		}
	}
	end := r.End()
	if !end.Complete && (end.Reason == "" || end.Offset == 0) {
		t.Errorf("%s: end %+v", what, end)
	}
	if r.Plan() == nil {
		if len(closed) > 0 {
			t.Errorf("%s: no plan", what)
		}
		return
	}
	var lacks []string
	for i := range crashEntries {
		if name, _ := crashEntry(i); got[name] == "" {
			lacks = append(lacks, name)
		}
	}
	if !slices.Equal(end.Promised, lacks) {
		t.Errorf("%s: promised %q, lacking %q", what, end.Promised, lacks)
	}
	if len(lacks) > 0 && end.Complete && r.Manifest() == nil {
		t.Errorf("%s: entries lack and the end is called complete", what)
	}
	checkTar(t, path, got, closed, what)
}

func closedEntries(t *testing.T, state string) []int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(state, "closed"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var closed []int
	for _, f := range strings.Fields(string(b)) {
		i, err := strconv.Atoi(f)
		if err != nil {
			t.Fatal(err)
		}
		closed = append(closed, i)
	}
	return closed
}

// checkTar unpacks with GNU tar, which may complain of a cut, and compares.
func checkTar(t *testing.T, path string, got map[string]string, closed []int, what string) {
	t.Helper()
	out := t.TempDir()
	_ = exec.Command("tar", "xzf", path, "-C", out).Run()
	top := filepath.Join(out, "imbundle-"+strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "imbundle-"), ".tgz"))
	for _, i := range closed {
		name, text := crashEntry(i)
		if b, err := os.ReadFile(filepath.Join(top, name)); err != nil || !bytes.Equal(b, text) {
			t.Errorf("%s: tar gives %d of %d bytes of %q, %v", what, len(b), len(text), name, err)
		}
	}
	err := filepath.WalkDir(out, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(top, p)
		if got[filepath.ToSlash(rel)] == "" {
			t.Errorf("%s: only tar gives %q", what, rel)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// checkLeftovers expects that a dead writer's spool holds not a byte, and that the next run removes its folder.
func checkLeftovers(t *testing.T, dir string) {
	t.Helper()
	spools, err := filepath.Glob(filepath.Join(dir, ".imbundle-spool-*", "*"))
	if err != nil || len(spools) > 0 {
		t.Errorf("spool files %v, %v", spools, err)
	}
	w, err := bundle.Create(filepath.Join(dir, "next.tgz"), options(t))
	if err != nil {
		t.Fatal(err)
	}
	if folders, err := filepath.Glob(filepath.Join(dir, ".imbundle-spool-*")); err != nil || len(folders) != 1 {
		t.Errorf("spool folders while the next run is on: %v, %v", folders, err)
	}
	if err := w.Finish(bundle.Final{Complete: true}); err != nil {
		t.Error(err)
	}
}

// TestFullDisk lets the writer run into a limit of the file size, in every phase, at random bytes.
func TestFullDisk(t *testing.T) {
	ranges, size := phaseRanges(t)
	hits := map[string]int{}
	for round := range rounds(60) {
		phase := phases[round%len(phases)]
		at := ranges[phase]
		limit := at[0] + rand.Int64N(at[1]-at[0])
		dir, state := t.TempDir(), t.TempDir()
		path := filepath.Join(dir, "imbundle-full.tgz")
		cmd, said := helper(t, path, state, "BUNDLE_TEST_WRITERS=1", "BUNDLE_TEST_FSIZE="+strconv.FormatInt(limit, 10))
		what := fmt.Sprintf("%d of %d bytes, in %s", limit, size, phase)
		if err := cmd.Wait(); err == nil {
			t.Errorf("%s: the writer did not notice", what)
		}
		if !strings.Contains(said.String(), "file too large") {
			t.Errorf("%s: the error is %q", what, said)
		}
		hits[failedIn(said.String())]++
		checkLeft(t, path, state, what)
	}
	t.Logf("full disks by phase: %v", hits)
	for _, p := range phases {
		if hits[p] == 0 {
			t.Errorf("no limit fell in phase %s: %v", p, hits)
		}
	}
}

// failedIn tells the phase from the writer's words.
func failedIn(said string) string {
	for _, x := range []struct{ word, phase string }{
		{"creating the bundle", "plan"}, {"spooling", "open"}, {"appending", "append"}, {"writing the manifest", "manifest"},
		{"writing the footer", "footer"},
	} {
		if strings.Contains(said, x.word) {
			return x.phase
		}
	}
	return said
}

// phaseRanges writes the bundle once without a limit and says which file sizes belong to which phase.
func phaseRanges(t *testing.T) (map[string][2]int64, int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "imbundle-full.tgz")
	o, err := crashOptions(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeEntries(path, o, io.Discard, true); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, path, bundle.ReadOptions{}).Manifest()
	end, first := fi.Size(), m.Entries[1].Offset
	at := map[string][2]int64{"plan": {0, first}, "open": {first, 4 * first}, "footer": {end - 80, end}}
	for i, e := range m.Entries {
		if e.Name == bundle.CollectLog {
			at["append"] = [2]int64{end / 3, m.Entries[i-1].Offset}
			at["manifest"] = [2]int64{e.Offset + e.Header + 100, end - 80}
		}
	}
	return at, end
}

// TestFullTmpfs does the same on a really full file system where a mount is allowed.
func TestFullTmpfs(t *testing.T) {
	_, size := phaseRanges(t)
	full := 0
	for range rounds(20) {
		dir, state := t.TempDir(), t.TempDir()
		room := 4096 * (4 + rand.Int64N((size+1<<20)/4096))
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+strconv.FormatInt(room, 10)); err != nil {
			t.Logf("no tmpfs here (%v); RLIMIT_FSIZE stands for it", err)
			return
		}
		path := filepath.Join(dir, "imbundle-full.tgz")
		cmd, said := helper(t, path, state)
		if err := cmd.Wait(); err != nil {
			full++
			if !strings.Contains(said.String(), "no space left") {
				t.Errorf("%d bytes: the error is %q", room, said)
			}
		}
		checkLeft(t, path, state, fmt.Sprintf("a disk of %d bytes", room))
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d disks were full", full)
	if full == 0 {
		t.Error("no disk was full")
	}
}

// TestFinishInTime ends a bundle while 200 sources are stuck, one of them inside a write.
func TestFinishInTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "imbundle-stuck.tgz")
	w, err := bundle.Create(path, options(t))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		e, err := w.Create(bundle.PodLog("openim", "p", "c"+strconv.Itoa(i), false), bundle.Meta{Source: "logs"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(logText(uint64(i), 300_000)); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	if err := w.Finish(bundle.Final{Reason: "interrupted"}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("Finish took %v", took)
	}
	r := open(t, path, bundle.ReadOptions{})
	if got := digests(t, r, 2); len(got) != 204 || got[bundle.PodLog("openim", "p", "c7", false)] != sumOf(logText(7, 300_000)) {
		t.Errorf("%d entries", len(got))
	}
	m := r.Manifest()
	if m.Complete || m.Reason != "interrupted" || m.Entries[1].Truncated == nil {
		t.Errorf("manifest: complete %v, reason %q, %+v", m.Complete, m.Reason, m.Entries[1])
	}
	if rep, err := bundle.Verify(context.Background(), path, bundle.ReadOptions{}); err != nil || rep.Complete {
		t.Errorf("verify: %+v, %v", rep, err)
	}
}
