package checks

import (
	"fmt"

	"github.com/imbundle/imbundle/analyze"
)

// A gateway is told from one that merely has nobody to push to by this many lines of the one and of the other.
const (
	leastPushes = 10
	leastOnline = 3
)

var gatewayTargets = analyze.Check{
	ID: "gateway-targets", Guide: "2.5",
	Title: say("推送是否到了每一个网关", "pushes reach every gateway"),
	Doc: say("服务发现用 etcd 时，push 把每条消息发给每一个网关（用 Kubernetes 时只发给接收者所在的网关，不作判断）。几个网关的日志同一段时间里，一个收到许多推送，另一个有用户在线却一次也没有收到：推送只到了其中一些。需要两个以上网关的 INFO 级日志。",
		"With discovery by etcd, push sends every message to every gateway (by Kubernetes to those of the receivers only, which is not judged). Where logs of several gateways cover the same time, and one got many pushes while another has users online and got none, pushes reach some of them only. Needs logs at INFO of two gateways and more."),
	Needs: []string{"logs of all gateways at INFO"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var gateways []analyze.Text
		for _, t := range f.Texts {
			if t.Role == "msggateway" && !t.Previous && !t.First.IsZero() && t.Worked["gateway"] > 0 {
				gateways = append(gateways, t)
			}
		}
		by := discovery(f)
		switch {
		case byKubernetes(by):
			return analyze.Finding{Status: analyze.NA}
		case len(gateways) < 2:
			return unknown()
		}
		confidence := analyze.Possible
		if by != "" {
			confidence = analyze.Likely
		}
		var found []analyze.Evidence
		for _, idle := range gateways {
			for _, busy := range gateways {
				if leftOut(idle, busy) {
					found = append(found, analyze.Evidence{
						Cause: "gateway-single-target", Confidence: confidence, Since: idle.First, Until: idle.Last,
						Subject: analyze.Subject{Role: "msggateway", Namespace: idle.Pod.Namespace, Pod: idle.Pod.Pod},
						Says:    say("这个网关有用户在线，却没有收到任何推送，而别的网关收到了", "this gateway has users online and gets no push at all, while another does"),
						Samples: []analyze.Sighting{
							{Entry: idle.Entry, Text: fmt.Sprintf("pushes: 0, lines of users coming: %d", idle.Worked["gateway"])},
							{Entry: busy.Entry, Text: fmt.Sprintf("lines of pushes in the same time: %d", busy.Worked["deliver"])},
						},
					})
					break
				}
			}
		}
		return answer(found)
	},
}

// leftOut tells whether one gateway got no push while another of the same time got many.
func leftOut(idle, busy analyze.Text) bool {
	from, to := idle.First, idle.Last
	if busy.First.After(from) {
		from = busy.First
	}
	if busy.Last.Before(to) {
		to = busy.Last
	}
	return idle.Worked["deliver"] == 0 && idle.Worked["gateway"] >= leastOnline && busy.Worked["deliver"] >= leastPushes &&
		2*to.Sub(from) >= busy.Last.Sub(busy.First)
}
