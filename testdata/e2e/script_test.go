//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestScript runs the script of the guide's own commands against a real cluster. Its folder is understood as a whole, and has
// a log of every container that kubectl names.
func TestScript(t *testing.T) {
	dir := t.TempDir()
	script, err := exec.Command(program, "specs", "script", "--namespace", healthy.namespace).Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "collect.sh")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", path, "-o", "diag")
	c.Dir = dir
	c.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "PATH="+filepath.Dir(kubectlExe)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.Command(program, "analyze", filepath.Join(dir, "diag.tar.gz"), "-o", "json", "--fail-on", "never").Output()
	var report struct {
		Verdict struct{ Status string }
		Unread  []struct{ Entry, Reason string }
		Stats   struct{ Entries int }
	}
	if jsonErr := json.Unmarshal(out, &report); jsonErr != nil {
		t.Fatalf("%v (%v): %s", jsonErr, err, out)
	}
	if len(report.Unread) > 0 || report.Stats.Entries < 10 {
		t.Errorf("%d entries, not understood: %v", report.Stats.Entries, report.Unread)
	}
	logs, err := filepath.Glob(filepath.Join(dir, "diag", "logs", "*", "*", "*.log"))
	if err != nil || len(logs) == 0 {
		t.Errorf("no logs (%v)", err)
	}
}
