package checks

import (
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var killedOther = analyze.Check{
	ID: "pod-killed-other", Guide: "5",
	Title: say("退出码 137 但不是 OOM", "exit 137 without OOM"),
	Doc: say("退出码 137 而 reason 不是 OOMKilled：存活探针、优雅退出超时、节点。有 failed liveness probe 事件时可以确定。",
		"Exit code 137 with another reason than OOMKilled: liveness probe, grace period or node. An event 'failed liveness probe' makes it certain."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "describe of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, p := range f.Pods {
			for _, c := range p.Containers {
				for _, s := range []analyze.ContainerState{c.State, c.Last} {
					if s.Kind == "Terminated" && s.ExitCode == 137 && s.Reason != "OOMKilled" {
						found = append(found, killed(f, p, c, s))
					}
				}
			}
		}
		return answer(found)
	},
}

func killed(f *analyze.Facts, p analyze.Pod, c analyze.Container, s analyze.ContainerState) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "pod-killed-other", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Count: max(1, c.Restarts),
		Since: onset(c, s), Until: s.Finished, Says: say("容器被 SIGKILL 结束，但不是 OOM", "the container was ended by SIGKILL, not by OOM"),
		Samples: ofPod(p, "container %s exit 137, reason %s, restarts %d", c.Name, s.Reason, c.Restarts),
	}
	for _, ev := range f.Events {
		if ev.Object == "pod/"+p.Name && strings.Contains(ev.Message, "failed liveness probe") {
			e.Confidence = ours(f, p, analyze.Certain)
			e.Samples = append(e.Samples, ofEvent(ev))
		}
	}
	return e
}
