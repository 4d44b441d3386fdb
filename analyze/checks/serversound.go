package checks

import (
	"slices"

	"github.com/imbundle/imbundle/analyze"
)

// pathHops are the hops that every message passes and that print when they do their work.
var pathHops = []string{"to-redis", "transfer", "redis", "to-push", "push"}

var serverSound = analyze.Check{
	ID: "server-sound", Guide: "2.6",
	Title: say("服务端各跳都在工作而个别用户有问题", "the server's hops all work and single users have trouble"),
	Doc: say("上报的是部分用户受影响，而消息经过的每一跳都有处理记录、没有别的故障证据：先看客户端（本地缓存、序号、网络）。只提示，不下定论；全部用户受影响时不适用。",
		"Some users are affected, every hop that a message passes was seen at work and nothing else speaks of a fault: look at the client first (local cache, seq, network). It hints and does not conclude; it does not apply when all users are affected."),
	Needs: []string{"incident.yaml with scope some", "logs of rpc-msg, msgtransfer and push at INFO"}, Collect: "imbundle collect --ask",
	Run: func(f *analyze.Facts) analyze.Finding {
		switch f.Incident["scope"] {
		case "some":
		case "all":
			return analyze.Finding{Status: analyze.NA}
		default:
			return unknown()
		}
		for _, hop := range pathHops {
			if f.Flow.Hops[hop] == nil {
				return unknown()
			}
		}
		if slices.ContainsFunc(f.Evidence, func(e analyze.Evidence) bool {
			c := f.Specs.Causes[e.Cause]
			return c != nil && !c.Benign && e.Confidence != analyze.Possible && (c.Severity == analyze.Error || c.Severity == analyze.Critical)
		}) {
			return analyze.Finding{Status: analyze.Pass}
		}
		e := analyze.Evidence{
			Cause: "client-cache-behind", Confidence: analyze.Possible, Says: say("服务端各跳都在正常处理，只有部分用户受影响", "every hop of the server works and only some users are affected"),
		}
		for _, t := range f.Texts {
			if t.Log && slices.Contains([]string{"msgtransfer", "push"}, t.Role) && len(e.Samples) < 2 {
				e.Samples = append(e.Samples, analyze.Sighting{Entry: t.Entry, Text: "last seen working at " + f.Flow.Hops["push"].Last.Format("15:04:05")})
			}
		}
		return answer([]analyze.Evidence{e})
	},
}
