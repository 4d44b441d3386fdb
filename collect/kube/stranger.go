package kube

import (
	"errors"
	"maps"
	"net"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Stranger is a collect.Stranger. Seen from inside the cluster every address is what OpenIM takes it for. From outside, a server that is
// surely none of the cluster and was reached from here is in a network that we share, and is followed like by any client of its. What
// another one advertises must be known as a pod, a service or a node: elsewhere its name or number may be anybody's.
func (r *Reach) Stranger(via, advertised string) error {
	if r.c.inside || r.s.outside(via) || r.s.ofCluster(advertised) {
		return nil
	}
	return errors.New("no pod, service or node that was found has this address")
}

// ofCluster reports whether an address is one that is known in the cluster: of a pod, a service or a node.
func (s *Survey) ofCluster(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	spots, ips := s.net.find(address)
	if net.ParseIP(host) == nil {
		return len(spots)+len(ips) > 0
	}
	service := func(svc *corev1.Service) bool {
		return slices.Contains(svc.Spec.ClusterIPs, host) || svc.Spec.ClusterIP == host
	}
	return len(spots) > 0 || slices.ContainsFunc(slices.Collect(maps.Values(s.net.services)), service) ||
		slices.Contains(slices.Collect(maps.Values(s.carriers)), host)
}

// outside reports whether an address is surely none of the cluster: it was looked for among everything that may be it.
func (s *Survey) outside(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && !s.ofCluster(address) && s.hidden(host) == ""
}

// hidden names what may not be listed, and may have a host's name or number in the cluster; empty: there is no such thing. A number
// is that of a pod or service wherever it stands.
func (s *Survey) hidden(host string) string {
	names := meanings(host)
	if net.ParseIP(host) != nil || host == "localhost" {
		names = []dnsName{{}, {pod: host}}
	}
	for _, name := range names {
		namespaces, resource := s.net.own, "services"
		if name.ns != "" {
			namespaces = []string{name.ns}
		}
		if name.pod != "" {
			resource = "pods"
		}
		for _, ns := range namespaces {
			if (name.ns == "" || s.net.knows(host, ns, s.Elsewhere)) && (s.net.refused[object(resource, ns)] || !s.Access.May("list", "", resource, ns)) {
				return resource + " in namespace " + ns
			}
		}
	}
	return ""
}
