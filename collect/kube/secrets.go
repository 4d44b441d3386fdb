package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// onlyTable asks for the server's own columns and takes nothing else: of a Secret no object is wanted.
const onlyTable = "application/json;as=Table;v=v1;g=meta.k8s.io"

// secrets are listed where that is granted. Where it is not, each one that a pod or workload names is asked for by name:
// with that, and without a right to list, nothing more is granted than to see those.
var secrets = kindFor("secrets")

// narrow asks for the Secrets that are named in the place of all those of the namespaces that may not be listed.
func (c *Cluster) narrow(ctx context.Context, s *Survey) error {
	var named []Answer
	for i := range s.Access.Asked {
		r := &s.Access.Asked[i]
		if r.Resource != secrets.resource || r.Allowed {
			continue
		}
		asks := s.secretAsks(r.Namespace)
		r.instead = len(asks) > 0 || s.Access.May("list", "", "pods", r.Namespace) // else it is not known which are named
		named = append(named, asks...)
	}
	if err := c.reviewEach(ctx, s.Access, named); err != nil {
		return err
	}
	s.Access.Asked = append(s.Access.Asked, named...)
	return nil
}

// secretAsks are the rights to get each Secret of a namespace that is named.
func (s *Survey) secretAsks(ns string) []Answer {
	var all []Answer
	for _, name := range s.wants.names(ns) {
		all = append(all, Answer{
			ask:   ask{Verb: "get", Resource: secrets.resource, Namespace: ns, Name: name},
			Costs: secrets.costs, source: objectsName,
		})
	}
	return all
}

// collectSecrets lists the Secrets of a namespace, and records those that are named and do not exist.
func (c *Cluster) collectSecrets(ctx context.Context, b *collect.Batch, t target, wanted map[string]*want) {
	w := &listWriter{batch: b, target: t, seen: map[string]bool{}}
	if !c.fill(ctx, w) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if !w.seen[name] {
			b.Gap(noSecret(t.ns, name, wanted[name]))
		}
	}
}

// named are objects of one kind, of a namespace or of the cluster, that are asked for one by one.
type named struct {
	target
	names  []string
	why    string                       // the list has no others
	absent func(name string) bundle.Gap // the fact that one does not exist
}

// named are the Secrets and what ingresses lead to, as far as the user may get them.
func (o *objects) named() []named {
	var all []named
	for _, ns := range o.s.Namespaces {
		n := named{
			target: target{kind: secrets, ns: ns}, why: "only the secrets that pods and workloads name: the user may not list all",
			absent: func(name string) bundle.Gap { return noSecret(ns, name, o.s.wants[ns][name]) },
		}
		for _, r := range o.s.Access.Asked {
			if r.Verb == "get" && r.Resource == secrets.resource && r.Namespace == ns && r.Allowed {
				n.names = append(n.names, r.Name)
			}
		}
		if len(n.names) > 0 {
			all = append(all, n)
		}
	}
	for _, n := range o.s.edgeNames() {
		if n.names = o.s.mayGet(n.kind); len(n.names) > 0 {
			all = append(all, n)
		}
	}
	return all
}

func (n named) path(name string) string { return n.target.path(n.ns) + "/" + url.PathEscape(name) }

// collectNamed joins single objects into what a list would give.
func (c *Cluster) collectNamed(ctx context.Context, b *collect.Batch, n named) {
	w := &listWriter{batch: b, target: n.target}
	var failed []bundle.Gap
	for _, name := range n.names {
		err := c.namedRow(ctx, n, name, w)
		switch {
		case code(err) == http.StatusNotFound:
			b.Gap(n.absent(name))
		case err != nil:
			failed = append(failed, bundle.Gap{Reason: collect.ReasonOf(err), Detail: fmt.Sprintf("%s %q: %v", strings.ToLower(n.object), name, err), Costs: n.costs})
		}
	}
	if len(failed) == len(n.names) {
		for _, g := range failed {
			n.gap(b, g)
		}
		return
	}
	if err := w.open(); err != nil {
		n.gap(b, bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: n.costs})
		return
	}
	w.json.Attr("named", n.why)
	for _, g := range failed { // the entries are there; what failed is not in them
		w.truncate(bundle.CutShort, g.Detail)
		b.Gap(g)
	}
	w.close()
}

// gap records that neither entry is there.
func (n named) gap(b *collect.Batch, g bundle.Gap) {
	for _, g.Entry = range n.entries() {
		b.Gap(g)
	}
}

// namedRow asks for one object as a row of a table. An answer that is none is read no further than that shows.
func (c *Cluster) namedRow(ctx context.Context, n named, name string, w *listWriter) error {
	field := func(key string, raw json.RawMessage) error {
		if key == "kind" && string(raw) != `"Table"` {
			return errNoTable
		}
		return w.field(key, raw)
	}
	accept, query := n.accept()
	_, rows, err := c.page(ctx, n.path(name), accept, query, handler{field: field, row: w.row, item: w.item})
	if err == nil && rows == 0 {
		return errNoTable
	}
	return err
}

// noSecret is the fact that a Secret which somebody names does not exist.
func noSecret(ns, name string, by *want) bundle.Gap {
	return bundle.Gap{Reason: bundle.NotFound, Detail: fmt.Sprintf("there is no secret %q in namespace %s; %s names it", name, ns, by)}
}
