//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nodeNamespace makes a namespace with one pod on the rig's node, so that the node belongs to what is collected.
func nodeNamespace(t *testing.T) string {
	t.Helper()
	ns := fmt.Sprintf("node-%d-%s", os.Getpid(), strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-")))
	kubectl(t, "create", "namespace", ns)
	t.Cleanup(func() { kubectl(t, "delete", "namespace", ns, "--wait=false") })
	for range 100 {
		if _, err := kubectlMay(t, "get", "serviceaccount", "default", "-n", ns); err == nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	kubectl(t, "run", "carrier", "-n", ns, "--image=localhost/tools:rig", "--image-pull-policy=Never", "--restart=Never", "--command", "--", "sleep", "600")
	kubectl(t, "wait", "-n", ns, "pod/carrier", "--for=condition=Ready", "--timeout=60s")
	return ns
}

const (
	rigNode  = "rig-node"
	ownLabel = "app.kubernetes.io/managed-by=imbundle"
)

func ownPods(t *testing.T, ns string) []string {
	t.Helper()
	return strings.Fields(kubectl(t, "get", "pods", "-n", ns, "-l", ownLabel, "-o", "name"))
}

// TestNodeStats: what the kubelet measures is in the bundle as it says it, with or without the flag for one who may.
func TestNodeStats(t *testing.T) {
	ns := nodeNamespace(t)
	for _, args := range [][]string{nil, {"--node-stats"}} {
		a, _ := collect(t, ns, append(args, "--profile", "quick")...)
		var got, want struct {
			Node struct {
				FS struct{ CapacityBytes, Inodes int64 }
			}
		}
		var config struct {
			Kubeletconfig struct{ EvictionHard map[string]string }
		}
		for name, into := range map[string]any{"summary.json": &got, "configz.json": &config} {
			if err := json.Unmarshal(a.files["nodes/"+rigNode+"/"+name], into); err != nil {
				t.Fatalf("%q: %s: %v", args, name, err)
			}
		}
		raw := kubectl(t, "get", "--raw", "/api/v1/nodes/"+rigNode+"/proxy/stats/summary")
		if err := json.Unmarshal([]byte(raw), &want); err != nil {
			t.Fatal(err)
		}
		if got != want || got.Node.FS.CapacityBytes == 0 || config.Kubeletconfig.EvictionHard["memory.available"] != "100Mi" {
			t.Errorf("%q: %+v, want %+v; evicts at %v", args, got, want, config.Kubeletconfig.EvictionHard)
		}
	}
}

// testMount is a file system on this machine, which is the rig's node, that df takes for a disk.
func testMount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("/dev/vdz1", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("this machine refuses mounts: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestNodePod asks the node in a pod, with a full disk on it, and with one without inodes; the pod is gone afterwards and was
// never seen.
func TestNodePod(t *testing.T) {
	ns := nodeNamespace(t)
	for _, tt := range []struct {
		name, options, cause string
		fill                 func(dir string) error
	}{
		{"disk", "size=1m,nr_inodes=1000", "node-disk-full", func(dir string) error {
			err := os.WriteFile(filepath.Join(dir, "data"), make([]byte, 2<<20), 0o600)
			if err == nil {
				return fmt.Errorf("the disk is not full")
			}
			return nil
		}},
		{"inodes", "size=64m,nr_inodes=50", "node-inodes-exhausted", func(dir string) error {
			for i := range 60 {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o600); err != nil {
					return nil
				}
			}
			return fmt.Errorf("there are inodes left")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := testMount(t, tt.options)
			if err := tt.fill(dir); err != nil {
				t.Fatal(err)
			}
			a, res := collect(t, ns, "--node-mode", "pod", "--since", "1s")
			for entry, want := range map[string]string{"df": dir, "df-i": dir, "free": "Mem:", "load": "load average", "top": "PID", "versions": "uname", "files": "file-nr", "clock": "minus the collector's", "du": "/var/log"} {
				if got := string(a.files["nodes/"+rigNode+"/"+entry+".txt"]); !strings.Contains(got, want) {
					t.Errorf("%s lacks %q:\n%s\n%s", entry, want, got, res.err)
				}
			}
			root, err := run(t, "df", "-h", "/")
			if err != nil {
				t.Fatal(err)
			}
			device := strings.Fields(strings.Split(root, "\n")[1])
			if df := string(a.files["nodes/"+rigNode+"/df.txt"]); !strings.Contains(df, device[0]+" ") || strings.Contains(df, "/host") {
				t.Errorf("df of the host, seen from it: %s\nin the bundle:\n%s", root, df)
			}
			if left := ownPods(t, ns); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
			if pods := string(a.files["cluster-resources/pods/"+ns+".json"]); strings.Contains(pods, "imbundle-node-") {
				t.Error("the bundle holds the run's own pod")
			}
			r := analyze(t, a)
			if r.leading() != tt.cause {
				t.Errorf("leads with %s, want %s: %+v", r.leading(), tt.cause, r.Verdict.Causes)
			}
		})
	}
}

// TestNodePodRefused: what keeps a pod from its work is told; the rest is collected.
func TestNodePodRefused(t *testing.T) {
	ns := nodeNamespace(t)
	check := func(name, reason, says string, args ...string) {
		t.Helper()
		a, res := collect(t, ns, append([]string{"--node-mode", "pod", "--profile", "quick"}, args...)...)
		if !slices.ContainsFunc(a.manifest.Gaps, func(g gap) bool {
			return g.Source == "node" && g.Reason == reason && strings.Contains(g.Detail, says) && g.Costs != ""
		}) {
			t.Errorf("%s: no gap of reason %s says %q: %+v", name, reason, says, a.manifest.Gaps)
		}
		if len(a.files["cluster-resources/pods/"+ns+".json"]) == 0 || res.code != 0 {
			t.Errorf("%s: exit code %d, the pods are missing: %s", name, res.code, res.err)
		}
		if left := ownPods(t, ns); len(left) > 0 {
			t.Errorf("%s: left behind: %q", name, left)
		}
	}
	check("an image that the node lacks", "not-found", "--node-image", "--node-image", "docker.io/library/nowhere:1")
	kubectl(t, "label", "namespace", ns, "pod-security.kubernetes.io/enforce=restricted")
	check("an admission that forbids it", "forbidden", "PodSecurity")
}

// withPod waits until the pod of a run under way is there.
func withPod(t *testing.T, ns string) {
	t.Helper()
	for range 300 {
		if len(ownPods(t, ns)) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("no pod was made")
}

// TestNodePodInterrupted: Ctrl-C takes the pod away; a kill cannot, and cleanup does.
func TestNodePodInterrupted(t *testing.T) {
	ns := nodeNamespace(t)
	file, args := collectArgs(t, kubeconfig, "-n", ns, "--node-mode", "pod")
	r := begin(t, args...)
	withPod(t, ns)
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if res := r.wait(); res.code != 3 {
		t.Errorf("interrupted: exit code %d\n%s", res.code, res.err)
	}
	unpack(t, file)
	if left := ownPods(t, ns); len(left) > 0 {
		t.Errorf("left behind after Ctrl-C: %q", left)
	}

	_, args = collectArgs(t, kubeconfig, "-n", ns, "--node-mode", "pod")
	r = begin(t, args...)
	withPod(t, ns)
	if err := r.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	r.wait()
	left := ownPods(t, ns)
	if len(left) != 1 {
		t.Fatalf("a kill leaves %q", left)
	}
	name := strings.TrimPrefix(left[0], "pod/")
	if res := imbundle(t, "cleanup", "--kubeconfig", kubeconfig, "-n", ns); res.code != 0 || !strings.Contains(res.out, "deleted pod "+ns+"/"+name+" of node "+rigNode) {
		t.Errorf("cleanup: exit code %d\n%s%s", res.code, res.out, res.err)
	}
	if left := ownPods(t, ns); len(left) > 0 {
		t.Errorf("left behind after cleanup: %q", left)
	}
	if res := imbundle(t, "cleanup", "--kubeconfig", kubeconfig, "-n", ns); res.code != 0 || res.out != "" || !strings.Contains(res.err, "nothing was left behind in "+ns) {
		t.Errorf("cleanup of nothing: exit code %d\n%s%s", res.code, res.out, res.err)
	}
	if pods := kubectl(t, "get", "pods", "-n", ns, "-o", "name"); strings.TrimSpace(pods) != "pod/carrier" {
		t.Errorf("cleanup took more than its own: %s", pods)
	}
}

// TestNodePlan: what pods and ssh would do is in the plan, and their rights only with the flag.
func TestNodePlan(t *testing.T) {
	ns := nodeNamespace(t)
	plain := imbundle(t, "collect", "--kubeconfig", kubeconfig, "-n", ns, "--plan").out
	pods := imbundle(t, "collect", "--kubeconfig", kubeconfig, "-n", ns, "--plan", "--node-mode", "pod", "--node-stats").out
	ssh := imbundle(t, "collect", "--kubeconfig", kubeconfig, "-n", ns, "--plan", "--node-mode", "ssh").out
	_, rights, _ := strings.Cut(plain, "LEAST RIGHTS")
	if strings.Contains(rights, "nodes/proxy") || strings.Contains(rights, `verbs: ["create"]`) {
		t.Errorf("rights that nobody asked for:\n%s", rights)
	}
	_, rights, _ = strings.Cut(pods, "LEAST RIGHTS")
	for _, want := range []string{"nodes/proxy", `verbs: ["create"]`, `verbs: ["delete"]`, "amounts to"} {
		if !strings.Contains(rights, want) {
			t.Errorf("the rights lack %q:\n%s", want, rights)
		}
	}
	if !strings.Contains(pods, "make a pod on each node") || !strings.Contains(ssh, "sh by ssh as root: clock, load, df") {
		t.Errorf("the plans do not tell:\n%s\n%s", pods, ssh)
	}
	if left := ownPods(t, ns); len(left) > 0 {
		t.Errorf("a plan made %q", left)
	}
}

// TestNodeLeastRights: with the rights that the plan prints, and no others, kubelet and node are asked.
func TestNodeLeastRights(t *testing.T) {
	ns := nodeNamespace(t)
	flags := []string{"--node-mode", "pod", "--node-stats"}
	rights := filepath.Join(t.TempDir(), "rights.yaml")
	res := imbundle(t, append([]string{"collect", "--kubeconfig", kubeconfig, "-n", ns, "--plan=rbac"}, flags...)...)
	if err := os.WriteFile(rights, []byte(res.out), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "apply", "-f", rights)
	t.Cleanup(func() { kubectl(t, "delete", "-f", rights, "--ignore-not-found", "--wait=false") })
	a, res := collect(t, ns, append(flags, "--profile", "quick", "--since", "1s", "--as", "system:serviceaccount:"+ns+":imbundle")...)
	for _, name := range []string{"df.txt", "du.txt", "summary.json", "configz.json"} {
		if len(a.files["nodes/"+rigNode+"/"+name]) == 0 {
			t.Errorf("%s is missing\n%s", name, res.err)
		}
	}
	if slices.ContainsFunc(a.manifest.Gaps, func(g gap) bool { return g.Reason == "forbidden" }) || len(ownPods(t, ns)) > 0 {
		t.Errorf("gaps %+v, left behind %q", a.manifest.Gaps, ownPods(t, ns))
	}
}
