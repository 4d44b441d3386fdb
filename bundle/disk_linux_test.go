package bundle_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// TestFullDisk lets the writer run into a limit of the file size, in every phase, at random bytes.
func TestFullDisk(t *testing.T) {
	ranges, size := phaseRanges(t)
	hits := map[string]int{}
	for round := range rounds(55) {
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
		{"creating the bundle", "plan"},
		{"spooling", "open"},
		{"appending", "append"},
		{"writing the manifest", "manifest"},
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

// reserved is what a Writer holds back on the disk.
const reserved = 256 << 10

// TestFullTmpfs does the same on a really full file system where a mount is allowed.
func TestFullTmpfs(t *testing.T) {
	_, size := phaseRanges(t)
	full := 0
	for range rounds(20) {
		dir, state := t.TempDir(), t.TempDir()
		room := 4096 * (4 + rand.Int64N((size+reserved)/4096))
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
