package checks

import (
	"cmp"
	"fmt"
	"net"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var staleEndpoints = analyze.Check{
	ID: "stale-endpoints", Guide: "4",
	Title: say("是否还在拨已经不存在的 Pod", "callers dial addresses of pods that exist"),
	Doc: say("日志里拨不通的地址如果不属于任何现有 Pod，且持续十分钟以上，就是服务发现没有更新，而不是对端没起。需要带 IP 的 Pod 列表。",
		"An address that cannot be dialled for ten minutes and more and belongs to no pod means stale discovery, not a peer that is down. Needs a pod list with addresses."),
	Needs: []string{"cluster-resources/pods/<namespace>.json or kubectl get pods -o wide"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		pods := map[string]bool{}
		for _, p := range f.Pods {
			if p.IP != "" && p.Role != "" {
				pods[p.IP] = true
			}
		}
		if len(pods) < 3 {
			return unknown()
		}
		var found []analyze.Evidence
		var refuted []analyze.Refutation
		for _, e := range f.Evidence {
			if e.Cause != "rpc-service-down" && e.Cause != "discovery-stale-endpoints" {
				continue
			}
			ip := net.ParseIP(hostOf(e.Attrs.Get("addr"), e.Subject.Target))
			if ip == nil || ip.IsLoopback() || pods[ip.String()] || e.Until.Sub(e.Since) < staleAfter {
				continue
			}
			found = append(found, analyze.Evidence{
				Cause: "discovery-stale-endpoints", Confidence: analyze.Certain, Subject: e.Subject, Since: e.Since, Until: e.Until, Quiet: e.Quiet,
				Hits: e.Hits,
				Says: say(fmt.Sprintf("%s 不属于任何现有 Pod，却一直在被拨", ip), fmt.Sprintf("%s belongs to no pod and is dialled all the time", ip)),
			})
			refuted = append(refuted, analyze.Refutation{
				Cause: "rpc-service-down", Target: cmp.Or(e.Subject.Target, e.Attrs.Get("addr")), Because: say("该地址不属于任何现有 Pod", "the address belongs to no pod that exists"),
			})
		}
		out := answer(found)
		out.Refutes = refuted
		return out
	},
}

// staleAfter is how long peers may dial a dead address: etcd leases end after 30 s, DNS and connections follow within minutes.
const staleAfter = 10 * time.Minute

// hostOf is the host of the first address given.
func hostOf(addresses ...string) string {
	for _, a := range addresses {
		if host, _, err := net.SplitHostPort(a); err == nil {
			return host
		}
	}
	return ""
}
