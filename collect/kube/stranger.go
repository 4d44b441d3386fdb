package kube

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/imbundle/imbundle/collect"
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
	if host, _, _ := net.SplitHostPort(via); !r.s.ofCluster(via) {
		if d := r.s.doubt(host); d.why != "" {
			return fmt.Errorf("%s, nor is it known that %s stands outside of the cluster: %s; %srun imbundle inside the cluster, or have TLS prove who answers (--kafka-tls, --redis-tls, --mongo-tls)", unknown, host, d.why, d.advice())
		}
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
	return len(spots)+len(ips) > 0 || s.net.serves(host)
}

// outside reports whether an address is surely none of the cluster: it was looked for among everything that may be it.
func (s *Survey) outside(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && !s.ofCluster(address) && s.doubt(host).why == ""
}

// doubt is why a host that nothing known has may be of the cluster all the same.
type doubt struct {
	why   string // empty: it is surely none
	right string // to list this, which the user lacks; empty: no right would help
}

// advice is what to try first.
func (d doubt) advice() string {
	if d.right == "" {
		return ""
	}
	return "have the right to list " + d.right + " granted, "
}

// unlisted is the doubt that a list leaves which was not given; nil: it was.
func (s *Survey) unlisted(resource, ns, words string) *doubt {
	err, done := s.net.listed[object(resource, ns)]
	switch {
	case !s.Access.May("list", "", resource, ns) || code(err) == http.StatusForbidden:
		return &doubt{"the user may not list " + words, words}
	case err != nil:
		return &doubt{why: "listing " + words + ": " + firstLine(err.Error())}
	case !done && ns == "":
		return &doubt{why: "it was not looked for in the whole cluster"}
	}
	return nil
}

// doubt judges a host by what may have its name or number in the cluster. A number is that of a pod, a service or a node wherever it
// stands; what answers on this machine may be a forwarded port.
func (s *Survey) doubt(host string) doubt {
	if collect.OwnHost(net.JoinHostPort(host, "0")) {
		return doubt{why: "what answers on this machine may be a port that is forwarded into it"}
	}
	names := meanings(host)
	if n := number(host); n != "" {
		if d := s.doubtNumber(n); d != nil {
			return *d
		}
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
			if name.ns != "" && !s.net.knows(host, ns, s.Elsewhere) {
				continue
			}
			if d := s.unlisted(resource, ns, resource+" in namespace "+ns); d != nil {
				return *d
			}
		}
	}
	return doubt{}
}

// doubtNumber is the doubt about a number; nil: it was looked for everywhere.
func (s *Survey) doubtNumber(n string) *doubt {
	const all = "services and pods of all namespaces"
	if !slices.Contains(s.net.numbers, n) {
		return &doubt{why: "it was not looked for in the whole cluster"}
	}
	lists := [][2]string{{"services", all}, {"pods", all}, {"nodes", "nodes"}}
	if s.net.allOwn {
		lists = lists[2:] // the others were listed by namespace
	}
	for _, l := range lists {
		if d := s.unlisted(l[0], "", l[1]); d != nil {
			return d
		}
	}
	if s.net.dual {
		return &doubt{why: "the cluster has addresses of both families, by the second of which pods are not found"}
	}
	return nil
}
