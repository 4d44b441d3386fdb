package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var nodeConditions = analyze.Check{
	ID: "node-conditions", Guide: "5",
	Title: say("节点状态", "conditions of nodes"),
	Doc: say("Ready 不为 True（没有节点本身的数据时看事件 NodeNotReady）；MemoryPressure、DiskPressure 为 True，或近期事件 NodeHasDiskPressure、FreeDiskSpaceFailed、SystemOOM；以及 node-problem-detector 的 InodesPressure、ReadonlyFilesystem、NTPProblem。NTPProblem 只说明对时服务停了，时钟未必已经偏。",
		"Ready not True (events NodeNotReady where the node itself was not sent); MemoryPressure or DiskPressure True, or events NodeHasDiskPressure, FreeDiskSpaceFailed, NodeHasInsufficientMemory and SystemOOM; and InodesPressure, ReadonlyFilesystem and NTPProblem of node-problem-detector. NTPProblem only says that the time service is down: the clock may still be right."),
	Needs: []string{"cluster-resources/nodes.json", "events"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Nodes) == 0 && len(f.Events) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, n := range f.Nodes {
			if e, is := notReady(f, n); is {
				found = append(found, e)
			}
			for _, c := range n.Conditions {
				if cause := pressures[c.Type]; cause != "" && c.Status == "True" {
					confidence := analyze.Certain
					if cause == "node-clock-skew" {
						confidence = analyze.Possible
					}
					found = append(found, analyze.Evidence{
						Cause: cause, Confidence: confidence, Subject: analyze.Subject{Node: n.Name}, Since: c.Since, Until: f.Collected,
						Says:    say("节点处于压力状态", "the node is under pressure"),
						Samples: []analyze.Sighting{{Entry: n.Entry, Text: fmt.Sprintf("%s: %s %s %s", n.Name, c.Type, c.Reason, clip(c.Message))}},
					})
				}
			}
		}
		for _, e := range f.Events {
			if cause := nodeEvents[e.Reason]; cause != "" && strings.HasPrefix(e.Object, "node/") {
				found = append(found, nodeEvidence(f, e, cause))
			}
			if e, is := wentOut(f, e); is {
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

// notReady judges the condition Ready. It is sure to matter where pods of OpenIM, or of what it is built on, are on the node.
func notReady(f *analyze.Facts, n analyze.Node) (analyze.Evidence, bool) {
	for _, c := range n.Conditions {
		if c.Type != "Ready" || c.Status == "True" || c.Status == "" {
			continue
		}
		e := analyze.Evidence{
			Cause: "node-not-ready", Confidence: analyze.Possible, Subject: analyze.Subject{Node: n.Name}, Since: c.Since, Until: f.Collected,
			Says:    say("节点未就绪", "the node is not ready"),
			Samples: []analyze.Sighting{{Entry: n.Entry, Text: strings.TrimSpace(fmt.Sprintf("%s: Ready %s %s %s", n.Name, c.Status, c.Reason, clip(c.Message)))}},
		}
		if slices.ContainsFunc(f.Pods, func(p analyze.Pod) bool { return p.Node == n.Name && p.Role != "" }) {
			e.Confidence = analyze.Certain
		}
		return e, true
	}
	return analyze.Evidence{}, false
}

// wentOut is evidence of an event NodeNotReady, where the node itself was not sent and no later event says that it is back.
func wentOut(f *analyze.Facts, e analyze.Event) (analyze.Evidence, bool) {
	_, node, _ := strings.Cut(e.Object, "/")
	back := func(o analyze.Event) bool {
		return o.Object == e.Object && o.Reason == "NodeReady" && !o.Last.Before(e.Last)
	}
	known := func(n analyze.Node) bool { return n.Name == node }
	if e.Reason != "NodeNotReady" || !strings.HasPrefix(e.Object, "node/") || slices.ContainsFunc(f.Nodes, known) || slices.ContainsFunc(f.Events, back) {
		return analyze.Evidence{}, false
	}
	return analyze.Evidence{
		Cause: "node-not-ready", Confidence: analyze.Possible, Subject: analyze.Subject{Node: node}, Count: e.Count, Since: e.First, Until: e.Last,
		Says: say("节点未就绪", "the node is not ready"), Samples: []analyze.Sighting{ofEvent(e)},
	}, true
}

// pressures are the conditions of the kubelet, and those that node-problem-detector adds on ACK and elsewhere.
var pressures = map[string]string{
	"MemoryPressure": "node-memory-pressure", "DiskPressure": "node-disk-full",
	"InodesPressure": "node-inodes-exhausted", "ReadonlyFilesystem": "node-io-error", "NTPProblem": "node-clock-skew",
}

var nodeEvents = map[string]string{
	"NodeHasDiskPressure": "node-disk-full", "FreeDiskSpaceFailed": "node-disk-full",
	"NodeHasInsufficientMemory": "node-memory-pressure", "SystemOOM": "node-memory-pressure",
	"FilesystemIsReadOnly": "node-io-error", "NodeHasFDPressure": "node-fd-limit",
}

func nodeEvidence(f *analyze.Facts, e analyze.Event, cause string) analyze.Evidence {
	_, node, _ := strings.Cut(e.Object, "/")
	return analyze.Evidence{
		Cause: cause, Confidence: analyze.Likely, Subject: analyze.Subject{Node: node}, Count: e.Count, Since: e.First, Until: e.Last,
		Recovered: !e.Last.IsZero() && !recent(f, e.Last, time.Hour) && cause != "node-disk-full",
		Says:      say("节点报告资源不足", "the node reports that it is short"), Samples: []analyze.Sighting{ofEvent(e)},
	}
}

var nodeUsage = analyze.Check{
	ID: "node-usage", Guide: "5",
	Title: say("节点 CPU 与内存", "CPU and memory of nodes"),
	Doc: say("kubectl top nodes：CPU 95% 以上视为饱和，内存 95% 以上视为紧张。采样只能说明当时，因此只作提示，由日志中的变慢来证实。",
		"kubectl top nodes: from 95 % CPU a node counts as saturated, from 95 % memory as short. Samples tell about their moment only, so this is a warning until a log shows that something is slow."),
	Needs: []string{"top/nodes.txt"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		seen := false
		for _, u := range f.Usage {
			if !u.Node {
				continue
			}
			seen = true
			for _, x := range []struct {
				percent     int
				cause, what string
			}{{share(u.CPUPercent, u.CPU, cpuOf(f, u.Name)), "node-cpu-saturated", "CPU"}, {share(u.MemoryPercent, u.Memory, memoryOf(f, u.Name)), "node-memory-pressure", "memory"}} {
				if x.percent >= 95 {
					found = append(found, analyze.Evidence{
						Cause: x.cause, Confidence: analyze.Likely, Severity: analyze.Warning, Subject: analyze.Subject{Node: u.Name}, Says: say("节点资源接近用尽", "the node's resources are nearly used up"),
						Samples: []analyze.Sighting{{Entry: u.Entry, Text: fmt.Sprintf("%s: %s %d%%", u.Name, x.what, x.percent)}},
					})
				}
			}
		}
		if !seen {
			return unknown()
		}
		return answer(found)
	},
}

// share is the given percentage, or computed from the allocatable amount; -1 when neither is known.
func share(percent int, used, of int64) int {
	if percent >= 0 || of <= 0 {
		return percent
	}
	return int(used * 100 / of)
}

func cpuOf(f *analyze.Facts, node string) int64 {
	for _, n := range f.Nodes {
		if n.Name == node {
			return n.AllocatableCPU
		}
	}
	return 0
}

func memoryOf(f *analyze.Facts, node string) int64 {
	for _, n := range f.Nodes {
		if n.Name == node {
			return n.AllocatableMemory
		}
	}
	return 0
}

var containerMemory = analyze.Check{
	ID: "memory-near-limit", Guide: "5",
	Title: say("容器内存接近上限", "containers near their memory limit"),
	Doc: say("kubectl top 的用量达到内存上限的 90%：还没有被杀，但很近。",
		"Usage by kubectl top of 90 % of the memory limit and more: not killed yet, but close."),
	Needs: []string{"top/pods.txt", "cluster-resources/pods/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		seen, near := false, false
		for _, u := range f.Usage {
			for _, p := range f.Pods {
				if u.Node || p.Name != u.Name {
					continue
				}
				for _, c := range p.Containers {
					if c.MemoryLimit > 0 && (u.Container == c.Name || u.Container == "" && len(p.Containers) == 1) {
						seen = true
						near = near || u.Memory*10 >= c.MemoryLimit*9
					}
				}
			}
		}
		switch {
		case !seen:
			return unknown()
		case near:
			return analyze.Finding{Status: analyze.Warn}
		}
		return analyze.Finding{Status: analyze.Pass}
	},
}
