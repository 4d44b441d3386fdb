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
