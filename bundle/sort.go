package bundle

import "strings"

// Sorts of entries, by what is in them.
const (
	SortLogs     = "logs"
	SortObjects  = "objects"
	SortEvents   = "events"
	SortTables   = "tables"
	SortDescribe = "describe"
	SortUsage    = "usage"
	SortNodes    = "nodes"
	SortBackends = "backends" // Kafka, Redis, MongoDB, sequence numbers
	SortConfig   = "config"
	SortClient   = "client"
	SortAttached = "attachments"
	SortCluster  = "cluster" // versions, rights, clock
	SortOwn      = "own"     // plan, manifest, incident, log of the collection
	SortOther    = "other"
)

// sorts of the folders of the layout and of the troubleshoot project's.
var sorts = map[string]string{
	"imbundle": SortOwn, "cluster-info": SortCluster, "cluster-resources": SortObjects, "tables": SortTables, "describe": SortDescribe,
	"rollout": SortDescribe, "top": SortUsage, "metrics": SortUsage, "node_metrics": SortUsage, "nodes": SortNodes, "host-collectors": SortNodes,
	"kafka": SortBackends, "seq": SortBackends, "redis": SortBackends, "mongo": SortBackends, "etcd": SortBackends, "config": SortConfig,
	"configmaps": SortConfig, "secrets": SortConfig, "client": SortClient, "attachments": SortAttached, "container-files": SortLogs,
}

// Sort tells what is in an entry by its name; SortOther for what is not in the layout.
func Sort(name string) string {
	name = strings.TrimPrefix(name, samplesFolder)
	folder, rest, _ := strings.Cut(name, "/")
	kind, _, _ := strings.Cut(rest, "/")
	switch kind = strings.TrimSuffix(kind, ".json"); {
	case strings.HasPrefix(name, PodLogs):
		return SortLogs
	case name == IncidentFile:
		return SortOwn
	case (folder == "cluster-resources" || folder == "tables") && strings.HasPrefix(kind, "events"):
		return SortEvents
	case sorts[folder] != "" && rest != "":
		return sorts[folder]
	}
	return SortOther
}
