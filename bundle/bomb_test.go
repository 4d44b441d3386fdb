package bundle_test

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/imbundle/imbundle/bundle"
)

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
	var got atomic.Int64
	heap := peak(func(sample func()) {
		r = open(t, "-", bundle.ReadOptions{Stdin: in})
		err := r.Each(context.Background(), 2, func(_ int, f *bundle.File) error {
			if got.Add(1)%50_000 == 0 {
				sample()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	if e := r.End(); e.Complete || !strings.Contains(e.Reason, "more than 250000 entries") || got.Load() != 250_000 {
		t.Errorf("%d entries, end %+v", got.Load(), e)
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
