package kube

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// Environment is what the cluster runs on and beside, as far as the survey's lists show it.
type Environment struct {
	Platform string   `json:"platform,omitempty"` // ACK; empty: nothing tells
	Network  string   `json:"network,omitempty"`  // terway, flannel, calico, cilium
	Problems bool     `json:"nodeProblemDetector,omitempty"`
	LogAgent []string `json:"logAgents,omitempty"` // that ship logs elsewhere
	Virtual  int      `json:"virtualPods,omitempty"`
	Managed  []string `json:"managed,omitempty"` // hosts of managed services that variables of pods name
}

// parts are workloads that tell what a cluster runs on, by the beginning of their names.
var parts = []struct {
	name string
	note func(*Environment, string)
}{
	{"terway", func(e *Environment, _ string) { e.Network = "terway" }},
	{"kube-flannel", func(e *Environment, _ string) { e.Network = "flannel" }},
	{"calico-node", func(e *Environment, _ string) { e.Network = "calico" }},
	{"cilium", func(e *Environment, _ string) { e.Network = "cilium" }},
	{"ack-node-problem-detector", func(e *Environment, _ string) { e.Problems = true }},
	{"node-problem-detector", func(e *Environment, _ string) { e.Problems = true }},
	{"logtail", logAgent},
	{"loongcollector", logAgent},
	{"ilogtail", logAgent},
	{"fluent-bit", logAgent},
	{"fluentd", logAgent},
	{"filebeat", logAgent},
	{"promtail", logAgent},
	{"vector", logAgent},
}

func logAgent(e *Environment, name string) {
	if !slices.Contains(e.LogAgent, name) {
		e.LogAgent = append(e.LogAgent, name)
		slices.Sort(e.LogAgent)
	}
}

// seeWorkload takes note of a workload, wherever it stands.
func (e *Environment) seeWorkload(name string) {
	for _, p := range parts {
		if strings.HasPrefix(name, p.name) {
			p.note(e, name)
		}
	}
}

// managedHost are addresses of Alibaba Cloud's managed Redis, MongoDB and Kafka.
var managedHost = regexp.MustCompile(`[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:redis|mongodb)(?:\.[a-z-]+)?\.rds\.aliyuncs\.com|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.alikafka\.aliyuncs\.com`)

// seeText takes note of managed services that a value of OpenIM's configuration names.
func (e *Environment) seeText(value string) {
	for _, host := range managedHost.FindAllString(value, -1) {
		if !slices.Contains(e.Managed, host) {
			e.Managed = append(e.Managed, host)
			slices.Sort(e.Managed)
		}
	}
}

// seePod takes note of a pod on a virtual node, and of managed services that variables name.
func (e *Environment) seePod(p *corev1.Pod) {
	if p.Annotations["k8s.aliyun.com/eci-instance-id"] != "" || strings.HasPrefix(p.Spec.NodeName, "virtual-kubelet") {
		e.Virtual++
	}
	for _, c := range p.Spec.Containers {
		for _, v := range c.Env {
			e.seeText(v.Value)
		}
	}
}

// seeVersion takes note of a server that says who made it.
func (e *Environment) seeVersion(version string) {
	if strings.Contains(version, "-aliyun") {
		e.Platform = "ACK"
	}
}

// line tells a person; empty where nothing is known.
func (e *Environment) line() string {
	var words []string
	add := func(ok bool, format string, args ...any) {
		if ok {
			words = append(words, fmt.Sprintf(format, args...))
		}
	}
	add(e.Platform != "", "%s", e.Platform)
	add(e.Network != "", "network %s", e.Network)
	add(e.Virtual > 0, "%d pods on virtual nodes", e.Virtual)
	add(e.Problems, "node-problem-detector")
	add(len(e.LogAgent) > 0, "logs shipped by %s", strings.Join(e.LogAgent, ", "))
	add(len(e.Managed) > 0, "managed: %s", strings.Join(e.Managed, ", "))
	if len(words) == 0 {
		return ""
	}
	return "environment: " + strings.Join(words, ", ")
}
