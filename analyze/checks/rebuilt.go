package checks

import (
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var podRebuilt = analyze.Check{
	ID: "pod-rebuilt", Guide: "4",
	Title: say("Pod 重建后已就绪", "pods that were rebuilt and are ready"),
	Doc: say("Killing 事件之后替代的 Pod 已就绪，没有重启过：Pod 重建是常态，不是故障。",
		"An event Killing whose replacement is ready and never restarted: rebuilding pods is ordinary, no fault."),
	Needs: []string{"events", "tables/pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Events) == 0 || len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, e := range f.Events {
			if e.Reason != "Killing" || !strings.Contains(e.Message, "Stopping container") {
				continue
			}
			gone, still := podOf(f, e)
			if still || gone.Role == "" {
				continue
			}
			if next, ok := replacement(f, gone, e.Last); ok {
				found = append(found, analyze.Evidence{
					Cause: "benign-pod-rebuild", Confidence: analyze.Certain, Subject: subjectOf(next), Since: e.Last, Until: next.Created, Recovered: true,
					Says:    say("Pod 被重建，替代者已就绪", "the pod was rebuilt, its replacement is ready"),
					Because: say("替代的 Pod "+next.Name+" 已就绪且没有重启", "its replacement "+next.Name+" is ready and never restarted"),
					Samples: append([]analyze.Sighting{ofEvent(e)}, ofPod(next, "%s, ready", next.Status)...),
				})
			}
		}
		return analyze.Finding{Status: analyze.Pass, Evidence: found}
	},
}

// replacement finds the ready pod of the same role that came about when the other went.
func replacement(f *analyze.Facts, gone analyze.Pod, at time.Time) (analyze.Pod, bool) {
	for _, p := range f.Pods {
		if p.Role != gone.Role || !p.Ready || p.Restarts() > 0 {
			continue
		}
		if at.IsZero() || p.Created.IsZero() || p.Created.After(at.Add(-10*time.Minute)) {
			return p, true
		}
	}
	return analyze.Pod{}, false
}
