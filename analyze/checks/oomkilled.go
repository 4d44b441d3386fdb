package checks

import "github.com/imbundle/imbundle/analyze"

var oomKilled = analyze.Check{
	ID: "pod-oom-killed", Guide: "5",
	Title: say("容器因内存上限被杀", "containers killed at their memory limit"),
	Doc: say("看容器当前和上一次状态的 reason 是否为 OOMKilled。退出码 137 而 reason 不是 OOMKilled 的另算。",
		"Looks for reason OOMKilled in the present and the last state of every container. Exit code 137 with another reason is a case of its own."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "describe of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, p := range f.Pods {
			for _, c := range p.Containers {
				for _, s := range []analyze.ContainerState{c.State, c.Last} {
					if s.Reason != "OOMKilled" {
						continue
					}
					found = append(found, analyze.Evidence{
						Cause: "pod-oom-killed", Confidence: ours(f, p, analyze.Certain), Subject: subjectOf(p), Count: max(1, c.Restarts),
						Since: onset(c, s), Until: s.Finished, Says: say("容器被内核按内存上限杀死", "the kernel killed the container at its memory limit"),
						Samples: ofPod(p, "container %s OOMKilled, exit %d, restarts %d, memory limit %d MiB", c.Name, s.ExitCode, c.Restarts, c.MemoryLimit>>20),
					})
				}
			}
		}
		return answer(found)
	},
}
