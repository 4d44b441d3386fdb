package checks

import (
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var podsReady = analyze.Check{
	ID: "pods-ready", Guide: "5",
	Title: say("所有 Pod 就绪", "all pods are ready"),
	Doc: say("未就绪的 Pod 本身不是原因，只说明有一跳不在服务；原因由事件、状态和日志给出。",
		"A pod that is not ready is no cause, it tells that a hop does not serve; events, state and log give the cause."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "tables/pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		status := analyze.Pass
		for _, p := range f.Pods {
			if p.Ready || p.Phase == "Succeeded" || p.Deleted {
				continue
			}
			switch young := recent(f, p.Created, 2*time.Minute); {
			case p.Role != "" && !young:
				return analyze.Finding{Status: analyze.Fail}
			default:
				status = analyze.Warn
			}
		}
		return analyze.Finding{Status: status}
	},
}
