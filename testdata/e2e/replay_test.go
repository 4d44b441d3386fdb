//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// The kinds that the snapshot describes, and those that it stores as objects.
var describedKinds = []string{"pods", "deployments", "statefulsets", "daemonsets", "jobs", "cronjobs", "services", "persistentvolumeclaims"}

// sameDescribes compares every stored description with what kubectl says now. Ages are made equal, secrets are left out.
func sameDescribes(t *testing.T, a *archive, namespace string) {
	compared := 0
	for _, name := range a.names("describe/" + namespace + "/") {
		kind, object, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "describe/"+namespace+"/"), ".txt"), "/")
		ours, theirs := ageless(string(a.files[name])), ageless(kubectl(t, "describe", "-n", namespace, kind, object))
		if !slices.EqualFunc(ours, theirs, sameButSecret) {
			t.Errorf("%s:\n%s\nkubectl:\n%s", name, strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
		}
		compared++
	}
	if compared < 30 {
		t.Errorf("only %d objects are described", compared)
	}
	sameNode(t, a)
}

// sameNode leaves out what a snapshot of one namespace cannot say, and what the kubelet renews every few seconds.
func sameNode(t *testing.T, a *archive) {
	const name = "describe/_cluster/nodes/rig-node.txt"
	steady := func(text string) []string {
		head, _, _ := strings.Cut(text, "Non-terminated Pods:")
		head = regexp.MustCompile(`(?s)Lease:.*?Conditions:`).ReplaceAllString(head, "Conditions:")
		return ageless(regexp.MustCompile(`\w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000`).ReplaceAllString(head, "TIME"))
	}
	ours, theirs := steady(string(a.files[name])), steady(kubectl(t, "describe", "node", "rig-node"))
	if !slices.Equal(ours, theirs) {
		t.Errorf("%s:\n%s\nkubectl:\n%s", name, strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
	}
}

var (
	age    = regexp.MustCompile(`\b(\d+[dhms]){1,2}\b`)
	blanks = regexp.MustCompile(` +|-{2,}`) // as wide as the widest age in a column
)

func ageless(text string) []string {
	return strings.Split(blanks.ReplaceAllString(age.ReplaceAllString(text, "AGE"), " "), "\n")
}

func sameButSecret(ours, theirs string) bool {
	return ours == theirs || lineMatches([]byte(ours), []byte(theirs))
}

// replayed serves the bundle and lets kubectl compare: it finds what is stored, to the letter.
func replayed(t *testing.T, a *archive, namespace string) {
	config := filepath.Join(t.TempDir(), "kubeconfig")
	server := begin(t, "serve", a.path, "--kubeconfig", config)
	server.says("serving namespace " + namespace)
	ask := func(args ...string) string {
		t.Helper()
		out, err := run(t, kubectlExe, append([]string{"--kubeconfig", config, "--request-timeout=20s"}, args...)...)
		if err != nil {
			t.Errorf("kubectl %q: %v", args, err)
		}
		return out
	}
	t.Run("tables", func(t *testing.T) { replayedTables(t, a, namespace, ask) })
	t.Run("objects", func(t *testing.T) { replayedObjects(t, a, namespace, ask) })
	t.Run("logs", func(t *testing.T) { replayedLogs(t, a, namespace, ask) })
	t.Run("top", func(t *testing.T) {
		for name, theirs := range map[string]string{
			"top/pods.txt": ask("top", "pods", "-n", namespace), "top/containers.txt": ask("top", "pods", "--containers", "-n", namespace),
			"top/nodes.txt": ask("top", "nodes"),
		} {
			ours := string(a.files[name])
			if name == "top/containers.txt" { // kubectl prints the containers of a pod in no order
				ours, theirs = inOrder(ours), inOrder(theirs)
			}
			if ours != theirs {
				t.Errorf("%s:\n%s\nkubectl:\n%s", name, ours, theirs)
			}
		}
	})
	t.Run("describe", func(t *testing.T) {
		for _, kind := range describedKinds {
			for _, name := range a.names("describe/" + namespace + "/" + kind + "/") {
				object := strings.TrimSuffix(filepath.Base(name), ".txt")
				ours, theirs := ageless(string(a.files[name])), ageless(ask("describe", "-n", namespace, kind, object))
				if !slices.Equal(ours, theirs) {
					t.Errorf("%s:\n%s\nkubectl:\n%s", name, strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
				}
			}
		}
	})
	t.Run("rollout", func(t *testing.T) {
		for line := range strings.Lines(string(a.files["rollout/"+namespace+".txt"])) {
			if m := regexp.MustCompile(`^deployment "(\S+)" successfully`).FindStringSubmatch(line); m != nil {
				if theirs := ask("rollout", "status", "-n", namespace, "deployment/"+m[1], "--watch=false"); theirs != line {
					t.Errorf("%q, kubectl: %q", line, theirs)
				}
			}
		}
	})
	t.Run("refusals", func(t *testing.T) { replayRefuses(t, a, config, namespace) })
	signal(t, server.cmd.Process.Pid, syscall.SIGINT)
	if res := server.wait(); res.code != 0 {
		t.Errorf("serve ended with %d: %s", res.code, res.err)
	}
}

func inOrder(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}

func replayedTables(t *testing.T, a *archive, namespace string, ask func(...string) string) {
	compared := 0
	for _, name := range a.names("tables/") {
		rest, isText := strings.CutSuffix(strings.TrimPrefix(name, "tables/"), ".txt")
		if !isText {
			continue
		}
		kind, ns, _ := strings.Cut(rest, "/")
		args := []string{"get", kind, "-o", "wide"}
		if ns != "" {
			args = append(args, "-n", ns)
		}
		if theirs := ask(args...); string(a.files[name]) != theirs {
			t.Errorf("%s:\n%s\nkubectl:\n%s", name, a.files[name], theirs)
		}
		compared++
	}
	if compared < 15 {
		t.Errorf("only %d tables", compared)
	}
}

func replayedObjects(t *testing.T, a *archive, namespace string, ask func(...string) string) {
	type list struct{ Items []any }
	compared := 0
	for _, name := range a.names("cluster-resources/") {
		rest, isList := strings.CutSuffix(strings.TrimPrefix(name, "cluster-resources/"), ".json")
		kind, ns, _ := strings.Cut(rest, "/")
		if !isList || ns != "" && ns != namespace {
			continue
		}
		args := []string{"get", kind, "-o", "json", "--show-managed-fields", "--chunk-size=3"}
		if ns != "" {
			args = append(args, "-n", ns)
		}
		var ours, theirs list
		if err := json.Unmarshal(a.files[name], &ours); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := json.Unmarshal([]byte(ask(args...)), &theirs); err != nil {
			t.Fatalf("kubectl %q: %v", args, err)
		}
		if len(ours.Items) > 0 || len(theirs.Items) > 0 {
			if !reflect.DeepEqual(ours, theirs) {
				t.Errorf("%s differs from kubectl's", name)
			}
		}
		compared += len(ours.Items)
	}
	if compared < 100 {
		t.Errorf("only %d objects", compared)
	}
}

func replayedLogs(t *testing.T, a *archive, namespace string, ask func(...string) string) {
	for _, name := range a.names("cluster-resources/pods/logs/" + namespace + "/") {
		pod, container, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(name, "cluster-resources/pods/logs/"+namespace+"/"), ".log"), "/")
		args := []string{"logs", "-n", namespace, pod, "--timestamps"}
		if c, previous := strings.CutSuffix(container, "-previous"); previous {
			container, args = c, append(args, "--previous")
		}
		args = append(args, "-c", container)
		whole := string(a.files[name])
		if theirs := ask(args...); theirs != whole {
			t.Errorf("%s differs from kubectl's", name)
		}
		lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
		end := strings.Join(lines[max(0, len(lines)-3):], "") + "\n"
		if theirs := ask(append(args, "--tail=3")...); whole != "" && theirs != end {
			t.Errorf("%s, the last 3 lines: %q, kubectl: %q", name, end, theirs)
		}
	}
}

