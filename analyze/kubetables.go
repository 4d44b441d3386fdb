package analyze

import (
	"strconv"
	"strings"
)

// Rows of kubectl get for workloads, nodes and events.

// workload reads a row with READY as "1/2".
func (t *table) workload(kind, line string) (Workload, bool) {
	c := t.cells(line)
	ready, wanted, ok := strings.Cut(c["READY"], "/")
	w := Workload{Kind: kind, Namespace: c["NAMESPACE"], Name: bareName(c["NAME"]), Entry: t.src.Entry}
	w.ReadyReplicas, _ = strconv.Atoi(ready)
	w.Wanted, _ = strconv.Atoi(wanted)
	w.Updated, w.Available = w.ReadyReplicas, w.ReadyReplicas
	if kind == "Deployment" {
		w.Updated, _ = strconv.Atoi(c["UP-TO-DATE"])
		w.Available, _ = strconv.Atoi(c["AVAILABLE"])
	}
	w.Total = w.ReadyReplicas
	return w, ok && w.Name != ""
}

// desired reads a row with DESIRED, CURRENT and READY.
func (t *table) desired(kind, line string) (Workload, bool) {
	c := t.cells(line)
	wanted, err := strconv.Atoi(c["DESIRED"])
	w := Workload{Kind: kind, Namespace: c["NAMESPACE"], Name: bareName(c["NAME"]), Entry: t.src.Entry, Wanted: wanted}
	w.ReadyReplicas, _ = strconv.Atoi(c["READY"])
	w.Total, _ = strconv.Atoi(c["CURRENT"])
	w.Updated, w.Available = w.Total, w.ReadyReplicas
	return w, err == nil && w.Name != ""
}

// bareName takes the kind off a name as kubectl get all prints it.
func bareName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

func (t *table) node(line string) (Node, bool) {
	c := t.cells(line)
	ready, _, _ := strings.Cut(c["STATUS"], ",")
	n := Node{Name: c["NAME"], Entry: t.src.Entry, Kubelet: c["VERSION"], Unschedulable: strings.Contains(c["STATUS"], "SchedulingDisabled")}
	status := map[string]string{"Ready": "True", "NotReady": "False", "Unknown": "Unknown"}[ready]
	n.Conditions = []Condition{{Type: "Ready", Status: status}}
	return n, n.Name != "" && status != ""
}

func (t *table) event(line string) (Event, bool) {
	c := t.cells(line)
	kind, name, ok := strings.Cut(c["OBJECT"], "/")
	e := Event{
		Entry: t.src.Entry, Line: t.src.at(t.line), Namespace: c["NAMESPACE"], Type: c["TYPE"], Reason: c["REASON"],
		Object: strings.ToLower(kind) + "/" + name, Message: c["MESSAGE"], Count: 1,
	}
	e.setAges(c["LAST SEEN"])
	e.counted(c["COUNT"], c["FIRST SEEN"])
	return e, ok
}

// oldEvent reads a row as kubectl before 1.15 printed it, with NAME as "pod.17a4b2c3d4e5f6".
func (t *table) oldEvent(line string) (Event, bool) {
	c := t.cells(line)
	name, _, _ := strings.Cut(c["NAME"], ".")
	e := Event{
		Entry: t.src.Entry, Line: t.src.at(t.line), Namespace: c["NAMESPACE"], Type: c["TYPE"], Reason: c["REASON"],
		Object: strings.ToLower(c["KIND"]) + "/" + name, Message: c["MESSAGE"], Count: 1,
	}
	e.setAges(c["LAST SEEN"])
	e.counted(c["COUNT"], c["FIRST SEEN"])
	return e, c["KIND"] != "" && e.Reason != ""
}

// counted takes over how often and since when, where columns tell.
func (e *Event) counted(count, first string) {
	if n, err := strconv.Atoi(count); err == nil {
		e.Count = max(e.Count, n)
	}
	if d, ok := age(first); ok {
		e.firstAge = d
	}
}
