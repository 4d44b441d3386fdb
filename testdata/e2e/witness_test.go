//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSmoke is what every change has to pass: a healthy and a broken installation, rights of an administrator and of one
// namespace only, and kubectl's word for what was collected.
func TestSmoke(t *testing.T) {
	stage(t, healthy, kafkaDown)
	t.Run("healthy", func(t *testing.T) {
		t.Parallel()
		looker := addEphemeral(t, healthy.namespace)
		awaitTop(t, healthy.namespace)
		a, res := collect(t, healthy.namespace)
		a.reached(t, res)
		healthy.judge(t, a, analyze(t, a))
		if !strings.Contains(string(a.files[looker]), "looking around") {
			t.Errorf("%s: %q", looker, a.files[looker])
		}
		t.Run("logs", func(t *testing.T) { sameLogs(t, a, healthy.namespace) })
		t.Run("tables", func(t *testing.T) { sameTables(t, a, healthy.namespace) })
		t.Run("top", func(t *testing.T) { sameTop(t, a, healthy.namespace) })
		t.Run("describe", func(t *testing.T) { sameDescribes(t, a, healthy.namespace) })
		t.Run("replay", func(t *testing.T) { replayed(t, a, healthy.namespace) })
	})
	t.Run("kafka-down", func(t *testing.T) {
		t.Parallel()
		kafkaDown.verdict(t)
	})
	t.Run("namespace-only", func(t *testing.T) {
		t.Parallel()
		namespaceOnly(t, kafkaDown)
	})
}

// addEphemeral adds a container to a running pod, as kubectl debug does, and names the entry of its log.
func addEphemeral(t *testing.T, namespace string) string {
	t.Helper()
	all := pods(t, namespace)
	i := slices.IndexFunc(all, func(p pod) bool { return p.Metadata.Labels["app"] == "openim-push" })
	p := all[i]
	if len(p.Spec.EphemeralContainers) == 0 {
		kubectl(t, "debug", "-n", namespace, "pod/"+p.Metadata.Name, "-c", "looker", "--image=localhost/tools:rig",
			"--image-pull-policy=Never", "--attach=false", "--profile=general", "--", "sh", "-c", "echo looking around; sleep 86400")
	}
	kubectl(t, "wait", "-n", namespace, "pod/"+p.Metadata.Name, "--timeout=60s",
		"--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}")
	return logName(namespace, p.Metadata.Name, "looker")
}

// sameLogs compares every container's log with what kubectl prints now. What was printed in between may be missing.
func sameLogs(t *testing.T, a *archive, namespace string) {
	compared := 0
	for _, p := range pods(t, namespace) {
		for _, c := range slices.Concat(p.Spec.Containers, p.Spec.InitContainers, p.Spec.EphemeralContainers) {
			name := logName(namespace, p.Metadata.Name, c.Name)
			theirs := kubectl(t, "logs", "-n", namespace, p.Metadata.Name, "-c", c.Name, "--timestamps")
			if err := sameButRedacted(a.files[name], []byte(theirs), p.Status.Phase == "Succeeded"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			compared++
		}
	}
	if compared < 19 {
		t.Errorf("only %d logs were compared", compared)
	}
}

var redacted = regexp.MustCompile(`"?<redacted:[a-z0-9-]+>"?`) // a value that is no string gets quotes with its mark

// sameButRedacted holds our lines against the witness's: equal but for what is redacted. A container that has not ended
// may have printed more meanwhile.
func sameButRedacted(ours, theirs []byte, ended bool) error {
	if len(ours) == 0 && len(theirs) > 0 {
		return fmt.Errorf("nothing, kubectl has %d bytes", len(theirs))
	}
	a, b := bytes.SplitAfter(ours, []byte("\n")), bytes.SplitAfter(theirs, []byte("\n"))
	if len(a) > len(b) || ended && len(a) != len(b) {
		return fmt.Errorf("%d lines, kubectl has %d", len(a), len(b))
	}
	for i := range a {
		if i == len(a)-1 && len(a[i]) == 0 {
			break
		}
		if !lineMatches(a[i], b[i]) {
			return fmt.Errorf("line %d:\n%q\nkubectl:\n%q", i+1, a[i], b[i])
		}
	}
	return nil
}

// lineMatches reports whether the witness's line has everything of ours, in order, with something secret in the gaps.
func lineMatches(ours, theirs []byte) bool {
	parts := redacted.Split(string(ours), -1)
	if len(parts) == 1 {
		return bytes.Equal(ours, theirs)
	}
	rest := string(theirs)
	if !strings.HasPrefix(rest, parts[0]) || !strings.HasSuffix(rest, parts[len(parts)-1]) {
		return false
	}
	for _, p := range parts {
		i := strings.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+len(p):]
	}
	return true
}

