package analyze

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// maxTableLine bounds a line of a snapshot; longer ones end the reading of that entry.
const maxTableLine = 256 << 10

// describer reads the output of kubectl describe: sections by indentation, several objects one after another.
type describer struct {
	src  *source
	line int64

	kind      string // pod, node, workload once known
	pod       Pod
	node      Node
	load      Workload
	section   string // top-level heading
	container *Container
	state     *ContainerState
	block     string // Limits, Requests, Environment of a container
	events    []Event
}

// readDescribe adds what describe tells about pods, nodes and workloads.
func (s *snapshots) readDescribe(r io.Reader, src *source) error {
	d := &describer{src: src}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		d.line++
		text := strings.TrimRight(lines.Text(), "\r ")
		if strings.HasPrefix(text, "Name:") {
			d.flush(s)
			*d = describer{src: src, line: d.line}
		}
		d.read(text)
	}
	d.flush(s)
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading describe output: %w", err)
	}
	return nil
}

// flush hands over the object that was read, with its events.
func (d *describer) flush(s *snapshots) {
	name := d.pod.Name
	object := ""
	if name != "" {
		s.told++
	}
	switch d.kind {
	case "pod":
		d.pod.Entry, d.pod.rank = d.src.Entry, rankDescribe
		for _, c := range d.pod.Conditions {
			d.pod.Ready = d.pod.Ready || c.Type == "Ready" && c.Status == "True"
		}
		d.pod.Status = statusOf(d.pod)
		s.Pods = append(s.Pods, d.pod)
		object = "pod/" + name
	case "node":
		d.node.Name, d.node.Entry, d.node.Conditions = name, d.src.Entry, d.pod.Conditions
		s.Nodes = append(s.Nodes, d.node)
		object = "node/" + name
	case "workload":
		d.load.Kind, d.load.Name, d.load.Namespace, d.load.Entry = "Deployment", name, d.pod.Namespace, d.src.Entry
		d.load.Conditions, d.load.Created = d.pod.Conditions, d.pod.Created
		s.Workloads = append(s.Workloads, d.load)
		object = "deployment/" + name
	default:
		object = "/" + name
	}
	for i := range d.events {
		d.events[i].Object, d.events[i].Namespace = object, d.pod.Namespace
	}
	s.Events = append(s.Events, d.events...)
}

func (d *describer) read(line string) {
	indent := len(line) - len(strings.TrimLeft(line, " \t"))
	key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
	value = strings.TrimSpace(value)
	if line == "" {
		return
	}
	if indent == 0 {
		d.top(key, value)
		return
	}
	switch d.section {
	case "Containers", "Init Containers", "Ephemeral Containers":
		d.inContainers(indent, key, value)
	case "Conditions":
		d.inConditions(line)
	case "Events":
		d.inEvents(line)
	case "Allocatable":
		d.inAllocatable(key, value)
	}
}

var replicaCounts = regexp.MustCompile(`(\d+) desired(?: \| (\d+) updated)?(?: \| (\d+) total)?(?: \| (\d+) available)?(?: \| (\d+) unavailable)?`)

// top reads a heading or a field of the object itself.
func (d *describer) top(key, value string) {
	d.section, d.container, d.block = key, nil, ""
	switch key {
	case "Name":
		d.pod.Name = value
	case "Namespace":
		d.pod.Namespace = value
	case "Node":
		d.pod.Node, _, _ = strings.Cut(value, "/")
		if value == "<none>" {
			d.pod.Node = ""
		}
	case "Start Time":
		d.pod.Started = describeTime(value)
	case "CreationTimestamp":
		d.pod.Created = describeTime(value)
	case "Status":
		d.pod.Phase = value
		if strings.HasPrefix(value, "Terminating") {
			d.pod.Deleted, d.pod.Phase = true, "Running"
		}
	case "Reason":
		d.pod.Reason = value
	case "Message":
		d.pod.Message = value
	case "IP":
		d.pod.IP = value
	case "Controlled By":
		d.pod.Owner = value
	case "Containers", "Init Containers", "QoS Class":
		d.kind = "pod"
	case "Capacity", "Allocatable", "Taints":
		d.kind = "node"
		if key == "Taints" && value != "<none>" {
			d.node.Taints = append(d.node.Taints, value)
		}
	case "Unschedulable":
		d.node.Unschedulable = value == "true"
	case "Replicas":
		d.replicas(value)
	}
}

