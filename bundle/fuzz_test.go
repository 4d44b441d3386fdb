package bundle_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/imbundle/imbundle/bundle"
)

// FuzzReader reads any bytes as a file and through a pipe. Neither may panic, hang, deliver a hostile name or more than the
// limits allow; and what both can read they must read alike.
func FuzzReader(f *testing.F) {
	c := content{bundle.TopPods: logText(1, 700), bundle.Attached("a:b"): []byte("x\n"), bundle.TopNodes: {}}
	whole := readFile(f, write(f, c, options(f)))
	plain := tarOf(f, tar.Header{Name: "case/a.log"}, tar.Header{Name: "../up"}, tar.Header{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "x"})
	for _, seed := range [][]byte{
		whole, whole[:len(whole)-51], whole[:len(whole)/2], gunzip(f, whole), plain, gzipped(f, plain), zipOf(f, plain),
		[]byte("2026-11-20 INFO text\n"), gzipped(f, []byte("text\n")),
		{},
		{0x1f, 0x8b},
	} {
		f.Add(seed)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "in")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		lim := bundle.Limits{Bytes: 8 << 20, Entries: 100}
		file, complete := fuzzRead(t, path, bundle.ReadOptions{Limits: lim})
		pipe, pipeComplete := fuzzRead(t, "-", bundle.ReadOptions{Limits: lim, Stdin: bytes.NewReader(b)})
		if !complete || !pipeComplete || bytes.HasPrefix(b, []byte("PK")) {
			return
		}
		delete(file, "in")
		delete(pipe, "stdin")
		for name, sum := range file {
			if pipe[name] != sum {
				t.Errorf("%q differs between the file and the pipe", name)
			}
		}
	})
}

// fuzzRead gives the digests of all entries, and whether the input was read to its proper end.
func fuzzRead(t *testing.T, path string, o bundle.ReadOptions) (map[string]string, bool) {
	r, err := bundle.Open(path, o)
	if err != nil {
		var in *bundle.InputError
		if !errors.As(err, &in) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Logf("%v", err)
		}
		return nil, false
	}
	defer r.Close()
	got := digests(t, r, 1)
	var total atomic.Int64
	err = r.Each(context.Background(), 2, func(_ int, f *bundle.File) error {
		for _, c := range strings.Split(f.Name, "/") {
			if c == ".." || c == "" {
				t.Errorf("name %q", f.Name)
			}
		}
		n, err := io.Copy(io.Discard, f)
		total.Add(n)
		return err
	})
	if err != nil && !errors.Is(err, bundle.ErrReadTwice) {
		t.Errorf("reading again: %v", err)
	}
	if total.Load() > 9<<20 {
		t.Errorf("%d bytes beyond the limit", total.Load())
	}
	for _, name := range r.Names() {
		if path != "-" {
			if rc, err := r.Open(name); err == nil {
				_, _ = io.Copy(io.Discard, rc) // may be cut
				_ = rc.Close()
			}
		}
	}
	return got, r.End().Complete
}
