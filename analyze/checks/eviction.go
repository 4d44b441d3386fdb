package checks

import (
	"fmt"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var kubeletEviction = analyze.Check{
	ID: "kubelet-eviction", Guide: "5",
	Title: say("节点余量与驱逐阈值", "room on nodes and eviction thresholds"),
	Doc: say("kubelet 的 stats/summary 与 configz：可用字节、inode 或内存低于驱逐阈值（没有 configz 时按默认值），kubelet 就会驱逐 Pod；余量不足阈值的 1.3 倍时提示。临时存储用得最多的 Pod 一并列出。",
		"The kubelet's stats/summary and configz: with fewer bytes, inodes or memory free than the eviction threshold (the default where configz is missing) pods are evicted; with less than 1.3 times the threshold it is worth a word. The pods with most ephemeral storage are named."),
	Needs: []string{"nodes/<node>/summary.json", "nodes/<node>/configz.json"}, Collect: "imbundle collect --node-stats",
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Spaces) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, s := range f.Spaces {
			level := f.Threshold(s)
			e := analyze.Evidence{
				Cause: shortOf[s.Signal], Confidence: analyze.Certain, Subject: analyze.Subject{Node: s.Node, Target: s.Signal}, Until: f.Collected,
				Says:    say("低于 kubelet 的驱逐阈值", "below the level at which the kubelet evicts"),
				Samples: []analyze.Sighting{{Entry: s.Entry, Text: roomText(s, level)}},
			}
			switch {
			case level > 0 && s.Free < level, s.Free*100 < s.Total*3 && s.Signal != analyze.NodeMemory:
			case level > 0 && s.Free*10 < level*13:
				e.Confidence, e.Says = analyze.Possible, say("接近 kubelet 的驱逐阈值", "close to the level at which the kubelet evicts")
			default:
				continue
			}
			if e.Cause == "node-disk-full" {
				e.Samples = append(e.Samples, largestPods(f, s.Node)...)
			}
			found = append(found, e)
		}
		return answer(found)
	},
}

var shortOf = map[string]string{
	analyze.NodeDisk: "node-disk-full", analyze.ImageDisk: "node-disk-full", analyze.NodeInodes: "node-inodes-exhausted",
	analyze.ImageInodes: "node-inodes-exhausted", analyze.NodeMemory: "node-memory-pressure",
}

func roomText(s analyze.Space, level int64) string {
	amount := func(n int64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }
	if strings.HasSuffix(s.Signal, "inodesFree") {
		amount = func(n int64) string { return fmt.Sprint(n) }
	}
	text := fmt.Sprintf("%s: %s %s of %s", s.Node, s.Signal, amount(s.Free), amount(s.Total))
	if level > 0 {
		text += ", evicts below " + amount(level)
	}
	return text
}

// largestPods are those of a node that use most of its ephemeral storage.
func largestPods(f *analyze.Facts, node string) []analyze.Sighting {
	const most, least = 3, 1 << 30
	var out []analyze.Sighting
	for _, p := range f.PodSpaces {
		if p.Node == node && p.Used >= least && len(out) < most {
			out = append(out, analyze.Sighting{Entry: p.Entry, Text: fmt.Sprintf("%s/%s uses %.1f GiB of ephemeral storage", p.Namespace, p.Name, float64(p.Used)/(1<<30))})
		}
	}
	return out
}
