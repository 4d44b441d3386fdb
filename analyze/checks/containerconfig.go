package checks

import "github.com/imbundle/imbundle/analyze"

var containerConfig = analyze.Check{
	ID: "container-config", Guide: "3",
	Title: say("容器配置是否齐全", "containers find what they are configured with"),
	Doc: say("等待原因为 CreateContainerConfigError 或 CreateContainerError：引用的 ConfigMap、Secret 或键不存在，容器从未启动。",
		"Containers that wait for CreateContainerConfigError or CreateContainerError: a ConfigMap, Secret or key that they name does not exist, so they never start."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "describe of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, p := range f.Pods {
			for _, c := range p.Containers {
				if c.State.Reason != "CreateContainerConfigError" && c.State.Reason != "CreateContainerError" {
					continue
				}
				found = append(found, analyze.Evidence{
					Cause: "config-invalid", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Since: p.Created,
					Says:    say("容器引用的配置不存在", "the container names configuration that does not exist"),
					Samples: ofPod(p, "%s %s", c.State.Reason, clip(c.State.Message)),
				})
			}
		}
		return answer(found)
	},
}
