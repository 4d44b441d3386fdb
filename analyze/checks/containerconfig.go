package checks

import (
	"fmt"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var containerConfig = analyze.Check{
	ID: "container-config", Guide: "3",
	Title: say("容器配置是否齐全", "containers find what they are configured with"),
	Doc: say("等待原因为 CreateContainerConfigError 或 CreateContainerError：引用的 ConfigMap、Secret 或键不存在，容器从未启动。再把 Pod 的卷、subPath 与变量引用的 ConfigMap 和键与实际的对照：缺的键让未启动的 Pod 起不来；在跑的 Pod 只是提示，它下次重启就起不来。标为 optional 的不算；只看采到的命名空间，Secret 的键不读取，因此不判断。",
		"Containers that wait for CreateContainerConfigError or CreateContainerError: a ConfigMap, Secret or key that they name does not exist, so they never start. And ConfigMaps and keys that volumes, subPaths and variables of pods name, compared with those that exist: what is missing keeps a pod from starting; of one that runs it is a warning, because its next start fails. What is optional does not count. Only namespaces whose ConfigMaps were collected are looked at; keys of Secrets are not read and not judged."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "cluster-resources/configmaps/<namespace>.json", "describe of the pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, p := range f.Pods {
			e, waits := unconfigured(f, p)
			missing := lackingReferences(f, p)
			switch {
			case waits:
				e.Samples = append(e.Samples, missing...)
			case len(missing) == 0:
				continue
			default:
				e = unstartable(f, p, missing)
			}
			found = append(found, e)
		}
		return answer(found)
	},
}

// unconfigured is evidence of a pod whose containers wait for what they are configured with.
func unconfigured(f *analyze.Facts, p analyze.Pod) (analyze.Evidence, bool) {
	e := analyze.Evidence{
		Cause: "config-invalid", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Since: p.Created,
		Says: say("容器引用的配置不存在", "the container names configuration that does not exist"),
	}
	for _, c := range p.Containers {
		if c.State.Reason == "CreateContainerConfigError" || c.State.Reason == "CreateContainerError" && brokenFile(c.State) == nil {
			e.Samples = append(e.Samples, ofPod(p, "%s %s", c.State.Reason, clip(c.State.Message))...)
		}
	}
	return e, len(e.Samples) > 0
}

// lackingReferences shows the keys and ConfigMaps that a pod names and its namespace lacks.
func lackingReferences(f *analyze.Facts, p analyze.Pod) []analyze.Sighting {
	var out []analyze.Sighting
	for _, r := range p.References {
		i := slices.IndexFunc(f.ConfigMaps, func(m analyze.ConfigMap) bool { return m.Namespace == p.Namespace && m.Name == r.ConfigMap })
		switch {
		case i >= 0 && r.Key != "" && !slices.Contains(f.ConfigMaps[i].Keys, r.Key):
			out = append(out, analyze.Sighting{Entry: f.ConfigMaps[i].Entry, Text: clip(fmt.Sprintf("configmap %s has no key %s, which %s of pod %s names", r.ConfigMap, r.Key, r.By, p.Name))})
		case i < 0 && r.Key == "" && f.Listed("configmaps", p.Namespace):
			out = append(out, analyze.Sighting{Entry: p.Entry, Text: clip(fmt.Sprintf("configmap %s does not exist, which %s of pod %s names", r.ConfigMap, r.By, p.Name))})
		}
	}
	return out
}

// unstartable is evidence of a pod that cannot start, or could not start again.
func unstartable(f *analyze.Facts, p analyze.Pod, missing []analyze.Sighting) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "config-invalid", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Since: p.Created, Samples: missing,
		Says: say("Pod 引用了不存在的 ConfigMap 或键", "the pod names a ConfigMap or a key that does not exist"),
	}
	if p.Ready || p.Phase == "Running" || p.Phase == "Succeeded" {
		e.Confidence, e.Severity, e.Since = analyze.Possible, analyze.Warning, time.Time{}
		e.Says = say("Pod 引用的 ConfigMap 或键已不在：现在还在跑，下次重启就起不来", "a ConfigMap or a key that the pod names is gone: it still runs, and its next start fails")
	}
	return e
}
