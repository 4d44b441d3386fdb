//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// crowd is the rig with KWOK: 200 nodes, 2,000 pods with a log of 100 KB each, 50 pods with 200 MB each.
type crowd struct {
	kubeconfig, dir string
}

// The namespaces of the crowd and how many pods each has.
const (
	crowdLarge, crowdMiddle, crowdSmall, crowdLoud = "crowd-large", "crowd-middle", "crowd-small", "crowd-loud"
	inLarge, inMiddle, inSmall, inLoud             = 1100, 600, 300, 50
)

var theCrowd sync.Once

// standing is the crowd, its logs written anew once per run of the tests. It needs `testdata/rig/rig -name scale up kwok`.
func standing(t *testing.T) *crowd {
	t.Helper()
	env := map[string]string{}
	for line := range strings.Lines(rig(t, "-name", "scale", "env")) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		env[name] = strings.Trim(value, "'")
	}
	if s := env["IMBUNDLE_RIG_SKIPPED"]; s != "" {
		t.Skip(s)
	}
	c := &crowd{env["KUBECONFIG"], env["IMBUNDLE_RIG_DIR"]}
	theCrowd.Do(func() { t.Log(rig(t, "-name", "scale", "crowd")) })
	return c
}

func (c *crowd) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, kubectlExe, append([]string{"--kubeconfig", c.kubeconfig, "--request-timeout=60s"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// nodes are those of the pods, by namespace/name.
func (c *crowd) nodes(t *testing.T) map[string]string {
	t.Helper()
	out := c.kubectl(t, "get", "pods", "-A", "-o", `jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name} {.spec.nodeName}{"\n"}{end}`)
	nodes := map[string]string{}
	for line := range strings.Lines(out) {
		pod, node, _ := strings.Cut(strings.TrimSpace(line), " ")
		nodes[pod] = node
	}
	return nodes
}

// served is what kubectl would print of a log with its times, read from KWOK's own file.
func (c *crowd) served(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(c.dir, "kwok", file))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(b, []byte(" stdout F "), []byte(" "))
}

// cpu is what the servers have used so far.
func (c *crowd) cpu(t *testing.T) (sum time.Duration) {
	t.Helper()
	for _, name := range []string{"apiserver", "kwok", "etcd"} {
		pid, err := os.ReadFile(filepath.Join(c.dir, "pids", name))
		if err != nil {
			t.Fatal(err)
		}
		stat, err := os.ReadFile("/proc/" + strings.Fields(string(pid))[0] + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')'):]))
		for _, ticks := range f[12:14] { // user and system time, a hundred a second
			n, err := strconv.Atoi(ticks)
			if err != nil {
				t.Fatal(err)
			}
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}

// logs counts the logs of a namespace that are what was served. All pods say the same, so one is held against the file
// and the others against that.
func (a *archive) logs(t *testing.T, namespace string, served []byte) (n int) {
	t.Helper()
	var model []byte
	for name, content := range a.files {
		if !strings.HasPrefix(name, "cluster-resources/pods/logs/"+namespace+"/") {
			continue
		}
		if model == nil {
			if err := sameButRedacted(content, served, true); err != nil {
				t.Logf("%s: %v", name, err)
				continue
			}
			model = content
		}
		if bytes.Equal(content, model) {
			n++
		}
	}
	return n
}

// objects counts the elements of a list; -1: there is none.
func (a *archive) objects(t *testing.T, entry string) int {
	t.Helper()
	content, there := a.files[entry]
	if !there {
		return -1
	}
	var list struct{ Items []struct{} }
	if err := json.Unmarshal(content, &list); err != nil {
		t.Errorf("%s: %v", entry, err)
	}
	return len(list.Items)
}

// crowdKinds are counted against kubectl, in each namespace.
var crowdKinds = []string{"pods", "deployments", "replicasets", "services", "endpointslices", "configmaps", "serviceaccounts"}

// sameObjects counts the objects of a namespace against kubectl's, and returns how many there are and should be.
func (a *archive) sameObjects(t *testing.T, c *crowd, namespace string) (got, want int) {
	t.Helper()
	for _, kind := range crowdKinds {
		n := strings.Count(c.kubectl(t, "get", kind, "-n", namespace, "-o", "name"), "\n")
		have := a.objects(t, "cluster-resources/"+kind+"/"+namespace+".json")
		if have != n {
			t.Logf("%s of %s: %d, kubectl lists %d", kind, namespace, have, n)
		}
		got, want = got+max(0, have), want+n
	}
	return got, want
}

// reasons counts gaps: "12 timeout, 3 forbidden"; what no metrics-server costs is left out, and what KWOK's nodes and pods, which
// are none, cannot show: no kubelet is asked there, and the addresses of pods lead nowhere, so how that fails is the machine's matter.
func (a *archive) reasons() string {
	counts := map[string]int{}
	for _, g := range a.manifest.Gaps {
		if g.Source != "kube-top" && g.Source != "kube-metrics" && !(g.Source == "kube-nodes" && strings.Contains(g.Detail, "a node that KWOK plays")) {
			counts[g.Reason]++
		}
	}
	var words []string
	for _, reason := range []string{"forbidden", "timeout", "not-found", "budget", "error", "interrupted", "redaction"} {
		if n := counts[reason]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, reason))
		}
	}
	return strings.Join(words, ", ")
}
