package view

import (
	"context"
	"io"
	"runtime"
	"testing"

	"github.com/imbundle/imbundle/testdata/gen/corpus"
)

// madeUp is a folder of logs as a bundle holds them.
func madeUp(tb testing.TB, bytes int64, files int) string {
	tb.Helper()
	dir := tb.TempDir() + "/corpus"
	if err := corpus.Write(dir, corpus.Options{Bytes: bytes, Files: files, Seed: 1}); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// Merging holds no more of the logs than the buffers in which they are read.
func TestMergeHoldsLittle(t *testing.T) {
	const size, files = 40 << 20, 40
	in := look(t, madeUp(t, size, files), nil)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	lines, most := 0, uint64(0)
	err := in.Each(context.Background(), &Filter{}, func(*Line) error {
		if lines++; lines%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
		}
		return nil
	})
	if err != nil || lines < 50_000 {
		t.Fatalf("%d records, %v", lines, err)
	}
	if most > 12<<20 {
		t.Errorf("%d KiB are held while %d MiB are merged", most>>10, size>>20)
	}
}

func BenchmarkMerge(b *testing.B) {
	const size = 50_000_000
	dir := madeUp(b, size, 30)
	for name, room := range map[string]int{"open": 0, "piles": 8 << 20} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				in := look(b, dir, nil)
				in.room = room
				f := &Filter{}
				write := func(w io.Writer) error { return in.Logs(context.Background(), w, f, Screen{}) }
				if room > 0 {
					write = func(io.Writer) error {
						return in.gather(context.Background(), f, newCast(in.Specs, nil), func(*Line) error { return nil })
					}
				}
				if err := write(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOperation(b *testing.B) {
	const size = 50_000_000
	in := look(b, madeUp(b, size, 30), nil)
	b.SetBytes(size)
	for b.Loop() {
		if _, err := in.Follow(context.Background(), "an-operation-that-is-not-there", &Filter{}); err == nil {
			b.Fatal("found")
		}
	}
}
