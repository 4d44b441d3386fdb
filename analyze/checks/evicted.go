package checks

import (
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var evicted = analyze.Check{
	ID: "pod-evicted", Guide: "5",
	Title: say("Pod 被驱逐", "evicted pods"),
	Doc: say("Evicted 事件或状态。Pod 是受害者：驱逐信息里写明缺的是磁盘还是内存。",
		"Events or states Evicted. The pod is the victim: the message names what the node lacked, disk or memory."),
	Needs: []string{"events", "cluster-resources/pods/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 && len(f.Events) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		seen := map[string]bool{}
		for _, e := range f.Events {
			if e.Reason == "Evicted" {
				p, _ := podOf(f, e)
				seen[p.Name] = true
				found = append(found, evictions(f, p, e)...)
			}
		}
		for _, p := range f.Pods {
			if p.Reason == "Evicted" && !seen[p.Name] {
				found = append(found, analyze.Evidence{
					Cause: "pod-evicted", Confidence: ours(f, p, analyze.Certain), Subject: subjectOf(p), Since: p.Started, Until: p.Started,
					Says: say("Pod 被 kubelet 驱逐", "the kubelet evicted the pod"), Samples: ofPod(p, "Evicted %s", clip(p.Message)),
				})
			}
		}
		return answer(found)
	},
}

// evictions reads an eviction twice: as the pod's fate and as the node's trouble.
func evictions(f *analyze.Facts, p analyze.Pod, e analyze.Event) []analyze.Evidence {
	fate := analyze.Evidence{
		Cause: "pod-evicted", Confidence: ours(f, p, analyze.Certain), Subject: subjectOf(p), Count: e.Count, Since: e.First, Until: e.Last,
		Says: say("Pod 被 kubelet 驱逐", "the kubelet evicted the pod"), Samples: []analyze.Sighting{ofEvent(e)},
	}
	node := fate
	node.Confidence = analyze.Likely
	switch {
	case strings.Contains(e.Message, "low on resource: memory"):
		node.Cause, node.Says = "node-memory-pressure", say("节点内存不足", "the node is short of memory")
	case strings.Contains(e.Message, "low on resource: ephemeral-storage"), strings.Contains(e.Message, "nodefs"), strings.Contains(e.Message, "imagefs"):
		node.Cause, node.Says = "node-disk-full", say("节点磁盘不足", "the node is short of disk")
	default:
		return []analyze.Evidence{fate}
	}
	return []analyze.Evidence{fate, node}
}
