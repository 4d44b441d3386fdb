//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func (c *crowd) server(t *testing.T, name string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, "pids", name))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(b), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func (c *crowd) suspend(t *testing.T, name string) (resume func()) {
	t.Helper()
	pid := c.server(t, name)
	signal(t, pid, syscall.SIGSTOP)
	resume = func() { signal(t, pid, syscall.SIGCONT) }
	t.Cleanup(resume)
	return resume
}

// compact makes etcd forget everything but the present, through its own gateway. A write of its own comes first, so that what
// was read before is past.
func (c *crowd) compact(t *testing.T) {
	var ports map[string]int
	b, err := os.ReadFile(filepath.Join(c.dir, "ports.json"))
	if err == nil {
		err = json.Unmarshal(b, &ports)
	}
	if err != nil {
		t.Error(err)
		return
	}
	ask := func(path, body string) (header struct{ Header struct{ Revision string } }) {
		res, err := http.Post(fmt.Sprintf("http://127.0.0.1:%d/v3/kv/%s", ports["etcd"], path), "application/json", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return header
		}
		defer res.Body.Close()
		if err := json.NewDecoder(res.Body).Decode(&header); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("etcd: %s, %v", res.Status, err)
		}
		return header
	}
	now := ask("put", `{"key": "aW1idW5kbGUtZTJl", "value": "eA=="}`) // imbundle-e2e
	ask("compaction", fmt.Sprintf(`{"revision": %q, "physical": true}`, now.Header.Revision))
}

// account makes a service account with the rights of "view", by a binding of that kind, and returns its kubeconfig.
func (c *crowd) account(t *testing.T, name string, binding ...string) string {
	t.Helper()
	c.kubectl(t, append([]string{"create", "serviceaccount", name, "-n", crowdSmall}, "--save-config")...)
	t.Cleanup(func() {
		_, _ = run(t, kubectlExe, "--kubeconfig", c.kubeconfig, "delete", "serviceaccount", name, "-n", crowdSmall)
	})
	c.kubectl(t, append(append([]string{"create"}, binding...), name, "--clusterrole=view", "--serviceaccount="+crowdSmall+":"+name)...)
	undo := append(append([]string{"--kubeconfig", c.kubeconfig, "delete"}, binding...), name)
	t.Cleanup(func() { _, _ = run(t, kubectlExe, undo...) })
	token := strings.TrimSpace(c.kubectl(t, "create", "token", name, "-n", crowdSmall, "--duration=2h"))
	admin, err := os.ReadFile(c.kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := bytes.Cut(admin, []byte("users: "))
	_, after, _ := bytes.Cut(rest, []byte("\n"))
	file := filepath.Join(t.TempDir(), name+".kubeconfig")
	text := fmt.Sprintf("%susers: [{name: rig, user: {token: %s}}]\n%s", before, token, after)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func viewerOfAll(t *testing.T, c *crowd) string {
	return c.account(t, "crowd-viewer", "clusterrolebinding")
}

func viewerOfOne(t *testing.T, c *crowd) string {
	return c.account(t, "crowd-guest", "rolebinding", "-n", crowdSmall)
}

// narrow is a priority level of its own for the viewer, with the smallest share there is, which refuses at once.
const narrow = `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: crowd-narrow}
spec: {type: Limited, limited: {nominalConcurrencyShares: 1, lendablePercent: 0, borrowingLimitPercent: 0, limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: crowd-narrow}
spec:
  priorityLevelConfiguration: {name: crowd-narrow}
  matchingPrecedence: 100
  rules:
  - subjects: [{kind: ServiceAccount, serviceAccount: {name: crowd-viewer, namespace: crowd-small}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
    nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
`

// throttle narrows the viewer's share of the server, and has neighbours with the same account use most of it.
func throttle(t *testing.T, c *crowd) (undo func()) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "narrow.yaml")
	if err := os.WriteFile(file, []byte(narrow), 0o600); err != nil {
		t.Fatal(err)
	}
	c.kubectl(t, "apply", "-f", file)
	t.Cleanup(func() { _, _ = run(t, kubectlExe, "--kubeconfig", c.kubeconfig, "delete", "-f", file) })
	token := strings.TrimSpace(c.kubectl(t, "create", "token", "crowd-viewer", "-n", crowdSmall))
	server := strings.TrimSpace(c.kubectl(t, "config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	ctx, stop := context.WithCancel(t.Context())
	var neighbours sync.WaitGroup
	for range 2 {
		neighbours.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, server+"/api/v1/namespaces/crowd-large/pods?limit=500", nil)
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Authorization", "Bearer "+token)
				if res, err := client.Do(req); err == nil {
					_, _ = bytes.NewBuffer(nil).ReadFrom(res.Body)
					res.Body.Close()
				}
				linger(ctx, time.Second)
			}
		})
	}
	time.Sleep(2 * time.Second) // until the server has taken note of its new priority level
	return func() {
		stop()
		neighbours.Wait()
	}
}
