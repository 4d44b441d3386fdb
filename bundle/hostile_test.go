package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// tarOf packs headers whose body is their own name, unless the size says otherwise.
func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		if h.Typeflag == 0 {
			h.Typeflag = tar.TypeReg
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(h.Name))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, h.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func piped(b []byte) bundle.ReadOptions { return bundle.ReadOptions{Stdin: bytes.NewReader(b)} }

func omitted(r *bundle.Reader) map[string]int64 {
	m := map[string]int64{}
	for _, o := range r.Omissions() {
		m[o.Reason] = o.Count
	}
	return m
}

func TestHostileNames(t *testing.T) {
	b := tarOf(t,
		tar.Header{Name: "case/a.log"},
		tar.Header{Name: "case/../../etc/passwd"},
		tar.Header{Name: "/etc/shadow"},
		tar.Header{Name: `C:\windows\x`},
		tar.Header{Name: "case/link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		tar.Header{Name: "case/hard", Typeflag: tar.TypeLink, Linkname: "case/a.log"},
		tar.Header{Name: "case/null", Typeflag: tar.TypeChar},
		tar.Header{Name: "case/pipe", Typeflag: tar.TypeFifo},
		tar.Header{Name: "case/a.log"},
		tar.Header{Name: "case/./a.log"},
		tar.Header{Name: "case/" + strings.Repeat("d/", 70) + "deep"},
		tar.Header{Name: "case/" + strings.Repeat("n", 5000)},
		tar.Header{Name: "__MACOSX/case/._a.log"},
		tar.Header{Name: "case/b.log"},
	)
	for way, b := range map[string][]byte{"tar": b, "tar.gz": gzipped(t, b)} {
		r := open(t, "-", piped(b))
		got := digests(t, r, 2)
		if len(got) != 2 || got["a.log"] != sumOf([]byte("case/a.log")) || got["b.log"] == "" {
			t.Errorf("%s: entries %q", way, keys(got))
		}
		want := map[string]int64{
			bundle.OmitTraversal: 1, bundle.OmitAbsolute: 2, bundle.OmitLink: 2, bundle.OmitDevice: 2, bundle.OmitDuplicate: 2,
			bundle.OmitName: 2, bundle.OmitJunk: 1,
		}
		if got := omitted(r); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: left out %v, want %v", way, got, want)
		}
		if e := r.End(); !e.Complete {
			t.Errorf("%s: end %+v", way, e)
		}
	}
}

