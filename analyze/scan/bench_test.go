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

// BenchmarkMoreRules is what 500 further rules of one literal each cost beside 200 rules: under a tenth of the time.
func BenchmarkMoreRules(b *testing.B) {
	text := generated(b, 20_000_000)
	for _, more := range []int{0, 500} {
		b.Run(fmt.Sprintf("more=%d", more), func(b *testing.B) {
			ps := benchPatterns(200)
			for i := range more {
				ps = append(ps, Pattern{Any: []string{fmt.Sprintf("the %c%c relay of vendor %d refused", 'a'+i%26, 'a'+i/26, i)}, Level: 1<<LevelWarn | 1<<LevelError})
			}
			set, err := Compile(ps)
			if err != nil {
				b.Fatal(err)
			}
			sc := set.NewScanner()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if _, err := sc.Scan(bytes.NewReader(text), Options{}, func(Hit) {}); err != nil {
					b.Fatal(err)
				}
			}
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
