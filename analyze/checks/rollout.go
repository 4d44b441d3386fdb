package checks

import (
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var rollout = analyze.Check{
	ID: "rollout-incomplete", Guide: "5",
	Title: say("发布是否完成", "rollouts are finished"),
	Doc: say("Deployment 暂停或超过期限，或同一 Deployment 的新旧两代 Pod 并存超过十分钟。",
		"A Deployment that is paused half-way or past its deadline, or pods of two generations that stand side by side for more than ten minutes."),
	Needs: []string{"cluster-resources/deployments/<namespace>.json", "tables/pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 && len(f.Workloads) == 0 {
			return unknown()
		}
		found := stuckDeployments(f)
		seen := map[string]bool{}
		for _, e := range found {
			seen[e.Subject.Target] = true
		}
		for _, e := range generations(f) {
			if !seen[e.Subject.Target] {
				found = append(found, e)
			}
		}
		return answer(found)
	},
}

// stuckDeployments reads the state of the Deployments themselves.
func stuckDeployments(f *analyze.Facts) []analyze.Evidence {
	var found []analyze.Evidence
	for _, w := range f.Workloads {
		if w.Kind != "Deployment" || w.Role == "" || w.Wanted == 0 {
			continue
		}
		reason := ""
		for _, c := range w.Conditions {
			if c.Type == "Progressing" && (c.Status != "True" || c.Reason == "ProgressDeadlineExceeded" || c.Reason == "DeploymentPaused") {
				reason = c.Reason
			}
		}
		if reason == "" && !w.Paused {
			continue
		}
		if w.Updated >= w.Wanted && w.Total <= w.Wanted && w.Unavailable == 0 {
			continue
		}
		found = append(found, analyze.Evidence{
			Cause: "rollout-incomplete", Confidence: analyze.Certain, Subject: analyze.Subject{Role: w.Role, Namespace: w.Namespace, Target: w.Name},
			Says: say("发布没有完成", "the rollout did not finish"),
			Samples: []analyze.Sighting{{Entry: w.Entry, Text: fmt.Sprintf("deployment %s: %d wanted, %d updated, %d available, %d unavailable, %s",
				w.Name, w.Wanted, w.Updated, w.Available, w.Unavailable, reason)}},
		})
	}
	return found
}

var generation = regexp.MustCompile(`^(.+)-([0-9a-z]{6,10})-[0-9a-z]{5}$`)

// sideBySide is how long two generations may serve together in an ordinary rollout.
const sideBySide = 10 * time.Minute

// replicaSet is the pods of one generation of a Deployment.
type replicaSet struct {
	pods   []analyze.Pod
	newest time.Time
}

// generationsOf groups the pods of Deployments by Deployment and generation, both read from the names of pods.
func generationsOf(f *analyze.Facts) map[string]map[string]*replicaSet {
	loads := map[string]map[string]*replicaSet{}
	for _, p := range f.Pods {
		m := generation.FindStringSubmatch(p.Name)
		if m == nil || p.Role == "" || p.Created.IsZero() || p.Deleted || p.Reason == "Evicted" || strings.HasPrefix(p.Owner, "StatefulSet/") {
			continue
		}
		if loads[m[1]] == nil {
			loads[m[1]] = map[string]*replicaSet{}
		}
		g := loads[m[1]][m[2]]
		if g == nil {
			g = &replicaSet{}
			loads[m[1]][m[2]] = g
		}
		g.pods = append(g.pods, p)
		if p.Created.After(g.newest) {
			g.newest = p.Created
		}
	}
	return loads
}

// generations finds Deployments whose pods are of more than one ReplicaSet although the newest is long there, or not ready.
func generations(f *analyze.Facts) []analyze.Evidence {
	var found []analyze.Evidence
	for name, gens := range generationsOf(f) {
		var last *replicaSet
		for _, g := range gens {
			if last == nil || g.newest.After(last.newest) {
				last = g
			}
		}
		if len(gens) > 1 && (f.Collected.Sub(last.newest) >= sideBySide || !last.pods[0].Ready) {
			found = append(found, twoGenerations(f, name, gens, last))
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Subject.Target < found[j].Subject.Target })
	return found
}

func twoGenerations(f *analyze.Facts, name string, gens map[string]*replicaSet, last *replicaSet) analyze.Evidence {
	e := analyze.Evidence{
		Cause: "rollout-incomplete", Confidence: analyze.Likely, Subject: analyze.Subject{Role: last.pods[0].Role, Namespace: last.pods[0].Namespace, Target: name},
		Since: last.newest, Until: f.Collected, Says: say("新旧两代 Pod 并存", "pods of two generations stand side by side"),
	}
	for _, g := range gens {
		e.Samples = append(e.Samples, ofPod(g.pods[0], "%s, made %s, %d pods of this generation", g.pods[0].Status, g.newest.Format(time.RFC3339), len(g.pods))...)
	}
	sort.Slice(e.Samples, func(i, j int) bool { return e.Samples[i].Text < e.Samples[j].Text })
	return e
}
