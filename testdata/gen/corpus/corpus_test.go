package corpus

import (
	"bytes"
	"regexp"
	"testing"
)

func TestRulesAreTwoHundred(t *testing.T) {
	rules := Rules()
	if len(rules) != 200 {
		t.Fatalf("%d rules, want 200", len(rules))
	}
	literals, folded, seen := 0, 0, map[string]bool{}
	for _, r := range rules {
		re, err := regexp.Compile(r.Expression())
		if err != nil {
			t.Fatal(err)
		}
		if seen[re.String()] {
			t.Errorf("%s occurs twice", re)
		}
		seen[re.String()] = true
		if r.Literal != "" {
			literals++
		}
		if bytes.HasPrefix([]byte(r.Match), []byte("(?i)")) {
			folded++
		}
	}
	if literals != 115 || folded != 20 {
		t.Errorf("%d literals and %d in any case, want 115 and 20", literals, folded)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	write := func(seed uint64) []byte {
		var b bytes.Buffer
		for _, l := range Plan(Options{Bytes: 300_000, Files: 15, Seed: seed}) {
			if _, err := l.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	one := write(1)
	if !bytes.Equal(one, write(1)) {
		t.Error("two runs differ")
	}
	if bytes.Equal(one, write(2)) {
		t.Error("another seed gives the same bytes")
	}
	lines := bytes.Count(one, []byte("\n"))
	if perKB := float64(lines) * 1000 / float64(len(one)); perKB < 2.5 || perKB > 5 {
		t.Errorf("%.1f lines per kilobyte", perKB)
	}
}
