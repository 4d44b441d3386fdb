package kube

import (
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// Siblings are a list's objects and its table; the table's text, which an empty list has not, goes with them.
func (o *objects) Siblings(name string) []string {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ".txt"), ".json") + ".json"
	plural, ns, ok := bundle.ParseTable(base)
	if !ok {
		plural, ns, ok = bundle.ParseResource(name)
	}
	if !ok {
		return nil
	}
	if slices.ContainsFunc(kinds, func(k kind) bool { return k.tableOnly && k.name() == plural }) {
		return []string{bundle.Table(plural, ns)}
	}
	return []string{bundle.Table(plural, ns), bundle.Resource(plural, ns)}
}

// Siblings are what one answer about pods or nodes brings.
func (t *top) Siblings(name string) []string {
	for n := range t.c.o.Samples {
		for _, together := range [][]string{podNames(n), nodeNames(n)} {
			if slices.Contains(together, name) {
				return together
			}
		}
	}
	return nil
}
