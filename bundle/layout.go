package bundle

import (
	"fmt"
	"strconv"
	"strings"
)

// Names of single entries. Every entry name of the product comes from this file.
const (
	ownFolder      = "imbundle/"
	PlanFile       = ownFolder + "plan.json"
	ManifestFile   = ownFolder + "manifest.json"
	RedactionsFile = ownFolder + "redactions.json"
	CollectLog     = ownFolder + "collect.log"
	IncidentFile   = "incident.yaml"

	ClusterVersion = "cluster-info/cluster_version.json"
	ReadyZ         = "cluster-info/readyz.txt"
	ClockFile      = "cluster-info/clock.json"
	DiscoveryFile  = "cluster-info/discovery.json"
	AccessFile     = "cluster-info/access.json"

	TopPods       = "top/pods.txt"
	TopContainers = "top/containers.txt"
	TopPodsJSON   = "top/pods.json"
	TopNodes      = "top/nodes.txt"
	TopNodesJSON  = "top/nodes.json"

	KafkaGroups        = "kafka/groups.txt"
	KafkaMembers       = "kafka/members.txt"
	KafkaState         = "kafka/state.txt"
	KafkaGroupsJSON    = "kafka/groups.json"
	KafkaTopics        = "kafka/topics.json"
	KafkaConversations = "kafka/conversations.json"
	SeqFile            = "seq/conversations.jsonl"

	ConfigEffective = "config/effective.json"
	EtcdStatus      = "etcd/status.json"
	EtcdRegistry    = "etcd/registry.json"

	RedisInfo   = "redis/info.txt"
	RedisServer = "redis/server.json"
	MongoServer = "mongo/server.json"

	PodLogs = "cluster-resources/pods/logs/"
)

const (
	resources      = "cluster-resources/"
	tables         = "tables/"
	describeFolder = "describe/"
	rolloutFolder  = "rollout/"
	attachFolder   = "attachments/"
	configFolder   = "config/"
	metricsFolder  = "metrics/"
	clientFolder   = "client/"
	nodesFolder    = "nodes/"
	fileLogFolder  = "container-files/"
	samplesFolder  = "samples/"
	previousSuffix = "-previous"
)

// roots are the first components of the layout and of the troubleshoot project's: never taken for a top folder to strip.
var roots = map[string]bool{
	"imbundle": true, "cluster-info": true, "cluster-resources": true, "top": true, "kafka": true, "seq": true, "tables": true,
	"describe": true, "rollout": true, "attachments": true, "config": true, "metrics": true, "client": true, "nodes": true,
	"container-files": true, "samples": true, "redis": true, "mongo": true, "etcd": true, "configmaps": true, "secrets": true,
	"host-collectors": true, "node_metrics": true,
}

// clusterScope stands for the missing namespace of a cluster-scoped object where a folder is needed.
const clusterScope = "_cluster"

// PodLog names the log of a container as kubectl logs prints it.
func PodLog(namespace, pod, container string, previous bool) string {
	if previous {
		container += previousSuffix
	}
	return PodLogs + namespace + "/" + pod + "/" + container + ".log"
}

// PodLogName is what a pod log's entry name says.
type PodLogName struct {
	Namespace, Pod, Container string
	Previous                  bool
}

// ParsePodLog reads a name made by PodLog, and those of the troubleshoot project's clusterPodLogs.
func ParsePodLog(name string) (PodLogName, bool) {
	rest, ok := strings.CutPrefix(name, PodLogs)
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 || !strings.HasSuffix(parts[2], ".log") {
		return PodLogName{}, false
	}
	container := strings.TrimSuffix(parts[2], ".log")
	container, previous := strings.CutSuffix(container, previousSuffix)
	if parts[0] == "" || parts[1] == "" || container == "" {
		return PodLogName{}, false
	}
	return PodLogName{parts[0], parts[1], container, previous}, true
}

// Resource names the JSON list of a kind (plural, lower case, with its group behind a dot where it has one).
// An empty namespace means a cluster-scoped kind.
func Resource(kind, namespace string) string { return listName(resources, kind, namespace, ".json") }

// ParseResource reads a name made by Resource.
func ParseResource(name string) (kind, namespace string, ok bool) {
	if strings.HasPrefix(name, PodLogs) {
		return "", "", false
	}
	return parseList(resources, name, ".json")
}

// Table names the server's own table cells of a kind, as JSON (metav1.Table without objects).
func Table(kind, namespace string) string { return listName(tables, kind, namespace, ".json") }

// ParseTable reads a name made by Table.
func ParseTable(name string) (kind, namespace string, ok bool) {
	return parseList(tables, name, ".json")
}

func listName(folder, kind, namespace, ext string) string {
	if namespace == "" {
		return folder + kind + ext
	}
	return folder + kind + "/" + namespace + ext
}

func parseList(folder, name, ext string) (kind, namespace string, ok bool) {
	rest, ok := strings.CutPrefix(name, folder)
	if !ok {
		return "", "", false
	}
	if rest, ok = strings.CutSuffix(rest, ext); !ok || rest == "" {
		return "", "", false
	}
	kind, namespace, _ = strings.Cut(rest, "/")
	return kind, namespace, kind != "" && !strings.Contains(namespace, "/")
}

// TableText names a table as kubectl get -o wide prints it.
func TableText(kind, namespace string) string { return listName(tables, kind, namespace, ".txt") }

// Describe names the text of kubectl describe. An empty namespace means a cluster-scoped object.
func Describe(namespace, kind, name string) string {
	return describeFolder + folderOf(namespace) + "/" + kind + "/" + name + ".txt"
}

