//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// viewer is a kubeconfig whose user may view one namespace and nothing else.
func viewer(t *testing.T, namespace string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "viewer.kubeconfig")
	if err := os.WriteFile(file, []byte(rig(t, "kubeconfig", namespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// namespaceOnly collects without any flag but the kubeconfig, with rights in one namespace. What is forbidden is told with
// what it costs; the diagnosis is the same.
func namespaceOnly(t *testing.T, s scenario) {
	a, res := collectAs(t, viewer(t, s.namespace))
	if res.code != 0 {
		t.Errorf("exit code %d: what is known to be forbidden is not promised\n%s", res.code, res.err)
	}
	a.has(t, "cluster-resources/pods/"+s.namespace+".json", "tables/pods/"+s.namespace+".txt",
		"cluster-resources/events/"+s.namespace+".json", "cluster-resources/deployments/"+s.namespace+".json")
	logs := 0
	for name := range a.files {
		if strings.HasPrefix(name, "cluster-resources/pods/logs/") {
			logs++
		}
		if name == "cluster-resources/nodes.json" || strings.HasPrefix(name, "tables/secrets/") {
			t.Errorf("%s: the user may not read that", name)
		}
	}
	if logs < 14 {
		t.Errorf("%d logs", logs)
	}
	forbidden := map[string]bool{}
	for _, g := range a.manifest.Gaps {
		if g.Reason == "forbidden" {
			forbidden[strings.TrimPrefix(g.Entry, "cluster-resources/")] = true
			if g.Costs == "" {
				t.Errorf("gap without its cost: %+v", g)
			}
		}
	}
	if !forbidden["nodes.json"] {
		t.Errorf("nobody says that nodes are forbidden: %+v", a.manifest.Gaps)
	}
	s.judge(t, a, analyze(t, a))
}
