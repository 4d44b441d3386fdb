package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ulikunitz/xz"

	"github.com/imbundle/imbundle/bundle"
)

func zipFiles(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func xzOf(t *testing.T, c xz.WriterConfig, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := c.NewWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// all reads every entry of an input.
func all(t *testing.T, path string, o bundle.ReadOptions) (map[string]string, *bundle.Reader) {
	t.Helper()
	r, err := bundle.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	got := map[string]string{}
	var mu sync.Mutex
	err = r.Each(context.Background(), 2, func(_ int, f *bundle.File) error {
		body, err := io.ReadAll(f)
		mu.Lock()
		defer mu.Unlock()
		got[f.Name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, r
}

// TestInside reads a folder of packed things, and the same folder packed again.
func TestInside(t *testing.T) {
	dir := t.TempDir()
	inner := zipFiles(t, map[string][]byte{"b.log": []byte("in a zip"), "deep.gz": gzipped(t, []byte("deeper"))})
	writeFile(t, filepath.Join(dir, "a.log.gz"), gzipped(t, []byte("packed")))
	writeFile(t, filepath.Join(dir, "a.xz"), xzOf(t, xz.WriterConfig{}, "by xz"))
	writeFile(t, filepath.Join(dir, "logs.zip"), inner)
	writeFile(t, filepath.Join(dir, "plain.log"), []byte("plain"))
	tgz := filepath.Join(t.TempDir(), "x.tgz")
	run(t, "tar", "czf", tgz, "-C", filepath.Dir(dir), filepath.Base(dir))
	run(t, "tar", "cjf", filepath.Join(dir, "again.tar.bz2"), "-C", dir, "plain.log", "logs.zip")
	want := map[string]string{
		"a.log.gz": "packed", "a.xz": "by xz", "logs.zip/b.log": "in a zip", "logs.zip/deep.gz": "deeper", "plain.log": "plain",
	}
	if got, _ := all(t, tgz, bundle.ReadOptions{Inside: true}); !maps.Equal(got, want) {
		t.Errorf("the archive: %q", got)
	}
	want["again.tar.bz2/plain.log"], want["again.tar.bz2/logs.zip/b.log"], want["again.tar.bz2/logs.zip/deep.gz"] = "plain", "in a zip", "deeper"
	got, r := all(t, dir, bundle.ReadOptions{Inside: true})
	if !maps.Equal(got, want) {
		t.Errorf("the folder: %q", got)
	}
	if o := r.Omissions(); len(o) > 0 {
		t.Errorf("left out: %v", o)
	}
	if got, _ := all(t, dir, bundle.ReadOptions{}); got["logs.zip"] != string(inner) {
		t.Error("without Inside the zip does not come as it is")
	}
}

// TestOpenInside opens each packed entry by its name, as Each gives it, from any place and ended early.
func TestOpenInside(t *testing.T) {
	dir := t.TempDir()
	inner := zipFiles(t, map[string][]byte{"b.log": []byte("in a zip"), "deep.gz": gzipped(t, []byte("deeper"))})
	if err := os.Mkdir(filepath.Join(dir, "case"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "case", "a.log.gz"), gzipped(t, []byte("packed")))
	writeFile(t, filepath.Join(dir, "case", "logs.zip"), inner)
	writeFile(t, filepath.Join(dir, "case", "plain.log"), []byte("plain"))
	run(t, "tar", "czf", filepath.Join(dir, "again.tgz"), "-C", dir, "case")
	tgz := filepath.Join(t.TempDir(), "x.tgz")
	run(t, "tar", "czf", tgz, "-C", dir, ".")
	packed := writeFile(t, filepath.Join(t.TempDir(), "x.zip"), zipFiles(t, map[string][]byte{
		"case/a.log.gz": gzipped(t, []byte("packed")), "case/logs.zip": inner, "case/plain.log": []byte("plain"), "other": []byte("x"),
	}))
	mail := writeFile(t, filepath.Join(t.TempDir(), "mail.zip"), zipFiles(t, map[string][]byte{"sent.zip": inner}))
	for _, path := range []string{dir, tgz, packed, mail} {
		want, r := all(t, path, bundle.ReadOptions{Inside: true})
		if len(want) < 2 {
			t.Fatalf("%s: %q", path, want)
		}
		fresh, err := bundle.Open(path, bundle.ReadOptions{Inside: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := fresh.Unfold(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, text := range want {
			if fresh.Direct() && !slices.Contains(fresh.Names(), name) {
				t.Errorf("%s: %q is not among the names", path, name)
			}
			for from := range 2 {
				rc, err := r.OpenAt(name, int64(from))
				if err != nil {
					t.Errorf("%s: %v", path, err)
					continue
				}
				if got, err := io.ReadAll(rc); err != nil || string(got) != text[from:] {
					t.Errorf("%s: %s is %q (%v), want %q", path, name, got, err, text[from:])
				}
				if err := rc.Close(); err != nil {
					t.Error(err)
				}
			}
			early, err := r.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := early.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := fresh.Close(); err != nil {
			t.Error(err)
		}
		if rc, err := r.Open("case/nothing.log"); !errors.Is(err, bundle.ErrNotFound) {
			if _, err = io.ReadAll(rc); !errors.Is(err, bundle.ErrNotFound) {
				t.Errorf("%s: what is not there: %v", path, err)
			}
		}
	}
	_, r := all(t, dir, bundle.ReadOptions{Inside: true})
	rc, err := r.Open("case/logs.zip")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(rc); err != nil || !bytes.Equal(got, inner) {
		t.Errorf("an archive asked for itself: %d bytes, %v", len(got), err)
	}
}

// TestInsideStandsForTheInput reads a bundle that somebody zipped as if it were given itself.
func TestInsideStandsForTheInput(t *testing.T) {
	c := sample()
	body, err := os.ReadFile(write(t, c, options(t)))
	if err != nil {
		t.Fatal(err)
	}
	path := writeFile(t, filepath.Join(t.TempDir(), "mail.zip"), zipFiles(t, map[string][]byte{"imbundle-test.tgz": body}))
	got, r := all(t, path, bundle.ReadOptions{Inside: true})
	if r.Plan() == nil || r.Manifest() == nil {
		t.Error("plan and manifest are not known")
	}
	for name := range got {
		if strings.Contains(name, ".tgz") || strings.HasPrefix(name, "imbundle-") {
			t.Errorf("entry %q", name)
		}
	}
}

// TestInsideHostile holds what lies within to the limits.
func TestInsideHostile(t *testing.T) {
	dir := t.TempDir()
	var cut bytes.Buffer
	z := gzip.NewWriter(&cut)
	if _, err := io.WriteString(z, strings.Repeat("some text that is cut\n", 20000)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "cut.gz"), cut.Bytes()[:cut.Len()/2])
	deep := []byte("x")
	for range 4 {
		deep = zipFiles(t, map[string][]byte{"d.zip": deep})
	}
	writeFile(t, filepath.Join(dir, "deep.zip"), deep)
	writeFile(t, filepath.Join(dir, "out.zip"), zipFiles(t, map[string][]byte{"../../etc/x": []byte("x")}))
	big := xzOf(t, xz.WriterConfig{DictCap: 128 << 20}, "x")
	writeFile(t, filepath.Join(dir, "big.xz"), big)
	writeFile(t, filepath.Join(dir, "a.7z"), []byte("7z\xbc\xaf\x27\x1c\x00\x04"))
	got, r := all(t, dir, bundle.ReadOptions{Inside: true})
	if !strings.HasPrefix(got["cut.gz"], "some text") || len(got) != 1 {
		t.Errorf("entries: %d, cut.gz %d bytes", len(got), len(got["cut.gz"]))
	}
	reasons := map[string]int64{}
	for _, o := range r.Omissions() {
		reasons[o.Reason] = o.Count
	}
	want := map[string]int64{bundle.OmitDamaged: 2, bundle.OmitInside: 1, bundle.OmitTraversal: 1, "packed by 7-Zip": 1}
	if !maps.Equal(reasons, want) {
		t.Errorf("left out %v, want %v", reasons, want)
	}
}

// TestLockedAndBombs tells what is encrypted and what expands too far from what is damaged.
func TestLockedAndBombs(t *testing.T) {
	dir := t.TempDir()
	locked := zipFiles(t, map[string][]byte{"a.log": []byte("x")})
	for _, magic := range []string{"PK\x03\x04", "PK\x01\x02"} { // the flag stands in both headers of the file
		locked[bytes.Index(locked, []byte(magic))+map[string]int{"PK\x03\x04": 6, "PK\x01\x02": 8}[magic]] |= 1
	}
	writeFile(t, filepath.Join(dir, "locked.zip"), locked)
	writeFile(t, filepath.Join(dir, "bomb.zip"), zipFiles(t, map[string][]byte{"zeros.log": make([]byte, 4<<20)}))
	writeFile(t, filepath.Join(dir, "good.log"), []byte("some text\n"))
	_, r := all(t, dir, bundle.ReadOptions{Inside: true, Limits: bundle.Limits{Bytes: 1 << 20}})
	if om := omitted(r); om[bundle.OmitLocked] != 1 || om[bundle.OmitBomb] == 0 || len(om) != 2 {
		t.Errorf("left out %v", r.Omissions())
	}
	_, r = all(t, filepath.Join(dir, "locked.zip"), bundle.ReadOptions{Inside: true})
	if om := omitted(r); om[bundle.OmitLocked] != 1 {
		t.Errorf("left out %v", r.Omissions())
	}
}

// TestInsideCountsOnce holds the limit of the whole input against what was unpacked, each byte once.
func TestInsideCountsOnce(t *testing.T) {
	noise := make([]byte, 640<<10)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // it never fails
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	err := errors.Join(w.WriteHeader(&tar.Header{Name: "a.log", Typeflag: tar.TypeReg, Size: int64(len(noise))}), second(w.Write(noise)), w.Close())
	if err != nil {
		t.Fatal(err)
	}
	for name, packed := range map[string][]byte{"logs.zip": zipFiles(t, map[string][]byte{"a.log": noise}), "logs.tgz": gzipped(t, plain.Bytes())} {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, name), packed)
		writeFile(t, filepath.Join(dir, "other.log"), []byte("some text\n"))
		for limit, whole := range map[int64]bool{1 << 20: true, 512 << 10: false} {
			got, r := all(t, dir, bundle.ReadOptions{Inside: true, Limits: bundle.Limits{Bytes: limit}})
			if is := got[name+"/a.log"] == string(noise); is != whole || whole == (len(r.Omissions()) > 0) {
				t.Errorf("%s, %d bytes allowed: whole %v, left out %v", name, limit, is, r.Omissions())
			}
		}
	}
}

func second(_ int, err error) error { return err }

func TestFolderWithNothingToRead(t *testing.T) {
	dir := t.TempDir()
	_, err := bundle.Open(dir, bundle.ReadOptions{})
	if err == nil || err.Error() != fmt.Sprintf("reading %q: the input is empty", dir) {
		t.Errorf("an empty folder: %v", err)
	}
	if os.Geteuid() == 0 {
		t.Skip("nothing is closed to root")
	}
	if err := os.Mkdir(filepath.Join(dir, "closed"), 0); err != nil {
		t.Fatal(err)
	}
	var in *bundle.InputError
	if _, err := bundle.Open(dir, bundle.ReadOptions{}); !errors.As(err, &in) || !errors.Is(err, fs.ErrPermission) || in.Hint == "" {
		t.Errorf("a folder without rights: %v", err)
	}
}
