package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/kube"
	"github.com/imbundle/imbundle/specs"
)

// asks are what sources will ask of servers other than the API server.
func asks(sources []collect.Source) []collect.Ask {
	all := []collect.Ask{}
	for _, source := range sources {
		if a, ok := source.(collect.Asker); ok {
			all = append(all, a.Asks()...)
		}
	}
	return all
}

// plannedAsks are those of a plan: nobody is connected to, and no credentials are read.
func (f *collectFlags) plannedAsks(s streams, cluster *kube.Cluster, found *kube.Survey, set *specs.Set, incident collect.Incident) ([]collect.Ask, error) {
	b, err := f.configured(s, found, f.overrides.WithoutAuth())
	if err != nil {
		return nil, err
	}
	prometheus, err := f.metrics.sources(cluster, found, set)
	if err != nil {
		return nil, err
	}
	nodes, _ := f.nodes.sources(cluster, found)
	return asks(slices.Concat(f.backendSources(reachable{Backends: b, logs: found.LogsRead()}, incident), nodes, prometheus)), nil
}

// tellAsks prints what is asked of the backends.
func tellAsks(w io.Writer, all []collect.Ask) error {
	if len(all) == 0 {
		return nil
	}
	fmt.Fprint(w, "\nASKED OF OTHER SERVERS; it only reads\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  OF\tTIMES\tWHAT\tAT")
	for i, a := range all {
		of, times := a.Of, fmt.Sprint(a.Times)
		if i > 0 && of == all[i-1].Of {
			of = ""
		}
		if a.Most {
			times = "≤ " + times
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", of, times, a.What, a.At)
	}
	return t.Flush()
}
