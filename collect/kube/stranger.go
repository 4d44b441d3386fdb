package kube

import (
	"errors"
	"fmt"
	"net"
)

// Stranger is a collect.Stranger. Seen from inside the cluster every address is what OpenIM takes it for. From outside, a server that is
// surely none of the cluster and was reached from here is in a network that we share, and is followed like by any client of its; so are
// those that it leads to. What another one advertises must be known as a pod, a service or a node: elsewhere its name or number may be
// anybody's.
func (r *Reach) Stranger(via, advertised string) error {
	if r.c.inside || r.s.ofCluster(advertised) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shared[via] || r.s.outside(via) {
		r.shared[advertised] = true
		return nil
	}
	const unknown = "no pod, service or node that was found has this address"
	host, _, _ := net.SplitHostPort(via)
	if what := r.s.hidden(host); what != "" && !r.s.ofCluster(via) {
		return fmt.Errorf("%s, nor is it known that %s stands outside of the cluster: the user may not list %s; have that granted, or run imbundle inside the cluster", unknown, host, what)
	}
	return errors.New(unknown)
}

// ofCluster reports whether an address is one that is known in the cluster: of a pod, a service or a node.
func (s *Survey) ofCluster(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if net.ParseIP(host) != nil {
		return s.net.hasNumber(number(host))
	}
	spots, ips := s.net.find(address)
	return len(spots)+len(ips) > 0
}

// outside reports whether an address is surely none of the cluster: it was looked for among everything that may be it.
func (s *Survey) outside(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && !s.ofCluster(address) && s.hidden(host) == ""
}

// hidden names what may not be listed, and may have a host's name or number in the cluster; empty: there is no such thing. A number
// is that of a pod or service wherever it stands.
func (s *Survey) hidden(host string) string {
	if n := number(host); n != "" && !s.soughtEverywhere(n) {
		return "services and pods of all namespaces"
	}
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
