package scan

import (
	"bytes"
	"fmt"
	"testing"
)

// BenchmarkScan runs a Scanner over generated logs.
func BenchmarkScan(b *testing.B) {
	text := generated(b, 20_000_000)
	for _, n := range []int{10, 50, 200} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			set, err := Compile(benchPatterns(n))
			if err != nil {
				b.Fatal(err)
			}
			sc := set.NewScanner()
			b.SetBytes(int64(len(text)))
			hits := 0
			for b.Loop() {
				hits = 0
				if _, err := sc.Scan(bytes.NewReader(text), Options{}, func(Hit) { hits++ }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(hits), "hits")
		})
	}
}

// BenchmarkPlain is the reference: every rule on every line by the regexp package.
func BenchmarkPlain(b *testing.B) {
	text := generated(b, 1_000_000)
	lines := plainLines(text, defaultMaxLine)
	for _, n := range []int{10, 50, 200} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			ps := plainPatterns(benchPatterns(n))
			b.SetBytes(int64(len(text)))
			hits := 0
			for b.Loop() {
				hits = 0
				for _, l := range lines {
					for i := range ps {
						if ps[i].describes(l, LevelUnknown) {
							hits++
						}
					}
				}
			}
			b.ReportMetric(float64(hits), "hits")
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	ps := benchPatterns(200)
	for b.Loop() {
		if _, err := Compile(ps); err != nil {
			b.Fatal(err)
		}
	}
}
