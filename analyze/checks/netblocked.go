package checks

import (
	"net"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// storePorts are those of the stores, as they are by default and as OpenIM's own manifests map them.
var storePorts = map[string]string{
	"6379": "redis", "16379": "redis", "27017": "mongo", "37017": "mongo", "9092": "kafka", "9094": "kafka", "19092": "kafka", "19094": "kafka",
	"2379": "etcd", "12379": "etcd",
}

// slack is how far apart timeouts to two hosts may lie and still be one trouble.
const slack = 5 * time.Minute

var networkBlocked = analyze.Check{
	ID: "network-blocked", Guide: "5",
	Title: say("连接超时的对端有几个", "how many peers do not answer at all"),
	Doc: say("连接一个存储超时，可能是它自己的问题；同一时间连接两台以上的机器都超时，而这些 Pod 并没有显示未就绪，就是网络被挡。",
		"A single store that does not answer may be ill itself; two hosts and more that do not answer at the same time, without their pods being known as not ready, mean that packets are dropped."),
	Needs: []string{"logs with dial tcp …: i/o timeout"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Texts) == 0 {
			return unknown()
		}
		var timeouts, found []analyze.Evidence
		for _, e := range f.Evidence {
			host, port, err := net.SplitHostPort(e.Subject.Target)
			if e.Check == "dial-times-out" && err == nil && shouldAnswer(f, host, port) {
				timeouts = append(timeouts, e)
			}
		}
		for _, e := range timeouts {
			if !slices.ContainsFunc(timeouts, func(o analyze.Evidence) bool { return atOnce(e, o) }) {
				continue
			}
			e.Confidence, e.Count = analyze.Likely, 0 // the rule has counted the lines
			e.Says = say("几台机器同时都连不通，而且不是被拒绝", "several hosts at once give no answer, not even a refusal")
			found = append(found, e)
		}
		return answer(found)
	},
}

// atOnce tells of timeouts to two hosts whether they fall into one time; unknown times do with any.
func atOnce(a, b analyze.Evidence) bool {
	hostA, _, _ := net.SplitHostPort(a.Subject.Target)
	hostB, _, _ := net.SplitHostPort(b.Subject.Target)
	return hostA != hostB && (a.Since.IsZero() || b.Since.IsZero() || !a.Since.After(b.Until.Add(slack)) && !b.Since.After(a.Until.Add(slack)))
}

// shouldAnswer tells whether an address is that of a ready pod, or of a store of which nothing worse is known: no node is out of
// service, and its pods are not listed as ill.
func shouldAnswer(f *analyze.Facts, host, port string) bool {
	for _, p := range f.Pods {
		if p.IP == host {
			return p.Ready
		}
	}
	role := storePorts[port]
	ofStore := func(p analyze.Pod) bool { return p.Role == role }
	readyStore := func(p analyze.Pod) bool { return p.Role == role && p.Ready }
	notReady := func(c analyze.Condition) bool { return c.Type == "Ready" && c.Status != "True" }
	return role != "" && (!slices.ContainsFunc(f.Pods, ofStore) || slices.ContainsFunc(f.Pods, readyStore)) &&
		!slices.ContainsFunc(f.Nodes, func(n analyze.Node) bool { return slices.ContainsFunc(n.Conditions, notReady) })
}