// replayRefuses holds that nothing can be changed, and that what is lacking is not shown as empty.
func replayRefuses(t *testing.T, a *archive, config, namespace string) {
	pod, container := neverRestarted(t, a, namespace)
	for args, says := range map[string]string{
		"delete pod redis-0 -n " + namespace:                     "this is the replay of a bundle",
		"scale deploy/openim-push --replicas=3 -n " + namespace:  "this is the replay of a bundle",
		"create configmap a --from-literal=a=b -n " + namespace:  "this is the replay of a bundle",
		"exec redis-0 -n " + namespace + " -- ls":                "this is the replay of a bundle",
		"get secret openim-redis-secret -o yaml -n " + namespace: "its content was never asked for",
		"get pods -n kube-system":                                "the bundle holds them of namespace " + namespace + " only",
		"get pods --field-selector a=b -n " + namespace:          "field label not supported: a",
		"get pod nosuch -n " + namespace:                         `pods "nosuch" not found`,
		"logs " + pod + " -p -n " + namespace:                    fmt.Sprintf("previous terminated container %q in pod %q not found", container, pod),
		"get nosuch -n " + namespace:                             `the server doesn't have a resource type "nosuch"`,
		"get pods --token=wrong -n " + namespace:                 "Unauthorized",
	} {
		out, err := run(t, kubectlExe, append([]string{"--kubeconfig", config, "--request-timeout=20s"}, strings.Fields(args)...)...)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("kubectl %s: %s%v", args, out, err)
		}
	}
}

// neverRestarted is a pod of one container that was never started anew; a busy machine restarts any of them now and then.
func neverRestarted(t *testing.T, a *archive, namespace string) (pod, container string) {
	t.Helper()
	var pods corev1.PodList
	if err := json.Unmarshal(a.files["cluster-resources/pods/"+namespace+".json"], &pods); err != nil {
		t.Fatal(err)
	}
	for i := range pods.Items {
		if p := &pods.Items[i]; len(p.Status.ContainerStatuses) == 1 && len(p.Spec.InitContainers) == 0 && p.Status.ContainerStatuses[0].RestartCount == 0 {
			return p.Name, p.Status.ContainerStatuses[0].Name
		}
	}
	t.Fatal("every pod was started anew")
	return "", ""
}

// names lists entries by the beginning of their name.
func (a *archive) names(prefix string) []string {
	var all []string
	for name := range a.files {
		if strings.HasPrefix(name, prefix) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}
