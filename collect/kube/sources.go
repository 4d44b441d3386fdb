package kube

import (
	"slices"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Execs tells whether a plan of an earlier run reads files inside containers.
func Execs(p *bundle.Plan) bool {
	return slices.ContainsFunc(p.Expect, func(x bundle.Expect) bool { return x.Source == filesName })
}

// Sources are the sources of the collection that a survey leads to.
func (c *Cluster) Sources(s *Survey) []collect.Source {
	sources := []collect.Source{&facts{c, s}, &objects{c, s}, &top{c, s}, &podMetricsSource{c, s}, &described{c, s}, &logs{c, s}, &kubelets{c, s}}
	if !c.Replayed() { // a bundle has no secrets, and its files are redacted
		sources = append(sources, &config{c, s})
	}
	if c.o.Exec {
		sources = append(sources, &files{c, s})
	}
	return sources
}
