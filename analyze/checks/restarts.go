package checks

import "github.com/imbundle/imbundle/analyze"

var podRestarts = analyze.Check{
	ID: "pod-restarts", Guide: "5",
	Title: say("容器重启次数", "restarts of containers"),
	Doc: say("列出重启过的容器。重启本身不是原因：原因由退出码、reason 和上一次的日志给出。",
		"Counts restarts. A restart is no cause: exit code, reason and the previous log give it."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "tables/pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		status := analyze.Pass
		for _, p := range f.Pods {
			if p.Role != "" && p.Restarts() > 0 {
				status = analyze.Warn
			}
		}
		return analyze.Finding{Status: status}
	},
}
