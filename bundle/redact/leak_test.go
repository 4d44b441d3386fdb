package redact

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// leaked are the secrets and the chat texts of the samples.
var leaked = regexp.MustCompile(`CANARY\d*|openIM123|eyJ[A-Za-z0-9]+|wrongpw|YOURAUTHPASSWORD|hello \d`)

func TestSamplesLeakNothing(t *testing.T) {
	r := compiled(t)
	files, err := filepath.Glob("testdata/samples/*")
	if err != nil || len(files) < 5 {
		t.Fatalf("samples: %v %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		before := leaked.FindAllString(string(b), -1)
		if len(before) == 0 && !strings.HasSuffix(f, "etcd.log") && !strings.HasSuffix(f, "kafka-down.log") {
			t.Errorf("%s holds no secret to hide", f)
		}
		out := redacted(t, r, string(b), 1000)
		for _, line := range strings.Split(out, "\n") {
			if m := leaked.FindString(line); m != "" {
				t.Errorf("%s: %q is left in %q", f, m, line)
			}
		}
		if n, m := strings.Count(string(b), "\n"), strings.Count(out, "\n"); n != m {
			t.Errorf("%s: %d lines became %d", f, n, m)
		}
	}
}

func TestShapesKeepWhatIsNoSecret(t *testing.T) {
	b, err := os.ReadFile("testdata/samples/shapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	r := compiled(t)
	keep := regexp.MustCompile(`KEEP`)
	lines, out := strings.Split(string(b), "\n"), strings.Split(redacted(t, r, string(b), 64), "\n")
	for i, line := range lines {
		line = strings.ReplaceAll(line, "KEEP-not", "")
		line = strings.ReplaceAll(line, "KEEPnot", "")
		if want, got := len(keep.FindAllString(line, -1)), len(keep.FindAllString(strings.ReplaceAll(out[i], "KEEP-not", ""), -1)); got != want {
			t.Errorf("line %d: %d of %d words to keep are left:\n %s\n %s", i+1, got, want, line, out[i])
		}
	}
}
