package analyze

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/imbundle/imbundle/analyze/plain"
	"github.com/imbundle/imbundle/bundle"
)

// form is how an entry is read.
type form int

const (
	formSkip     form = iota // binary, empty, the bundle's own records
	formLog                  // lines of a component
	formText                 // lines of a tool, of a configuration, of anything else
	formObjects              // Kubernetes objects as JSON
	formYAML                 // Kubernetes objects as YAML
	formMetrics              // metrics.k8s.io as JSON
	formTable                // columns of kubectl, df, free, kafka-consumer-groups
	formDescribe             // kubectl describe
	formRedis                // redis-cli
	formKafka                // offsets and topics as collect/kafka writes them
	formHost                 // what a host tells of itself beside tables: load, pressure, descriptors, clock
	formKubelet              // a kubelet's stats/summary or configz
	formRecord               // what the collector asked backends
	formIncident             // incident.yaml
	formSeries               // /metrics of a pod, or a range of Prometheus
	formNoLog                // the answer of a server that has no log to give
	formScript               // what the script of specs says of its own commands
)

// source is what the name of an entry tells about it.
type source struct {
	Entry    string
	Form     form
	Stem     string // file name without folder and suffixes
	Pod      PodName
	Node     string
	Previous bool
	Reason   string // why it is skipped: empty, binary; "" for what needs no word

	lineOf func(int64) int64 // line of the entry for a line of what is read; nil when they are the same
}

// at is the line of the entry for a line of what is read.
func (s *source) at(line int64) int64 {
	if s.lineOf == nil {
		return line
	}
	return s.lineOf(line)
}

// sniffSize is how much of an entry is looked at before it is read; it holds the header of every table.
const sniffSize = 4 << 10

var (
	// other tools put pod logs at …/logs/NAMESPACE/POD/CONTAINER.log
	foreignPodLog = regexp.MustCompile(`(?:^|/)logs/([^/]+)/([^/]+)/([^/]+?)(-previous)?\.(?:log|txt)$`)
	noLog         = regexp.MustCompile(`^(?:unable to retrieve container logs for |Error from server|error: |failed to try resolving symlinks|Unable to connect to the server|` +
		`The connection to the server \S+ was refused|No resources found|\S*sh: .*(?:not found|No such file or directory|未找到命令)|\S+: (?:command not found|未找到命令))`)
)

// classify decides from name and first bytes how an entry is read. head is at most sniffSize long.
func classify(name string, head []byte) source {
	s := source{Entry: name, Stem: stem(name)}
	s.Previous = strings.Contains(strings.ToLower(path.Base(name)), "previous")
	if pod, ok := bundle.ParsePodLog(name); ok {
		s.Pod, s.Previous = PodName{pod.Namespace, pod.Pod, pod.Container}, pod.Previous
	} else if pod, _, ok := bundle.ParseContainerFile(name); ok {
		s.Pod = PodName{pod.Namespace, pod.Pod, pod.Container}
	} else if m := foreignPodLog.FindStringSubmatch(name); m != nil {
		s.Pod, s.Previous = PodName{m[1], m[2], m[3]}, m[4] != ""
	}
	if node, _, ok := bundle.ParseNode(name); ok {
		s.Node = node
	}
	s.Form = formOf(name, head, s)
	switch {
	case s.Form != formSkip || ownRecord(name):
	case len(bytes.TrimSpace(head)) == 0:
		s.Reason = UnreadEmpty
	case plain.Binary(head):
		s.Reason = UnreadBinary
	}
	return s
}

func formOf(name string, head []byte, s source) form {
	base := strings.ToLower(path.Base(name))
	switch text := bytes.TrimSpace(head); {
	case isScript(name, head):
		return formScript
	case len(text) == 0, ownRecord(name), plain.Binary(head):
		return formSkip
	case isSeries(name, head):
		return formSeries
	case base == "incident.yaml":
		return formIncident
	case isKafka(name):
		return formKafka
	case isRecord(name):
		return formRecord
	case noLog.Match(head) && bytes.Count(text, []byte("\n")) < 2:
		return formNoLog
	case s.Pod.Pod != "":
		return formLog
	case text[0] == '{' || text[0] == '[':
		if form := jsonForm(name, head); form != formText || !namedLog(base) && !loglike.Match(head) {
			return form
		}
		return formLog
	case isDescribe(head):
		return formDescribe
	case namedLog(base) && !untimed(head):
		return formLog
	case isRedis(head):
		return formRedis
	case isYAMLObject(head):
		return formYAML
	case tableKind(head) != "", isSizes(head):
		return formTable
	case s.Node != "" && hostReaders[s.Stem] != nil:
		return formHost
	case namedLog(base):
		return formLog
	}
	return formText
}

