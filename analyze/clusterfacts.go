package analyze

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// Nodes, events and workloads out of JSON; pods are in objectfacts.go.

func nodeOf(entry string, o *object) Node {
	var spec struct {
		Unschedulable bool `json:"unschedulable"`
		Taints        []struct {
			Key    string `json:"key"`
			Effect string `json:"effect"`
		} `json:"taints"`
	}
	var status struct {
		Conditions  []objectCondition `json:"conditions"`
		Allocatable map[string]string `json:"allocatable"`
		NodeInfo    struct {
			Kubelet string `json:"kubeletVersion"`
		} `json:"nodeInfo"`
	}
	decodePart(o.Spec, &spec)
	decodePart(o.Status, &status)
	n := Node{
		Name: o.Metadata.Name, Entry: entry, Unschedulable: spec.Unschedulable, Kubelet: status.NodeInfo.Kubelet,
		AllocatableMemory: max(0, quantity(status.Allocatable["memory"])), AllocatableCPU: max(0, millicores(status.Allocatable["cpu"])),
	}
	for _, t := range spec.Taints {
		n.Taints = append(n.Taints, t.Key+":"+t.Effect)
	}
	n.Conditions, _ = conditionsOf(status.Conditions, "Ready")
	return n
}

func eventOf(entry string, o *object) Event {
	ref := o.Involved
	if ref.Name == "" {
		ref = o.Regarding
	}
	e := Event{
		Entry: entry, Namespace: ref.Namespace, Type: o.Type, Reason: o.Reason, Object: strings.ToLower(ref.Kind) + "/" + ref.Name,
		Message: o.Message, Count: max(1, o.Count), First: o.FirstTimestamp.UTC(), Last: o.LastTimestamp.UTC(),
	}
	if e.Message == "" {
		e.Message = o.Note
	}
	if o.Series != nil {
		e.Count, e.Last = max(e.Count, o.Series.Count), o.Series.LastObservedTime.UTC()
	}
	for _, t := range []*time.Time{&e.First, &e.Last} {
		if t.IsZero() {
			*t = o.EventTime.UTC()
		}
	}
	return e
}

// Later tells whether an event was seen after another: by their times or, where neither has one, by their ages in one table.
func (e Event) Later(than Event) bool {
	if e.Last.IsZero() && than.Last.IsZero() {
		return e.hasAge && than.hasAge && e.Entry == than.Entry && e.lastAge < than.lastAge
	}
	return !than.Last.IsZero() && e.Last.After(than.Last)
}

func workloadOf(entry string, o *object) (w Workload, who string) {
	var spec struct {
		Replicas *int `json:"replicas"`
		Paused   bool `json:"paused"`
		Template struct {
			Spec podSpec `json:"spec"`
		} `json:"template"`
	}
	var status struct {
		Replicas    int               `json:"replicas"`
		Updated     int               `json:"updatedReplicas"`
		Ready       int               `json:"readyReplicas"`
		Available   int               `json:"availableReplicas"`
		Unavailable int               `json:"unavailableReplicas"`
		Desired     int               `json:"desiredNumberScheduled"`
		NumberReady int               `json:"numberReady"`
		UpdatedNum  int               `json:"updatedNumberScheduled"`
		Conditions  []objectCondition `json:"conditions"`
	}
	decodePart(o.Spec, &spec)
	decodePart(o.Status, &status)
	w = Workload{
		Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name, Entry: entry, Owner: o.Metadata.owner(),
		Wanted: 1, Updated: status.Updated, ReadyReplicas: status.Ready, Available: status.Available, Total: status.Replicas,
		Unavailable: status.Unavailable, Paused: spec.Paused, Created: o.Metadata.Created.UTC(),
	}
	if spec.Replicas != nil {
		w.Wanted = *spec.Replicas
	}
	if o.Kind == "DaemonSet" {
		w.Wanted, w.ReadyReplicas, w.Updated, w.Available = status.Desired, status.NumberReady, status.UpdatedNum, status.NumberReady
	}
	if len(spec.Template.Spec.Containers) > 0 {
		w.Image = spec.Template.Spec.Containers[0].Image
	}
	w.Revision, _ = strconv.Atoi(o.Metadata.Notes["deployment.kubernetes.io/revision"])
	w.Conditions, _ = conditionsOf(status.Conditions, "")
	w.Modified, who = o.Metadata.modified()
	return w, who
}

// Listed tells whether all objects of a kind in a namespace are known: a collector has listed them, and the list is whole: not refused, not one page.
func (f *Facts) Listed(kind, namespace string) bool {
	entry := bundle.Resource(kind, namespace)
	lacks := func(m Missing) bool { return m.What == entry }
	return slices.Contains(f.Lists, entry) && !slices.ContainsFunc(f.Truncated, lacks) && !slices.ContainsFunc(f.Gaps, lacks)
}
