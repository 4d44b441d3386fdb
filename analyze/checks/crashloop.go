package checks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var crashLoop = analyze.Check{
	ID: "pod-crash-loop", Guide: "5",
	Title: say("容器反复启动又退出", "containers that start and exit again and again"),
	Doc: say("CrashLoopBackOff，或处于 Error 且已重启，或最近半小时内仍在重启三次以上，或最近十分钟内刚启动不久就失败退出；只有事件时，看 BackOff 的次数。docker ps 里的 Kafka、Redis、Mongo、etcd 已退出，则是它连不上。原因在它最后的日志里：日志给出的根因会解释它。mongod 的退出码说明它自己崩溃（14、62、100、132、134、139）时，直接归为 mongod 崩溃。",
		"CrashLoopBackOff, or Error after restarts, or three restarts and more with the last one within half an hour, or a failure within two minutes of the start in the last ten minutes; of pods that only events tell of, three events BackOff and more. A Kafka, Redis, Mongo or etcd that docker ps shows as Exited cannot be reached. Its last log says why: a cause found there explains it. An exit code of mongod that tells of its own end (14, 62, 100, 132, 134, 139) is named as that."),
	Needs: []string{"cluster-resources/pods/<namespace>.json", "tables/pods"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		found := backedOff(f)
		if len(f.Pods) == 0 && len(found) == 0 {
			return unknown()
		}
		for _, p := range f.Pods {
			if e, is := ended(p); is && !slices.ContainsFunc(f.Pods, func(o analyze.Pod) bool { return o.Role == p.Role && o.Ready }) {
				found = append(found, e)
			}
			for _, c := range p.Containers {
				if confidence := looping(f, p, c); confidence != "" {
					found = append(found, loopEvidence(f, p, c, confidence))
				}
			}
		}
		return answer(found)
	},
}

// leastBackOffs are so many waits before a restart that it is no longer a start that went wrong once.
const leastBackOffs = 3

// backedOff is what events tell of pods of which nothing else does.
func backedOff(f *analyze.Facts) (found []analyze.Evidence) {
	for _, e := range f.Events {
		p, known := podOf(f, e)
		if known || p.Name == "" || gone(f, e) || e.Reason != "BackOff" || e.Count < leastBackOffs || !strings.Contains(e.Message, "restarting failed container") {
			continue
		}
		if e.Last.IsZero() || recent(f, e.Last, 30*time.Minute) {
			found = append(found, analyze.Evidence{
				Cause: "pod-crash-loop", Confidence: ours(f, p, analyze.Likely), Subject: subjectOf(p), Count: e.Count, Since: e.First, Until: e.Last,
				Says: say("容器反复崩溃重启", "the container crashes and is restarted again and again"), Samples: []analyze.Sighting{ofEvent(e)},
			})
		}
	}
	return found
}

// ended tells of a container that docker shows as Exited. Where it is what a store runs in, OpenIM cannot reach that.
func ended(p analyze.Pod) (analyze.Evidence, bool) {
	e := analyze.Evidence{Cause: endedStore[p.Role], Confidence: analyze.Likely, Subject: subjectOf(p), Says: say("容器已退出", "the container has ended"), Samples: ofPod(p, "%s", p.Status)}
	if e.Cause == "" {
		e.Cause, e.Confidence = "pod-crash-loop", analyze.Possible
	}
	return e, p.Role != "" && strings.HasPrefix(p.Status, "Exited (")
}

var endedStore = map[string]string{"kafka": "kafka-unreachable", "redis": "redis-unreachable", "mongo": "mongo-unreachable", "etcd": "etcd-unavailable"}

// looping is how sure it is that a container crashes again and again; empty for not at all.
func looping(f *analyze.Facts, p analyze.Pod, c analyze.Container) string {
	failed := c.State.Kind == "Terminated" && c.State.Reason != "Completed" && c.Kind != "init"
	switch {
	case strings.HasSuffix(c.State.Reason, "CrashLoopBackOff"):
		return analyze.Certain
	case failed && c.Restarts >= 1 && c.State.Reason != "OOMKilled":
		return analyze.Likely
	case c.Restarts >= 3 && recent(f, c.LastRestart, 30*time.Minute) && c.Last.Reason != "OOMKilled" && c.Last.ExitCode != 137 && !p.Ready:
		return analyze.Likely
	case c.Restarts >= 1 && shortLived(c.Last) && recent(f, c.Last.Finished, 10*time.Minute):
		// Between two crashes the container runs, and without a readiness probe the pod is ready.
		if c.Restarts >= 2 {
			return analyze.Likely
		}
		return analyze.Possible
	}
	return ""
}

// shortLived tells whether a run failed by itself within its first two minutes.
func shortLived(run analyze.ContainerState) bool {
	return run.Kind == "Terminated" && run.ExitCode != 0 && run.ExitCode != 137 && run.ExitCode != 143 &&
		!run.Started.IsZero() && run.Finished.Sub(run.Started) < 2*time.Minute
}

func loopEvidence(f *analyze.Facts, p analyze.Pod, c analyze.Container, confidence string) analyze.Evidence {
	last := c.Last
	if c.State.Kind == "Terminated" {
		last = c.State
	}
	detail := ""
	if last.Kind == "Terminated" {
		detail = fmt.Sprintf(", last exit %d (%s)", last.ExitCode, last.Reason)
	}
	e := analyze.Evidence{
		Cause: "pod-crash-loop", Confidence: ours(f, p, confidence), Subject: subjectOf(p), Count: max(1, c.Restarts), Until: last.Finished,
		Says:    say("容器反复崩溃重启", "the container crashes and is restarted again and again"),
		Samples: ofPod(p, "%s, restarts %d%s", p.Status, c.Restarts, detail),
	}
	if last.Kind == "Terminated" && p.Role == "mongo" && slices.Contains(mongodDies, last.ExitCode) {
		e.Cause, e.Says = "mongo-crash", say("mongod 自己以致命错误退出", "mongod ends by a fatal error of its own")
	}
	return e
}

// mongodDies are the exit codes of a mongod that cannot go on: uncaught exception, data of another version, unusable data files
// (MongoDB manual, exit codes and statuses), and 128 plus SIGILL, SIGABRT and SIGSEGV.
var mongodDies = []int{14, 62, 100, 132, 134, 139}
