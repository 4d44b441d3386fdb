package bundle_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

var started = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

func redactor(t testing.TB) *redact.Redactor {
	t.Helper()
	r, err := redact.Compile([]redact.Rule{{ID: "test-word", Literal: []string{"SwordfishSwordfish"}, Pattern: "SwordfishSwordfish"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func options(t testing.TB) bundle.Options {
	t.Helper()
	return bundle.Options{
		Redactor: redactor(t),
		Tool:     bundle.Tool{Name: "imbundle", Version: "test"},
		Plan: bundle.Plan{Started: started, Expect: []bundle.Expect{
			{Source: "logs", Entries: []string{bundle.PodLogs + "*"}},
			{Source: "top", Entries: []string{bundle.TopPods}},
		}},
		Now: func() time.Time { return started },
	}
}

// logText gives n bytes of lines that look like a log and compress like one.
func logText(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "2026-11-20 08:%02d:%02d.%03d\tINFO\tmsgtransfer/online_history_msg_handler.go:%d\tconsumed\t{\"operationID\": \"%016x\", \"seq\": %d}\n",
			r.IntN(60), r.IntN(60), r.IntN(1000), 100+r.IntN(400), r.Uint64(), r.IntN(100000))
	}
	return b.Bytes()[:n]
}

// content is a set of entries by name.
type content map[string][]byte

func sample() content {
	return content{
		bundle.PodLog("openim", "openim-api-7d9", "api", false):                logText(1, 3<<20+77),
		bundle.PodLog("openim", "openim-api-7d9", "api", true):                 logText(2, 511),
		bundle.PodLog("openim", "openim-msgtransfer-0", "transfer", false):     logText(3, 1<<20),
		bundle.Resource("pods", "openim"):                                      []byte(`{"items":[]}` + "\n"),
		bundle.TopPods:                                                         []byte("NAME   CPU(cores)   MEMORY(bytes)\n"),
		bundle.Attached("问题: \"client*\".txt"):                                 []byte("图片\n"),
		bundle.Attached("CON.txt"):                                             []byte("device\n"),
		bundle.Attached("empty"):                                               {},
		bundle.Attached("case"):                                                []byte("lower\n"),
		bundle.Attached("Case"):                                                []byte("upper\n"),
		bundle.Attached(strings.Repeat("long", 120)):                           []byte("long name\n"),
		bundle.Attached("block"):                                               logText(4, 512),
		bundle.ContainerFile("openim", "p", "c", "/var/log/openim/OpenIM.log"): logText(5, 70000),
	}
}

// write makes a bundle of c and gives its path.
func write(t testing.TB, c content, o bundle.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "imbundle-test-20261120T080000Z.tgz")
	w, err := bundle.Create(path, o)
	if err != nil {
		t.Fatal(err)
	}
	var g sync.WaitGroup
	for name, text := range c {
		g.Go(func() {
			e, err := w.Create(name, bundle.Meta{Source: "logs"})
			if err != nil {
				t.Error(err)
				return
			}
			for len(text) > 0 {
				n := min(len(text), 10_000)
				if _, err := e.Write(text[:n]); err != nil {
					t.Error(err)
				}
				text = text[n:]
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	if err := w.Finish(bundle.Final{Complete: true, Log: []byte("done\n")}); err != nil {
		t.Fatal(err)
	}
	return path
}

// digests reads everything and gives SHA-256 by name.
func digests(t testing.TB, r *bundle.Reader, workers int) map[string]string {
	t.Helper()
	var mu sync.Mutex
	got := map[string]string{}
	err := r.Each(context.Background(), workers, func(_ int, f *bundle.File) error {
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if got[f.Name] != "" {
			t.Errorf("%q was visited twice", f.Name)
		}
		got[f.Name] = hex.EncodeToString(h.Sum(nil))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func open(t testing.TB, path string, o bundle.ReadOptions) *bundle.Reader {
	t.Helper()
	r, err := bundle.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func sumOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func keys[V any](m map[string]V) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	sort.Strings(names)
	return names
}

func TestWriteAndRead(t *testing.T) {
	c := sample()
	path := write(t, c, options(t))
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", fi.Mode(), err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left beside the bundle: %v %v", left, err)
	}
	r := open(t, path, bundle.ReadOptions{})
	if r.Plan() == nil || r.Manifest() == nil || !r.Manifest().Complete {
		t.Fatalf("plan %v, manifest %+v", r.Plan(), r.Manifest())
	}
	for _, workers := range []int{1, 2, 5} {
		got := digests(t, r, workers)
		for name, text := range c {
			if got[name] != sumOf(text) {
				t.Errorf("%d workers: %q differs", workers, name)
			}
		}
		if len(got) != len(c)+4 {
			t.Errorf("%d workers: entries %q", workers, keys(got))
		}
	}
	if e := r.End(); !e.Complete || len(e.Promised) != 0 {
		t.Errorf("end %+v", e)
	}
	rep, err := bundle.Verify(context.Background(), path, bundle.ReadOptions{})
	if err != nil || !rep.OK || !rep.Indexed {
		t.Errorf("verify: %v %+v", err, rep)
	}
	for name, text := range c {
		rc, err := r.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(rc)
		if err != nil || !bytes.Equal(got, text) {
			t.Errorf("open %q: %d bytes, %v", name, len(got), err)
		}
		if err := rc.Close(); err != nil {
			t.Error(err)
		}
	}
}
