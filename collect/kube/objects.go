package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Priorities of this package's sources.
const (
	clusterPriority  = 90
	configPriority   = 85
	objectsPriority  = 80
	topPriority      = 70
	kubeletPriority  = 65
	metricsPriority  = 65
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
	ns     string
	fields string // selector; empty: all objects
}

func (t target) entries() []string {
	names := []string{bundle.Table(t.name(), t.ns)}
	if !t.tableOnly {
		names = append(names, bundle.Resource(t.name(), t.ns))
	}
	return names
}

// due are those lists that no earlier run has brought.
func due(b *collect.Batch, all []target) []target {
	return slices.DeleteFunc(all, func(t target) bool { return b.Has(t.entries()...) })
}

// accept is how a list is asked for: of a table without objects nothing else is taken.
func (t target) accept() (string, url.Values) {
	accept, query := asTable, url.Values{"includeObject": {"Object"}}
	if t.tableOnly {
		accept, query = onlyTable, url.Values{"includeObject": {"None"}}
	}
	if t.fields != "" {
		query.Set("fieldSelector", t.fields)
	}
	return accept, query
}

// Events about nodes stand in one namespace, whatever those are that are collected.
const (
	nodeEventsIn   = metav1.NamespaceDefault
	aboutNodes     = "involvedObject.kind=Node"
	nodeEventCosts = "what happened to nodes: not ready, pressure, what node-problem-detector found"
)

// nodeEvents is the list of them, unless their namespace is collected anyway.
func (s *Survey) nodeEvents() (t target, apart bool) {
	t = target{kindFor("events"), nodeEventsIn, aboutNodes}
	t.costs = nodeEventCosts
	return t, !slices.Contains(s.Namespaces, nodeEventsIn)
}

// targets are the lists that the user may read, of the built-in kinds or of custom ones.
func (s *Survey) targets(kinds []kind) []target {
	var all []target
	for _, k := range kinds {
		if s.noSecrets && k.resource == secrets.resource && k.group == secrets.group {
			continue
		}
		if !k.namespaced {
			if s.Access.May("list", k.group, k.resource, "") {
				all = append(all, target{kind: k})
			}
			continue
		}
		for _, ns := range s.Namespaces {
			if s.Access.May("list", k.group, k.resource, ns) {
				all = append(all, target{kind: k, ns: ns})
			}
		}
		t, apart := s.nodeEvents()
		if apart && k == kindFor("events") && s.Access.May("list", "", k.resource, t.ns) {
			all = append(all, t)
		}
	}
	return all
}

func (o *objects) Promise() collect.Promise {
	p := collect.Promise{Priority: objectsPriority, Bytes: 4 << 20}
	for _, t := range o.s.targets(kinds) {
		p.Entries = append(p.Entries, t.entries()...)
	}
	for _, n := range o.named() {
		p.Entries = append(p.Entries, n.entries()...)
	}
	return p
}

// calls are the bindings that show which roles are in use, then every list, then what is got by name.
func (o *objects) calls() []call {
	var all []call
	for _, t := range o.s.bindings(o.s.targets(kinds)) {
		all = append(all, get(t.path(t.ns)))
	}
	for _, t := range slices.Concat(o.s.targets(kinds), o.s.targets(o.s.custom.kinds)) {
		all = append(all, get(t.path(t.ns)))
	}
	for _, n := range o.named() {
		for _, name := range n.names {
			all = append(all, get(n.path(name)))
		}
	}
	return all
}

func (o *objects) Collect(ctx context.Context, b *collect.Batch) error {
	defer close(o.s.listed)
	o.tellCustom(b)
	all := due(b, slices.Concat(o.s.targets(kinds), o.s.targets(o.s.custom.kinds)))
	used, err := o.c.findInUse(ctx, o.s, all)
	if err != nil {
		b.Note("finding the roles in use: %v; all are kept", err)
	}
	var work sync.WaitGroup
	slots := make(chan struct{}, lists)
	run := func(collect func()) {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			collect()
		})
	}
	for _, t := range all {
		run(func() {
			if t.resource == secrets.resource {
				o.c.collectSecrets(ctx, b, t, o.s.wants[t.ns])
				return
			}
			o.c.collectList(ctx, b, t, used)
			o.c.pace.tell(b.Note)
		})
	}
	for _, n := range o.named() {
		if b.Has(n.entries()...) {
			continue
		}
		run(func() { o.c.collectNamed(ctx, b, n) })
	}
	work.Wait()
	return ctx.Err()
}

// tellCustom records what the survey could not learn of custom resources.
func (o *objects) tellCustom(b *collect.Batch) {
	if err := o.s.custom.err; err != nil {
		b.Gap(bundle.Gap{Entry: "cluster-resources/*", Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "custom resources"})
	}
	for _, note := range o.s.custom.notes {
		b.Note("%s", note)
	}
}

// collectList writes one list as objects and table.
func (c *Cluster) collectList(ctx context.Context, b *collect.Batch, t target, used *inUse) {
	c.fill(ctx, &listWriter{batch: b, target: t, used: used, custom: !builtIn(t.group)})
}

// fill reads a list into its entries, and tells whether it is whole. What goes wrong is recorded; what was read before is kept.
func (c *Cluster) fill(ctx context.Context, w *listWriter) bool {
	t := w.target
	accept, query := t.accept()
	end, err := c.pages(ctx, t.path(t.ns), accept, query, handler{field: w.field, row: w.row, item: w.item})
	if err == nil {
		err = w.open()
	}
	if end.Inconsistent {
		w.truncate(bundle.Uneven, "the list grew older than the server keeps it; its last pages are newer than its first")
	}
	if err == nil {
		w.close()
		return true
	}
	g := bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: t.costs}
	if code(err) == http.StatusNotFound {
		g.Detail = fmt.Sprintf("the server does not serve %s in %s/%s", t.resource, orElse(t.group, "core"), t.version)
	}
	w.fail(g, end)
	return false
}
