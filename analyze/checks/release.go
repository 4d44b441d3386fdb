package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var releaseBehind = analyze.Check{
	ID: "release-behind", Guide: "6",
	Title: say("落后官方多少个发布", "how far behind the official releases"),
	Doc: say("日志版本列或镜像标签给出的版本与官方发布比较：落后几个，其间修复了哪些已知缺陷（报告的 release 一节，先列与所见原因有关的）。落后本身不是故障，不影响结论。",
		"Compares the release that logs or image tags name with the official ones: how many are newer, and which known defects were fixed since (section release of the report, those that fit a cause that was found first). Being behind is no fault by itself and changes no verdict."),
	Needs: []string{"a log of a component, or an image with its tag"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		switch newer, known := f.NewerReleases(); {
		case !known:
			return unknown()
		case newer > 0:
			return analyze.Finding{Status: analyze.Warn}
		}
		return analyze.Finding{Status: analyze.Pass}
	},
}

var oneRelease = analyze.Check{
	ID: "one-release", Guide: "3",
	Title: say("各组件版本一致", "all components are of one release"),
	Doc: say("每个 Pod 的版本取日志的版本列，其次镜像标签；只有日志时取写到末尾的各日志；同一标签而摘要不同也算不同。同时运行着不同版本，或同一角色的 Pod 镜像不同，作为提示：发布没有完成，或漏换了某个组件。",
		"The release of each pod is that of its log, else of its image's tag, of logs without pods that of each that goes on to the end; one tag with two digests counts as two. Different releases that run side by side are a remark: a rollout that did not finish, or a component that was left out."),
	Needs: []string{"logs of pods, or cluster-resources/pods/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		running := runningReleases(f)
		if len(running) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		byNamespace := map[string][]podRelease{}
		for _, r := range running {
			byNamespace[r.pod.Namespace] = append(byNamespace[r.pod.Namespace], r)
		}
		for _, pods := range byNamespace {
			if e, ok := mixed(pods); ok {
				found = append(found, e)
			}
		}
		slices.SortFunc(found, func(a, b analyze.Evidence) int { return cmp.Compare(a.Subject.Namespace, b.Subject.Namespace) })
		return answer(found)
	},
}

// podRelease is what a running pod of OpenIM shows of its release.
type podRelease struct {
	pod     analyze.Pod
	release string // empty: neither its log nor its image tells
	image   string // with its digest
}

func runningReleases(f *analyze.Facts) (out []podRelease) {
	logged := map[string]string{}
	for _, t := range f.Texts {
		if v := analyze.CleanVersion(t.Version); t.Pod.Pod != "" && !t.Previous && v != "" {
			logged[t.Pod.Namespace+"/"+t.Pod.Pod] = v
		}
	}
	for _, p := range f.Pods {
		role := f.Specs.Role(p.Role)
		if role == nil || role.Backend || p.Role == "chat" || p.Role == "sdk" || p.Phase != "Running" {
			continue
		}
		r := podRelease{pod: p, release: logged[p.Namespace+"/"+p.Name]}
		for _, c := range p.Containers {
			if v := analyze.ImageVersion(c.Image); c.Kind == "" && v != "" {
				r.release, r.image = cmp.Or(r.release, v), c.Image+" "+digest(c.ImageID)
			}
		}
		if r.release != "" {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return loggedReleases(f)
	}
	return out
}

// together is how far apart the ends of two logs may lie that were taken at the same time.
const together = 10 * time.Minute

// loggedReleases are those of logs without pods, which have to go on to the end of the data: during a rollout two may overlap.
func loggedReleases(f *analyze.Facts) (out []podRelease) {
	for _, t := range f.Texts {
		v := analyze.CleanVersion(t.Version)
		if v == "" || t.Previous || !t.Log || t.Role == "sdk" || t.Role == "chat" || f.To.Sub(t.Last) > together {
			continue
		}
		out = append(out, podRelease{pod: analyze.Pod{Role: t.Role, Namespace: t.Pod.Namespace, Entry: t.Entry}, release: v})
	}
	return out
}

func digest(imageID string) string {
	_, sum, _ := strings.Cut(imageID, "@")
	return sum
}

// mixed tells whether the pods of a namespace run different releases, or those of one role different images.
func mixed(pods []podRelease) (analyze.Evidence, bool) {
	releases, images := map[string][]string{}, map[string]map[string]bool{}
	for _, r := range pods {
		if !slices.Contains(releases[r.release], r.pod.Role) {
			releases[r.release] = append(releases[r.release], r.pod.Role)
		}
		if images[r.pod.Role] == nil {
			images[r.pod.Role] = map[string]bool{}
		}
		if r.image != "" {
			images[r.pod.Role][r.image] = true
		}
	}
	e := analyze.Evidence{Cause: "rollout-incomplete", Confidence: analyze.Possible, Subject: analyze.Subject{Namespace: pods[0].pod.Namespace}}
	var lines []string
	for release, roles := range releases {
		slices.Sort(roles)
		lines = append(lines, fmt.Sprintf("%s: %s", release, strings.Join(roles, ", ")))
	}
	e.Says = say("同时运行着不同版本的组件", "components of different releases run side by side")
	if len(releases) == 1 {
		lines = nil
		for role, set := range images {
			if len(set) > 1 {
				lines = append(lines, fmt.Sprintf("%s: %d images", role, len(set)))
			}
		}
		e.Says = say("同一角色的 Pod 镜像不同（标签相同而摘要不同也算）", "pods of one role run different images (one tag with two digests is two)")
	}
	slices.Sort(lines)
	for _, line := range lines {
		e.Samples = append(e.Samples, analyze.Sighting{Entry: pods[0].pod.Entry, Text: line})
	}
	return e, len(lines) > 0
}
