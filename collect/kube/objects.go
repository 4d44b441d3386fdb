package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Priorities of this package's sources.
const (
	clusterPriority  = 90
	objectsPriority  = 80
	topPriority      = 70
	describePriority = 60
	logsPriority     = 50
	filesPriority    = 40
)

// lists is how many lists are read at a time.
const lists = 4

// objects collects the objects and tables of every kind, of the chosen namespaces and of the cluster.
type objects struct {
	c *Cluster
	s *Survey
}

func (*objects) Name() string { return objectsName }

// target is one list to be collected.
type target struct {
	kind
	ns string
}

func (t target) entries() []string {
	names := []string{bundle.Table(t.name(), t.ns)}
	if !t.tableOnly {
		names = append(names, bundle.Resource(t.name(), t.ns))
	}
	return names
}

// due are the lists that no earlier run has brought.
func (o *objects) due(b *collect.Batch) []target {
	return slices.DeleteFunc(o.targets(), func(t target) bool { return b.Has(t.entries()...) })
}

// targets are the lists that the user may read.
func (o *objects) targets() []target {
	var all []target
	for _, k := range kinds {
		if !k.namespaced {
			if o.s.Access.May("list", k.group, k.resource, "") {
				all = append(all, target{k, ""})
			}
			continue
		}
		for _, ns := range o.s.Namespaces {
			if o.s.Access.May("list", k.group, k.resource, ns) {
				all = append(all, target{k, ns})
			}
		}
	}
	return all
}

func (o *objects) Promise() collect.Promise {
	p := collect.Promise{Priority: objectsPriority, Bytes: 4 << 20}
	for _, t := range o.targets() {
		p.Entries = append(p.Entries, t.entries()...)
	}
	return p
}

func (o *objects) Collect(ctx context.Context, b *collect.Batch) error {
	defer close(o.s.listed)
	var work sync.WaitGroup
	slots := make(chan struct{}, lists)
	due := o.due(b)
	used, err := o.c.findInUse(ctx, o.s, due)
	if err != nil {
		b.Note("finding the roles in use: %v; all are kept", err)
	}
	run := func(t target) {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			o.c.collectList(ctx, b, t, used)
		})
	}
	for _, t := range due {
		run(t)
	}
	for _, k := range o.c.customKinds(ctx, b) {
		for _, ns := range o.s.Namespaces {
			if t := (target{k, ns}); !b.Has(t.entries()...) {
				run(t)
			}
		}
	}
	work.Wait()
	return ctx.Err()
}

// collectList writes one list as objects and table. What goes wrong is recorded; what was read before is kept.
func (c *Cluster) collectList(ctx context.Context, b *collect.Batch, t target, used *inUse) {
	w := &listWriter{batch: b, target: t, used: used, custom: !builtIn(t.group)}
	include := "Object"
	if t.tableOnly {
		include = "None"
	}
	end, err := c.pages(ctx, t.path(t.ns), asTable, url.Values{"includeObject": {include}}, handler{field: w.field, row: w.row, item: w.item})
	if err == nil {
		err = w.open()
	}
	if end.Inconsistent {
		w.truncate(bundle.Uneven, "the list grew older than the server keeps it; its last pages are newer than its first")
	}
	if err == nil {
		w.close()
		return
	}
	g := bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: t.costs}
	if code(err) == http.StatusNotFound {
		g.Detail = fmt.Sprintf("the server does not serve %s in %s/%s", t.resource, orElse(t.group, "core"), t.version)
	}
	w.fail(g, end)
}
