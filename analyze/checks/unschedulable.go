package checks

import (
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

var unschedulable = analyze.Check{
	ID: "pod-unschedulable", Guide: "5",
	Title: say("Pod 无法调度", "pods that no node takes"),
	Doc: say("FailedScheduling 事件，且该 Pod 现在仍未调度。以前没调度上、现在已 Running 的不算。命名空间配额用完、连 Pod 都建不出来（FailedCreate、exceeded quota）也算，除非它的控制器后来建出了 Pod，或 Pod 数已够。存储组件的 Pod 放得下、只是它能去的节点都停用了（cordon、失联），且该组件没有别的 Pod 就绪：这是该组件不可用，而不是放不下。",
		"Events FailedScheduling of a pod that is still without a node. One that was scheduled later does not count. A quota of the namespace that is used up, so that pods are not even created (FailedCreate, exceeded quota), counts, too, unless its controller has as many as it wants or got one later. A store's pod that fits, and whose every node is out of service (cordoned, not ready), while no other pod of the store is ready, is an outage of the store, not a pod that fits nowhere."),
	Needs: []string{"events", "cluster-resources/pods/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Pods) == 0 && len(f.Events) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, e := range f.Events {
			if e.Reason == "FailedScheduling" && pending(f, e) {
				found = append(found, unscheduled(f, e))
			}
			if e.Reason == "FailedCreate" && strings.Contains(e.Message, "exceeded quota: ") && (e.Last.IsZero() || recent(f, e.Last, 20*time.Minute)) && !created(f, e) {
				found = append(found, overQuota(f, e))
			}
		}
		return answer(found)
	},
}

// outages are what it means for the path when no pod of a store runs.
var outages = map[string]string{
	"etcd": "etcd-unavailable", "kafka": "kafka-unreachable", "redis": "redis-unreachable", "mongo": "mongo-unreachable",
}

func unscheduled(f *analyze.Facts, e analyze.Event) analyze.Evidence {
	p, _ := podOf(f, e)
	found := analyze.Evidence{
		Cause: "pod-unschedulable", Confidence: ours(f, p, analyze.Certain), Subject: subjectOf(p), Count: e.Count, Since: e.First, Until: e.Last, Standing: true,
		Says: say("没有节点能放下这个 Pod", "no node takes the pod"), Samples: []analyze.Sighting{ofEvent(e)},
	}
	served := slices.ContainsFunc(f.Pods, func(o analyze.Pod) bool { return o.Role == p.Role && o.Ready })
	if outage := outages[p.Role]; outage != "" && !served && nodesOut(e.Message) {
		found.Cause = outage
		found.Says = say("它的 Pod 只能去的节点都停用了，没有别的 Pod 在服务", "every node that its pod may run on is out of service, and no other pod of it serves")
	}
	return found
}

// overQuota is evidence of pods that the API server does not even take; its controller tries again within 16 minutes.
func overQuota(f *analyze.Facts, e analyze.Event) analyze.Evidence {
	_, name, _ := strings.Cut(e.Object, "/")
	found := analyze.Evidence{
		Cause: "pod-unschedulable", Confidence: analyze.Possible, Subject: analyze.Subject{Role: f.RoleOf(name), Namespace: e.Namespace, Target: e.Object},
		Count: e.Count, Since: e.First, Until: e.Last, Standing: true,
		Says: say("命名空间的配额用完了，Pod 建不出来", "the quota of the namespace is used up and the pod is not created"), Samples: []analyze.Sighting{ofEvent(e)},
	}
	if found.Subject.Role != "" {
		found.Confidence = analyze.Likely
	}
	return found
}

