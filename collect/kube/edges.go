package kube

import (
	"context"
	"fmt"
	"maps"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
)

// ingressClasses and AlbConfigs (custom.alb) are got by name: those to which an Ingress of the chosen namespaces leads. They are asked for
// only where the cluster has AlbConfigs; elsewhere an IngressClass tells nothing that is needed.
var ingressClasses = kind{"networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, false, "which load balancer an Ingress leads to"}

const albCosts = "timeouts of the listeners of Alibaba Cloud's ALB: whether idle websockets are cut"

// edges are the names that ingresses lead to, each with the first that names it.
type edges struct {
	classes, configs map[string]string // IngressClasses and AlbConfigs
}

// see takes note of what an Ingress names.
func (e *edges) see(in *networkingv1.Ingress) {
	by := "ingress " + object(in.Namespace, in.Name)
	class := in.Annotations[record.IngressClassNote]
	if in.Spec.IngressClassName != nil {
		class = *in.Spec.IngressClassName
	}
	note(e.classes, class, by)
	note(e.configs, in.Annotations[record.AlbConfigNote], by)
}

func note(names map[string]string, name, by string) {
	if name != "" && names[name] == "" {
		names[name] = by
	}
}

// lookAtEdges finds the AlbConfigs to which ingresses lead, and whether the user may get them.
func (c *Cluster) lookAtEdges(ctx context.Context, s *Survey) error {
	if s.custom.alb == (kind{}) {
		return nil
	}
	s.edges = edges{classes: map[string]string{}, configs: map[string]string{}}
	ingresses := kindFor("ingresses")
	for _, ns := range s.Namespaces {
		if !s.Access.May("list", ingresses.group, ingresses.resource, ns) {
			continue // told with the rights
		}
		err := list(ctx, c, ingresses.path(ns), s.edges.see)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			s.gaps = append(s.gaps, bundle.Gap{Source: objectsName, Reason: collect.ReasonOf(err), Detail: "looking for the load balancers of ingresses: " + err.Error(), Costs: albCosts})
		}
	}
	if err := c.askAbout(ctx, s, s.edgeAsks()); err != nil {
		return err
	}
	known := s.edgeAsks()
	for _, name := range s.mayGet(ingressClasses) {
		var class networkingv1.IngressClass
		err := c.getJSON(ctx, named{target: target{kind: ingressClasses}}.path(name), nil, &class)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if p := class.Spec.Parameters; err == nil && p != nil && p.Kind == record.AlbConfigKind && p.APIGroup != nil && *p.APIGroup == record.AlbGroup {
			note(s.edges.configs, p.Name, fmt.Sprintf("ingressclass %q", name))
		}
	}
	return c.askAbout(ctx, s, slices.DeleteFunc(s.edgeAsks(), func(r Answer) bool { return slices.Contains(known, r) }))
}

// edgeAsks are the rights to get what ingresses lead to.
func (s *Survey) edgeAsks() []Answer {
	var all []Answer
	for _, n := range s.edgeNames() {
		for _, name := range n.names {
			all = append(all, Answer{ask: ask{Verb: "get", Group: n.group, Resource: n.resource, Name: name}, Costs: n.costs, source: objectsName})
		}
	}
	return all
}

// edgeNames are the IngressClasses and the AlbConfigs that are named.
func (s *Survey) edgeNames() []named {
	of := func(k kind, names map[string]string) named {
		return named{
			target: target{kind: k}, names: slices.Sorted(maps.Keys(names)), why: "only those to which ingresses of the chosen namespaces lead",
			absent: func(name string) bundle.Gap {
				return bundle.Gap{Reason: bundle.NotFound, Detail: fmt.Sprintf("there is no %s %q; %s names it", groupResource(k.group, k.resource), name, names[name])}
			},
		}
	}
	return []named{of(ingressClasses, s.edges.classes), of(s.custom.alb, s.edges.configs)}
}

// mayGet are the names of a kind of the cluster that the user may get, sorted.
func (s *Survey) mayGet(k kind) []string {
	var names []string
	for _, r := range s.Access.Asked {
		if r.Verb == "get" && r.Group == k.group && r.Resource == k.resource && r.Namespace == "" && r.Allowed {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}
