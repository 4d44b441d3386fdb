package analyze

import (
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// Facts is what the input says about the installation, apart from what its log lines mean. All slices are sorted; times are
// UTC, zero when unknown.
type Facts struct {
	Specs *specs.Set

	Collected time.Time // when the data was taken: the manifest's end, else the newest time seen
	From, To  time.Time // span of the log lines
	Complete  bool      // false when the file was cut or the plan promised more
	Cut       string    // where and why reading ended early
	CutAt     int64     // byte of the input
	Window    Window    // that the collection was asked for
	Clock     []bundle.ClockOffset

	Texts          []Text
	Pods           []Pod
	Nodes          []Node
	Events         []Event
	Workloads      []Workload
	Usage          []Usage
	Groups         []GroupSample
	Kafka          *Kafka // nil when no broker was asked
	Filesystems    []Filesystem
	Memory         []Memory
	Sizes          []Size
	Gauges         []Gauge
	Spaces         []Space
	Evictions      []Eviction
	PodSpaces      []PodSpace
	Slow           []SlowCommand
	Counters       []SeqCounter
	Answers        []Answer
	Waiting        []Waiting
	Sequences      []Sequence
	Metrics        []Metric // of pods, by pod, port and sample
	Ranges         []Range  // of Prometheus, by query
	Configs        []Configuration
	ConfigMaps     []ConfigMap // by namespace and name
	Certificates   []Certificate
	Templates      []Template // only where Options.Templates asks for them
	Unnamed        []Unnamed
	Flow           *Flow
	Changes        []Change
	Versions       []string // OpenIM versions, newest first
	Line           string   // a, b or empty
	Incident       map[string]any
	Gaps           []Missing
	Truncated      []Missing
	Malformed      []Malformed
	Infos          []RedisInfo
	Redises        []RedisServer
	Mongos         []MongoServer
	EtcdStatuses   []EtcdStatus
	EtcdRegistries []EtcdRegistry
	Conversations  []Conversation
	Edges          []Edge
	Services       []Service
	Lists          []string // lists of objects that were read whole
	Classes        []IngressClass
	AlbConfigs     []AlbConfig
	Unread         []Unread // what told nothing
	Warnings       []specs.Text
	nodeLists      []nodeName
	images         []string
	queued         *queues // see queues

	// Evidence is what the rules found, already split into episodes and recast; checks may build on it.
	Evidence []Evidence
}

// Text is one entry that was read line by line.
type Text struct {
	Entry    string
	Log      bool   // a component's log, as against tool output or configuration
	Role     string // role of most of its lines; empty when unknown
	Roles    []string
	Pod      PodName // zero when the name does not say
	Previous bool
	Lines    int64
	Bytes    int64
	First    time.Time
	Last     time.Time
	Starts   []time.Time // process starts
	Silence  time.Duration
	Back     time.Duration // the most by which times go back from one line to the next, in whole minutes
	Levels   [8]int64      // by scan.Level
	Version  string
	Offset   time.Duration // clock of the lines minus the kubelet's; zero when unknown
	Untimed  bool          // no line has a time

	Worked map[string]int64 // lines that show a hop at work, by hop
}

// PodName names a container of a pod; any part may be empty.
type PodName struct{ Namespace, Pod, Container string }

// Pod is one pod, merged from every snapshot that mentions it.
type Pod struct {
	Namespace, Name string
	Role            string
	Entry           string // the snapshot that says most
	Phase           string
	Reason          string // of the pod: Evicted, NodeLost, …
	Message         string
	Status          string // kubectl's STATUS column, or derived
	Ready           bool
	Node            string
	IP              string
	Owner           string // Kind/name
	Created         time.Time
	Started         time.Time
	Deleted         bool // deletion asked for
	Containers      []Container
	Conditions      []Condition
	References      []Reference // by ConfigMap
	Folders         []ConfigFolder

	rank    int           // how much the snapshot says; the highest wins where two differ
	age     time.Duration // kubectl's AGE, until the time of collection is known
	hasAge  bool
	lastAge time.Duration // age of the last restart
}

// Restarts adds up the restarts of the pod's containers.
func (p Pod) Restarts() int {
	n := 0
	for _, c := range p.Containers {
		n += c.Restarts
	}
	return n
}

// Container is the state of one container.
type Container struct {
	Name, Image, ImageID string
	Kind                 string // "", init, ephemeral
	Ready                bool
	Restarts             int
	LastRestart          time.Time
	State, Last          ContainerState
	MemoryLimit          int64 // bytes; 0 none
	CPULimit             int64 // millicores; 0 none
	Env                  map[string]string
	Refs                 []string // variables whose value stands in another object
	Probes               []string // liveness, readiness, startup that are set
}

// ContainerState is one of Running, Waiting and Terminated with its reason; Kind is empty when there is none.
type ContainerState struct {
	Kind, Reason, Message string
	ExitCode              int
	Started, Finished     time.Time
}

// Condition is a condition of a pod, node or workload.
type Condition struct {
	Type, Status, Reason, Message string
	Since                         time.Time
}

// Node is one node of the cluster.
type Node struct {
	Name, Entry       string
	Conditions        []Condition
	Unschedulable     bool
	Taints            []string
	AllocatableMemory int64 // bytes
	AllocatableCPU    int64 // millicores
	Kubelet           string
}

// Event is a Kubernetes event. Object is kind/name in lower case kind.
type Event struct {
	Entry       string
	Line        int64
	Namespace   string
	Type        string // Normal, Warning
	Reason      string
	Object      string
	Message     string
	Count       int
	First, Last time.Time

	firstAge, lastAge time.Duration // ages, until the time of collection is known
	hasAge            bool
}

// Workload is a Deployment, StatefulSet, DaemonSet or ReplicaSet.
type Workload struct {
	Kind, Namespace, Name string
	Role, Entry           string
	Owner                 string
	Wanted                int
	Updated               int
	ReadyReplicas         int
	Available             int
	Total                 int
	Unavailable           int
	Paused                bool
	Revision              int
	Image                 string
	Conditions            []Condition
	Created               time.Time
	Modified              time.Time // newest time of its managed fields, status left out
}

// Usage is a line of kubectl top. Percent is -1 where it is not given.
type Usage struct {
	Entry           string
	Node            bool
	Namespace, Name string
	Container       string
	CPU             int64 // millicores
	Memory          int64 // bytes
	CPUPercent      int
	MemoryPercent   int
}

// GroupSample is one partition of a consumer group at one time. Offsets are -1 where the tool prints "-"; it never prints
// Start.
type GroupSample struct {
	Entry        string
	Line         int64
	Time         time.Time
	Sample       int // position of the sample within its entry
	Group, Topic string
	Partition    int
	Current, End int64
	Start        int64 // of the log
	Lag          int64
	Member       string // empty without a member
}

// Filesystem is a line of df. Inodes tells which of the two tables it is from.
type Filesystem struct {
	Entry   string
	Line    int64
	Text    string
	Node    string
	Device  string
	Mount   string
	Inodes  bool
	Percent int
}

// Memory is the memory of a host as free prints it, in bytes.
type Memory struct {
	Entry, Node, Text string
	Line              int64
	Total, Available  int64
}

// Size is a line of du.
type Size struct {
	Entry, Node, Path, Text string
	Line                    int64
	Bytes                   int64
}

// Waiting is a kind of request that was answered before and is not any more, until the end of the log.
type Waiting struct {
	Request, Role string
	Count         int
	Since, Until  time.Time // first and last request without an answer
	Example       Sighting
}

// Answer counts the answers of one kind of request by error code.
type Answer struct {
	Request string // login, send, pull
	Role    string
	Code    int
	Count   int
	First   time.Time
	Last    time.Time
	Example Sighting
}

// Sequence is a forward jump of a conversation's numbers.
type Sequence struct {
	Conversation string
	From, To     int64
	Before       time.Time // when From was seen
	Example      Sighting  // To
}

// Malformed is a snapshot that could not be read to its end.
type Malformed struct {
	Entry, Detail string
}
