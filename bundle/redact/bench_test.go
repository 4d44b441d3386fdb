package redact

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// corpus is about so many bytes of the sample logs, records in another order each time and with other numbers.
func corpus(t testing.TB, size int) []byte {
	t.Helper()
	files, err := filepath.Glob("testdata/samples/openim-*.log")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var lines [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, bytes.SplitAfter(b, []byte("\n"))...)
	}
	random := rand.New(rand.NewPCG(3, 4))
	var out []byte
	for len(out) < size {
		from := len(out)
		out = append(out, lines[random.IntN(len(lines))]...)
		for i := from; i < len(out); i++ {
			if c := out[i]; c >= '2' && c <= '9' && out[i-min(1, i)] != 'm' {
				out[i] = byte('2' + random.IntN(8))
			}
		}
	}
	return out
}

func BenchmarkStream(b *testing.B) {
	r, text := compiled(b), corpus(b, 12<<20)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		s := r.Stream(io.Discard)
		for from := 0; from < len(text); from += 64 << 10 {
			if _, err := s.Write(text[from:min(len(text), from+64<<10)]); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	if used := cpuTime() - start; used > 0 {
		b.ReportMetric(float64(len(text))*float64(b.N)/1e6/used.Seconds(), "MB/CPU-s")
	}
}

// BenchmarkReference is what plain expressions reach, for the ratio.
func BenchmarkReference(b *testing.B) {
	plain, text := newReference(shipped(b)), string(corpus(b, 64<<10))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		plain.text(text)
	}
}
