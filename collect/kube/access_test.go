package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
)

func TestGrants(t *testing.T) {
	rule := func(verbs, groups, resources string, names ...string) authv1.ResourceRule {
		split := func(s string) []string { return strings.Split(s, ",") }
		return authv1.ResourceRule{Verbs: split(verbs), APIGroups: split(groups), Resources: split(resources), ResourceNames: names}
	}
	for _, tt := range []struct {
		rule authv1.ResourceRule
		ask  ask
		want bool
	}{
		{rule("get,list", "", "pods"), ask{"list", "", "pods", "im", ""}, true},
		{rule("get", "", "pods"), ask{"list", "", "pods", "im", ""}, false},
		{rule("*", "*", "*"), ask{"create", "", "pods/exec", "im", ""}, true},
		{rule("get", "", "pods/log"), ask{"get", "", "pods/log", "im", ""}, true},
		{rule("get", "", "pods"), ask{"get", "", "pods/log", "im", ""}, false},
		{rule("get", "", "*/log"), ask{"get", "", "pods/log", "im", ""}, true},
		{rule("list", "apps", "deployments"), ask{"list", "", "deployments", "im", ""}, false},
		{rule("list", "", "configmaps", "one-only"), ask{"list", "", "configmaps", "im", ""}, false},
		{rule("get", "", "secrets", "one", "two"), ask{"get", "", "secrets", "im", "two"}, true},
		{rule("get", "", "secrets", "one", "two"), ask{"get", "", "secrets", "im", "three"}, false},
		{rule("get", "", "secrets"), ask{"get", "", "secrets", "im", "three"}, true},
	} {
		if got := grants([]authv1.ResourceRule{tt.rule}, tt.ask); got != tt.want {
			t.Errorf("%+v for %+v: %v", tt.rule, tt.ask, got)
		}
	}
}

// access answers reviews: rules for the namespace, and yes or no to single rights.
func access(f *faulty, incomplete bool, rules string, single func(a authv1.ResourceAttributes) bool) {
	f.handle("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", answer(fmt.Sprintf(`{"status":{"incomplete":%v,"resourceRules":[%s]}}`, incomplete, rules)))
	f.handle("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", func(w http.ResponseWriter, r *http.Request) {
		var review authv1.SelfSubjectAccessReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			refuse(http.StatusBadRequest, err.Error())(w, r)
			return
		}
		fmt.Fprintf(w, `{"status":{"allowed":%v}}`, single(*review.Spec.ResourceAttributes))
	})
}

const podRules = `{"verbs":["get","list"],"apiGroups":[""],"resources":["pods","pods/log"]}`

func TestReview(t *testing.T) {
	f := newFaulty(t)
	access(f, false, podRules, func(authv1.ResourceAttributes) bool { return false })
	c := connect(t, f)
	a, err := c.review(t.Context(), &Survey{Namespaces: []string{"im"}})
	if err != nil {
		t.Fatal(err)
	}
	if !a.May("list", "", "pods", "im") || !a.May("get", "", "pods/log", "im") {
		t.Error("what the rules grant may be asked for")
	}
	if a.May("list", "", "secrets", "im") || a.May("list", "", "nodes", "") {
		t.Error("what they do not grant may not")
	}
	gaps := a.gaps()
	missed := slices.DeleteFunc(slices.Clone(a.Asked), func(r Answer) bool { return r.Allowed || r.instead })
	if len(gaps) != len(missed) || len(missed) < len(a.Asked)-4 { // two are granted; proxies of nodes and pods are missed only by those who want them
		t.Errorf("%d gaps, %d rights missed of %d", len(gaps), len(missed), len(a.Asked))
	}
	for _, g := range gaps {
		if g.Reason != bundle.Forbidden || g.Costs == "" || g.Detail == "" {
			t.Errorf("%+v says not what it costs", g)
		}
	}
	o := &objects{c, &Survey{Namespaces: []string{"im"}, Access: a}}
	if p := o.Promise(); len(p.Entries) != 2 {
		t.Errorf("what is forbidden is not promised: %q", p.Entries)
	}
}

func TestReviewAsksWhereRulesAreIncomplete(t *testing.T) {
	f := newFaulty(t)
	access(f, true, podRules, func(a authv1.ResourceAttributes) bool { return a.Resource == "services" || a.Subresource == "exec" })
	c := connect(t, f)
	c.o.Exec = true
	a, err := c.review(t.Context(), &Survey{Namespaces: []string{"im"}})
	if err != nil {
		t.Fatal(err)
	}
	if !a.May("list", "", "services", "im") || !a.May("create", "", "pods/exec", "im") || a.May("list", "", "secrets", "im") {
		t.Errorf("%+v", a.Asked)
	}
}

func TestReviewOfAnAdministrator(t *testing.T) {
	f := newFaulty(t)
	c := connect(t, f)
	a, err := c.review(t.Context(), &Survey{Namespaces: []string{"im", "two", "three"}})
	if err != nil || len(a.gaps()) != 0 {
		t.Fatalf("%v, %v", err, a.gaps())
	}
	if n := f.asked("selfsubject"); n != 1 {
		t.Errorf("%d requests, one is enough", n)
	}
}
