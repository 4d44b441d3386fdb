package replay

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/kubectl/pkg/describe"
)

// Describer prints objects as kubectl describe does, by kubectl's own code, with ages as of the snapshot. It is not safe for
// concurrent use: each goroutine has its own.
type Describer struct {
	c         *Cluster
	transport *transport
	config    *rest.Config
	known     map[*resource]describe.ResourceDescriber
}

// Describer makes one.
func (c *Cluster) Describer() *Describer {
	t := &transport{c: c}
	return &Describer{
		c: c, transport: t, known: map[*resource]describe.ResourceDescriber{},
		config: &rest.Config{Host: "http://bundle", Transport: t, QPS: -1, WarningHandler: rest.NoWarnings{}},
	}
}

// Object is one object of a snapshot.
type Object struct{ Namespace, Kind, Name string } // Kind is the plural, with its group for custom resources

// Objects lists what the snapshot holds of some kinds (plurals), in all its namespaces.
func (c *Cluster) Objects(kinds ...string) ([]Object, error) {
	var found []Object
	for _, kind := range kinds {
		res := c.known(kind)
		if res == nil {
			continue
		}
		of := c.shelves[res.key()]
		for _, ns := range slices.Sorted(maps.Keys(of)) {
			l, err := c.list(of[ns])
			if err != nil {
				return nil, err
			}
			for i := range l.objects {
				if l.objects[i].raw != nil {
					found = append(found, Object{ns, kind, l.objects[i].meta.Name})
				}
			}
		}
	}
	return found, nil
}

// Describe prints one object.
func (d *Describer) Describe(o Object) (text string, err error) {
	defer func() { // kubectl's code takes it for granted that a server has checked the object
		if p := recover(); p != nil {
			text, err = "", fmt.Errorf("describing %s %q: kubectl's description ended with %v", o.Kind, o.Name, p)
		}
	}()
	res := d.c.known(o.Kind)
	if res == nil {
		return "", fmt.Errorf("describing %s %q: the bundle holds no such kind", o.Kind, o.Name)
	}
	printer, err := d.printer(res)
	if err != nil {
		return "", err
	}
	d.transport.moved = newShift(d.c.at, time.Now())
	text, err = printer.Describe(o.Namespace, o.Name, describe.DescriberSettings{ShowEvents: true, ChunkSize: 500})
	if err != nil {
		return "", fmt.Errorf("describing %s %q: %w", o.Kind, o.Name, err)
	}
	return d.transport.moved.back(text) + d.partNote(res), nil
}

// partNote says what the counts of a node's description leave out: they are made of the pods that the snapshot holds.
func (d *Describer) partNote(res *resource) string {
	if res.key() != "nodes" || !d.c.own {
		return ""
	}
	return fmt.Sprintf("Note: pods and allocated resources are those of namespace %s; the bundle holds no others.\n", strings.Join(d.c.Namespaces(), ", "))
}

func (d *Describer) printer(res *resource) (describe.ResourceDescriber, error) {
	if p := d.known[res]; p != nil {
		return p, nil
	}
	p, ok := describe.DescriberFor(schema.GroupKind{Group: res.group, Kind: res.kind}, d.config)
	if !ok {
		scope := meta.RESTScopeNamespace
		if !res.namespaced {
			scope = meta.RESTScopeRoot
		}
		mapping := &meta.RESTMapping{
			Resource:         schema.GroupVersionResource{Group: res.group, Version: res.version, Resource: res.plural},
			GroupVersionKind: schema.GroupVersionKind{Group: res.group, Version: res.version, Kind: res.kind},
			Scope:            scope,
		}
		if p, ok = describe.GenericDescriberFor(mapping, d.config); !ok {
			return nil, fmt.Errorf("kubectl has no description of %s", res.key())
		}
	}
	d.known[res] = p
	return p, nil
}
