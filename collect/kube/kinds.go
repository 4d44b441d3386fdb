package kube

import (
	"slices"
	"strings"
)

// The sources of this package.
const (
	clusterName  = "kube-cluster"
	describeName = "kube-describe"
	objectsName  = "kube-objects"
	logsName     = "kube-logs"
	topName      = "kube-top"
	metricsName  = "kube-metrics"
	filesName    = "kube-files"
	configName   = "kube-config"
	reachName    = "kube-reach"
	nodesName    = "kube-nodes"
	podsName     = "node" // the source that asks nodes through pods; it lies in a package of its own

	prometheusName = "prometheus" // likewise
)

const (
	metricsGroup = "metrics.k8s.io"
	rbacGroup    = "rbac.authorization.k8s.io"
)

// kind is a resource that is collected for every namespace, or for the cluster.
type kind struct {
	group, version, resource, object string // object is the kind's own name: Pod
	namespaced                       bool
	tableOnly                        bool   // cells without objects
	costs                            string // what cannot be told without it
}

// kinds are what is listed of every installation, the most telling first.
var kinds = []kind{
	{"", "v1", "pods", "Pod", true, false, "restarts, OOM kills, crash loops, image pulls, scheduling; and which logs there are"},
	{"", "v1", "events", "Event", true, false, "why pods were killed, moved or not scheduled"},
	{"apps", "v1", "deployments", "Deployment", true, false, "rollouts, replicas, images, environment"},
	{"apps", "v1", "statefulsets", "StatefulSet", true, false, "rollouts, replicas, images, environment"},
	{"apps", "v1", "daemonsets", "DaemonSet", true, false, "rollouts, images"},
	{"apps", "v1", "replicasets", "ReplicaSet", true, false, "what was rolled out when"},
	{"", "v1", "configmaps", "ConfigMap", true, false, "OpenIM's configuration"},
	{"", "v1", "services", "Service", true, false, "service names, ports and selectors"},
	{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, false, "which pods a service really reaches"},
	{"networking.k8s.io", "v1", "ingresses", "Ingress", true, false, "how clients reach the gateway and the API"},
	{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, false, "connections that the cluster forbids"},
	{"batch", "v1", "jobs", "Job", true, false, "one-time tasks and their failures"},
	{"batch", "v1", "cronjobs", "CronJob", true, false, "scheduled tasks"},
	{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, false, "volumes that are lost, pending or full"},
	{"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, false, "pods that were added or taken away by load"},
	{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, false, "what holds up a drain or a rollout"},
	{"", "v1", "resourcequotas", "ResourceQuota", true, false, "quotas that refuse pods"},
	{"", "v1", "limitranges", "LimitRange", true, false, "default limits that kill pods"},
	{"", "v1", "serviceaccounts", "ServiceAccount", true, false, "under which account pods run"},
	{rbacGroup, "v1", "roles", "Role", true, false, "rights that OpenIM's own discovery needs"},
	{rbacGroup, "v1", "rolebindings", "RoleBinding", true, false, "rights that OpenIM's own discovery needs"},
	{"", "v1", "secrets", "Secret", true, true, "whether the secrets that pods name exist (values are read of those only that OpenIM connects with, and never written)"},
	{"", "v1", "nodes", "Node", false, false, "node conditions: memory, disk and PID pressure, readiness"},
	{"", "v1", "persistentvolumes", "PersistentVolume", false, false, "volumes that are released, failed or pinned to a lost node"},
	{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false, false, "how volumes are provisioned"},
	{rbacGroup, "v1", "clusterroles", "ClusterRole", false, false, "rights that OpenIM's own discovery needs"},
	{rbacGroup, "v1", "clusterrolebindings", "ClusterRoleBinding", false, false, "rights that OpenIM's own discovery needs"},
}

// kindFor is the built-in kind of a resource.
func kindFor(resource string) kind {
	return kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.resource == resource })]
}

// path is where a kind is listed.
func (k kind) path(ns string) string {
	root := "/apis/" + k.group + "/" + k.version
	if k.group == "" {
		root = "/api/" + k.version
	}
	return root + inNamespace(ns) + "/" + k.resource
}

// apiVersion is the group and version as objects carry them.
func (k kind) apiVersion() string {
	if k.group == "" {
		return k.version
	}
	return k.group + "/" + k.version
}

// name is the kind in entry names.
func (k kind) name() string { return kindName(k.group, k.resource) }

// kindName is a resource's plural; custom resources carry their group.
func kindName(group, resource string) string {
	if builtIn(group) {
		return resource
	}
	return resource + "." + group
}

// builtIn reports whether a group belongs to Kubernetes itself.
func builtIn(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}

func groupResource(group, resource string) string {
	if group == "" {
		return resource
	}
	return resource + "." + group
}

func cutSub(resource string) (name, sub string) {
	name, sub, _ = strings.Cut(resource, "/")
	return name, sub
}
