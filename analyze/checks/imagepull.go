package checks

import (
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

var imagePull = analyze.Check{
	ID: "image-pull", Guide: "5",
	Title: say("镜像拉取", "image pulls"),
	Doc: say("容器等待原因为 ImagePullBackOff、ErrImagePull、InvalidImageName；事件里的原文说明是标签不存在还是仓库拒绝；没有 Pod 本身的数据时，只凭事件判断：该 Pod 后来启动了或被停掉，或同一组件后来有 Pod 启动，就不算。",
		"Containers that wait for ImagePullBackOff, ErrImagePull or InvalidImageName; the event says whether the tag is missing or the registry refuses; where the pod itself was not sent, the event tells it alone, unless that pod started or was stopped later, or another one of the component started."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "events"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 {
			return toldByEvents(f, func(e analyze.Event) (string, specs.Text) { return pullsFailed(f, e) })
		}
		var found []analyze.Evidence
		for _, p := range f.Pods {
			for _, c := range p.Containers {
				switch c.State.Reason {
				case "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "Init:ImagePullBackOff", "Init:ErrImagePull":
					found = append(found, pullEvidence(f, p, c))
				}
			}
		}
		return answer(found)
	},
}

// pullsFailed is what an event tells of a pod that was not sent itself, unless a later one says that its container started, that it
// was stopped, or that another pod of the component came up instead.
func pullsFailed(f *analyze.Facts, e analyze.Event) (cause string, says specs.Text) {
	p, _ := podOf(f, e)
	over := func(o analyze.Event) bool {
		if o.Object == e.Object {
			return o.Reason == "Started" && !e.Later(o) || o.Reason == "Killing" && o.Later(e)
		}
		other, _ := podOf(f, o)
		return o.Reason == "Started" && o.Later(e) && p.Role != "" && other.Role == p.Role && other.Namespace == p.Namespace
	}
	if e.Reason != "Failed" || !strings.HasPrefix(e.Message, "Failed to pull image ") || slices.ContainsFunc(f.Events, over) {
		return "", specs.Text{}
	}
	return "image-pull-failed", say("镜像拉不下来", "the image cannot be pulled")
}

func pullEvidence(f *analyze.Facts, p analyze.Pod, c analyze.Container) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "image-pull-failed", Confidence: ours(f, p, analyze.Certain), Subject: subjectOf(p), Since: p.Created,
		Says: say("镜像拉不下来", "the image cannot be pulled"), Samples: ofPod(p, "%s %s", c.State.Reason, c.Image),
	}
	for _, ev := range f.Events {
		if ev.Object == "pod/"+p.Name && strings.Contains(ev.Message, "pull") && ev.Type == "Warning" {
			e.Samples = append(e.Samples, ofEvent(ev))
		}
	}
	return e
}
