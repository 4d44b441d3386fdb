package analyze

import (
	"bytes"
	"path"
	"regexp"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// form is how an entry is read.
type form int

const (
	formSkip     form = iota // binary, empty, the bundle's own records
	formLog                  // lines of a component
	formText                 // lines of a tool, of a configuration, of anything else
	formObjects              // Kubernetes objects as JSON
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
)

// source is what the name of an entry tells about it.
type source struct {
	Entry    string
	Form     form
	Stem     string // file name without folder and suffixes
	Pod      PodName
	Node     string
	Previous bool
}

// sniffSize is how much of an entry is looked at before it is read; it holds the header of every table.
const sniffSize = 4 << 10

var (
	// other tools put pod logs at …/logs/NAMESPACE/POD/CONTAINER.log
	foreignPodLog = regexp.MustCompile(`(?:^|/)logs/([^/]+)/([^/]+)/([^/]+?)(-previous)?\.(?:log|txt)$`)
	noLog         = regexp.MustCompile(`^(?:unable to retrieve container logs for |Error from server|error: |failed to try resolving symlinks|Unable to connect to the server)`)
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
	return s
}

func formOf(name string, head []byte, s source) form {
	base := strings.ToLower(path.Base(name))
	isLog := s.Pod.Pod != "" || strings.HasSuffix(base, ".log") || strings.Contains(base, ".log.")
	switch {
	case len(bytes.TrimSpace(head)) == 0, bytes.IndexByte(head, 0) >= 0, strings.HasPrefix(name, "imbundle/"):
		return formSkip
	case isSeries(name, head):
		return formSeries
	case base == "incident.yaml":
		return formIncident
	case isKafka(name):
		return formKafka
	case isRecord(name):
		return formRecord
	case noLog.Match(head) && bytes.Count(bytes.TrimSpace(head), []byte("\n")) < 2:
		return formNoLog
	case isLog:
		return formLog
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) || bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")):
		return jsonForm(name, head)
	case isDescribe(head):
		return formDescribe
	case isRedis(head):
		return formRedis
	case tableKind(head) != "", isSizes(head):
		return formTable
	case s.Node != "" && hostReaders[s.Stem] != nil:
		return formHost
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
	if !bytes.HasPrefix(text, []byte("Name:")) {
		return false
	}
	for _, section := range []string{"\nContainers:", "\nConditions:", "\nLabels:", "\nReplicas:", "\nNamespace:", "\nCreationTimestamp:", "\nAnnotations:"} {
		if bytes.Contains(text, []byte(section)) {
			return true
		}
	}
	return false
}

// The tables that are read, by the words of their header line.
var tables = []struct {
	kind  string
	words []string
}{
	{"pods", []string{"NAME", "READY", "STATUS", "RESTARTS", "AGE"}},
	{"deployments", []string{"NAME", "READY", "UP-TO-DATE", "AVAILABLE"}},
	{"events", []string{"LAST SEEN", "TYPE", "REASON", "OBJECT"}},
	{"top-nodes", []string{"NAME", "CPU(cores)", "CPU%", "MEMORY(bytes)"}},
	{"top-nodes", []string{"NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)"}}, // kubectl 1.33 and newer
	{"top-pods", []string{"NAME", "CPU(cores)", "MEMORY(bytes)"}},
	{"groups", []string{"GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG"}},
	{"df-i", []string{"Filesystem", "Inodes", "Use%"}}, // IUse%, and Use% of busybox
	{"df", []string{"Filesystem", "Use%", "Mounted on"}},
	{"free", []string{"total", "used", "free", "available"}},
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
