package analyze

import (
	"sort"

	"github.com/imbundle/imbundle/specs"
)

// snapshots collects what one worker reads out of the tables and objects of the input.
type snapshots struct {
	Pods           []Pod
	Nodes          []Node
	Events         []Event
	Workloads      []Workload
	Usage          []Usage
	Groups         []GroupSample
	Filesystems    []Filesystem
	Memory         []Memory
	Sizes          []Size
	Gauges         []Gauge
	Spaces         []Space
	Evictions      []Eviction
	PodSpaces      []PodSpace
	Slow           []SlowCommand
	Counters       []SeqCounter
	Metrics        []Metric
	Ranges         []Range
	Files          []configFile
	Effective      []Effective
	ConfigMaps     []ConfigMap
	Certificates   []Certificate
	Changes        []Change
	Malformed      []Malformed
	Incident       map[string]any
	kafka          kafkaSnapshots
	Infos          []RedisInfo
	Redises        []RedisServer
	Mongos         []MongoServer
	EtcdStatuses   []EtcdStatus
	EtcdRegistries []EtcdRegistry
	Conversations  []Conversation
	Edges          []Edge
	Services       []Service
	Lists          []string
	Classes        []IngressClass
	AlbConfigs     []AlbConfig
	Unread         []Unread
	clusters       []clusterSign
	nodeLists      []nodeName
	images         []string // that texts name
	gaps           []Missing
	told           int // tables, objects and texts that were understood
}

// nodeName is a node as a list of all nodes names it.
type nodeName struct{ entry, name string }

// Ranks of the sources of a pod's state.
const (
	rankTable = iota
	rankDescribe
	rankJSON
)

func (s *snapshots) add(o *snapshots) {
	s.Pods = append(s.Pods, o.Pods...)
	s.Nodes = append(s.Nodes, o.Nodes...)
	s.Events = append(s.Events, o.Events...)
	s.Workloads = append(s.Workloads, o.Workloads...)
	s.Usage = append(s.Usage, o.Usage...)
	s.Groups = append(s.Groups, o.Groups...)
	s.Filesystems = append(s.Filesystems, o.Filesystems...)
	s.Memory = append(s.Memory, o.Memory...)
	s.Sizes = append(s.Sizes, o.Sizes...)
	s.Gauges = append(s.Gauges, o.Gauges...)
	s.Spaces = append(s.Spaces, o.Spaces...)
	s.Evictions = append(s.Evictions, o.Evictions...)
	s.PodSpaces = append(s.PodSpaces, o.PodSpaces...)
	s.Slow = append(s.Slow, o.Slow...)
	s.Counters = append(s.Counters, o.Counters...)
	s.Edges = append(s.Edges, o.Edges...)
	s.Services = append(s.Services, o.Services...)
	s.Lists = append(s.Lists, o.Lists...)
	s.Classes = append(s.Classes, o.Classes...)
	s.AlbConfigs = append(s.AlbConfigs, o.AlbConfigs...)
	s.Metrics = append(s.Metrics, o.Metrics...)
	s.Ranges = append(s.Ranges, o.Ranges...)
	s.Files = append(s.Files, o.Files...)
	s.Effective = append(s.Effective, o.Effective...)
	s.ConfigMaps = append(s.ConfigMaps, o.ConfigMaps...)
	s.Certificates = append(s.Certificates, o.Certificates...)
	s.Infos = append(s.Infos, o.Infos...)
	s.Redises = append(s.Redises, o.Redises...)
	s.Mongos = append(s.Mongos, o.Mongos...)
	s.EtcdStatuses = append(s.EtcdStatuses, o.EtcdStatuses...)
	s.EtcdRegistries = append(s.EtcdRegistries, o.EtcdRegistries...)
	s.Conversations = append(s.Conversations, o.Conversations...)
	s.Changes = append(s.Changes, o.Changes...)
	s.Malformed = append(s.Malformed, o.Malformed...)
	s.kafka.add(&o.kafka)
	s.Unread = append(s.Unread, o.Unread...)
	s.clusters = append(s.clusters, o.clusters...)
	s.nodeLists = append(s.nodeLists, o.nodeLists...)
	s.images = append(s.images, o.images...)
	s.gaps = append(s.gaps, o.gaps...)
	if s.Incident == nil {
		s.Incident = o.Incident
	}
}

func text(zh, en string) specs.Text { return specs.Text{ZH: zh, EN: en} }

func sortStrings(s []string) { sort.Strings(s) }
