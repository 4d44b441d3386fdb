package scan

import (
	"os"
	"path/filepath"
	"testing"
)

// samples are the logs of testdata, which real programs wrote, and generated ones.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.log")
	if err != nil || len(names) < 8 {
		t.Fatalf("only %d samples: %v", len(names), err)
	}
	texts := map[string][]byte{"generated": generated(t, 600_000)}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(name)] = text
	}
	return texts
}