// samePrevious compares the logs of containers that ended with what kubectl prints of them, where nothing was restarted
// between the collection and the question.
func samePrevious(t *testing.T, a *archive, namespace string, before []pod) {
	t.Helper()
	compared := 0
	for _, p := range pods(t, namespace) {
		i := slices.IndexFunc(before, func(b pod) bool { return b.Metadata.Name == p.Metadata.Name })
		if i < 0 || len(p.Status.ContainerStatuses) != 1 || len(before[i].Status.ContainerStatuses) != 1 {
			continue
		}
		now, then := p.Status.ContainerStatuses[0], before[i].Status.ContainerStatuses[0]
		if now.RestartCount == 0 || now.RestartCount != then.RestartCount || (now.State.Waiting == nil) != (then.State.Waiting == nil) {
			continue
		}
		name := logName(namespace, p.Metadata.Name, now.Name+"-previous")
		theirs, err := kubectlMay(t, "logs", "-n", namespace, p.Metadata.Name, "-c", now.Name, "--previous", "--timestamps")
		if err != nil || strings.HasPrefix(theirs, "unable to retrieve container logs") {
			theirs = ""
		}
		if err := sameButRedacted(a.files[name], []byte(theirs), true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		compared++
	}
	t.Logf("%d previous logs are as kubectl prints them", compared)
}

// sameTables compares the tables of many kinds, built in and custom, with kubectl's, but for the columns that pass with time.
func sameTables(t *testing.T, a *archive, namespace string) {
	for _, kind := range []string{
		"pods", "deployments", "statefulsets", "replicasets", "services", "endpointslices", "ingresses", "configmaps", "secrets",
		"serviceaccounts", "rolebindings", "horizontalpodautoscalers", "poddisruptionbudgets", "messageroutes.im.example.com",
	} {
		name := "tables/" + kind + "/" + namespace + ".txt"
		ours, theirs := steady(string(a.files[name])), steady(kubectl(t, "get", kind, "-n", namespace, "-o", "wide"))
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s:\n%s\nkubectl:\n%s", name, strings.Join(ours, "\n"), strings.Join(theirs, "\n"))
		}
	}
	ours, theirs := steady(string(a.files["tables/nodes.txt"])), steady(kubectl(t, "get", "nodes", "-o", "wide"))
	if !slices.Equal(ours, theirs) {
		t.Errorf("nodes:\n%s\nkubectl:\n%s", ours, theirs)
	}
}

var ago = regexp.MustCompile(` \(.* ago\)`)

// steady is a table without the columns that change while one looks at it. A cell begins where its head does.
func steady(table string) []string {
	var lines []string
	var heads [][]int
	for line := range strings.Lines(table) {
		if heads == nil {
			heads = head.FindAllStringIndex(line, -1)
			table = line
		}
		var kept []string
		for i, h := range heads {
			end := len(line)
			if i+1 < len(heads) {
				end = min(heads[i+1][0], end)
			}
			if name := table[h[0]:h[1]]; name != "AGE" && name != "TARGETS" {
				kept = append(kept, ago.ReplaceAllString(strings.TrimSpace(line[min(h[0], end):end]), ""))
			}
		}
		lines = append(lines, strings.Join(kept, " | "))
	}
	return lines
}

var head = regexp.MustCompile(`\S+( \S+)*`)

// awaitTop waits until metrics-server has measured every pod that runs.
func awaitTop(t *testing.T, namespace string) {
	t.Helper()
	running := 0
	for _, p := range pods(t, namespace) {
		if p.Status.Phase == "Running" {
			running++
		}
	}
	measured := 0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		out, err := kubectlMay(t, "top", "pods", "-n", namespace, "--no-headers")
		if measured = strings.Count(out, "\n"); err == nil && measured == running {
			return
		}
	}
	t.Fatalf("metrics-server measures %d of %d pods", measured, running)
}

var numbers = regexp.MustCompile(`\d+`)

// sameTop compares the text of usage with kubectl's: the same heads, names, order and units, other numbers.
func sameTop(t *testing.T, a *archive, namespace string) {
	shape := func(text string) string {
		var b strings.Builder
		for line := range strings.Lines(text) {
			cells := strings.Fields(line)
			for i := 1; i < len(cells); i++ {
				cells[i] = numbers.ReplaceAllString(cells[i], "N")
			}
			fmt.Fprintln(&b, strings.Join(cells, " "))
		}
		return b.String()
	}
	for name, theirs := range map[string]string{
		"top/pods.txt": kubectl(t, "top", "pods", "-n", namespace), "top/nodes.txt": kubectl(t, "top", "nodes"),
	} {
		if ours, theirs := shape(string(a.files[name])), shape(theirs); ours != theirs {
			t.Errorf("%s:\n%s\nkubectl:\n%s", name, ours, theirs)
		}
	}
	samples := 0
	for name := range a.files {
		if strings.HasPrefix(name, "samples/top/pods-") && strings.HasSuffix(name, ".txt") {
			samples++
		}
	}
	if samples == 0 {
		t.Error("usage was read only once")
	}
}
