package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Every command that a text of ours advises exists, with the flags that it is advised with.
func TestAdvisedCommandsExist(t *testing.T) {
	list := exec.Command("git", "ls-files", "*.go", "*.yaml", "*.md")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Fatalf("listing the files of the repository: %v", err)
	}
	advised := regexp.MustCompile("(?:[`\"]|\\$ |^)imbundle ((?:collect|analyze|show|serve|verify|specs|demo|version|completion)\\b[^`\"\\n#|…]*)")
	found := 0
	for _, name := range strings.Fields(string(out)) {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "testdata/") {
			continue
		}
		b, err := os.ReadFile("../../" + name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			for _, m := range advised.FindAllStringSubmatch(line, -1) {
				found++
				if wrong := unknownIn(strings.Fields(m[1])); wrong != "" {
					t.Errorf("%s advises `imbundle %s`: %s", name, strings.TrimSpace(m[1]), wrong)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d commands found in the texts", found)
	}
}

// unknownIn says which word of a command line this program does not know.
func unknownIn(words []string) string {
	c, rest, err := newRoot(streams{getenv: func(string) string { return "" }}).Find(words)
	if err != nil || !c.HasParent() {
		return "no such command"
	}
	for _, word := range rest {
		if word == "--" { // what follows is another program's
			break
		}
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case word == "--":
			return "" // what follows is another program's
		case word == "--help":
		case strings.HasPrefix(word, "--"):
			if c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil {
				return "no flag " + word
			}
		case strings.HasPrefix(word, "-") && len(name) == 1:
			if !hasShorthand(c, name) {
				return "no flag " + word
			}
		}
	}
	return ""
}

func hasShorthand(c *cobra.Command, name string) bool {
	return c.Flags().ShorthandLookup(name) != nil || c.InheritedFlags().ShorthandLookup(name) != nil
}
