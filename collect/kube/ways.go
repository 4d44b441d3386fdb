package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imbundle/imbundle/collect/backends"
)

// LookAtNetwork lists the services that the addresses of backends may name, and the pods of namespaces beyond the chosen ones. The
// survey does so; whoever has laid other addresses over the configuration by Survey.Centre lets it be done again. A list that fails
// costs no more than the way that it would have shown. An error is the end of ctx.
func (c *Cluster) LookAtNetwork(ctx context.Context, s *Survey) error {
	s.net.own, s.net.allOwn = s.Namespaces, c.all
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
	if err := c.seekNamespaces(ctx, s, addresses); err != nil {
		return err
	}
	for _, ns := range append(s.net.foreign(addresses, s.Elsewhere), located...) {
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

// askAbout reviews rights that only the survey has shown to be of use, and that were not reviewed before.
func (c *Cluster) askAbout(ctx context.Context, s *Survey, asked []Answer) error {
	asked = slices.DeleteFunc(asked, func(a Answer) bool {
		return slices.ContainsFunc(s.Access.Asked, func(known Answer) bool { return known.ask == a.ask })
	})
	err := c.reviewEach(ctx, s.Access, asked)
	s.Access.Asked = append(s.Access.Asked, asked...)
	return err
}

func (c *Cluster) listServices(ctx context.Context, s *Survey, ns string) error {
	if s.net.services == nil {
		s.net.services = map[string]*corev1.Service{}
	}
	return listOnce(ctx, c, s, "services", ns, func(svc *corev1.Service) {
		s.net.dual = s.net.dual || len(svc.Spec.ClusterIPs) > 1
		s.net.services[object(ns, svc.Name)] = svc
	})
}

// seekNamespaces asks, as mustExist does, for the namespaces that addresses may name and nothing has shown: redis.dev is a host of the
// Internet as well as a service in namespace dev.
func (c *Cluster) seekNamespaces(ctx context.Context, s *Survey, addresses []string) error {
	if c.inside || c.Replayed() || s.net.allOwn {
		return nil
	}
	if s.net.namespaces == nil {
		s.net.namespaces = map[string]error{}
	}
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		if spots, ips := s.net.find(address); err != nil || len(spots)+len(ips) > 0 {
			continue
		}
		for _, name := range meanings(host) {
			if _, asked := s.net.namespaces[name.ns]; asked || name.ns == "" || s.net.knows(host, name.ns, s.Elsewhere) {
				continue
			}
			var got metav1.PartialObjectMetadata
			err := c.getJSON(ctx, "/api/v1"+inNamespace(name.ns), nil, &got)
			if ctx.Err() != nil {
				return err
			}
			s.net.namespaces[name.ns] = err
		}
	}
	return nil
}

// namespaceAsks are the rights to ask for the namespaces that addresses may name. Their lack is told with the address that it costs.
func (s *Survey) namespaceAsks() []Answer {
	var all []Answer
	for _, ns := range slices.Sorted(maps.Keys(s.net.namespaces)) {
		all = append(all, Answer{ask: ask{Verb: "get", Resource: "namespaces", Name: ns}, Costs: "whether hosts called so stand in the cluster: no login goes where that is not known", source: reachName})
	}
	return all
}

// listBeyond looks at a namespace that is not collected from.
func (c *Cluster) listBeyond(ctx context.Context, s *Survey, ns string) error {
	if err := c.listServices(ctx, s, ns); err != nil {
		return err
	}
	return listOnce(ctx, c, s, "pods", ns, s.net.seePod)
}

// listOnce lists what was not listed before.
func listOnce[T any](ctx context.Context, c *Cluster, s *Survey, resource, ns string, each func(*T)) error {
	if _, done := s.net.listed[object(resource, ns)]; done {
		return nil
	}
	return listInto(ctx, c, s, resource, ns, "", each)
}

// listInto lists where that is allowed, and remembers what came of it: what was not listed may hold any name. What that costs shows when
// an address cannot be reached. An error is the end of ctx.
func listInto[T any](ctx context.Context, c *Cluster, s *Survey, resource, ns, selector string, each func(*T)) error {
	if !s.Access.May("list", "", resource, ns) {
		return nil
	}
	query := url.Values{}
	if ns == "" {
		query.Set("resourceVersion", "0") // what the server has in memory is new enough
	}
	if selector != "" {
		query.Set("fieldSelector", selector)
	}
	_, err := c.pages(ctx, kindFor(resource).path(ns), "application/json", query, handler{item: func(raw json.RawMessage) error {
		v := new(T)
		if err := json.Unmarshal(raw, v); err != nil {
			return err
		}
		each(v)
		return nil
	}})
	if ctx.Err() != nil {
		return err
	}
	if s.net.listed == nil {
		s.net.listed = map[string]error{}
	}
	at := object(resource, ns)
	s.net.listed[at] = cmp.Or(s.net.listed[at], err)
	return nil
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
