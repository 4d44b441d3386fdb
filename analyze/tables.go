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
	src    *source
	line   int64
	kind   string
	header []string
	starts []int // of the header's columns, bytes
	date   time.Time
	sample int
	device string // of a row of df that goes on in the next line
}

// readTable adds the rows of the tables that are known; lines that belong to none are passed over.
func (s *snapshots) readTable(r io.Reader, src *source) error {
	t := &table{src: src}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		t.line++
		line := strings.TrimRight(lines.Text(), "\r ")
		if kind := headerKind(line); kind != "" {
			s.told++
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

// sizeLine is a line of du: of an absolute path, or of any path with a unit.
var sizeLine = regexp.MustCompile(`^(?:([0-9.]+[KMGTP]?)(?:\t|  +)(/\S.*)|([0-9.]+[KMGTP])\t(\S.*))$`)

// isSizes recognises the output of du -h.
func isSizes(head []byte) bool {
	for _, line := range strings.SplitN(string(head), "\n", 10) {
		if sizeLine.MatchString(line) {
			return true
		}
	}
	return false
}

// rolloutLine is what kubectl rollout status says.
var rolloutLine = regexp.MustCompile(`^(?:deployment "\S+" successfully rolled out|Waiting for deployment "|error: deployment "\S+" exceeded its progress deadline|statefulset rolling update complete|Waiting for \d+ pods to be ready)`)

func (t *table) row(s *snapshots, line string) {
	if m := sizeLine.FindStringSubmatch(line); m != nil {
		s.told++
		s.Sizes = append(s.Sizes, Size{
			Entry: t.src.Entry, Node: t.src.Node, Path: m[2] + m[4], Text: line, Line: t.src.at(t.line), Bytes: quantity(binary(m[1] + m[3])),
		})
		return
	}
	if line == "" || strings.HasPrefix(line, "#") {
		return
	}
	if t.certificateDate(s, line) || t.groupSentence(s, line) || t.described(s, line) {
		return
	}
	if rolloutLine.MatchString(line) {
		s.told++
		return
	}
	if t.kind == "" || t.kind == "pods" {
		if p, ok := t.pod(line); ok {
			s.told++
			s.Pods = append(s.Pods, p)
		}
		return
	}
	if read := rows[t.kind]; read != nil {
		read(t, s, line)
	}
}

// rows read a line of each kind of table.
var rows = map[string]func(t *table, s *snapshots, line string){
	"deployments":  func(t *table, s *snapshots, line string) { keep(&s.Workloads)(t.workload("Deployment", line)) },
	"statefulsets": func(t *table, s *snapshots, line string) { keep(&s.Workloads)(t.workload("StatefulSet", line)) },
	"daemonsets":   func(t *table, s *snapshots, line string) { keep(&s.Workloads)(t.desired("DaemonSet", line)) },
	"replicasets":  func(t *table, s *snapshots, line string) { keep(&s.Workloads)(t.desired("ReplicaSet", line)) },
	"nodes": func(t *table, s *snapshots, line string) {
		if n, ok := t.node(line); ok {
			s.Nodes = append(s.Nodes, n)
			s.nodeLists = append(s.nodeLists, nodeName{n.Entry, n.Name})
		}
	},
	"events":        func(t *table, s *snapshots, line string) { keep(&s.Events)(t.event(line)) },
	"events-old":    func(t *table, s *snapshots, line string) { keep(&s.Events)(t.oldEvent(line)) },
	"top-pods":      func(t *table, s *snapshots, line string) { keep(&s.Usage)(t.usage(line)) },
	"top-nodes":     func(t *table, s *snapshots, line string) { keep(&s.Usage)(t.usage(line)) },
	"groups":        func(t *table, s *snapshots, line string) { keep(&s.Groups)(t.group(line)) },
	"group-states":  func(t *table, s *snapshots, line string) { t.groupState(s, line) },
	"group-members": func(t *table, s *snapshots, line string) { t.groupMember(s, line) },
	"docker":        func(t *table, s *snapshots, line string) { keep(&s.Pods)(t.dockerContainer(line)) },
	"crictl":        func(t *table, s *snapshots, line string) { keep(&s.Pods)(t.criContainer(line)) },
	"df":            func(t *table, s *snapshots, line string) { keep(&s.Filesystems)(t.filesystem(t.unbroken(line))) },
	"df-i":          func(t *table, s *snapshots, line string) { keep(&s.Filesystems)(t.filesystem(t.unbroken(line))) },
	"free":          func(t *table, s *snapshots, line string) { keep(&s.Memory)(t.memory(line)) },
	"free-old":      func(t *table, s *snapshots, line string) { keep(&s.Memory)(t.oldMemory(line)) },
}

// keep appends what was read, if anything was.
func keep[T any](list *[]T) func(T, bool) {
	return func(row T, ok bool) {
		if ok {
			*list = append(*list, row)
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
		Entry: t.src.Entry, Line: t.src.at(t.line), Time: t.date, Sample: t.sample, Group: f[0], Topic: f[1], Partition: partition,
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
