package kube

import (
	"context"
	"net/http"
	"slices"
	"sync"

	authv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imbundle/imbundle/bundle"
)

// ask is one right that a collection makes use of.
type ask struct {
	Verb      string `json:"verb"`
	Group     string `json:"group,omitempty"`
	Resource  string `json:"resource"`            // with its sub-resource: pods/log
	Namespace string `json:"namespace,omitempty"` // empty: cluster-wide
}

// Access is what the server says the user may do.
type Access struct {
	Asked   []Answer `json:"asked"`
	Partial bool     `json:"partial,omitempty"` // the server could not be asked about some of it; that is tried
}

// Answer is one right, and what is lost without it.
type Answer struct {
	ask
	Allowed bool   `json:"allowed"`
	Costs   string `json:"costs,omitempty"`
}

// May reports whether something may be asked for. What the server was not asked about is tried.
func (a *Access) May(verb, group, resource, namespace string) bool {
	for _, r := range a.Asked {
		if r.ask == (ask{verb, group, resource, namespace}) {
			return r.Allowed
		}
	}
	return true
}

// gaps turns refusals into gaps.
func (a *Access) gaps() []bundle.Gap {
	var gaps []bundle.Gap
	for _, r := range a.Asked {
		if r.Allowed {
			continue
		}
		g := bundle.Gap{
			Source: sourceOf(r.ask), Reason: bundle.Forbidden, Costs: r.Costs,
			Detail: "the user may not " + r.Verb + " " + groupResource(r.Group, r.Resource) + where(r.Namespace),
		}
		if r.Verb == "list" && sourceOf(r.ask) == objectsName {
			g.Entry = bundle.Resource(kindName(r.Group, r.Resource), r.Namespace)
		}
		gaps = append(gaps, g)
	}
	return gaps
}

func where(ns string) string {
	if ns == "" {
		return " of the cluster"
	}
	return " in namespace " + ns
}

// asks lists every right that the collection uses, with what is lost without it.
func (c *Cluster) asks(namespaces []string) []Answer {
	var all []Answer
	add := func(verb, group, resource, ns, costs string) {
		all = append(all, Answer{ask: ask{verb, group, resource, ns}, Costs: costs})
	}
	for _, k := range kinds {
		if !k.namespaced {
			add("list", k.group, k.resource, "", k.costs)
			continue
		}
		for _, ns := range namespaces {
			add("list", k.group, k.resource, ns, k.costs)
		}
	}
	for _, ns := range namespaces {
		add("get", "", "pods/log", ns, "every log: what the components said")
		add("list", metricsGroup, "pods", ns, "CPU and memory of pods and containers (kubectl top pods)")
		if c.o.Exec {
			add("create", "", "pods/exec", ns, "log files inside containers")
		}
	}
	add("list", metricsGroup, "nodes", "", "CPU and memory of nodes (kubectl top nodes)")
	return all
}

// review asks the server about every right. A user who may do everything costs one request; otherwise one for each
// namespace where the server can list its rules, and one for each right where it cannot.
func (c *Cluster) review(ctx context.Context, namespaces []string) (*Access, error) {
	a := &Access{Asked: c.asks(namespaces)}
	if all, err := c.allowed(ctx, ask{"*", "*", "*", ""}); err == nil && all {
		for i := range a.Asked {
			a.Asked[i].Allowed = true
		}
		return a, nil
	}
	rules := map[string]*authv1.SubjectRulesReviewStatus{}
	for _, ns := range namespaces {
		r, err := c.rules(ctx, ns)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rules[ns] = r // nil: the server lists no rules
	}
	var unsure []*Answer
	for i := range a.Asked {
		r := rules[a.Asked[i].Namespace]
		switch {
		case r != nil && grants(r.ResourceRules, a.Asked[i].ask):
			a.Asked[i].Allowed = true
		case r != nil && !r.Incomplete:
		default:
			unsure = append(unsure, &a.Asked[i])
		}
	}
	a.Partial = c.askEach(ctx, unsure)
	return a, ctx.Err()
}

// askEach asks about rights one by one, a few at a time; what the server does not answer counts as allowed, to be tried.
func (c *Cluster) askEach(ctx context.Context, unsure []*Answer) (partial bool) {
	var mu sync.Mutex
	var work sync.WaitGroup
	slots := make(chan struct{}, 8)
	for _, r := range unsure {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			allowed, err := c.allowed(ctx, r.ask)
			r.Allowed = allowed || err != nil
			if err != nil {
				mu.Lock()
				partial = true
				mu.Unlock()
			}
		})
	}
	work.Wait()
	return partial
}

// allowed asks about one right.
func (c *Cluster) allowed(ctx context.Context, a ask) (bool, error) {
	resource, sub := cutSub(a.Resource)
	review := authv1.SelfSubjectAccessReview{Spec: authv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authv1.ResourceAttributes{
		Verb: a.Verb, Group: a.Group, Resource: resource, Subresource: sub, Namespace: a.Namespace,
	}}}
	review.TypeMeta = metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectAccessReview"}
	err := c.askJSON(ctx, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", nil, &review, &review)
	return review.Status.Allowed, err
}

// rules asks for everything that the user may do in a namespace.
func (c *Cluster) rules(ctx context.Context, ns string) (*authv1.SubjectRulesReviewStatus, error) {
	review := authv1.SelfSubjectRulesReview{Spec: authv1.SelfSubjectRulesReviewSpec{Namespace: ns}}
	review.TypeMeta = metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SelfSubjectRulesReview"}
	err := c.askJSON(ctx, http.MethodPost, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", nil, &review, &review)
	if err != nil {
		return nil, err
	}
	return &review.Status, nil
}

// grants reports whether the rules allow an ask for all names.
func grants(rules []authv1.ResourceRule, a ask) bool {
	_, sub := cutSub(a.Resource)
	for _, r := range rules {
		if len(r.ResourceNames) > 0 || !has(r.Verbs, a.Verb) || !has(r.APIGroups, a.Group) {
			continue
		}
		if has(r.Resources, a.Resource) || sub != "" && slices.Contains(r.Resources, "*/"+sub) {
			return true
		}
	}
	return false
}

func has(list []string, want string) bool {
	return slices.Contains(list, want) || slices.Contains(list, "*")
}
