package analyze

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// table reads one text that holds one or more tables, each below its own header, and the dates between them.
type table struct {
	src    source
	line   int64
	kind   string
	header []string
	starts []int // of the header's columns, bytes
	date   time.Time
	sample int
	device string // of a row of df that goes on in the next line
}

// readTable adds the rows of the tables that are known; lines that belong to none are passed over.
func (s *snapshots) readTable(r io.Reader, src source) error {
	t := &table{src: src}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		t.line++
		line := strings.TrimRight(lines.Text(), "\r ")
		if kind := headerKind(line); kind != "" {
			t.kind, t.header = kind, columns(line)
			t.starts = startsOfColumns(line, t.header)
			continue
		}
		if at, ok := dateLine(line); ok {
			t.date = at
			t.sample++
			continue
		}
		t.row(s, line)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading a table: %w", err)
	}
	return nil
}

// dateLine reads a line that date printed.
func dateLine(line string) (time.Time, bool) {
	line = strings.Join(strings.Fields(strings.TrimLeft(line, "# ")), " ")
	for _, layout := range []string{"Mon Jan 2 15:04:05 MST 2006", "Mon Jan 2 15:04:05 2006", time.RFC3339, "2006-01-02 15:04:05", "Mon 02 Jan 2006 03:04:05 PM MST"} {
		if t, err := time.Parse(layout, line); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

var sizeLine = regexp.MustCompile(`^([0-9.]+[KMGTP]?)\t(/\S+)$`)

// isSizes recognises the output of du -h on absolute paths.
func isSizes(head []byte) bool {
	for _, line := range strings.SplitN(string(head), "\n", 10) {
		if sizeLine.MatchString(line) {
			return true
		}
	}
	return false
}

func (t *table) row(s *snapshots, line string) {
	if m := sizeLine.FindStringSubmatch(line); m != nil {
		s.Sizes = append(s.Sizes, Size{Entry: t.src.Entry, Node: t.src.Node, Path: m[2], Text: line, Line: t.line, Bytes: quantity(binary(m[1]))})
		return
	}
	if line == "" || strings.HasPrefix(line, "#") {
		return
	}
	switch t.kind {
	case "pods":
		if p, ok := t.pod(line); ok {
			s.Pods = append(s.Pods, p)
		}
	case "deployments":
		if w, ok := t.deployment(line); ok {
			s.Workloads = append(s.Workloads, w)
		}
	case "events":
		if e, ok := t.event(line); ok {
			s.Events = append(s.Events, e)
		}
	case "top-pods", "top-nodes":
		if u, ok := t.usage(line); ok {
			s.Usage = append(s.Usage, u)
		}
	case "groups":
		if g, ok := t.group(line); ok {
			s.Groups = append(s.Groups, g)
		}
	case "df", "df-i":
		if f, ok := t.filesystem(t.unbroken(line)); ok {
			s.Filesystems = append(s.Filesystems, f)
		}
	case "free":
		if m, ok := t.memory(line); ok {
			s.Memory = append(s.Memory, m)
		}
	}
}

// binary makes du's units, which are powers of 1024, into those of Kubernetes.
func binary(size string) string {
	if strings.TrimRight(size, "KMGTP") != size {
		return size + "i"
	}
	return size
}

// cells maps the header's names to the cells of a row.
func (t *table) cells(line string) map[string]string {
	out := map[string]string{}
	cells := columns(line)
	if len(cells) < len(t.header) {
		cells = t.aligned(line, cells)
	}
	for i, cell := range cells {
		if i < len(t.header) {
			out[t.header[i]] = cell
		}
	}
	return out
}

func startsOfColumns(line string, header []string) []int {
	starts := make([]int, len(header))
	from := 0
	for i, name := range header {
		from += strings.Index(line[from:], name)
		starts[i] = from
		from += len(name)
	}
	return starts
}

// aligned takes the cells of a row from below their headings, so that empty ones keep their place; a row that does not stand
// below them, as in a table that somebody pasted, stays as it is split.
func (t *table) aligned(line string, split []string) []string {
	var out []string
	for i, start := range t.starts {
		if start >= len(line) {
			break
		}
		end := len(line)
		if i+1 < len(t.starts) {
			end = min(end, t.starts[i+1])
		}
		if start > 0 && line[start-1] != ' ' {
			return split
		}
		out = append(out, strings.TrimSpace(line[start:end]))
	}
	return out
}

var restartsCell = regexp.MustCompile(`^(\d+)(?: \((\S+) ago\))?$`)

func (t *table) pod(line string) (Pod, bool) {
	c := t.cells(line)
	ready, all, ok := strings.Cut(c["READY"], "/")
	if !ok {
		return Pod{}, false
	}
	p := Pod{Namespace: c["NAMESPACE"], Name: c["NAME"], Entry: t.src.Entry, Status: c["STATUS"], Ready: ready == all, IP: c["IP"], Node: c["NODE"]}
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

func (t *table) deployment(line string) (Workload, bool) {
	c := t.cells(line)
	ready, wanted, ok := strings.Cut(c["READY"], "/")
	w := Workload{Kind: "Deployment", Namespace: c["NAMESPACE"], Name: c["NAME"], Entry: t.src.Entry}
	w.ReadyReplicas, _ = strconv.Atoi(ready)
	w.Wanted, _ = strconv.Atoi(wanted)
	w.Updated, _ = strconv.Atoi(c["UP-TO-DATE"])
	w.Available, _ = strconv.Atoi(c["AVAILABLE"])
	w.Total = w.ReadyReplicas
	return w, ok && w.Name != ""
}

func (t *table) event(line string) (Event, bool) {
	c := t.cells(line)
	kind, name, ok := strings.Cut(c["OBJECT"], "/")
	e := Event{
		Entry: t.src.Entry, Line: t.line, Namespace: c["NAMESPACE"], Type: c["TYPE"], Reason: c["REASON"],
		Object: strings.ToLower(kind) + "/" + name, Message: c["MESSAGE"], Count: 1,
	}
	e.setAges(c["LAST SEEN"])
	return e, ok
}

// usage reads a line of kubectl top; its columns may stand one blank apart.
func (t *table) usage(line string) (Usage, bool) {
	f := strings.Fields(line)
	if len(f) > 0 && strings.HasPrefix(strings.Join(t.header, " "), "NAMESPACE") {
		f = f[1:]
	}
	u := Usage{Entry: t.src.Entry, Node: t.kind == "top-nodes", CPUPercent: -1, MemoryPercent: -1}
	switch {
	case u.Node && len(f) >= 5:
		u.Name, u.CPU, u.CPUPercent, u.Memory, u.MemoryPercent = f[0], millicores(f[1]), percent(f[2]), quantity(f[3]), percent(f[4])
	case !u.Node && len(f) == 4:
		u.Name, u.Container, u.CPU, u.Memory = f[0], f[1], millicores(f[2]), quantity(f[3])
	case !u.Node && len(f) == 3:
		u.Name, u.CPU, u.Memory = f[0], millicores(f[1]), quantity(f[2])
	default:
		return u, false
	}
	return u, u.CPU >= 0 || u.Memory >= 0
}

func (t *table) group(line string) (GroupSample, bool) {
	f := strings.Fields(line)
	if len(f) < 6 {
		return GroupSample{}, false
	}
	partition, err := strconv.Atoi(f[2])
	if err != nil {
		return GroupSample{}, false
	}
	g := GroupSample{
		Entry: t.src.Entry, Line: t.line, Time: t.date, Sample: t.sample, Group: f[0], Topic: f[1], Partition: partition,
		Current: offset(f[3]), End: offset(f[4]), Lag: offset(f[5]), Start: -1,
	}
	if len(f) > 6 && f[6] != "-" {
		g.Member = f[6]
	}
	return g, true
}

// offset reads a number of kafka-consumer-groups, -1 for "-".
func offset(s string) int64 {
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return v
}
