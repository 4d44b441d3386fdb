//go:build e2e

// Package e2e runs the built program against the real servers of testdata/rig: a control plane, a node, metrics-server.
// Namespaces hold a whole OpenIM each, healthy or with one fault; each is collected and analyzed as a customer and a
// support engineer would, and kubectl is asked for the same things as a witness.
//
// What needs many pods (TestScale…) runs against a second rig, whose nodes KWOK plays.
//
// The rigs have to be up (testdata/rig/rig up, testdata/rig/rig -name scale up kwok) and bin/imbundle built; `make e2e` does
// all of that. TestSmoke alone is what CI runs.
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The rig and the program under test, found by TestMain.
var (
	root       string // of the repository
	program    string // bin/imbundle
	kubeconfig string // of the cluster's administrator
	kubectlExe string
	rigDir     string // state of the rig: pids, logs, keys
)

func TestMain(m *testing.M) {
	reason, err := findRig()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	case reason != "":
		fmt.Fprintln(os.Stderr, "e2e: skipped:", reason)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// findRig tells why the machine refuses to run it, or fails when something that should be there is not.
func findRig() (skipped string, err error) {
	if root, err = filepath.Abs(filepath.Join("..", "..")); err != nil {
		return "", err
	}
	program = filepath.Join(root, "bin", "imbundle")
	if _, err := os.Stat(program); err != nil {
		return "", fmt.Errorf("%w: run `make build`", err)
	}
	out, err := exec.Command(filepath.Join(root, "testdata", "rig", "rig"), "env").Output()
	if err != nil {
		return "", fmt.Errorf("asking the rig: %w", err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		env[name] = strings.Trim(value, "'")
	}
	kubeconfig, kubectlExe, rigDir = env["KUBECONFIG"], env["IMBUNDLE_RIG_KUBECTL"], env["IMBUNDLE_RIG_DIR"]
	if s := env["IMBUNDLE_RIG_SKIPPED"]; s != "" {
		return s, nil
	}
	out, err = exec.Command(kubectlExe, "--kubeconfig", kubeconfig, "--request-timeout=10s", "get", "--raw", "/readyz").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the rig is not up (run `testdata/rig/rig up`): %s", out)
	}
	return "", nil
}
