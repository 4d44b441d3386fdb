package kube

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Plan is what a collection would ask, of whom, and with which rights. Making it changes nothing and writes nothing.
type Plan struct {
	Schema     string        `json:"schema"` // imbundle/plan/1
	Server     string        `json:"server"`
	Version    string        `json:"version"` // of the server
	Namespaces []string      `json:"namespaces"`
	Window     bundle.Window `json:"window"`
	Requests   []Request     `json:"requests"` // in the order of the run: the survey's, which have just been made, then each source's
	Missing    []bundle.Gap  `json:"missing"`  // rights that the user lacks, with what that costs
	Partial    bool          `json:"partial"`  // the server did not answer for every right; those are tried
	Estimate   Estimate      `json:"estimate"`
	Backends   []collect.Ask `json:"backends"` // what is asked of other servers than the API server; whoever makes the plan adds it

	rights  []Answer // that the whole collection needs, whoever the user is
	unnamed []string // namespaces of which it is not known which secrets pods name
}

// Request is a request that the run makes. Repetitions after a refusal or a broken connection come on top.
type Request struct {
	By        string `json:"by"` // survey, or the source
	Of        string `json:"of"` // who answers it; whatever it is, it goes through the API server
	Verb      string `json:"verb"`
	Group     string `json:"group,omitempty"`
	Resource  string `json:"resource,omitempty"` // with its sub-resource; empty: the path is no resource, and every account may read it
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Method    string `json:"method"`
	Path      string `json:"path"`
	Times     int    `json:"times"`
	Most      bool   `json:"most,omitempty"`    // times is the most; how many there are shows on the way
	Objects   *int64 `json:"objects,omitempty"` // of a list; nil: they were not counted
}

// Who answers requests.
const (
	OfServer  = "API server"
	OfKubelet = "kubelet"
	OfMetrics = "metrics-server"
	OfPods    = "OpenIM's pods"

	OfPrometheus = "Prometheus"
)

// Plan lists what a run with these options would ask after the survey s. It asks for one object of each list, to count.
func (c *Cluster) Plan(ctx context.Context, s *Survey, o collect.Options) (*Plan, error) {
	p := &Plan{
		Schema: "imbundle/plan/1", Server: c.Host(), Version: c.Version(), Namespaces: s.Namespaces, Window: o.Window,
		Missing: notNil(s.Gaps()), Partial: s.Access.Partial, Backends: []collect.Ask{},
	}
	p.rights, p.unnamed = c.rights(s)
	p.add(surveyName, c.surveyed.calls)
	p.add(reachName, c.forwards(s))
	for _, source := range c.Sources(s) {
		if a, ok := source.(caller); ok {
			p.add(source.Name(), a.calls())
		}
	}
	p.add(podsName, c.podCalls(s))
	p.add(prometheusName, c.prometheusCalls(s))
	began := time.Now()
	counts, err := c.count(ctx, s)
	if err != nil {
		return nil, err
	}
	p.count(counts)
	p.Estimate = c.estimate(p, s, o, counts, time.Since(began))
	return p, nil
}

func (p *Plan) add(by string, calls []call) {
	for _, c := range calls {
		a := c.right()
		p.Requests = append(p.Requests, Request{
			By: by, Of: answers(a), Verb: cmp.Or(a.Verb, "get"), Group: a.Group, Resource: a.Resource, Namespace: a.Namespace, Name: a.Name,
			Method: c.method, Path: c.path, Times: c.times, Most: c.most,
		})
	}
}

// forwards are the requests by which the backends' pods are reached where no connection leads to them: ports are forwarded by one for
// each pod, and again when it breaks; by exec each connection, and each start of a backend's own tool, is one.
func (c *Cluster) forwards(s *Survey) []call {
	var all []call
	for _, p := range s.net.expected {
		if !c.inside && s.Access.May("create", "", forwarding, p.ns) {
			all = append(all, call{method: upgradeMethod(s.Access, forwarding, p.ns), path: forwardPath(p.ns, p.name), times: 3, most: true})
		}
		if c.o.Exec && s.Access.May("create", "", executing, p.ns) {
			all = append(all, call{method: upgradeMethod(s.Access, executing, p.ns), path: execPath(p.ns, p.name), times: mostRelays, most: true})
		}
	}
	return all
}

func answers(a ask) string {
	switch {
	case a.Resource == "pods/log", a.Resource == executing, a.Resource == forwarding, a.Resource == nodeProxy:
		return OfKubelet
	case a.Resource == "pods/proxy":
		return OfPods
	case a.Resource == serviceProxy:
		return OfPrometheus
	case a.Group == metricsGroup:
		return OfMetrics
	}
	return OfServer
}

// count notes how many objects lists have, and asks for as many pages. What the survey has asked is known already.
func (p *Plan) count(counts map[string]count) {
	for i := range p.Requests {
		r := &p.Requests[i]
		n, known := counts[r.Path]
		if r.Verb != "list" || !known {
			continue
		}
		r.Objects = &n.objects
		if r.By != surveyName {
			r.Times *= n.pages()
		}
	}
}

// rights are those that the whole collection needs. Secrets are got by name, never listed; unnamed are the namespaces of
// which the names are not known, because their pods may not be listed.
func (c *Cluster) rights(s *Survey) (rights []Answer, unnamed []string) {
	for _, r := range c.asks(s) {
		switch {
		case r.Resource == secrets.resource && r.Group == secrets.group:
			rights = append(rights, s.secretAsks(r.Namespace)...)
			if !s.Access.May("list", "", "pods", r.Namespace) {
				unnamed = append(unnamed, r.Namespace)
			}
		case !r.instead:
			rights = append(rights, r)
		}
	}
	return slices.DeleteFunc(rights, func(r Answer) bool { return covered(r, rights) }), unnamed
}

// covered reports whether a right in a namespace is part of one of the whole cluster that is no optional one.
func covered(r Answer, rights []Answer) bool {
	whole := r.ask
	whole.Namespace = ""
	return r.Namespace != "" && slices.ContainsFunc(rights, func(other Answer) bool { return other.ask == whole && other.source == clusterName })
}
