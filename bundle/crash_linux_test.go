package bundle_test

import (
	"bytes"
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
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// TestKill kills the writer in every phase and expects that what was closed is there.
func TestKill(t *testing.T) {
	hits := map[string]int{}
	for round := range rounds(55) {
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
