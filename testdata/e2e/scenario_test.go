//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// scenario is a namespace with OpenIM in it, one fault or none, and what is to be found.
type scenario struct {
	namespace string
	fault     string         // of testdata/rig/manifests/faults; empty: healthy
	app       string         // the component that the fault hits
	shows     func(pod) bool // the fault is there when a pod of the component shows it
	cause     string         // leading; empty: nothing critical
	also      []string       // causes that may lead as well, because they are the same fault in other words
}

var (
	healthy   = scenario{namespace: "openim"}
	kafkaDown = scenario{"openim-kafka-down", "kafka-down", "openim-rpc-msg", restarted(2), "kafka-unreachable", nil}
	faults    = []scenario{
		{"openim-oom", "oom", "openim-msgtransfer", ended("OOMKilled"), "pod-oom-killed", nil},
		{"openim-crash", "crash-loop", "openim-rpc-third", restarted(3), "pod-crash-loop", nil},
		{"openim-crash-late", "crash-late", "openim-rpc-third", upAgain, "pod-crash-loop", nil},
		{"openim-evicted", "evicted", "openim-push", evicted, "pod-evicted", nil},
		{"openim-unpullable", "unpullable", "openim-push", waits("ErrImagePull", "ImagePullBackOff"), "image-pull-failed", nil},
		{"openim-absent", "absent-image", "openim-rpc-user", waits("ErrImageNeverPull"), "image-pull-failed", nil},
		{"openim-unschedulable", "unschedulable", "openim-rpc-group", unschedulable, "pod-unschedulable", nil},
	}
)

// pod is what the tests need of one.
type pod struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Spec struct {
		Containers, InitContainers, EphemeralContainers []struct{ Name string }
	}
	Status struct {
		Phase, Reason                                                        string
		Conditions                                                           []struct{ Type, Status, Reason string }
		ContainerStatuses, InitContainerStatuses, EphemeralContainerStatuses []containerStatus
	}
}

type containerStatus struct {
	Name         string
	RestartCount int
	State        containerState
	LastState    containerState
}

type containerState struct {
	Waiting    *struct{ Reason string }
	Running    *struct{ StartedAt time.Time }
	Terminated *struct{ Reason string }
}

