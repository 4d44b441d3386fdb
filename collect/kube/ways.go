package kube

import (
	"context"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/collect/backends"
)

// lookAtNetwork lists the services that the addresses of backends may name, and the pods of namespaces beyond the chosen ones.
func (c *Cluster) lookAtNetwork(ctx context.Context, s *Survey) error {
	s.net.own = s.Namespaces
	found, _ := backends.From(s.Settings(), s.Mounted)
	addresses := append(found.Addresses(), c.o.Reach...)
	if !slices.ContainsFunc(addresses, inCluster) {
		return nil
	}
	for _, ns := range s.Namespaces {
		if err := c.listServices(ctx, s, ns); err != nil {
			return err
		}
	}
	located, err := c.locate(ctx, s, addresses)
	if err != nil {
		return err
	}
	s.net.beyond = s.net.foreign(addresses, s.Elsewhere)
	for _, ns := range located {
		if !slices.Contains(s.net.own, ns) && !slices.Contains(s.net.beyond, ns) {
			s.net.beyond = append(s.net.beyond, ns)
		}
	}
	if err := c.askAbout(ctx, s, c.reachAsks(s)); err != nil {
		return err
	}
	for _, ns := range s.net.beyond {
		if err := c.listBeyond(ctx, s, ns); err != nil {
			return err
		}
	}
	s.net.expect(addresses)
	return c.askAbout(ctx, s, c.forwardAsks(s))
}

// askAbout reviews rights that only the survey has shown to be of use.
func (c *Cluster) askAbout(ctx context.Context, s *Survey, asked []Answer) error {
	err := c.reviewEach(ctx, s.Access, asked)
	s.Access.Asked = append(s.Access.Asked, asked...)
	return err
}

func (c *Cluster) listServices(ctx context.Context, s *Survey, ns string) error {
	if !s.Access.May("list", "", "services", ns) {
		return nil // told with the rights
	}
	if s.net.services == nil {
		s.net.services = map[string]*corev1.Service{}
	}
	err := list(ctx, c, kindFor("services").path(ns), func(svc *corev1.Service) { s.net.services[object(ns, svc.Name)] = svc })
	return s.net.orForbidden(ctx, "services", ns, err)
}

// listBeyond looks at a namespace that is not collected from.
func (c *Cluster) listBeyond(ctx context.Context, s *Survey, ns string) error {
	if err := c.listServices(ctx, s, ns); err != nil {
		return err
	}
	if !s.Access.May("list", "", "pods", ns) {
		return nil
	}
	return s.net.orForbidden(ctx, "pods", ns, list(ctx, c, kindFor("pods").path(ns), s.net.seePod))
}

// orForbidden lets a refusal pass: what it costs shows when an address cannot be reached. It is remembered: what was not listed may
// hold any name.
func (n *network) orForbidden(ctx context.Context, resource, ns string, err error) error {
	if ctx.Err() == nil && code(err) == http.StatusForbidden {
		if n.refused == nil {
			n.refused = map[string]bool{}
		}
		n.refused[object(resource, ns)] = true
		return nil
	}
	return err
}

const beyondCosts = "where the backends in that namespace are, if they cannot be reached from here by name"

// reachAsks are the rights to look at namespaces that addresses name beyond the chosen ones.
func (c *Cluster) reachAsks(s *Survey) []Answer {
	var all []Answer
	for _, ns := range s.net.beyond {
		for _, resource := range []string{"services", "pods"} {
			all = append(all, Answer{ask: ask{Verb: "list", Resource: resource, Namespace: ns}, Costs: beyondCosts, source: reachName})
		}
	}
	return all
}

// forwardAsks are the rights to forward ports of the pods that stand behind the addresses of backends, and with Options.Exec to
// run a relay in those of namespaces that are not collected from. Inside the cluster no port is forwarded.
func (c *Cluster) forwardAsks(s *Survey) []Answer {
	var all []Answer
	add := func(resource, ns string) {
		create := ask{Verb: "create", Resource: resource, Namespace: ns}
		get := ask{Verb: "get", Resource: resource, Namespace: ns} // it only opens a better way
		all = append(
			all,
			Answer{ask: create, Costs: "what Kafka, Redis, MongoDB and etcd say of themselves, as far as they cannot be reached from here otherwise", source: reachName},
			Answer{ask: get, source: reachName, instead: true},
		)
	}
	for _, ns := range s.net.expectedIn() {
		if !c.inside {
			add(forwarding, ns)
		}
		if c.o.Exec && !slices.Contains(s.Namespaces, ns) { // of the others it is asked for log files
			add(executing, ns)
		}
	}
	return all
}

// expectedIn are the namespaces of the pods that are behind addresses.
func (n *network) expectedIn() []string {
	var all []string
	for _, p := range n.expected {
		if !slices.Contains(all, p.ns) {
			all = append(all, p.ns)
		}
	}
	slices.Sort(all)
	return all
}
