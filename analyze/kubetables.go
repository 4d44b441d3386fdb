package analyze

import (
	"regexp"
	"strconv"
	"strings"
)

// Rows of kubectl get for pods, workloads, nodes and events.

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

var restartsCell = regexp.MustCompile(`^(\d+)(?: \((\S+) ago\))?$`)

// podRow is a row of kubectl get pods wherever it stands: without its header, or with the blanks lost on the way.
var podRow = regexp.MustCompile(`^(?:([a-z0-9][-a-z0-9]*)\s+)?((?:pod/)?[a-z0-9][-a-z0-9.]*)\s+(\d+/\d+)\s+([A-Z]\w+|Init:\S+)\s+(\d+(?: \(\S+ ago\))?)\s+(\d+[smhdy]\w*)(?:\s+(\S+)\s+(\S+))?`)

// podCells maps the headings of kubectl get pods to the cells of a row.
func (t *table) podCells(line string) map[string]string {
	if t.kind == "pods" {
		if c := t.cells(line); restartsCell.MatchString(c["RESTARTS"]) && strings.Contains(c["READY"], "/") {
			return c
		}
	}
	m := podRow.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	return map[string]string{"NAMESPACE": m[1], "NAME": m[2], "READY": m[3], "STATUS": m[4], "RESTARTS": m[5], "AGE": m[6], "IP": m[7], "NODE": m[8]}
}

func (t *table) pod(line string) (Pod, bool) {
	c := t.podCells(line)
	ready, all, ok := strings.Cut(c["READY"], "/")
	if !ok {
		return Pod{}, false
	}
	p := Pod{Namespace: c["NAMESPACE"], Name: strings.TrimPrefix(c["NAME"], "pod/"), Entry: t.src.Entry, Status: c["STATUS"], Ready: ready == all, IP: c["IP"], Node: c["NODE"]}
	p.Phase = phaseOf(p.Status)
	p.age, p.hasAge = age(c["AGE"])
	container := Container{Name: "", Ready: p.Ready}
	if m := restartsCell.FindStringSubmatch(c["RESTARTS"]); m != nil {
		container.Restarts, _ = strconv.Atoi(m[1])
		p.lastAge, _ = age(m[2])
	}
	switch p.Status {
	case "Running", "Completed", "Terminating", "Evicted", "Pending":
	case "Error", "OOMKilled":
		container.State = ContainerState{Kind: "Terminated", Reason: p.Status}
	default:
		container.State = ContainerState{Kind: "Waiting", Reason: p.Status}
	}
	if p.Status == "Evicted" {
		p.Reason = p.Status
	}
	p.Deleted = p.Status == "Terminating"
	p.Containers = []Container{container}
	return p, p.Name != ""
}

func phaseOf(status string) string {
	switch status {
	case "Pending", "ContainerCreating", "ImagePullBackOff", "ErrImagePull":
		return "Pending"
	case "Completed":
		return "Succeeded"
	case "Evicted":
		return "Failed"
	}
	return "Running"
}

var eventAges = regexp.MustCompile(`^(\S+)(?: \(x(\d+) over (\S+)\))?$`)

// setAges reads "23s (x3 over 39s)" or "62s".
func (e *Event) setAges(cell string) {
	m := eventAges.FindStringSubmatch(cell)
	if m == nil {
		return
	}
	last, ok := age(m[1])
	if !ok {
		return
	}
	e.lastAge, e.firstAge, e.hasAge = last, last, true
	if n, err := strconv.Atoi(m[2]); err == nil {
		e.Count = n
	}
	if first, ok := age(m[3]); ok {
		e.firstAge = first
	}
}
