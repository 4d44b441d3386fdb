package report

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLabelsAreCompleteInBothLanguages(t *testing.T) {
	for name, text := range labels {
		if text.EN == "" || text.ZH == "" {
			t.Errorf("label %q lacks a language: %+v", name, text)
		}
		if strings.Count(text.EN, "%") != strings.Count(text.ZH, "%") {
			t.Errorf("label %q takes other arguments in English than in Chinese: %+v", name, text)
		}
	}
}

// Every label that the code names exists, and none is left over.
func TestLabelsInUse(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range files {
		if file == "labels.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(b)
	}
	for name := range labels {
		family, _, _ := strings.Cut(string(name), ".")
		if !strings.Contains(code.String(), `"`+string(name)+`"`) && !strings.Contains(code.String(), `"`+family+`."`) {
			t.Errorf("label %q is used nowhere", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?:say|field|heading|row)\((?:\d, )?"([a-zA-Z.]+)"`).FindAllStringSubmatch(code.String(), -1) {
		if _, ok := labels[label(m[1])]; !ok {
			t.Errorf("label %q is not in the catalogue", m[1])
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"abcdefghij", 4, "abcd|efgh|ij"},
		{"无法连接 Kafka，请检查", 8, "无法连接|Kafka，|请检查"},
		{"无法连接。", 8, "无法连|接。"},
		{"a 1234567890", 5, "a|12345|67890"},
	} {
		if got := strings.Join(wrap(c.text, c.width), "|"); got != c.want {
			t.Errorf("wrap(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"a\t b\r\n":     "a b",
		"\x1b[31mred":   `\u001b[31mred`,
		"bad \xff byte": `bad \xff byte`,
		"\u202eexe":     `\u202eexe`,
		"消息":            "消息",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}
