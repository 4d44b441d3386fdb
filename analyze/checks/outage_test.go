package checks

import (
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// A store whose pod fits, and waits for a node that is out of service, is down; a pod that fits nowhere is the scheduler's.
func TestStoreWithoutItsNode(t *testing.T) {
	waiting := pod("etcd-0", "etcd", false, analyze.Container{})
	waiting.Phase, waiting.Node = "Pending", ""
	spare := pod("etcd-1", "etcd", true, analyze.Container{})
	for _, c := range []struct {
		message string
		pods    []analyze.Pod
		want    string
	}{
		{"0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.", []analyze.Pod{waiting}, "etcd-unavailable"},
		{"0/4 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) didn't match Pod's node affinity/selector.", []analyze.Pod{waiting}, "etcd-unavailable"},
		{"0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector.", []analyze.Pod{waiting, spare}, "pod-unschedulable"},
		{"0/3 nodes are available: 1 node(s) had volume node affinity conflict, 2 node(s) were unschedulable.", []analyze.Pod{waiting}, "pod-unschedulable"},
		{"0/3 nodes are available: 3 Insufficient memory.", []analyze.Pod{waiting}, "pod-unschedulable"},
		{"0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.", []analyze.Pod{waiting}, "pod-unschedulable"},
		{"0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", []analyze.Pod{waiting}, "pod-unschedulable"},
	} {
		f := &analyze.Facts{Specs: load(t), Pods: c.pods, Events: []analyze.Event{{Reason: "FailedScheduling", Object: "pod/etcd-0", Message: c.message, Last: noon}}}
		if got := unschedulable.Run(f).Evidence; len(got) != 1 || got[0].Cause != c.want {
			t.Errorf("%q gives %+v, want %s", c.message, got, c.want)
		}
	}
}

// Services that count the gateways by a variable must know of all of them.
func TestGatewayCount(t *testing.T) {
	gateway := func(name string) analyze.Pod { return pod(name, "msggateway", true, analyze.Container{}) }
	push := func(count string) analyze.Pod {
		return pod("openim-push-1", "push", true, analyze.Container{Env: map[string]string{replicaCount: count}})
	}
	for _, c := range []struct {
		pods []analyze.Pod
		want string
	}{
		{[]analyze.Pod{gateway("g-0"), gateway("g-1"), push("1")}, "gateway-single-target"},
		{[]analyze.Pod{gateway("g-0"), gateway("g-1"), push("2")}, ""},
		{[]analyze.Pod{gateway("g-0"), push("3")}, "discovery-misconfigured"},
		{[]analyze.Pod{push("3")}, ""},
	} {
		got := ""
		for _, e := range gatewayCount.Run(&analyze.Facts{Specs: load(t), Pods: c.pods}).Evidence {
			got = e.Cause
		}
		if got != c.want {
			t.Errorf("%+v gives %q, want %q", c.pods, got, c.want)
		}
	}
}

// One address that does not answer is ambiguous; two hosts are a network that drops packets, unless their pods are known to be ill.
func TestNetworkBlocked(t *testing.T) {
	timeout := func(target string) analyze.Evidence {
		target, late, _ := strings.Cut(target, " ")
		at := noon
		if late != "" {
			at = noon.Add(10 * time.Hour)
		}
		return analyze.Evidence{
			Check: "dial-times-out", Cause: "node-network-blocked", Confidence: analyze.Possible, Subject: analyze.Subject{Target: target}, Since: at, Until: at.Add(time.Minute),
		}
	}
	lost := analyze.Node{Name: "w1", Conditions: []analyze.Condition{{Type: "Ready", Status: "Unknown"}}}
	ill := pod("redis-0", "redis", false, analyze.Container{})
	ill.IP = "10.244.5.12"
	for _, c := range []struct {
		targets []string
		pods    []analyze.Pod
		nodes   []analyze.Node
		want    bool
	}{
		{[]string{"10.244.5.12:6379"}, nil, nil, false},
		{[]string{"10.244.5.12:6379", "10.244.6.40:27017"}, nil, nil, true},
		{[]string{"10.244.5.12:6379", "10.244.6.40:27017 hours later"}, nil, nil, false},
		{[]string{"10.244.5.12:6379", "10.244.5.12:27017"}, nil, nil, false},
		{[]string{"10.244.5.12:6379", "10.244.6.40:27017"}, []analyze.Pod{ill}, nil, false},
		{[]string{"10.244.5.99:6379", "10.244.6.40:27017"}, []analyze.Pod{ill}, nil, false}, // an address that redis-0 had before
		{[]string{"10.244.5.12:6379", "10.244.6.40:27017"}, nil, []analyze.Node{lost}, false},
		{[]string{"10.244.5.12:6379", "10.244.7.9:10280"}, nil, nil, false},
	} {
		f := &analyze.Facts{Specs: load(t), Pods: c.pods, Nodes: c.nodes, Texts: make([]analyze.Text, 1)}
		for _, target := range c.targets {
			f.Evidence = append(f.Evidence, timeout(target))
		}
		if got := len(networkBlocked.Run(f).Evidence) > 0; got != c.want {
			t.Errorf("timeouts of %v: network blocked %v, want %v", c.targets, got, c.want)
		}
	}
}

// A gateway with users and without any push, beside one that gets many, is left out.
func TestGatewayTargets(t *testing.T) {
	gateway := func(name string, from time.Duration, online, pushes int64) analyze.Text {
		return analyze.Text{Entry: name, Role: "msggateway", Log: true, First: noon.Add(from), Last: noon.Add(time.Hour), Worked: map[string]int64{"gateway": online, "deliver": pushes}}
	}
	for _, c := range []struct {
		name  string
		texts []analyze.Text
		want  bool
	}{
		{"one is left out", []analyze.Text{gateway("a", 0, 90, 80), gateway("b", 0, 10, 0)}, true},
		{"both are reached", []analyze.Text{gateway("a", 0, 90, 80), gateway("b", 0, 10, 3)}, false},
		{"nobody came", []analyze.Text{gateway("a", 0, 90, 80), gateway("b", 0, 2, 0)}, false},
		{"too few pushes to tell", []analyze.Text{gateway("a", 0, 90, 5), gateway("b", 0, 10, 0)}, false},
		{"it is younger", []analyze.Text{gateway("a", 0, 90, 80), gateway("b", 50*time.Minute, 10, 0)}, false},
	} {
		if got := len(gatewayTargets.Run(&analyze.Facts{Specs: load(t), Texts: c.texts}).Evidence) > 0; got != c.want {
			t.Errorf("%s: found %v, want %v", c.name, got, c.want)
		}
	}
}
