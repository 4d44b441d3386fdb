package checks

import (
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var killedOther = analyze.Check{
	ID: "pod-killed-other", Guide: "5",
	Title: say("退出码 137 但不是 OOM", "exit 137 without OOM"),
	Doc: say("退出码 137 而 reason 不是 OOMKilled：存活探针、优雅退出超时、节点。有 failed liveness probe 事件时可以确定；没有 Pod 本身的数据时，只凭事件判断。",
		"Exit code 137 with another reason than OOMKilled: liveness probe, grace period or node. An event 'failed liveness probe' makes it certain; where the pod itself was not sent, the event tells it alone."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "describe of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return toldByEvents(f, livenessKills)
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

// livenessFailed is how the kubelet says why it kills a container.
const livenessFailed = "failed liveness probe"

// livenessKills is what an event tells of a pod that was not sent itself.
func livenessKills(e analyze.Event) (cause string, says specs.Text) {
	if e.Reason != "Killing" || !strings.Contains(e.Message, livenessFailed) {
		return "", specs.Text{}
	}
	return "pod-killed-other", say("存活探针失败，容器被重启", "the liveness probe failed and the container is restarted")
}

func killed(f *analyze.Facts, p analyze.Pod, c analyze.Container, s analyze.ContainerState) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "pod-killed-other", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Count: max(1, c.Restarts),
		Since: onset(c, s), Until: s.Finished, Says: say("容器被 SIGKILL 结束，但不是 OOM", "the container was ended by SIGKILL, not by OOM"),
		Samples: ofPod(p, "container %s exit 137, reason %s, restarts %d", c.Name, s.Reason, c.Restarts),
	}
	for _, ev := range f.Events {
		if ev.Object == "pod/"+p.Name && strings.Contains(ev.Message, livenessFailed) {
			e.Confidence = ours(f, p, analyze.Certain)
			e.Samples = append(e.Samples, ofEvent(ev))
		}
	}
	return e
}
