package kube

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
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
	Name      string `json:"name,omitempty"`      // of the only object that is meant; empty: all
}

// Access is what the server says the user may do.
type Access struct {
	Asked   []Answer                                    `json:"asked"`
	Partial bool                                        `json:"partial,omitempty"` // the server could not be asked about some of it; that is tried
	rules   map[string]*authv1.SubjectRulesReviewStatus // by namespace; nil: the server lists none
}

// Answer is one right, and what is lost without it.
type Answer struct {
	ask
	Allowed bool   `json:"allowed"`
	Costs   string `json:"costs,omitempty"`
	source  string // that makes use of it
	instead bool   // others were asked about in its place: it is not missed
}

// May reports whether something may be asked for. What the server was not asked about is tried.
func (a *Access) May(verb, group, resource, namespace string) bool {
	return a.may(ask{Verb: verb, Group: group, Resource: resource, Namespace: namespace})
}

func (a *Access) may(want ask) bool {
	for _, r := range a.Asked {
		if r.ask == want {
			return r.Allowed
		}
	}
	return true
}

// gaps turns refusals into gaps: one for each entry that is lost, and one for all that have the same purpose in a
// namespace and no entry of their own.
func (a *Access) gaps() []bundle.Gap {
	type purpose struct{ entry, source, verb, namespace, costs string }
	var order []purpose
	refused := map[purpose][]ask{}
	for _, r := range a.Asked {
		if r.Allowed || r.instead {
			continue
		}
		p := purpose{a.entryOf(r), r.source, r.Verb, r.Namespace, r.Costs}
		if refused[p] == nil {
			order = append(order, p)
		}
		refused[p] = append(refused[p], r.ask)
	}
	var gaps []bundle.Gap
	for _, p := range order {
		gaps = append(gaps, bundle.Gap{
			Entry: p.entry, Source: p.source, Reason: bundle.Forbidden, Costs: p.costs,
			Detail: "the user may not " + p.verb + " " + inWords(refused[p]) + where(p.namespace),
		})
	}
	return gaps
}

// entryOf names what a right is needed for, if it is one entry alone that is lost without it.
func (a *Access) entryOf(r Answer) string {
	list := r.Verb == "list" && builtIn(r.Group)
	if r.source != objectsName || !list && (r.Namespace != "" || a.someOf(r.ask)) {
		return ""
	}
	return bundle.Resource(kindName(r.Group, r.Resource), r.Namespace)
}

// someOf reports whether others of the same objects are allowed.
func (a *Access) someOf(refused ask) bool {
	return slices.ContainsFunc(a.Asked, func(r Answer) bool {
		refused.Name = r.Name
		return r.ask == refused && r.Allowed
	})
}

// inWords lists what rights are about: resources, and the names of objects behind the first of their resource.
func inWords(asks []ask) string {
	var words []string
	for i, a := range asks {
		word := groupResource(a.Group, a.Resource)
		switch {
		case a.Name != "" && i > 0 && asks[i-1].Resource == a.Resource:
			word = strconv.Quote(a.Name)
		case a.Name != "":
			word += " " + strconv.Quote(a.Name)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

func where(ns string) string {
	if ns == "" {
		return " of the cluster"
	}
	return " in namespace " + ns
}

// review asks the server about every right. A user who may do everything costs one request; otherwise one for each
// namespace where the server can list its rules, and one for each right where it cannot.
func (c *Cluster) review(ctx context.Context, s *Survey) (*Access, error) {
	a := &Access{Asked: c.asks(s), rules: map[string]*authv1.SubjectRulesReviewStatus{}}
	if all, err := c.allowed(ctx, ask{Verb: "*", Group: "*", Resource: "*"}); err == nil && all {
		for i := range a.Asked {
			a.Asked[i].Allowed = true
		}
		return a, nil
	}
	for _, ns := range s.Namespaces {
		r, err := c.rules(ctx, ns)
		if err != nil && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		a.rules[ns] = r
	}
	return a, c.reviewEach(ctx, a, a.Asked)
}

// reviewEach answers by the rules that are known, and asks where they do not say.
func (c *Cluster) reviewEach(ctx context.Context, a *Access, asked []Answer) error {
	var unsure []*Answer
	for i := range asked {
		r := a.rules[asked[i].Namespace]
		switch {
		case r != nil && grants(r.ResourceRules, asked[i].ask):
			asked[i].Allowed = true
		case r != nil && !r.Incomplete:
		default:
			unsure = append(unsure, &asked[i])
		}
	}
	a.Partial = c.askEach(ctx, unsure) || a.Partial
	return ctx.Err()
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
		Verb: a.Verb, Group: a.Group, Resource: resource, Subresource: sub, Namespace: a.Namespace, Name: a.Name,
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

// grants reports whether the rules allow an ask, for all names where it names none.
func grants(rules []authv1.ResourceRule, a ask) bool {
	_, sub := cutSub(a.Resource)
	for _, r := range rules {
		if len(r.ResourceNames) > 0 && (a.Name == "" || !slices.Contains(r.ResourceNames, a.Name)) {
			continue
		}
		if !has(r.Verbs, a.Verb) || !has(r.APIGroups, a.Group) {
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
