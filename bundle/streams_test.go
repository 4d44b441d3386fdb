package bundle_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// TestManyOpenStreams fills 200 entries slowly, so that all are open at once and members are made of parts.
func TestManyOpenStreams(t *testing.T) {
	o := options(t)
	o.MemberSize = 192 << 10
	w := create(t, o)
	const streams, steps = 200, 6
	texts := make([][]byte, 8)
	for i := range texts {
		texts[i] = logText(uint64(i), 48<<10)
	}
	entries := make([]*bundle.Entry, streams)
	heap := peak(func(sample func()) {
		for i := range entries {
			var err error
			if entries[i], err = w.Create("logs/"+strconv.Itoa(i), bundle.Meta{}); err != nil {
				t.Fatal(err)
			}
		}
		for step := range steps {
			for i, e := range entries {
				if _, err := e.Write(texts[(step+i)%len(texts)]); err != nil {
					t.Fatal(err)
				}
			}
			sample()
		}
	})
	for _, e := range entries {
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the heap rose by %d MiB", heap>>20)
	if heap > 96<<20 {
		t.Errorf("the heap rose by %d MiB", heap>>20)
	}
	r := finish(t, w)
	got := digests(t, r, 2)
	for i := range entries {
		var want []byte
		for step := range steps {
			want = append(want, texts[(step+i)%len(texts)]...)
		}
		if got["logs/"+strconv.Itoa(i)] != sumOf(want) {
			t.Errorf("entry %d differs", i)
		}
	}
	if n := len(r.Manifest().Entries[5].Members); n != 2 {
		t.Errorf("%d members", n)
	}
	run(t, "gzip", "-t", w.Path())
}

func TestConcurrentUse(t *testing.T) {
	w := create(t, options(t))
	var g sync.WaitGroup
	for i := range 40 {
		g.Go(func() {
			err := put(w, fmt.Sprintf("logs/%d", i), logText(uint64(i), 50_000))
			if err != nil && !errors.Is(err, bundle.ErrFinished) {
				t.Error(err)
			}
			w.Gap(bundle.Gap{Reason: bundle.Timeout})
		})
	}
	for range 2 {
		g.Go(func() {
			if err := w.Finish(bundle.Final{Reason: "interrupted"}); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	rep, err := bundle.Verify(context.Background(), w.Path(), bundle.ReadOptions{})
	if err != nil || !rep.Indexed {
		t.Errorf("%+v, %v", rep, err)
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
		if _, err := e.Write(logText(uint64(i), 60_000)); err != nil {
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
	if got := digests(t, r, 2); len(got) != 204 || got[bundle.PodLog("openim", "p", "c7", false)] != sumOf(logText(7, 60_000)) {
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