func TestHostileFolder(t *testing.T) {
	dir := t.TempDir()
	outside := writeFile(t, filepath.Join(t.TempDir(), "secret"), []byte("secret"))
	writeFile(t, filepath.Join(dir, "a.log"), []byte("a"))
	for _, err := range []error{
		os.Symlink(outside, filepath.Join(dir, "file")), os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")),
		os.Symlink(".", filepath.Join(dir, "loop")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r := open(t, dir, bundle.ReadOptions{})
	if got := digests(t, r, 2); len(got) != 1 || omitted(r)[bundle.OmitLink] != 3 {
		t.Errorf("entries %q, left out %v", keys(got), r.Omissions())
	}
}

func TestHostileZip(t *testing.T) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(h zip.FileHeader, body []byte) {
		t.Helper()
		f, err := z.CreateRaw(&h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(body); err != nil {
			t.Fatal(err)
		}
	}
	link := zip.FileHeader{Name: "case/link", UncompressedSize64: 11, CompressedSize64: 11}
	link.SetMode(0o777 | os.ModeSymlink)
	add(link, []byte("/etc/passwd"))
	var packed bytes.Buffer
	fw, err := flate.NewWriter(&packed, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fw.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := fw.Close(); err != nil {
		t.Fatal(err)
	}
	add(zip.FileHeader{Name: "case/lies", Method: zip.Deflate, UncompressedSize64: 10, CompressedSize64: uint64(packed.Len())}, packed.Bytes())
	add(zip.FileHeader{Name: "case/../../up", UncompressedSize64: 1, CompressedSize64: 1}, []byte("x"))
	add(zip.FileHeader{Name: "case/xz", Method: 95, UncompressedSize64: 1, CompressedSize64: 1}, []byte("x"))
	add(zip.FileHeader{Name: `case\windows.log`, UncompressedSize64: 4, CompressedSize64: 4, CRC32: 0xd87f7e0c}, []byte("test"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, writeFile(t, filepath.Join(t.TempDir(), "a.zip"), out.Bytes()), bundle.ReadOptions{})
	var lies int64
	err = r.Each(context.Background(), 1, func(_ int, f *bundle.File) error {
		n, err := io.Copy(io.Discard, f)
		if f.Name == "lies" {
			lies = n
		}
		return err
	})
	if err != nil || lies > 10 {
		t.Errorf("%v; the entry that lies gave %d bytes", err, lies)
	}
	om := omitted(r)
	if om[bundle.OmitLink] != 1 || om[bundle.OmitTraversal] != 1 || om[bundle.OmitMethod] != 1 || om[bundle.OmitDamaged] != 1 {
		t.Errorf("left out %v", r.Omissions())
	}
	if got := r.Names(); fmt.Sprint(got) != "[lies windows.log]" {
		t.Errorf("names %q", got)
	}
}

// TestSizesThatLie changes the size in a tar header, both ways.
func TestSizesThatLie(t *testing.T) {
	for _, size := range []int64{1, 1 << 40} {
		b := tarOf(t, tar.Header{Name: "a.log"}, tar.Header{Name: "b.log"})
		var h bytes.Buffer
		if err := tar.NewWriter(&h).WriteHeader(&tar.Header{Name: "a.log", Size: size, Mode: 0o600, Typeflag: tar.TypeReg, Format: tar.FormatGNU}); err != nil {
			t.Fatal(err)
		}
		copy(b, h.Bytes()[:512])
		r := open(t, "-", piped(b))
		got := digests(t, r, 1)
		if size == 1 && (len(got) != 2 || got["a.log"] != sumOf([]byte("a"))) {
			t.Errorf("size %d: %q", size, keys(got))
		}
		if e := r.End(); size > 1 && (e.Complete || e.Entry != "a.log") {
			t.Errorf("size %d: end %+v", size, e)
		}
	}
}

// TestCutAnywhere cuts a small bundle at every byte.
func TestCutAnywhere(t *testing.T) {
	c := content{bundle.TopPods: logText(1, 700), bundle.TopNodes: []byte("node\n"), bundle.Resource("pods", "a"): logText(2, 512)}
	path := write(t, c, options(t))
	whole := readFile(t, path)
	want := digests(t, open(t, path, bundle.ReadOptions{}), 1)
	m := open(t, path, bundle.ReadOptions{}).Manifest()
	cut := filepath.Join(t.TempDir(), "cut.tgz")
	for n := 2; n < len(whole); n++ { // one byte is no gzip yet
		writeFile(t, cut, whole[:n])
		r, err := bundle.Open(cut, bundle.ReadOptions{})
		if err != nil {
			if n > 200 || !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, bundle.ErrCut) && !errors.Is(err, bundle.ErrEmpty) {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		got := digests(t, r, 2)
		for i, e := range m.Entries {
			next := e.Offset + e.Header
			for _, b := range e.Members {
				next += b
			}
			if next <= int64(n) && got[e.Name] != want[e.Name] {
				t.Errorf("cut at %d: entry %d of %d is whole in the file and differs", n, i, len(m.Entries))
			}
		}
		end := r.End()
		if end.Complete && r.Manifest() == nil || !end.Complete && (end.Reason == "" || end.Offset > int64(n)) {
			t.Errorf("cut at %d: end %+v", n, end)
		}
		if r.Plan() != nil && got[bundle.TopPods] == "" && len(end.Promised) == 0 {
			t.Errorf("cut at %d: nothing promised", n)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFlippedBits damages one byte after the other: what is delivered as whole must be right, and Verify must notice.
func TestFlippedBits(t *testing.T) {
	c := content{bundle.TopPods: logText(1, 3000), bundle.TopNodes: []byte("node\n")}
	path := write(t, c, options(t))
	whole := readFile(t, path)
	bad := filepath.Join(t.TempDir(), "bad.tgz")
	missed := 0
	for n := 10; n < len(whole); n += 7 {
		b := bytes.Clone(whole)
		b[n] ^= 0x40
		writeFile(t, bad, b)
		rep, err := bundle.Verify(context.Background(), bad, bundle.ReadOptions{})
		if err == nil && rep.OK {
			missed++
		}
	}
	// A few bytes of each gzip header mean nothing (time, flags, system).
	if missed > 12 {
		t.Errorf("%d of %d flips were not noticed", missed, len(whole)/7)
	}
}

func TestNewerFormat(t *testing.T) {
	name := "case/imbundle/plan.json"
	b := tarOf(t, tar.Header{Name: name})
	copy(b[bytes.LastIndex(b, []byte(name)):], fmt.Sprintf("%-*s", len(name), `{"format":99}`)) // its body
	for _, in := range [][]byte{b, gzipped(t, b)} {
		_, err := bundle.Open("-", piped(in))
		var newer *bundle.NewerError
		var input *bundle.InputError
		if !errors.As(err, &newer) || newer.Format != 99 || !errors.As(err, &input) || input.Hint == "" {
			t.Errorf("%v", err)
		}
	}
}
