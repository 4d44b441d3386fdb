package kube

import "slices"

// asks lists every right that the collection uses, with what is lost without it. Of Secrets it lists the right to list
// them; where that is not granted, narrow asks for those that are named.
func (c *Cluster) asks(s *Survey) []Answer {
	var all []Answer
	add := func(source, verb, group, resource, ns, costs string) {
		all = append(all, Answer{ask: ask{Verb: verb, Group: group, Resource: resource, Namespace: ns}, Costs: costs, source: source})
	}
	for _, k := range append(kinds[:len(kinds):len(kinds)], s.custom.kinds...) {
		if c.o.NoSecrets && k.resource == secrets.resource && k.group == secrets.group {
			continue
		}
		if !k.namespaced {
			add(objectsName, "list", k.group, k.resource, "", k.costs)
			continue
		}
		for _, ns := range s.Namespaces {
			add(objectsName, "list", k.group, k.resource, ns, k.costs)
		}
	}
	if t, apart := s.nodeEvents(); apart {
		add(objectsName, "list", "", t.resource, t.ns, t.costs)
	}
	for _, ns := range s.Namespaces {
		if len(c.o.Namespaces) > 0 {
			add(clusterName, "get", "", "namespaces", ns, "a misspelt namespace is not told from an empty one")
		}
		add(logsName, "get", "", "pods/log", ns, "every log: what the components said")
		add(topName, "list", metricsGroup, "pods", ns, "CPU and memory of pods and containers (kubectl top pods)")
		add(metricsName, "get", "", "pods/proxy", ns, "OpenIM's own metrics: failed inserts, late and failed pushes, users online")
		all[len(all)-1].instead = !c.o.PodMetrics // used where it is granted, missed only if it was asked for
		if c.o.Exec {
			add(filesName, "create", "", executing, ns, "log files inside containers, and the backends to which no other way leads")
			add(filesName, "get", "", executing, ns, "")
			all[len(all)-1].instead = true // it only opens a better way
		}
	}
	add(topName, "list", metricsGroup, "nodes", "", "CPU and memory of nodes (kubectl top nodes)")
	add(nodesName, "get", "", nodeProxy, "", kubeletCosts)
	all[len(all)-1].instead = !c.o.NodeStats // used where it is granted, but not asked for
	if c.o.NodePods {
		for _, verb := range []string{"create", "get", "delete"} {
			add(podsName, verb, "", "pods", s.podNamespace(), podCosts)
		}
	}
	if c.findsPrometheus() {
		add(prometheusName, "list", "", "services", "", "which service is that of Prometheus; without it, it has to be named with --prometheus NAMESPACE/SERVICE:PORT")
	}
	for _, k := range c.searched(s) {
		add(clusterName, "list", k.group, k.resource, "", k.costs)
	}
	return slices.Concat(all, s.edgeAsks(), s.numberAsks(), s.namespaceAsks(), c.reachAsks(s), c.forwardAsks(s), s.prometheusAsks())
}

// workloads are the kinds in which OpenIM is looked for.
var workloads = []string{"deployments", "statefulsets", "daemonsets"}

// searched are the kinds that are listed of the whole cluster to choose namespaces; none when they were named.
func (c *Cluster) searched(s *Survey) []kind {
	if c.all {
		return []kind{{version: "v1", resource: "namespaces", costs: "which namespaces there are; without it they have to be named with -n"}}
	}
	if len(c.o.Namespaces) > 0 {
		return nil
	}
	var all []kind
	for _, resource := range workloads {
		all = append(all, kindFor(resource))
	}
	if s.inPods {
		all = append(all, kindFor("pods"))
	}
	for i := range all {
		all[i].costs = "OpenIM and its backends in other namespaces; without it only that of the context is searched, or those named with -n"
	}
	return all
}
