package kube

import (
	"cmp"
	"slices"

	"github.com/imbundle/imbundle/bundle"
)

// Survey is what was found and what may be read of it.
type Survey struct {
	Namespaces []string    // to collect from, sorted
	Components []Component // of the chosen namespaces, by role and name
	Elsewhere  []Component // backends that stand in other namespaces
	Missing    []string    // roles that an installation has and this one lacks
	Version    string      // of OpenIM, by its image tags; empty when they do not say
	Listed     bool        // all namespaces were searched, not only the context's
	Access     *Access
	Hosts      []Host            // nodes on which pods of the chosen namespaces run; nil where nobody is going to ask them
	Prometheus Service           // the one that is asked through the API server; zero: none
	gaps       []bundle.Gap      // beside those of rights
	noSecrets  bool              // none is asked for
	inPods     bool              // OpenIM shows in pods only, not in workloads
	wants      wants             // Secrets that pods and workloads name
	carriers   map[string]string // addresses of the nodes on which pods run, by name
	custom     custom            // resources that the cluster defines itself
	edges      edges             // what ingresses lead to
	config     configuration
	net        network   // services and pods, by which addresses are found
	streams    []*stream // logs of the pods that there are
	scraped    []*scraped
	unscraped  int // pods whose metrics are left out, because others of their role are asked
	// Environment is what else the lists showed.
	Environment Environment
	logsRead    chan struct{}
	listed      chan struct{} // closed when the objects are in the bundle
}

// sort puts what was found into the chosen namespaces or elsewhere.
func (s *Survey) sort(found []Component) {
	slices.SortFunc(found, func(a, b Component) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, comp := range found {
		switch {
		case slices.Contains(s.Namespaces, comp.Namespace):
			s.Components = append(s.Components, comp)
		case comp.Backend:
			s.Elsewhere = append(s.Elsewhere, comp)
		}
	}
}

// Gaps is what is known to be missing before the collection begins.
func (s *Survey) Gaps() []bundle.Gap { return append(s.Access.gaps(), s.gaps...) }

// Identity is what tells the cluster from another, for those who continue the run.
func (c *Cluster) Identity(s *Survey) *bundle.Cluster {
	known := &bundle.Cluster{Server: c.Host(), Namespaces: s.Namespaces, Workloads: map[string]string{}}
	for _, comp := range s.Components {
		if comp.Kind != "Pod" {
			known.Workloads[comp.Namespace+"/"+comp.Kind+"/"+comp.Name] = comp.UID
		}
	}
	return known
}

// Scope says in words what will be collected from.
func (s *Survey) Scope() []string {
	var scope []string
	for _, ns := range s.Namespaces {
		scope = append(scope, "namespace "+ns)
	}
	return scope
}
