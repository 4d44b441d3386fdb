package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "rewrite the generated documents")

// docs/commands.md is what the commands say of themselves; a difference fails.
func TestCommandReference(t *testing.T) {
	const file = "../../docs/commands.md"
	var b strings.Builder
	b.WriteString("# Commands\n\nPrinted from the program by `go test ./cmd/imbundle -run Reference -update`.\n\n```\n" + exitHelp + "```\n")
	document(t, &b, newRoot(streams{getenv: func(string) string { return "" }}))
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("%s differs from the program (rewrite with -update)", file)
	}
}

// document writes the help of c and of all below it, without what every help repeats.
func document(t *testing.T, b *strings.Builder, c *cobra.Command) {
	t.Helper()
	if c.Name() == "help" || c.Name() == "completion" {
		return
	}
	var help bytes.Buffer
	c.InitDefaultHelpFlag()
	c.SetOut(&help)
	if err := c.Help(); err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(strings.Replace(help.String(), exitHelp, "", 1))
	b.WriteString("\n## " + c.CommandPath() + "\n\n```\n" + text + "\n```\n")
	for _, sub := range c.Commands() {
		document(t, b, sub)
	}
}
