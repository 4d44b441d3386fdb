//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is the process id of a server of the rig.
func server(t *testing.T, name string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(rigDir, "pids", name))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(b), &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

// suspend stops a server's process without ending it: it accepts connections and never answers.
func suspend(t *testing.T, name string) (resume func()) {
	t.Helper()
	pid := server(t, name)
	signal(t, pid, syscall.SIGSTOP)
	resume = func() { signal(t, pid, syscall.SIGCONT) }
	t.Cleanup(resume)
	return resume
}

func signal(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Error(err)
	}
}

// cut checks what a run leaves that could not get everything: exit code 3, a whole file that says what is missing.
func cut(t *testing.T, file string, res result, within time.Duration) *archive {
	t.Helper()
	if res.code != 3 {
		t.Errorf("exit code %d, want 3\n%s", res.code, res.err)
	}
	if res.took > within {
		t.Errorf("took %s, want at most %s", res.took, within)
	}
	a := unpack(t, file)
	if a.manifest.Complete || a.manifest.Reason == "" || len(a.manifest.Gaps) == 0 {
		t.Errorf("complete %v, reason %q, %d gaps", a.manifest.Complete, a.manifest.Reason, len(a.manifest.Gaps))
	}
	return a
}

// TestAPIServerHangs suspends the API server when the survey is done and the sources begin.
func TestAPIServerHangs(t *testing.T) {
	stage(t, healthy)
	file, args := collectArgs(t, kubeconfig, "-n", healthy.namespace, "--deadline", "20s", "--request-timeout", "5s")
	r := begin(t, args...)
	r.says("Kubernetes v")
	resume := suspend(t, "apiserver")
	res := r.wait()
	resume()
	cut(t, file, res, 26*time.Second)
}

// TestAPIServerDies kills the API server while the sources read. The rig starts it again.
func TestAPIServerDies(t *testing.T) {
	stage(t, healthy)
	file, args := collectArgs(t, kubeconfig, "-n", healthy.namespace)
	r := begin(t, args...)
	r.says("Kubernetes v")
	signal(t, server(t, "apiserver"), syscall.SIGKILL)
	t.Cleanup(func() { rig(t, "up") })
	cut(t, file, r.wait(), 60*time.Second)
}

// TestKubeletHangs suspends the kubelet: logs do not come, everything else does, and the deadline holds.
func TestKubeletHangs(t *testing.T) {
	stage(t, healthy)
	resume := suspend(t, "kubelet")
	file, args := collectArgs(t, kubeconfig, "-n", healthy.namespace, "--deadline", "25s", "--request-timeout", "5s")
	res := imbundle(t, args...)
	resume()
	a := cut(t, file, res, 31*time.Second)
	a.has(t, "cluster-resources/pods/openim.json", "cluster-resources/nodes.json", "cluster-resources/events/openim.json", "tables/pods/openim.txt")
	late := 0
	for _, g := range a.manifest.Gaps {
		if strings.HasPrefix(g.Entry, "cluster-resources/pods/logs/") && g.Reason == "timeout" {
			late++
		}
	}
	if late < 14 {
		t.Errorf("%d logs are told to have come too late: %+v", late, a.manifest.Gaps)
	}
}

// TestInterrupted sends the signals of Ctrl-C and of a shutdown while a kubelet hangs.
func TestInterrupted(t *testing.T) {
	stage(t, healthy)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			resume := suspend(t, "kubelet")
			defer resume()
			file, args := collectArgs(t, kubeconfig, "-n", healthy.namespace)
			r := begin(t, args...)
			r.says("Kubernetes v")
			time.Sleep(2 * time.Second)
			signal(t, r.cmd.Process.Pid, sig)
			at := time.Now()
			res := r.wait()
			if took := time.Since(at); took > 5*time.Second {
				t.Errorf("ended %s after the signal", took)
			} else {
				t.Logf("ended %s after the signal", took.Round(time.Millisecond))
			}
			a := cut(t, file, res, time.Minute)
			a.has(t, "cluster-resources/pods/openim.json")
		})
	}
}

// TestPodVanishes deletes a pod by force while its long log is read, and others between the survey and the reading of
// their logs, for which the kubelet is suspended. That costs the pods' own logs and nothing else.
func TestPodVanishes(t *testing.T) {
	chatty := scenario{namespace: "openim-chatty", fault: "chatty", app: "openim-rpc-auth", shows: talkedEnough}
	for name, c := range map[string]struct {
		gone  []string
		hangs bool
	}{
		"mid-log":        {[]string{"openim-rpc-auth"}, false},
		"before the log": {[]string{"openim-api", "openim-push", "openim-rpc-auth"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			stage(t, chatty)
			before := pods(t, chatty.namespace)
			file, args := collectArgs(t, kubeconfig, "-n", chatty.namespace)
			resume := func() {}
			r := begin(t, args...)
			r.says("Kubernetes v")
			if c.hangs {
				resume = suspend(t, "kubelet")
			}
			kubectl(t, "delete", "pod", "-n", chatty.namespace, "-l", "app in ("+strings.Join(c.gone, ",")+")", "--grace-period=0", "--force")
			resume()
			res := r.wait()
			if res.code != 0 && res.code != 3 {
				t.Errorf("exit code %d\n%s", res.code, res.err)
			}
			unpack(t, file).lost(t, chatty.namespace, before, c.gone)
		})
	}
}

// lost checks that every log is there, but for those of the components that are gone: they are there or told to be missing.
func (a *archive) lost(t *testing.T, namespace string, before []pod, gone []string) {
	t.Helper()
	told := map[string]string{}
	for _, g := range a.manifest.Gaps {
		told[g.Entry] = g.Reason
	}
	for _, p := range before {
		name := logName(namespace, p.Metadata.Name, p.Spec.Containers[0].Name)
		_, there := a.files[name]
		if slices.Contains(gone, p.Metadata.Labels["app"]) {
			t.Logf("%s: %d bytes, gap %q", name, len(a.files[name]), told[name])
			there = there || told[name] != ""
		}
		if !there {
			t.Errorf("%s is neither there nor told to be missing (gap %q)", name, told[name])
		}
	}
}

// talkedEnough is a pod that has written its long log and waits.
func talkedEnough(p pod) bool { return p.Metadata.Labels["app"] == "openim-rpc-auth" && quiet(p) }
