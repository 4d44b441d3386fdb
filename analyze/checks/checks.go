// Package checks holds the judgements that need code: each file is one check, a literal with its manual inside and a function
// that reads facts and answers. A check never guesses: without its data it answers unknown and names the command that gets it.
// To add one, write the literal and name it in All.
package checks

import (
	"fmt"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

// All returns every coded check, in the order of the guide.
func All() []analyze.Check {
	return []analyze.Check{
		intake, requestsAnswered, consumerGroups, hotPartition, kafkaMembers, kafkaTopics, kafkaReplication, kafkaMessageSize, kafkaBrokers, consumerGap,
		seqJump, seqState, seqHoles, seqUsers,
		redisSlow, redisMemory, redisWrites, redisMode, redisUp, mongoPrimary, mongoSlow, mongoUp, etcdUp, etcdRegistry, pushBegins, gatewayCount, gatewayTargets, serverSound,
		podRebuilt, probeAtStart, staleEndpoints, networkBlocked,
		podRestarts, oomKilled, killedOther, crashLoop, containerConfig, configFiles, deploymentFiles, imagePull, unschedulable, volumeFailed, evicted, podsReady, rollout,
		nodeConditions, nodeUsage, containerMemory, kubeletEviction, diskSpace, spaceOrInodes, logSize, hostMemory, hostLoad, hostPressure,
		hostDescriptors, hostInotify, hostClock, kernelLines, logLevel,
		edgeTimeout, edgeBackends, podMetrics, apiAnswers, prometheusRanges, shareSecret, configDrift, certificates, releaseBehind, oneRelease,
	}
}

const collectAll = "imbundle collect"

func say(zh, en string) specs.Text { return specs.Text{ZH: zh, EN: en} }

// unknown answers that a check has nothing to look at.
func unknown() analyze.Finding { return analyze.Finding{Status: analyze.Unknown} }

// answer sums up evidence: fail for any that is at least likely, warn for the rest, pass without.
func answer(evidence []analyze.Evidence) analyze.Finding {
	f := analyze.Finding{Status: analyze.Pass, Evidence: evidence}
	for _, e := range evidence {
		switch {
		case e.Confidence == analyze.Possible || e.Severity == analyze.Warning || e.Severity == analyze.Info:
			if f.Status == analyze.Pass {
				f.Status = analyze.Warn
			}
		default:
			f.Status = analyze.Fail
		}
	}
	return f
}

// subjectOf names a pod.
func subjectOf(p analyze.Pod) analyze.Subject {
	return analyze.Subject{Role: p.Role, Namespace: p.Namespace, Pod: p.Name, Node: p.Node}
}

// ofPod shows what a snapshot says about a pod.
func ofPod(p analyze.Pod, format string, args ...any) []analyze.Sighting {
	return []analyze.Sighting{{Entry: p.Entry, Text: p.Name + ": " + fmt.Sprintf(format, args...)}}
}

// ofEvent shows an event.
func ofEvent(e analyze.Event) analyze.Sighting {
	s := analyze.Sighting{Entry: e.Entry, Line: e.Line, Text: fmt.Sprintf("%s %s %s: %s", e.Type, e.Reason, e.Object, clip(e.Message)), Count: e.Count}
	if !e.Last.IsZero() {
		at := e.Last
		s.Time = &at
	}
	return s
}

func clip(s string) string {
	const most = 240
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// podOf finds the pod that an event is about; the zero Pod when it is gone or unknown.
func podOf(f *analyze.Facts, e analyze.Event) (analyze.Pod, bool) {
	kind, name, _ := strings.Cut(e.Object, "/")
	if kind != "pod" {
		return analyze.Pod{}, false
	}
	for _, p := range f.Pods {
		if p.Name == name {
			return p, true
		}
	}
	return analyze.Pod{Namespace: e.Namespace, Name: name, Role: f.RoleOf(name), Entry: e.Entry}, false
}

// recent tells whether t is within d of the collection; unknown times are not.
func recent(f *analyze.Facts, t time.Time, d time.Duration) bool {
	return !t.IsZero() && f.Collected.Sub(t) <= d
}

// settled tells whether all that is left of a trouble is its history: the pod is ready and it happened d or longer ago.
func settled(f *analyze.Facts, p analyze.Pod, at time.Time, d time.Duration) bool {
	return p.Ready && !at.IsZero() && f.Collected.Sub(at) > d
}

// onset is when a container ended; unknown when it did so before, as only the last time is recorded.
func onset(c analyze.Container, s analyze.ContainerState) time.Time {
	if c.Restarts > 1 {
		return time.Time{}
	}
	return s.Finished
}

// ours is the confidence in trouble of a pod: that of OpenIM and its stores is as sure as it looks, that of a neighbour in their
// namespace at most likely, and trouble elsewhere explains nothing by itself.
func ours(f *analyze.Facts, p analyze.Pod, confidence string) string {
	switch {
	case p.Role != "":
		return confidence
	case neighbour(f, p) && confidence == analyze.Certain:
		return analyze.Likely
	case neighbour(f, p):
		return confidence
	}
	return analyze.Possible
}

// neighbour tells whether a pod is listed beside pods of OpenIM.
func neighbour(f *analyze.Facts, p analyze.Pod) bool {
	listed, beside := false, false
	for _, o := range f.Pods {
		listed = listed || o.Name == p.Name
		beside = beside || o.Role != "" && o.Namespace == p.Namespace
	}
	return listed && beside
}

// toldByEvents judges by events alone, where no pod was sent: events of pods that are listed, or gone from the list, are history.
func toldByEvents(f *analyze.Facts, tells func(analyze.Event) (cause string, says specs.Text)) analyze.Finding {
	var found []analyze.Evidence
	for _, e := range f.Events {
		p, _ := podOf(f, e)
		if cause, says := tells(e); cause != "" && p.Name != "" {
			confidence := analyze.Possible
			if p.Role != "" {
				confidence = analyze.Likely
			}
			found = append(found, analyze.Evidence{
				Cause: cause, Confidence: confidence, Subject: subjectOf(p), Count: max(1, e.Count), Since: e.First, Until: e.Last, Says: says, Samples: []analyze.Sighting{ofEvent(e)},
			})
		}
	}
	if len(found) == 0 {
		return unknown()
	}
	return answer(found)
}
