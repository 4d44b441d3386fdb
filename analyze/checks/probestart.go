package checks

import (
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var probeAtStart = analyze.Check{
	ID: "probe-startup", Guide: "4",
	Title: say("启动阶段的探针失败", "probes that fail while a pod starts"),
	Doc: say("Unhealthy 事件之后 Pod 已就绪、五分钟以上没有再失败：只是启动阶段。存活探针把容器杀掉的不算。",
		"Events Unhealthy of a pod that is ready and had none for more than five minutes: only its start. A liveness probe that killed the container does not count."),
	Needs: []string{"events", "tables/pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Events) == 0 || len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, e := range f.Events {
			if e.Reason != "Unhealthy" || strings.HasPrefix(e.Message, "Liveness") {
				continue
			}
			p, known := podOf(f, e)
			if !known || !settled(f, p, e.Last, 5*time.Minute) {
				continue
			}
			found = append(found, analyze.Evidence{
				Cause: "benign-probe-startup", Confidence: analyze.Certain, Subject: subjectOf(p), Count: e.Count, Since: e.First, Until: e.Last, Recovered: true,
				Says:    say("启动阶段探针失败", "a probe failed while the pod started"),
				Because: say("Pod "+p.Name+" 之后一直就绪", "pod "+p.Name+" has been ready since"),
				Samples: []analyze.Sighting{ofEvent(e)},
			})
		}
		return analyze.Finding{Status: analyze.Pass, Evidence: found}
	},
}