// ParseDescribe reads a name made by Describe.
func ParseDescribe(entry string) (namespace, kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(entry, describeFolder)
	if rest, isText := strings.CutSuffix(rest, ".txt"); ok && isText {
		parts := strings.SplitN(rest, "/", 3)
		if len(parts) == 3 && parts[2] != "" {
			return strings.TrimPrefix(parts[0], clusterScope), parts[1], parts[2], true
		}
	}
	return "", "", "", false
}

// AllDescribes is the pattern of every name made by Describe.
const AllDescribes = describeFolder + "*"

// Rollout names what kubectl rollout status says of the workloads of a namespace.
func Rollout(namespace string) string { return rolloutFolder + namespace + ".txt" }

// NodeText names a node's answer as the guide's command prints it: df, df-i, du, free, load, …
func NodeText(node, command string) string { return nodesFolder + node + "/" + command + ".txt" }

// NodeSummary names a kubelet's /stats/summary.
func NodeSummary(node string) string { return nodesFolder + node + "/summary.json" }

// NodeConfig names a kubelet's /configz.
func NodeConfig(node string) string { return nodesFolder + node + "/configz.json" }

// AllOfNode is the pattern of every name made by NodeText, NodeSummary and NodeConfig for a node.
func AllOfNode(node string) string { return nodesFolder + node + "/*" }

// ParseNode reads the names made by NodeText, NodeSummary and NodeConfig.
func ParseNode(name string) (node, file string, ok bool) {
	rest, ok := strings.CutPrefix(name, nodesFolder)
	if !ok {
		return "", "", false
	}
	node, file, ok = strings.Cut(rest, "/")
	return node, file, ok && node != "" && file != "" && !strings.Contains(file, "/")
}

// ContainerFile names a log file read inside a container; path is the file's absolute path there.
func ContainerFile(namespace, pod, container, path string) string {
	return fileLogFolder + namespace + "/" + pod + "/" + container + "/" + strings.TrimPrefix(path, "/")
}

// ParseContainerFile reads a name made by ContainerFile.
func ParseContainerFile(name string) (of PodLogName, path string, ok bool) {
	rest, ok := strings.CutPrefix(name, fileLogFolder)
	parts := strings.SplitN(rest, "/", 4)
	if !ok || len(parts) != 4 || parts[3] == "" {
		return PodLogName{}, "", false
	}
	return PodLogName{Namespace: parts[0], Pod: parts[1], Container: parts[2]}, "/" + parts[3], true
}

// Config, Metrics, Client and Attached name files of their folders; name may hold slashes.
func Config(name string) string   { return configFolder + name }
func Metrics(name string) string  { return metricsFolder + name }
func Client(name string) string   { return clientFolder + name }
func Attached(name string) string { return attachFolder + strings.Trim(name, "/") }

// PodMetrics names what a pod of OpenIM says at /metrics of a port.
func PodMetrics(namespace, pod string, port int) string {
	return metricsFolder + namespace + "/" + pod + "-" + strconv.Itoa(port) + ".txt"
}

// ParsePodMetrics reads a name made by PodMetrics.
func ParsePodMetrics(name string) (namespace, pod string, port int, ok bool) {
	rest, ours := strings.CutPrefix(name, metricsFolder)
	namespace, base, found := strings.Cut(rest, "/")
	base, text := strings.CutSuffix(base, ".txt")
	dash := strings.LastIndexByte(base, '-')
	if !ours || !found || !text || dash < 1 || namespace == queryFolder {
		return "", "", 0, false
	}
	port, err := strconv.Atoi(base[dash+1:])
	return namespace, base[:dash], port, err == nil && namespace != ""
}

// queryFolder lies beside the namespaces of PodMetrics.
const queryFolder = "prometheus"

// PrometheusQuery names what a Prometheus answered to a query of specs/metrics.yaml.
func PrometheusQuery(id string) string { return metricsFolder + queryFolder + "/" + id + ".json" }

// ParsePrometheusQuery reads a name made by PrometheusQuery.
func ParsePrometheusQuery(name string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(name, metricsFolder+queryFolder+"/")
	id, text := strings.CutSuffix(rest, ".json")
	return id, ok && text && id != ""
}

// AllPrometheusQueries is the pattern of every name made by PrometheusQuery.
const AllPrometheusQueries = metricsFolder + queryFolder + "/*"

// Sample names one of several readings of the same thing, in the order of n.
func Sample(of string, n int) string {
	dot := strings.LastIndexByte(of, '.')
	if dot < strings.LastIndexByte(of, '/') || dot < 0 {
		dot = len(of)
	}
	return fmt.Sprintf("%s%s-%03d%s", samplesFolder, of[:dot], n, of[dot:])
}

// ParseSample gives the name of which the entry is a reading.
func ParseSample(name string) (of string, ok bool) {
	rest, ok := strings.CutPrefix(name, samplesFolder)
	dot := strings.LastIndexByte(rest, '.')
	if dot < 0 {
		dot = len(rest)
	}
	dash := strings.LastIndexByte(rest[:dot], '-')
	if !ok || dash < 0 {
		return "", false
	}
	return rest[:dash] + rest[dot:], true
}

// Own tells whether an entry is about the run itself rather than what it collected.
func Own(name string) bool { return strings.HasPrefix(name, ownFolder) }

func folderOf(namespace string) string {
	if namespace == "" {
		return clusterScope
	}
	return namespace
}

// isPlan tells whether an archive's name, whatever its top folder, is the plan's.
func isPlan(raw string) bool { return raw == PlanFile || strings.HasSuffix(raw, "/"+PlanFile) }
