package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
)

// here runs scripts on the machine of the test, with the shell that is named.
func here(shell ...string) Shell {
	return func(ctx context.Context, _, script string, stdout io.Writer) error {
		cmd := exec.CommandContext(ctx, shell[0], shell[1:]...)
		cmd.Stdin, cmd.Stdout = strings.NewReader(script), stdout
		return cmd.Run()
	}
}

func run(t *testing.T, s *Source) (*collect.Result, *bundle.Reader) {
	t.Helper()
	redactor, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	o := collect.Options{Output: filepath.Join(t.TempDir(), "b.tgz"), Redactor: redactor, Window: bundle.Window{From: now.Add(-time.Hour), To: now}}
	res, err := collect.Run(t.Context(), o, []collect.Source{s})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(o.Output, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return res, r
}

func read(t *testing.T, r *bundle.Reader, name string) string {
	t.Helper()
	f, err := r.Open(name)
	if err != nil {
		t.Fatalf("%v; there are %q", err, r.Names())
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// few makes a source ask only the given commands while a test runs.
func few(t *testing.T, some ...command) {
	t.Helper()
	all := commands
	commands = some
	t.Cleanup(func() { commands = all })
}

// TestSource runs every command of the real script but those that walk through folders.
func TestSource(t *testing.T) {
	few(t, slices.DeleteFunc(slices.Clone(commands), func(c command) bool { return c.entry == "largest" || c.entry == "du" || c.entry == "top" })...)
	_, r := run(t, &Source{Nodes: []string{"n1"}, Shell: here("sh", "-s"), Way: "a test"})
	for entry, want := range map[string]string{"load": "load average:", "df": "Mounted on", "df-i": "Inodes", "files": "PID\tOPEN\tLIMIT\tCOMMAND", "versions": "uname -a", "ps": "PID"} {
		if got := read(t, r, bundle.NodeText("n1", entry)); !strings.Contains(got, want) {
			t.Errorf("%s lacks %q:\n%s", entry, want, got)
		}
	}
	clock := strings.TrimSpace(read(t, r, bundle.NodeText("n1", "clock")))
	c, ok := record.ParseHostClock(clock[strings.LastIndexByte(clock, '\n')+1:])
	if !ok || c.Offset.Abs() > c.Uncertainty {
		t.Errorf("the clock of this machine differs from itself by %v: %s", c, clock)
	}
}

// TestLimits: a command that hangs is ended with what it has said, and the next one is asked.
func TestLimits(t *testing.T) {
	few(t, command{entry: "hangs", body: `echo first; t 1 sleep 60`}, command{entry: "silent", body: `t 1 sleep 60`}, command{entry: "none", body: `have no-such-tool || exit 127`}, command{entry: "next", body: `printf next`})
	for _, shell := range []string{"sh -s", "env PATH=/nowhere /bin/sh -s"} {
		began := time.Now()
		res, r := run(t, &Source{Nodes: []string{"n1"}, Shell: here(strings.Fields(shell)...)})
		if time.Since(began) > 30*time.Second {
			t.Errorf("%s: took %s", shell, time.Since(began))
		}
		if got := read(t, r, bundle.NodeText("n1", "next")); got != "next\n" {
			t.Errorf("%s: after a command that hangs: %q", shell, got)
		}
		if got := read(t, r, bundle.NodeText("n1", "hangs")); !strings.HasPrefix(got, "first\n") {
			t.Errorf("%s: what a command said before its limit: %q", shell, got)
		}
		reasons := map[string]string{}
		for _, g := range res.Gaps {
			reasons[g.Entry] = g.Reason
		}
		if reasons[bundle.NodeText("n1", "none")] != bundle.NotFound {
			t.Errorf("%s: gaps %v", shell, res.Gaps)
		}
	}
}

// TestWordsWithoutTimeout lets the shell watch itself.
func TestWordsWithoutTimeout(t *testing.T) {
	began := time.Now()
	out, err := exec.Command("sh", "-c", "timeout() { return 1; }\n"+words+"\nt 1 sleep 60; echo ended; t 5 echo whole").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ended\nwhole\n") || time.Since(began) > 20*time.Second {
		t.Errorf("%v after %s: %s", err, time.Since(began), out)
	}
}

// TestHostsThatFail: what a host has answered is kept; what it has not is told.
func TestHostsThatFail(t *testing.T) {
	few(t, command{entry: "a", body: "echo a"}, command{entry: "b", body: "echo b"}, command{entry: "c", body: "echo c"})
	shell := func(ctx context.Context, node, script string, stdout io.Writer) error {
		switch node {
		case "gone":
			return fmt.Errorf("no route to host")
		case "cut":
			script, _, _ = strings.Cut(script, "printf '\\n%s begin c")
			return here("sh", "-s")(ctx, node, script+"\n}\nall\nexit 1", stdout)
		}
		return here("sh", "-s")(ctx, node, script, stdout)
	}
	res, r := run(t, &Source{Nodes: []string{"cut", "gone", "well"}, Shell: shell, Hosts: 1})
	for _, entry := range []string{"nodes/cut/a.txt", "nodes/cut/b.txt", "nodes/well/a.txt", "nodes/well/c.txt"} {
		read(t, r, entry)
	}
	var gaps []string
	for _, g := range res.Gaps {
		gaps = append(gaps, g.Entry)
	}
	slices.Sort(gaps)
	if want := []string{"nodes/cut/c.txt", "nodes/gone/*"}; !slices.Equal(gaps, want) {
		t.Errorf("gaps %q, want %q", gaps, want)
	}
}

// TestRoot looks into a folder in the place of a host's root, which has no shell to enter.
func TestRoot(t *testing.T) {
	root := t.TempDir()
	pods := filepath.Join(root, "var/log/pods/im_api_1")
	if err := os.MkdirAll(pods, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(pods, "0.log"), make([]byte, 3<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	few(t, slices.DeleteFunc(slices.Clone(commands), func(c command) bool { return c.entry != "du" })...)
	_, r := run(t, &Source{Nodes: []string{"n1"}, Shell: here("sh", "-s"), Root: root})
	if got := read(t, r, bundle.NodeText("n1", "du")); !strings.Contains(got, "M\t/var/log\n") || !strings.Contains(got, "M\t/var/log/pods/im_api_1\n") || strings.Contains(got, root) {
		t.Errorf("du of a root in a folder:\n%s", got)
	}
}

// TestInodeBudget leaves out what lies among too many files, and says so.
func TestInodeBudget(t *testing.T) {
	out, err := exec.Command("sh", "-c", words+"\ninodes=-1; R=; measure /var/log").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "# /var/log was not measured") {
		t.Errorf("%v: %s", err, out)
	}
}