func pods(t *testing.T, namespace string) []pod {
	t.Helper()
	var list struct{ Items []pod }
	if err := json.Unmarshal([]byte(kubectl(t, "get", "pods", "-n", namespace, "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}

func anyContainer(p pod, is func(containerStatus) bool) bool {
	return slices.ContainsFunc(p.Status.ContainerStatuses, is)
}

func restarted(n int) func(pod) bool {
	return func(p pod) bool {
		return anyContainer(p, func(c containerStatus) bool { return c.RestartCount >= n })
	}
}

// upAgain is a pod that crashed before and runs right now.
func upAgain(p pod) bool {
	return anyContainer(p, func(c containerStatus) bool { return c.RestartCount >= 2 && c.State.Running != nil })
}

func ended(reason string) func(pod) bool {
	return func(p pod) bool {
		return anyContainer(p, func(c containerStatus) bool {
			return c.RestartCount > 0 && c.LastState.Terminated != nil && c.LastState.Terminated.Reason == reason
		})
	}
}

func waits(reasons ...string) func(pod) bool {
	return func(p pod) bool {
		return anyContainer(p, func(c containerStatus) bool {
			return c.State.Waiting != nil && slices.Contains(reasons, c.State.Waiting.Reason)
		})
	}
}

func evicted(p pod) bool { return p.Status.Reason == "Evicted" }

func unschedulable(p pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "PodScheduled" && c.Reason == "Unschedulable" {
			return true
		}
	}
	return false
}

// quiet is a pod that has printed the whole of its log, which takes ten seconds.
func quiet(p pod) bool {
	if p.Status.Phase == "Succeeded" {
		return true
	}
	return len(p.Status.ContainerStatuses) > 0 && !anyContainer(p, func(c containerStatus) bool {
		return c.State.Running == nil || time.Since(c.State.Running.StartedAt) < 13*time.Second
	})
}

// stage applies the scenarios, then waits until each shows its fault and everything else is quiet.
func stage(t *testing.T, scenarios ...scenario) {
	t.Helper()
	for _, s := range scenarios {
		args := []string{"apply", s.namespace}
		if s.fault != "" {
			args = append(args, s.fault)
		}
		rig(t, args...)
	}
	for _, s := range scenarios {
		s.await(t)
	}
}

func (s scenario) await(t *testing.T) {
	t.Helper()
	var lacking []string
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Second) {
		lacking = nil
		shown := s.shows == nil
		all := pods(t, s.namespace)
		for _, p := range all {
			hit := s.shows != nil && s.shows(p)
			ofApp := p.Metadata.Labels["app"] == s.app
			shown = shown || hit && ofApp
			if !hit && !ofApp && !quiet(p) {
				lacking = append(lacking, p.Metadata.Name)
			}
		}
		if shown && len(lacking) == 0 && len(all) >= 14 {
			return
		}
		if !shown {
			lacking = append(lacking, "the fault of "+s.app)
		}
	}
	t.Fatalf("%s: still waiting for %q\n%s", s.namespace, lacking, kubectl(t, "get", "pods", "-n", s.namespace, "-o", "wide"))
}

// verdict collects and analyzes the scenario and holds the leading cause against the one that was injected.
func (s scenario) verdict(t *testing.T) {
	before := pods(t, s.namespace)
	a, res := collect(t, s.namespace)
	a.reached(t, res)
	s.judge(t, a, analyze(t, a))
	samePrevious(t, a, s.namespace, before)
}

func (s scenario) judge(t *testing.T, a *archive, r *report) {
	t.Helper()
	if s.cause == "" {
		for _, c := range r.Verdict.Causes {
			if c.Severity == "critical" {
				t.Errorf("nothing is wrong, but %s is %s: %+v", c.Cause, c.Severity, c.Evidence)
			}
		}
	} else if got := r.leading(); got != s.cause && !slices.Contains(s.also, got) {
		t.Errorf("leading cause %q, want %q: %s", got, s.cause, summary(r))
	} else if len(r.Verdict.Causes[0].Evidence) == 0 {
		t.Errorf("%s has no evidence", got)
	}
	for _, c := range r.Verdict.Causes {
		for _, e := range c.Evidence {
			if lines := int64(strings.Count(string(a.files[e.Entry]), "\n")) + 1; e.Entry != "" && e.Line > lines {
				t.Errorf("%s: evidence at %s:%d, which has %d lines", c.Cause, e.Entry, e.Line, lines)
			}
		}
	}
	t.Log(summary(r))
}

func summary(r *report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s at %q:", r.Verdict.Status, r.Verdict.Hop)
	for _, c := range r.Verdict.Causes {
		fmt.Fprintf(&b, "\n  %s, %s, %s: %s", c.Cause, c.Severity, c.Confidence, c.Subject)
	}
	return b.String()
}

// reached checks that an undisturbed run got everything that it promised: exit code 0, and no gap but those of logs that
// the kubelet does not have.
func (a *archive) reached(t *testing.T, res result) {
	t.Helper()
	if res.code != 0 || !a.manifest.Complete {
		t.Errorf("exit code %d, complete %v (%s), want 0 and true", res.code, a.manifest.Complete, a.manifest.Reason)
	}
	for _, g := range a.manifest.Gaps {
		if g.Reason != "not-found" || !strings.HasPrefix(g.Entry, "cluster-resources/pods/logs/") && !g.ofRig() {
			t.Errorf("gap: %+v", g)
		}
	}
}

// ofRig tells what the rig's OpenIM lacks by itself: its backends are configured as localhost, and its actors have no metrics.
func (g gap) ofRig() bool {
	return g.Source == "kube-config" && strings.Contains(g.Detail, "which is each pod for itself") ||
		g.Source == "kube-metrics" && (strings.Contains(g.Detail, "connection refused") || strings.HasPrefix(g.Detail, "it offers no metrics"))
}

// TestFaults injects each fault into a namespace of its own and asks for the right diagnosis.
func TestFaults(t *testing.T) {
	stage(t, faults...)
	t.Cleanup(func() { rig(t, "delete", "openim-evicted") }) // it would make a pod every few seconds
	for _, s := range faults {
		t.Run(s.fault, func(t *testing.T) {
			t.Parallel()
			s.verdict(t)
		})
	}
}
