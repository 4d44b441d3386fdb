package replay

import (
	"slices"
	"strings"
)

// resource is a kind of the API.
type resource struct {
	group, version, plural, kind string
	namespaced                   bool
	short                        []string
	categories                   []string
}

// gv is the group and version as objects carry them.
func (r *resource) gv() string {
	if r.group == "" {
		return r.version
	}
	return r.group + "/" + r.version
}

// key tells resources apart: deployments.apps, pods.
func (r *resource) key() string { return keyOf(r.group, r.plural) }

func keyOf(group, plural string) string {
	if group == "" {
		return plural
	}
	return plural + "." + group
}

func (r *resource) singular() string { return strings.ToLower(r.kind) }

var all = []string{"all"}

// standard are the kinds that kubectl knows without asking, with its short names.
var standard = []*resource{
	{"", "v1", "pods", "Pod", true, []string{"po"}, all},
	{"", "v1", "services", "Service", true, []string{"svc"}, all},
	{"", "v1", "nodes", "Node", false, []string{"no"}, nil},
	{"", "v1", "namespaces", "Namespace", false, []string{"ns"}, nil},
	{"", "v1", "events", "Event", true, []string{"ev"}, nil},
	{"", "v1", "configmaps", "ConfigMap", true, []string{"cm"}, nil},
	{"", "v1", "secrets", "Secret", true, nil, nil},
	{"", "v1", "endpoints", "Endpoints", true, []string{"ep"}, nil},
	{"", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, []string{"pvc"}, nil},
	{"", "v1", "persistentvolumes", "PersistentVolume", false, []string{"pv"}, nil},
	{"", "v1", "resourcequotas", "ResourceQuota", true, []string{"quota"}, nil},
	{"", "v1", "limitranges", "LimitRange", true, []string{"limits"}, nil},
	{"", "v1", "serviceaccounts", "ServiceAccount", true, []string{"sa"}, nil},
	{"", "v1", "replicationcontrollers", "ReplicationController", true, []string{"rc"}, all},
	{"apps", "v1", "deployments", "Deployment", true, []string{"deploy"}, all},
	{"apps", "v1", "statefulsets", "StatefulSet", true, []string{"sts"}, all},
	{"apps", "v1", "daemonsets", "DaemonSet", true, []string{"ds"}, all},
	{"apps", "v1", "replicasets", "ReplicaSet", true, []string{"rs"}, all},
	{"apps", "v1", "controllerrevisions", "ControllerRevision", true, nil, nil},
	{"batch", "v1", "jobs", "Job", true, nil, all},
	{"batch", "v1", "cronjobs", "CronJob", true, []string{"cj"}, all},
	{"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, []string{"hpa"}, all},
	{"policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true, []string{"pdb"}, nil},
	{"networking.k8s.io", "v1", "ingresses", "Ingress", true, []string{"ing"}, nil},
	{"networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, nil, nil},
	{"networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, []string{"netpol"}, nil},
	{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, nil, nil},
	{"storage.k8s.io", "v1", "storageclasses", "StorageClass", false, []string{"sc"}, nil},
	{"storage.k8s.io", "v1", "volumeattachments", "VolumeAttachment", false, nil, nil},
	{"scheduling.k8s.io", "v1", "priorityclasses", "PriorityClass", false, []string{"pc"}, nil},
	{"coordination.k8s.io", "v1", "leases", "Lease", true, nil, nil},
	{"rbac.authorization.k8s.io", "v1", "roles", "Role", true, nil, nil},
	{"rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, nil, nil},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, nil, nil},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, nil, nil},
	{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false, []string{"crd", "crds"}, nil},
}

// foreignNames are the folders of the troubleshoot project that are not called like the resource.
var foreignNames = map[string]string{
	"ingress": "ingresses", "network-policy": "networkpolicies", "resource-quota": "resourcequotas", "pvcs": "persistentvolumeclaims",
	"pvs": "persistentvolumes", "storage-classes": "storageclasses", "pod-disruption-budgets": "poddisruptionbudgets",
	"custom-resource-definitions": "customresourcedefinitions", "clusterRoleBindings": "clusterrolebindings",
}

func standardPlural(name string) *resource {
	if plural, ok := foreignNames[name]; ok {
		name = plural
	}
	return find(func(r *resource) bool { return r.plural == name })
}

func standardKind(group, kind string) *resource {
	return find(func(r *resource) bool { return r.kind == kind && r.group == group })
}

func find(is func(*resource) bool) *resource {
	if i := slices.IndexFunc(standard, is); i >= 0 {
		return standard[i]
	}
	return nil
}

// pluralOf is the plural of a kind that nothing else tells the plural of, by the rule that nearly all follow.
func pluralOf(kind string) string {
	name := strings.ToLower(kind)
	switch {
	case strings.HasSuffix(name, "s"), strings.HasSuffix(name, "x"), strings.HasSuffix(name, "ch"), strings.HasSuffix(name, "sh"):
		return name + "es"
	case strings.HasSuffix(name, "y") && !strings.ContainsAny(name[max(0, len(name)-2):], "aeiou"):
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}
