package redact_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle/redact"
)

// samples are every text of the repository that stands for evidence: logs, lists, tables, describe texts.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	texts := map[string][]byte{}
	for _, root := range []string{"testdata/samples", "../../testdata/cases", "../../testdata/rig", "../../analyze/testdata", "../../analyze/scan/testdata"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			texts[path], err = os.ReadFile(path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) < 100 {
		t.Fatalf("only %d samples", len(texts))
	}
	return texts
}

// TestTwiceIsOnce holds redaction to giving the same bytes when its own output passes it again: a continued collection
// carries entries from the earlier bundle through the same door, and their sums must not change.
func TestTwiceIsOnce(t *testing.T) {
	set, r := loaded(t)
	texts := samples(t)
	for _, rule := range set.Redactions {
		texts["the examples of "+rule.ID] = []byte(strings.Join(append(append([]string{}, rule.Hit...), rule.Miss...), "\n"))
		for i, hit := range rule.Hit {
			texts[rule.ID+" alone "+string(rune('a'+i))] = []byte(hit)
		}
	}
	replaced := int64(0)
	for name, text := range texts {
		once, counts, err := through(r, text)
		if err != nil {
			continue // such an entry is dropped, and never comes a second time
		}
		for _, n := range counts {
			replaced += n
		}
		twice, again, err := through(r, once)
		if err != nil {
			t.Errorf("%s: the second time: %v", name, err)
			continue
		}
		if !bytes.Equal(once, twice) {
			a, b := differ(once, twice)
			t.Errorf("%s: redacting twice differs (%v):\nonce  %q\ntwice %q", name, again, a, b)
		}
	}
	if replaced < 100 {
		t.Errorf("only %d replacements in all samples: they show nothing", replaced)
	}
}

func through(r *redact.Redactor, text []byte) ([]byte, map[string]int64, error) {
	var out bytes.Buffer
	s := r.Stream(&out)
	if _, err := s.Write(text); err != nil {
		return nil, nil, err
	}
	err := s.Close()
	return out.Bytes(), s.Counts(), err
}

// differ cuts two texts down to where they part.
func differ(a, b []byte) (string, string) {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	from := max(0, i-60)
	return string(a[from:min(len(a), i+100)]), string(b[from:min(len(b), i+100)])
}