// isSeries recognises metrics by their place, and those that somebody sent loose by their comments.
func isSeries(name string, head []byte) bool {
	of, is := bundle.ParseSample(name)
	if !is {
		of = name
	}
	_, _, _, pod := bundle.ParsePodMetrics(of)
	_, query := bundle.ParsePrometheusQuery(name)
	return pod || query || bytes.HasPrefix(head, []byte("# HELP ")) && bytes.Contains(head, []byte("\n# TYPE "))
}

// namedLog tells whether a file is called a log; it may still be anything.
func namedLog(base string) bool {
	return strings.HasSuffix(base, ".log") || strings.Contains(base, ".log.")
}

// ownRecord tells whether a name is that of one of our records about a bundle.
func ownRecord(name string) bool {
	return strings.HasPrefix(name, "imbundle/") || strings.HasSuffix(name, "/"+bundle.PlanFile) || strings.HasSuffix(name, "/"+bundle.ManifestFile)
}

// untimed tells whether none of the first lines begins like the record of a log, which tables never do.
func untimed(head []byte) bool {
	for i, line := range bytes.SplitN(head, []byte("\n"), 9) {
		if _, date := dateLine(string(bytes.TrimSpace(line))); i < 8 && !date && loglike.Match(line) {
			return false
		}
	}
	return true
}

var loglike = regexp.MustCompile(`^\S{0,80} *(?:\x1b\[[0-9;]*m)*[\[{]?(?:\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:|"(?:level|time|ts|t)":)`)

// isYAMLObject recognises what kubectl get -o yaml prints.
func isYAMLObject(head []byte) bool {
	return yamlVersion.Match(head) && yamlKind.Match(head)
}

var (
	yamlVersion = regexp.MustCompile(`(?m)^(?:- )?apiVersion: [a-z0-9./]*v[0-9][a-z0-9]*\r?$`)
	yamlKind    = regexp.MustCompile(`(?m)^(?:items:|(?:- |  )?kind: [A-Z][A-Za-z]*)\r?$`)
)

// jsonForm tells Kubernetes objects from other JSON and from logs that are written as JSON.
func jsonForm(name string, head []byte) form {
	switch {
	case bytes.Contains(head, []byte(`"metrics.k8s.io/`)):
		return formMetrics
	case isKubelet(head):
		return formKubelet
	case bytes.Contains(head, []byte(`"Table"`)) && bytes.Contains(head, []byte("meta.k8s.io/")):
		return formSkip // the server's cells; the objects stand beside them
	case strings.Contains(name, "cluster-resources/"), bytes.Contains(head, []byte(`"apiVersion"`)):
		return formObjects
	}
	return formText
}

// stem is the file name without folder, compression and log suffixes, so that it can be looked up as a role.
func stem(name string) string {
	base := strings.ToLower(path.Base(name))
	for {
		cut := base
		for _, suffix := range []string{".gz", ".zst", ".log", ".txt", ".out", ".err", ".yml", ".yaml", "-previous", ".previous", "_previous"} {
			cut = strings.TrimSuffix(cut, suffix)
		}
		if cut == base {
			return base
		}
		base = cut
	}
}

// isDescribe recognises kubectl describe of anything: "Name:" first, and sections that only describe prints.
func isDescribe(head []byte) bool {
	text := bytes.TrimLeft(head, " \t\r\n")
	return bytes.HasPrefix(text, []byte("Name:")) && describeSection.Match(text)
}

// hasDescribe tells whether a text holds the output of kubectl describe anywhere.
func hasDescribe(text []byte) bool {
	i := describeStart.FindIndex(text)
	return i != nil && describeSection.Match(text[i[0]:])
}

