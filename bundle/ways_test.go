package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/mholt/archiver/v3"

	"github.com/imbundle/imbundle/bundle"
)

func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) string {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gunzip(t testing.TB, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// zipOf packs the files of a tar.
func zipOf(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for tr := tar.NewReader(bytes.NewReader(plain)); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := z.Create(h.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(f, tr); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestEveryWayIn reads one bundle in every form in which it may arrive, and expects the same names and bytes.
func TestEveryWayIn(t *testing.T) {
	c := sample()
	path := write(t, c, options(t))
	want := digests(t, open(t, path, bundle.ReadOptions{}), 2)
	packed, dir := readFile(t, path), t.TempDir()
	plain := gunzip(t, packed)
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, "tar", "xzf", path, "-C", out)
	inner, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(inner) != 1 {
		t.Fatal(inner, err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	repacked := filepath.Join(dir, "repacked.tgz")
	run(t, "tar", "czf", repacked, "-C", out, filepath.Base(inner[0]))
	dotted := filepath.Join(dir, "dotted.tar")
	run(t, "tar", "cf", dotted, "-C", inner[0], ".")
	ways := map[string]string{
		"no footer": writeFile(t, filepath.Join(dir, "a.tgz"), packed[:len(packed)-1]),
		"tar":       writeFile(t, filepath.Join(dir, "a.tar"), plain),
		"tar.gz":    writeFile(t, filepath.Join(dir, "one-member"), gzipped(t, plain)),
		"tar.zst":   writeFile(t, filepath.Join(dir, "a.bin"), enc.EncodeAll(plain, nil)),
		"zip":       writeFile(t, filepath.Join(dir, "a.txt"), zipOf(t, plain)),
		"repacked":  repacked,
		"dotted":    dotted,
		"folder":    inner[0],
		"parent":    out,
	}
	for way, path := range ways {
		t.Run(way, func(t *testing.T) { sameAs(t, open(t, path, bundle.ReadOptions{}), want, c) })
	}
	pipes := maps.Clone(ways)
	pipes["bundle"] = path
	for _, seekableOnly := range []string{"zip", "folder", "parent"} {
		delete(pipes, seekableOnly)
	}
	for way, path := range pipes {
		t.Run("pipe "+way, func(t *testing.T) {
			r := open(t, "-", bundle.ReadOptions{Stdin: bytes.NewReader(readFile(t, path))})
			got := digests(t, r, 3)
			if !maps.Equal(got, want) {
				t.Errorf("entries %q, want %q", keys(got), keys(want))
			}
			if r.Plan() == nil || r.Manifest() == nil {
				t.Error("no plan or manifest after Each")
			}
			if err := r.Each(context.Background(), 1, nil); !errors.Is(err, bundle.ErrReadTwice) {
				t.Errorf("second reading: %v", err)
			}
		})
	}
}

func sameAs(t *testing.T, r *bundle.Reader, want map[string]string, c content) {
	t.Helper()
	for range 2 { // a file may be read again
		if got := digests(t, r, 2); !maps.Equal(got, want) {
			t.Errorf("entries %q, want %q", keys(got), keys(want))
		}
	}
	if len(r.Names()) != len(want) {
		t.Errorf("names %q", r.Names())
	}
	if r.Plan() == nil || r.Manifest() == nil {
		t.Error("no plan or manifest after Each")
	}
	for name, text := range c {
		rc, err := r.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(rc)
		if !bytes.Equal(got, text) || err != nil && !errors.Is(err, bundle.ErrCut) {
			t.Errorf("open %q: %d bytes, %v", name, len(got), err)
		}
		if err := rc.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.Open("no/such"); !errors.Is(err, bundle.ErrNotFound) {
		t.Errorf("open of a missing entry: %v", err)
	}
}

func TestPlainFile(t *testing.T) {
	text, dir := logText(7, 3<<20), t.TempDir()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"OpenIM.log": text, "OpenIM.log.gz": gzipped(t, text), "OpenIM.log.zst": enc.EncodeAll(text, nil),
	} {
		path := writeFile(t, filepath.Join(dir, name), b)
		got := digests(t, open(t, path, bundle.ReadOptions{}), 2)
		if len(got) != 1 || got["OpenIM.log"] != sumOf(text) {
			t.Errorf("%s: %v", name, got)
		}
		got = digests(t, open(t, "-", bundle.ReadOptions{Stdin: bytes.NewReader(b)}), 2)
		if len(got) != 1 || got["stdin"] != sumOf(text) {
			t.Errorf("%s through a pipe: %v", name, got)
		}
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "folder")
	if err := os.Mkdir(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	file := func(name string, b []byte) string { return writeFile(t, filepath.Join(dir, name), b) }
	for name, x := range map[string]struct {
		path string
		want error
	}{
		"empty file":   {file("empty", nil), bundle.ErrEmpty},
		"empty gzip":   {file("empty.gz", gzipped(t, nil)), bundle.ErrEmpty},
		"empty folder": {empty, bundle.ErrEmpty},
		"a program":    {file("elf", []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00")), bundle.ErrFormat},
		"packed":       {file("bin.gz", gzipped(t, []byte{1, 0, 2, 0})), bundle.ErrFormat},
		"empty tar":    {file("empty.tgz", gzipped(t, make([]byte, 10240))), bundle.ErrEmpty},
		"7-Zip":        {file("a.7z", []byte("7z\xbc\xaf\x27\x1c\x00\x04")), bundle.ErrFormat},
		"xz head":      {file("a.xz", []byte("\xfd7zXZ\x00\x00\x04")), io.ErrUnexpectedEOF},
		"cut zip":      {file("a.zip", []byte("PK\x03\x04 and nothing more")), bundle.ErrCut},
		"missing":      {filepath.Join(dir, "missing"), os.ErrNotExist},
		"gzip head":    {file("head.gz", []byte{0x1f, 0x8b, 8, 0}), io.ErrUnexpectedEOF},
	} {
		r, err := bundle.Open(x.path, bundle.ReadOptions{})
		if err == nil {
			t.Errorf("%s: opened", name)
			_ = r.Close()
			continue
		}
		var in *bundle.InputError
		if !errors.Is(err, x.want) || name != "missing" && (!errors.As(err, &in) || in.Hint == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := bundle.Open("-", bundle.ReadOptions{Stdin: strings.NewReader("")}); !errors.Is(err, bundle.ErrEmpty) {
		t.Errorf("empty pipe: %v", err)
	}
}

// TestOtherReaders lets independent programs read a bundle.
func TestOtherReaders(t *testing.T) {
	c := sample()
	path := write(t, c, options(t))
	listing := strings.Fields(run(t, "tar", "tzf", path))
	if len(listing) < len(c)+4 { // a name with spaces counts more
		t.Errorf("tar lists %d names", len(listing))
	}
	for i, name := range listing {
		if !strings.HasPrefix(name, "imbundle-test-20261120T080000Z/") && i == 0 {
			t.Errorf("top folder: %q", name)
		}
	}
	if out := run(t, "gzip", "-t", path); out != "" {
		t.Errorf("gzip -t: %s", out)
	}
	n, size := 0, int64(0)
	a := archiver.NewTarGz()
	err := a.Walk(path, func(f archiver.File) error {
		k, err := io.Copy(io.Discard, f)
		n, size = n+1, size+k
		return err
	})
	if err != nil || n != len(c)+4 {
		t.Errorf("archiver: %d entries, %d bytes, %v", n, size, err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		return // a witness that is not everywhere
	}
	script := `import sys,tarfile
t=tarfile.open(sys.argv[1])
print(sum(1 for m in t), sum(len(t.extractfile(m).read()) for m in t.getmembers()))`
	if got, want := strings.Fields(run(t, python, "-c", script, path)), []int64{int64(n), size}; got[0] != fmt.Sprint(want[0]) || got[1] != fmt.Sprint(want[1]) {
		t.Errorf("python reads %v, archiver %v", got, want)
	}
}
