package kube

import "github.com/imbundle/imbundle/collect"

// Sources are the sources of the collection that a survey leads to.
func (c *Cluster) Sources(s *Survey) []collect.Source {
	return []collect.Source{&facts{c, s}, &objects{c, s}}
}