var (
	describeStart   = regexp.MustCompile(`(?m)^Name:[ \t]`)
	describeSection = regexp.MustCompile(`\n(?:Containers|Conditions|Labels|Replicas|Namespace|CreationTimestamp|Annotations):`)
)

// The tables that are read, by the words of their header line.
var tables = []struct {
	kind  string
	words []string
}{
	{"pods", []string{"NAME", "READY", "STATUS", "RESTARTS", "AGE"}},
	{"deployments", []string{"NAME", "READY", "UP-TO-DATE", "AVAILABLE"}},
	{"daemonsets", []string{"NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE"}},
	{"replicasets", []string{"NAME", "DESIRED", "CURRENT", "READY", "AGE"}},
	{"statefulsets", []string{"NAME", "READY", "AGE"}},
	{"nodes", []string{"NAME", "STATUS", "ROLES", "AGE", "VERSION"}},
	{"events-old", []string{"LAST SEEN", "FIRST SEEN", "COUNT", "NAME", "KIND", "TYPE", "REASON", "MESSAGE"}},
	{"events", []string{"LAST SEEN", "TYPE", "REASON", "OBJECT"}},
	{"top-nodes", []string{"NAME", "CPU(cores)", "CPU%", "MEMORY(bytes)"}},
	{"top-nodes", []string{"NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)"}}, // kubectl 1.33 and newer
	{"top-pods", []string{"NAME", "CPU(cores)", "MEMORY(bytes)"}},
	{"groups", []string{"GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG"}},
	{"group-states", []string{"GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"}},
	{"group-members", []string{"GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS"}},
	{"docker", []string{"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES"}},
	{"docker", []string{"NAME", "IMAGE", "COMMAND", "SERVICE", "CREATED", "STATUS", "PORTS"}},
	{"crictl", []string{"CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID"}},
	{"df-i", []string{"Filesystem", "Inodes", "IUse%"}},
	{"df-i", []string{"Filesystem", "Inodes", "Use%", "Mounted on"}}, // busybox
	{"df-i", []string{"文件系统", "Inode", "已用(I)%"}},
	{"df-i", []string{"文件系统", "Inode", "已用I%"}},
	{"df", []string{"Filesystem", "Use%", "Mounted on"}},
	{"df", []string{"文件系统", "已用%", "挂载点"}},
	{"free", []string{"total", "used", "free", "available"}},
	{"free", []string{"总计", "已用", "空闲", "可用"}},
	{"free-old", []string{"total", "used", "free", "shared", "buffers", "cached"}},
	// Tables that hold nothing which is judged; to know them keeps them from being listed as not understood.
	{"other", []string{"NAME", "TYPE", "CLUSTER-IP", "PORT(S)", "AGE"}},
	{"other", []string{"NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "AGE"}},
	{"other", []string{"NAME", "CAPACITY", "ACCESS MODES", "RECLAIM POLICY", "AGE"}},
	{"other", []string{"NAME", "CLASS", "HOSTS", "PORTS", "AGE"}},
	{"other", []string{"NAME", "ENDPOINTS", "AGE"}},
	{"other", []string{"NAME", "DATA", "AGE"}},
	{"other", []string{"NAME", "STATUS", "AGE"}},
	{"other", []string{"NAME", "REFERENCE", "TARGETS", "MINPODS", "AGE"}},
	{"other", []string{"REVISION", "CHANGE-CAUSE"}},
}

// tableKind names the table whose header is among the first lines of head, or "".
func tableKind(head []byte) string {
	for i, line := range strings.SplitN(string(head), "\n", 40) {
		if i == 39 {
			break
		}
		if kind := headerKind(line); kind != "" {
			return kind
		}
	}
	return ""
}

// headerKind names the table that a line is the header of, or "".
func headerKind(line string) string {
	for _, t := range tables {
		rest, found := line, true
		for _, word := range t.words {
			_, after, ok := strings.Cut(rest, word)
			if found = ok; !found {
				break
			}
			rest = after
		}
		if found {
			return t.kind
		}
	}
	return ""
}