func (d *describer) replicas(value string) {
	m := replicaCounts.FindStringSubmatch(value)
	if m == nil {
		return
	}
	d.kind = "workload"
	for i, into := range []*int{&d.load.Wanted, &d.load.Updated, &d.load.Total, &d.load.Available, &d.load.Unavailable} {
		*into, _ = strconv.Atoi(m[i+1])
	}
	d.load.ReadyReplicas = d.load.Available
}

// inContainers reads the block of a container: its name at indentation 2, fields at 4, fields of a state at 6.
func (d *describer) inContainers(indent int, key, value string) {
	if indent <= 2 && value == "" {
		kind := map[string]string{"Init Containers": "init", "Ephemeral Containers": "ephemeral"}[d.section]
		d.pod.Containers = append(d.pod.Containers, Container{Name: key, Kind: kind, Env: map[string]string{}})
		d.container = &d.pod.Containers[len(d.pod.Containers)-1]
		d.block, d.state = "", nil
		return
	}
	if d.container == nil {
		return
	}
	if indent <= 4 {
		d.containerField(key, value)
		return
	}
	d.containerBlock(key, value)
}

func (d *describer) containerField(key, value string) {
	c := d.container
	d.block, d.state = key, nil
	switch key {
	case "Image":
		c.Image = value
	case "Image ID":
		c.ImageID = value
	case "State":
		c.State.Kind, d.state = value, &c.State
	case "Last State":
		c.Last.Kind, d.state = value, &c.Last
	case "Ready":
		c.Ready = value == "True"
	case "Restart Count":
		c.Restarts, _ = strconv.Atoi(value)
	case "Liveness", "Readiness", "Startup":
		c.Probes = append(c.Probes, strings.ToLower(key))
	}
}

func (d *describer) containerBlock(key, value string) {
	c := d.container
	switch {
	case d.state != nil:
		stateField(d.state, key, value)
		c.LastRestart = c.Last.Finished
	case d.block == "Limits" && key == "memory":
		c.MemoryLimit = max(0, quantity(value))
	case d.block == "Limits" && key == "cpu":
		c.CPULimit = max(0, millicores(value))
	case d.block == "Environment":
		c.Env[key] = value
	}
}

func stateField(s *ContainerState, key, value string) {
	switch key {
	case "Reason":
		s.Reason = value
	case "Message":
		s.Message = value
	case "Exit Code":
		s.ExitCode, _ = strconv.Atoi(value)
	case "Started":
		s.Started = describeTime(value)
	case "Finished":
		s.Finished = describeTime(value)
	}
}

var describeZone = regexp.MustCompile(`[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}`)

func (d *describer) inConditions(line string) {
	cells := columns(line)
	if len(cells) < 2 || cells[0] == "Type" || strings.HasPrefix(cells[0], "---") {
		return
	}
	c := Condition{Type: cells[0], Status: cells[1]}
	times := describeZone.FindAllString(line, -1)
	if len(times) > 0 { // a node: heartbeat, transition, reason, message
		c.Since = describeTime(times[len(times)-1])
	}
	if skip := 2 + len(times); len(cells) > skip {
		c.Reason = cells[skip]
		c.Message = strings.Join(cells[skip+1:], " ")
	}
	if c.Type == "MemoryPressure" { // an excerpt may lack the rest
		d.kind = "node"
	}
	d.pod.Conditions = append(d.pod.Conditions, c)
}

func (d *describer) inEvents(line string) {
	cells := columns(line)
	if len(cells) < 5 || cells[0] == "Type" || strings.HasPrefix(cells[0], "---") {
		return
	}
	e := Event{Entry: d.src.Entry, Line: d.src.at(d.line), Type: cells[0], Reason: cells[1], Message: strings.Join(cells[4:], " "), Count: 1}
	e.setAges(cells[2])
	d.events = append(d.events, e)
}

func (d *describer) inAllocatable(key, value string) {
	switch key {
	case "cpu":
		d.node.AllocatableCPU = max(0, millicores(value))
	case "memory":
		d.node.AllocatableMemory = max(0, quantity(value))
	}
}

var gaps = regexp.MustCompile(`\t+| {2,}`)

// columns splits a line of a table at runs of two or more blanks.
func columns(line string) []string {
	return gaps.Split(strings.TrimSpace(line), -1)
}
