package kube

import "github.com/imbundle/imbundle/collect"

// Sources are the sources of the collection that a survey leads to.
func (c *Cluster) Sources(s *Survey) []collect.Source {
	sources := []collect.Source{&facts{c, s}, &objects{c, s}, &top{c, s}, &described{c, s}, &logs{c, s}}
	if c.o.Exec {
		sources = append(sources, &files{c, s})
	}
	return sources
}
