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
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

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

// endless gives the packed form of a repeated text, made while it is read.
func endless(t *testing.T, pack func(io.Writer) io.WriteCloser, fill func(w io.Writer) error) io.Reader {
	t.Helper()
	r, w := io.Pipe()
	go func() {
		z := pack(w)
		err := fill(z)
		if err == nil {
			err = z.Close()
		}
		w.CloseWithError(err)
	}()
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func packGzip(w io.Writer) io.WriteCloser {
	z, err := gzip.NewWriterLevel(w, 1)
	if err != nil {
		panic(err)
	}
	return z
}

func packZstd(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return z
}

// peak runs fn and gives the bytes by which the heap rose at most at the moments that sample is called.
func peak(fn func(sample func())) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	top := before.HeapAlloc
	fn(func() {
		runtime.ReadMemStats(&now)
		top = max(top, now.HeapAlloc)
	})
	return top - before.HeapAlloc
}

func TestManyTinyEntries(t *testing.T) {
	n := 1_000_000
	if testing.Short() {
		n = 300_000
	}
	in := endless(t, packGzip, func(w io.Writer) error {
		tw := tar.NewWriter(w)
		for i := range n {
			if err := tw.WriteHeader(&tar.Header{Name: fmt.Sprintf("case/%d", i), Size: 1, Mode: 0o600}); err != nil {
				return err
			}
			if _, err := tw.Write([]byte{'x'}); err != nil {
				return err
			}
		}
		return tw.Close()
	})
	var r *bundle.Reader
	got := 0
	heap := peak(func(sample func()) {
		r = open(t, "-", bundle.ReadOptions{Stdin: in})
		err := r.Each(context.Background(), 2, func(_ int, f *bundle.File) error {
			if got++; got%50_000 == 0 {
				sample()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if e := r.End(); e.Complete || !strings.Contains(e.Reason, "more than 250000 entries") || got != 250_000 {
		t.Errorf("%d entries, end %+v", got, e)
	}
	if heap > 100<<20 {
		t.Errorf("the heap rose by %d MiB", heap>>20)
	}
}

func TestBomb(t *testing.T) {
	in := endless(t, packZstd, func(w io.Writer) error {
		tw := tar.NewWriter(w)
		if err := tw.WriteHeader(&tar.Header{Name: "bomb", Size: 20 << 30, Mode: 0o600}); err != nil {
			return err
		}
		zeros := make([]byte, 1<<20)
		for range 20 << 10 {
			if _, err := tw.Write(zeros); err != nil {
				return err
			}
		}
		return tw.Close()
	})
	var size int64
	var r *bundle.Reader
	heap := peak(func(sample func()) {
		r = open(t, "-", bundle.ReadOptions{Stdin: in})
		err := r.Each(context.Background(), 1, func(_ int, f *bundle.File) error {
			var err error
			size, err = io.Copy(io.Discard, f)
			sample()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if e := r.End(); e.Complete || e.Entry != "bomb" || !strings.Contains(e.Reason, "expands more than 500 times") {
		t.Errorf("end %+v", e)
	}
	if size > 300<<20 || heap > 64<<20 {
		t.Errorf("%d bytes were delivered, the heap rose by %d MiB", size, heap>>20)
	}
}

func TestLongLine(t *testing.T) {
	long := int64(2 << 30)
	if testing.Short() {
		long = 256 << 20
	}
	text := logText(1, 1<<20)
	for i := range text {
		if text[i] == '\n' {
			text[i] = ' '
		}
	}
	member := gzipped(t, text)
	in := endless(t, func(w io.Writer) io.WriteCloser { return w.(io.WriteCloser) }, func(w io.Writer) error {
		for n := int64(0); n < long; n += int64(len(text)) {
			if _, err := w.Write(member); err != nil {
				return err
			}
		}
		return nil
	})
	var size int64
	heap := peak(func(sample func()) {
		r := open(t, "-", bundle.ReadOptions{Stdin: in, Limits: bundle.Limits{Ratio: 100_000}})
		err := r.Each(context.Background(), 1, func(_ int, f *bundle.File) error {
			buf := make([]byte, 256<<10)
			for {
				n, err := f.Read(buf)
				if size += int64(n); size%(64<<20) < int64(n) {
					sample()
				}
				if err != nil {
					return nil
				}
			}
		})
		if err != nil || !r.End().Complete {
			t.Errorf("%v, end %+v", err, r.End())
		}
	})
	if size != long || heap > 20<<20 {
		t.Errorf("%d of %d bytes, the heap rose by %d MiB", size, long, heap>>20)
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
