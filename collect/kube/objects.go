package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Priorities of this package's sources.
const (
	clusterPriority = 90
	objectsPriority = 80
	topPriority     = 70
	logsPriority    = 50
	filesPriority   = 40
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
	var work sync.WaitGroup
	slots := make(chan struct{}, lists)
	used, err := o.c.findInUse(ctx, o.s)
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
	for _, t := range o.targets() {
		run(t)
	}
	for _, k := range o.c.customKinds(ctx, b) {
		for _, ns := range o.s.Namespaces {
			run(target{k, ns})
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
		w.truncate("the list grew older than the server keeps it; its last pages are newer than its first")
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

// listWriter spreads a list over its entries as it arrives.
type listWriter struct {
	batch   *collect.Batch
	target  target
	used    *inUse
	custom  bool // written only when there is something: every CRD of the cluster is asked
	objects *collect.Entry
	json    *collect.Entry
	text    *collect.Entry
	table   *tableWriter
	n       int
	columns json.RawMessage
	isList  bool // the server has no tables for this kind
}

func (w *listWriter) field(key string, raw json.RawMessage) error {
	if key == "columnDefinitions" && w.columns == nil {
		w.columns = raw
	}
	if key == "kind" && !strings.Contains(string(raw), `"Table"`) {
		w.isList = true
	}
	return nil
}

// open creates the entries at the first element, or at the end of an empty list.
func (w *listWriter) open() (err error) {
	if w.table != nil || w.objects != nil || w.custom && w.n == 0 {
		return nil
	}
	if !w.target.tableOnly {
		if w.objects, err = w.batch.Create(bundle.Resource(w.target.name(), w.target.ns), bundle.Meta{}); err != nil {
			return err
		}
		if _, err = fmt.Fprintf(w.objects, `{"kind":"%sList","apiVersion":%q,"metadata":{},"items":[`, w.target.object, w.target.apiVersion()); err != nil {
			return err
		}
	}
	if w.isList {
		return nil
	}
	if w.json, err = w.batch.Create(bundle.Table(w.target.name(), w.target.ns), bundle.Meta{}); err != nil {
		return err
	}
	w.table = newTableWriter(w.json, (*lazyText)(w))
	if w.columns == nil {
		return nil
	}
	return w.table.define(w.columns)
}

// lazyText creates the table's text when there is any.
type lazyText listWriter

func (t *lazyText) Write(p []byte) (int, error) {
	if t.text == nil {
		var err error
		if t.text, err = t.batch.Create(bundle.TableText(t.target.name(), t.target.ns), bundle.Meta{}); err != nil {
			return 0, err
		}
	}
	return t.text.Write(p)
}

func (w *listWriter) row(raw json.RawMessage) error {
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		return fmt.Errorf("reading a row: %w", err)
	}
	if !w.used.keep(w.target.kind, r.Object) {
		return nil
	}
	n := w.n
	w.n++
	if err := w.open(); err != nil {
		return err
	}
	if err := w.table.add(n, r, r.Object); err != nil {
		return err
	}
	return w.object(n, r.Object)
}

// item is an element of a plain list, from a server that has no table for the kind.
func (w *listWriter) item(raw json.RawMessage) error {
	if w.target.tableOnly {
		return errors.New("the server has no table for this kind, and its objects are not wanted")
	}
	w.isList = true
	if !w.used.keep(w.target.kind, raw) {
		return nil
	}
	n := w.n
	w.n++
	if err := w.open(); err != nil {
		return err
	}
	return w.object(n, raw)
}

func (w *listWriter) object(n int, raw json.RawMessage) error {
	if w.objects == nil || len(raw) == 0 {
		return nil
	}
	trimmed, err := trim(raw, w.target.apiVersion(), w.target.object)
	if err != nil {
		return err
	}
	if n > 0 {
		trimmed = append([]byte(",\n"), trimmed...)
	}
	_, err = w.objects.Write(trimmed)
	return err
}

// close ends the entries so that they are valid JSON, and accounts for the table that a plain list has not.
func (w *listWriter) close() {
	var errs []error
	if w.objects != nil {
		_, err := io.WriteString(w.objects, "]}\n")
		errs = append(errs, err, w.objects.Close())
	}
	if w.table != nil {
		errs = append(errs, w.table.end(), w.json.Close())
	} else if !w.custom {
		w.batch.Gap(bundle.Gap{Entry: bundle.Table(w.target.name(), w.target.ns), Reason: bundle.NotFound, Detail: "the server has no table for this kind"})
	}
	if w.text != nil {
		errs = append(errs, w.text.Close())
	}
	if err := errors.Join(errs...); err != nil {
		w.batch.Note("%s: %v", bundle.Resource(w.target.name(), w.target.ns), err) // the batch has recorded the gap of each
	}
}

func (w *listWriter) truncate(note string) {
	for _, e := range []*collect.Entry{w.objects, w.json, w.text} {
		if e != nil {
			e.Truncate(bundle.Truncation{Reason: "list", Note: note})
		}
	}
}

// fail keeps what was read of a list and records what is missing of it.
func (w *listWriter) fail(g bundle.Gap, end listEnd) {
	if w.n > 0 && (w.objects != nil || w.json != nil) {
		note := fmt.Sprintf("ended after %d objects: %s", w.n, g.Detail)
		if end.Remaining > 0 {
			note += fmt.Sprintf(" (%d more are known)", end.Remaining)
		}
		w.truncate(note)
		w.close()
	}
	if w.custom && (g.Reason == bundle.Forbidden || g.Reason == bundle.NotFound) && w.n == 0 {
		return // nobody promised it
	}
	for _, name := range w.target.entries() {
		g.Entry = name
		w.batch.Gap(g)
	}
}

func (k kind) apiVersion() string {
	if k.group == "" {
		return k.version
	}
	return k.group + "/" + k.version
}

// customKinds lists the namespaced custom resources that the cluster has.
func (c *Cluster) customKinds(ctx context.Context, b *collect.Batch) []kind {
	var groups struct {
		Groups []struct {
			Name             string `json:"name"`
			PreferredVersion struct {
				Version string `json:"version"`
			} `json:"preferredVersion"`
		} `json:"groups"`
	}
	if err := c.getJSON(ctx, "/apis", nil, &groups); err != nil {
		b.Gap(bundle.Gap{Entry: "cluster-resources/*", Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "custom resources"})
		return nil
	}
	var found []kind
	for _, g := range groups.Groups {
		if builtIn(g.Name) {
			continue
		}
		some, err := c.customOf(ctx, g.Name, g.PreferredVersion.Version)
		if err != nil {
			b.Note("custom resources of %s: %v", g.Name, err)
			continue
		}
		found = append(found, some...)
	}
	return found
}

func (c *Cluster) customOf(ctx context.Context, group, version string) ([]kind, error) {
	var list struct {
		Resources []struct {
			Name       string   `json:"name"`
			Kind       string   `json:"kind"`
			Namespaced bool     `json:"namespaced"`
			Verbs      []string `json:"verbs"`
		} `json:"resources"`
	}
	if err := c.getJSON(ctx, "/apis/"+url.PathEscape(group)+"/"+url.PathEscape(version), nil, &list); err != nil {
		return nil, err
	}
	var found []kind
	for _, r := range list.Resources {
		if r.Namespaced && !strings.Contains(r.Name, "/") && has(r.Verbs, "list") {
			found = append(found, kind{group: group, version: version, resource: r.Name, object: r.Kind, namespaced: true, costs: "custom resources"})
		}
	}
	return found, nil
}
