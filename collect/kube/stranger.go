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
// anybody's. So may a number that only the cluster's own network has: it is reached through a pod or not at all, unless the server that
// advertises it was reached in that network.
func (r *Reach) Stranger(via, advertised string) error {
	if r.c.inside {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.s.ofCluster(advertised)
	if r.shared[via] || r.s.outside(via) {
		r.shared[advertised] = !known
		return nil
	}
	const instead = "run imbundle inside the cluster, or have TLS prove who answers (--kafka-tls, --redis-tls, --mongo-tls)"
	if known {
		if !r.s.innerNumber(advertised) || r.s.ofCluster(via) && r.ways[via].by == directly {
			return nil
		}
		if spots, _ := r.s.net.find(advertised); len(spots) == 0 {
			return errors.New("this number of the cluster's own network may be somebody else's here, and no pod is known through which it is reached; " + instead)
		}
		r.inner[advertised] = true
		return nil
	}
	const unknown = "no pod, service or node that was found has this address"
	if host, _, _ := net.SplitHostPort(via); !r.s.ofCluster(via) {
		if d := r.s.doubt(host); d.why != "" {
			return d.error(fmt.Sprintf("%s, nor is it known that %s stands outside of the cluster: %s; %s%s", unknown, host, d.why, d.advice(), instead))
		}
	}
	return errors.New(unknown)
}

// innerNumber reports whether an address is a number that pods, nodes and services have inside the cluster only.
func (s *Survey) innerNumber(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	n := number(host)
	return n != "" && !s.net.facesOut(n)
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
	right string // which the user lacks, in words: list services in namespace im; empty: no right would help
}

// error is a refusal for the doubt: for want of a right where one would help.
func (d doubt) error(text string) error {
	if d.right == "" {
		return errors.New(text)
	}
	return &status{StatusError: forbidden(text)}
}

// lacking is the doubt that a right would clear.
func lacking(right string) *doubt { return &doubt{"the user may not " + right, right} }

// advice is what to try first.
func (d doubt) advice() string {
	if d.right == "" {
		return ""
	}
	return "have the right to " + d.right + " granted, "
}

// unlisted is the doubt that a list leaves which was not given; nil: it was.
func (s *Survey) unlisted(resource, ns, words string) *doubt {
	err, done := s.net.listed[object(resource, ns)]
	switch {
	case !s.Access.May("list", "", resource, ns) || code(err) == http.StatusForbidden:
		return lacking("list " + words)
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
				if d := s.doubtNamespace(ns); d != nil {
					return *d
				}
				continue
			}
			if d := s.unlisted(resource, ns, resource+" in namespace "+ns); d != nil {
				return *d
			}
		}
	}
	return doubt{}
}

// doubtNamespace is the doubt about a namespace that is not known; nil: there is none of this name. It was not asked for where servers
// alone advertise it: before a login goes there, Stranger has judged it.
func (s *Survey) doubtNamespace(ns string) *doubt {
	switch err := s.net.namespaces[ns]; {
	case err == nil, code(err) == http.StatusNotFound:
		return nil
	case code(err) == http.StatusForbidden:
		return lacking("get namespace " + ns)
	default:
		return &doubt{why: "getting namespace " + ns + ": " + firstLine(err.Error())}
	}
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
