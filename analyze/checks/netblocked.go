package checks

import (
	"net"
	"slices"

	"github.com/imbundle/imbundle/analyze"
)

// storePorts are those of the stores, as they are by default and as OpenIM's own manifests map them.
var storePorts = []string{"6379", "16379", "27017", "37017", "9092", "9094", "19092", "19094", "2379", "12379"}

var networkBlocked = analyze.Check{
	ID: "network-blocked", Guide: "5",
	Title: say("连接超时的对端有几个", "how many peers do not answer at all"),
	Doc: say("连接一个存储超时，可能是它自己的问题；同一时间连接两台以上的机器都超时，而这些 Pod 并没有显示未就绪，就是网络被挡。",
		"A single store that does not answer may be ill itself; two hosts and more that do not answer at the same time, without their pods being known as not ready, mean that packets are dropped."),
	Needs: []string{"logs with dial tcp …: i/o timeout"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var timeouts []analyze.Evidence
		hosts := map[string]bool{}
		for _, e := range f.Evidence {
			host, port, err := net.SplitHostPort(e.Subject.Target)
			if e.Check == "dial-times-out" && err == nil && shouldAnswer(f, host, port) {
				timeouts = append(timeouts, e)
				hosts[host] = true
			}
		}
		switch {
		case len(f.Texts) == 0:
			return unknown()
		case len(hosts) < 2:
			return analyze.Finding{Status: analyze.Pass}
		}
		for i := range timeouts {
			timeouts[i].Confidence = analyze.Likely
			timeouts[i].Says = say("几台机器同时都连不通，而且不是被拒绝", "several hosts at once give no answer, not even a refusal")
		}
		return answer(timeouts)
	},
}

// shouldAnswer tells whether an address is that of a ready pod, or of a store of which nothing worse is known.
func shouldAnswer(f *analyze.Facts, host, port string) bool {
	for _, p := range f.Pods {
		if p.IP == host {
			return p.Ready
		}
	}
	return slices.Contains(storePorts, port)
}