// created tells whether the controller that an event is about has its pods, or got one later.
func created(f *analyze.Facts, e analyze.Event) bool {
	kind, name, _ := strings.Cut(e.Object, "/")
	here := func(namespace string) bool { return namespace == "" || e.Namespace == "" || namespace == e.Namespace }
	for _, w := range f.Workloads {
		if strings.EqualFold(w.Kind, kind) && w.Name == name && here(w.Namespace) {
			return max(w.Total, w.ReadyReplicas) >= w.Wanted
		}
	}
	return slices.ContainsFunc(f.Events, func(o analyze.Event) bool {
		return o.Reason == "SuccessfulCreate" && o.Object == e.Object && here(o.Namespace) && o.Later(e)
	}) || slices.ContainsFunc(f.Pods, func(p analyze.Pod) bool {
		return strings.HasPrefix(p.Name, name+"-") && here(p.Namespace) && !e.Last.IsZero() && p.Created.After(e.Last)
	})
}

// nodesOut tells whether the scheduler turned down every node either because it is out of service or because the pod never
// may run there: then the pod itself fits.
func nodesOut(message string) bool {
	_, reasons, _ := strings.Cut(message, "nodes are available: ")
	reasons, _, _ = strings.Cut(reasons, " preemption: ")
	out := false
	for reason := range strings.SplitSeq(strings.TrimSuffix(reasons, "."), ", ") {
		switch {
		case strings.Contains(reason, "were unschedulable"), strings.Contains(reason, "taint {node.kubernetes.io/unschedulable"),
			strings.Contains(reason, "taint {node.kubernetes.io/unreachable"), strings.Contains(reason, "taint {node.kubernetes.io/not-ready"):
			out = true
		case strings.Contains(reason, "node affinity/selector"), strings.Contains(reason, "node selector"), strings.Contains(reason, "control-plane"):
		default:
			return false
		}
	}
	return out
}

// pending tells whether the pod of an event still waits for a node, as far as is known.
func pending(f *analyze.Facts, e analyze.Event) bool {
	if p, known := podOf(f, e); known {
		return p.Phase == "Pending" || p.Phase == ""
	}
	return e.Last.IsZero() || recent(f, e.Last, 10*time.Minute)
}

var volumeFailed = analyze.Check{
	ID: "volume-failed", Guide: "5",
	Title: say("卷的创建与挂载", "provisioning and mounting of volumes"),
	Doc: say("ProvisioningFailed、FailedMount、FailedAttachVolume 事件，且 Pod 仍未运行。",
		"Events ProvisioningFailed, FailedMount and FailedAttachVolume whose pod does not run yet."),
	Needs: []string{"events"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Events) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		for _, e := range f.Events {
			if !volumeTrouble(e) {
				continue
			}
			p, known := podOf(f, e)
			if known && (p.Ready || p.Phase == "Running") || !known && !e.Last.IsZero() && !recent(f, e.Last, 15*time.Minute) {
				continue
			}
			if !known && gone(f, e) {
				continue
			}
			confidence := analyze.Certain
			if known {
				confidence = ours(f, p, confidence)
			}
			subject := subjectOf(p)
			if subject.Pod == "" {
				subject.Target = e.Object
			}
			found = append(found, analyze.Evidence{
				Cause: "volume-failed", Confidence: confidence, Subject: subject, Count: e.Count, Since: e.First, Until: e.Last, Standing: true,
				Says: say("卷无法创建、挂接或挂载", "a volume cannot be provisioned, attached or mounted"), Samples: []analyze.Sighting{ofEvent(e)},
			})
		}
		return answer(found)
	},
}

// gone tells whether an event is about a pod that the list of its namespace does not have any more.
func gone(f *analyze.Facts, e analyze.Event) bool {
	return strings.HasPrefix(e.Object, "pod/") && slices.ContainsFunc(f.Pods, func(p analyze.Pod) bool {
		return p.Namespace != "" && p.Namespace == e.Namespace
	})
}

func volumeTrouble(e analyze.Event) bool {
	switch e.Reason {
	case "ProvisioningFailed", "FailedAttachVolume", "FailedMapVolume":
		return true
	case "FailedMount":
		return !strings.Contains(e.Message, "failed to sync configmap cache") && !strings.Contains(e.Message, "kube-root-ca.crt")
	}
	return false
}
