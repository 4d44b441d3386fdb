package kube

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// installation makes the server answer like a small cluster: two pods of OpenIM, a backend's elsewhere, a custom kind,
// two secrets that are named of which one does not exist. Lists of other kinds are empty.
func installation(f *faulty) {
	f.handle("/api/v1/", answer(`{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`))
	f.handle("/apis/", answer(`{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`))
	f.handle("/api/v1/namespaces", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[bool]string{
			true:  `{"kind":"NamespaceList","metadata":{},"items":[{"metadata":{"name":"openim"}}]}`,
			false: `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`,
		}[r.URL.Path == "/api/v1/namespaces"])
	})
	f.handle("/readyz", answer("ok"))
	f.handle("/api/v1/nodes", nodeLists(`{"metadata":{"name":"one-node","uid":"u1"},"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}],
"images":[{"names":["docker.io/library/busybox@sha256:1","docker.io/library/busybox:1.36"]}]}}`, `{"metadata":{"name":"idle-node"}}`))
	f.handle("/api/v1/nodes/one-node/proxy/", answer(`{"node":{"nodeName":"one-node"}}`))
	f.handle("/apis", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis" {
			refuse(http.StatusNotFound, "no such path")(w, r)
			return
		}
		fmt.Fprint(w, `{"groups":[{"name":"apps","preferredVersion":{"version":"v1"}},{"name":"im.example.com","preferredVersion":{"version":"v1"}}]}`)
	})
	f.handle("/apis/im.example.com/v1", answer(`{"resources":[{"name":"routes","kind":"Route","namespaced":true,"verbs":["get","list"]}]}`))
	f.handle("/apis/im.example.com/v1/namespaces/", answer(`{"kind":"RouteList","metadata":{},"items":[]}`))
	deployments := answer(`{"kind":"DeploymentList","metadata":{},"items":[` + deployment + `]}`)
	f.handle("/apis/apps/v1/deployments", deployments)
	f.handle("/apis/apps/v1/namespaces/openim/deployments", deployments)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList(wanting("a", "one-node"), wanting("b", "one-node"))))
	for _, name := range []string{"a", "b"} {
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/log", answer(logLines(time.Now().Add(-time.Minute), 3)))
		f.handle("/api/v1/namespaces/openim/pods/"+name+"/exec", refuse(http.StatusForbidden, "no exec here"))
	}
	f.handle("/api/v1/namespaces/openim/secrets/redis", answer(secretRow))
	f.handle("/api/v1/namespaces/openim/secrets/absent", refuse(http.StatusNotFound, `secrets "absent" not found`))
	f.handle("/apis/"+metricsGroup+"/", answer(`{"items":[]}`))
	f.handle("/api/v1/services", answer(`{"items":[{"metadata":{"namespace":"monitoring","name":"prometheus-k8s"},"spec":{"ports":[{"port":9090}]}},
{"metadata":{"namespace":"monitoring","name":"prometheus-operated"},"spec":{"ports":[{"port":9090}]}}]}`))
}

const (
	deployment = `{"metadata":{"name":"openim-push","namespace":"openim"},"spec":{"replicas":2,"template":{"spec":{"imagePullSecrets":[{"name":"absent"}],
"containers":[{"name":"app","image":"openim/openim-push:v3.8.3"}]}}}}`
	secretRow = `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"},{"name":"Type","type":"string"},{"name":"Data","type":"string"}],
"rows":[{"cells":["redis","Opaque",1]}]}`
)

// wanting is a running pod that names a secret.
func wanting(name, node string) string {
	return strings.Replace(pod(name, node), `"image":"openim/openim-push:v3.8.3"`,
		`"image":"openim/openim-push:v3.8.3","env":[{"name":"REDIS_PASSWORD","valueFrom":{"secretKeyRef":{"name":"redis","key":"p"}}}]`, 1)
}

// rightsBut answers reviews of a user who may do everything but what refused says.
func rightsBut(f *faulty, refused func(authv1.ResourceAttributes) bool) {
	access(f, true, "", func(a authv1.ResourceAttributes) bool { return a.Verb != "*" && !refused(a) })
}

// user is somebody with rights and flags.
type user struct {
	namespaces []string
	all, exec  bool
	configured bool // as in configuredInstallation
	alb        bool // as in albInstallation
	stats      bool
	reach      []string
	metrics    bool
	prometheus Service
	find       bool                                 // a Prometheus
	podsOnly   bool                                 // the workloads show nothing of OpenIM
	refused    func(authv1.ResourceAttributes) bool // nil: an administrator
}

var users = map[string]user{
	"administrator": {namespaces: []string{"openim"}},
	"administrator, exec": {namespaces: []string{"openim"}, exec: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Verb == "get" && a.Subresource == "exec"
	}},
	"everywhere": {},
	"configured": {namespaces: []string{"openim"}, configured: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Verb == "get" && a.Subresource == "portforward"
	}},
	"configured, exec": {namespaces: []string{"openim"}, configured: true, exec: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Verb == "get" && a.Resource == "pods" && a.Subresource != "log" && a.Subresource != ""
	}},
	"configured, no port-forward": {namespaces: []string{"openim"}, configured: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Subresource == "portforward" || a.Resource == "secrets" && a.Verb == "list"
	}},
	"numbers": {namespaces: []string{"openim"}, configured: true, reach: []string{"10.96.7.7:6379", "10.0.0.1:9094", "172.16.0.9:1"}, refused: func(a authv1.ResourceAttributes) bool {
		return a.Verb == "get" && a.Subresource == "portforward"
	}},
	"names": {namespaces: []string{"openim"}, configured: true, reach: []string{"redis.example.com:6379"}, refused: func(a authv1.ResourceAttributes) bool {
		return a.Verb == "get" && a.Subresource == "portforward"
	}},
	"numbers in one namespace": {namespaces: []string{"openim"}, configured: true, reach: []string{"10.96.7.7:6379"}, refused: func(a authv1.ResourceAttributes) bool {
		return a.Namespace == ""
	}},
	"an ALB": {namespaces: []string{"openim"}, alb: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Resource == "secrets" && a.Verb == "list"
	}},
	"an ALB, no classes": {namespaces: []string{"openim"}, alb: true, refused: func(a authv1.ResourceAttributes) bool { return a.Resource == "ingressclasses" }},
	"an ALB, one config": {namespaces: []string{"openim"}, alb: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Resource == "albconfigs" && a.Name != "im"
	}},
	"an ALB, no configs":                {namespaces: []string{"openim"}, alb: true, refused: func(a authv1.ResourceAttributes) bool { return a.Resource == "albconfigs" }},
	"all":                               {all: true},
	"administrator, metrics":            {namespaces: []string{"openim"}, metrics: true},
	"administrator, a Prometheus named": {namespaces: []string{"openim"}, prometheus: Service{"monitoring", "prom", 9090}},
	"administrator, a Prometheus found": {namespaces: []string{"openim"}, find: true},
	"no Prometheus": {namespaces: []string{"openim"}, prometheus: Service{"monitoring", "prom", 9090}, refused: func(a authv1.ResourceAttributes) bool {
		return a.Resource == "services" && a.Subresource == "proxy"
	}},
	"no services of the cluster": {namespaces: []string{"openim"}, find: true, refused: func(a authv1.ResourceAttributes) bool {
		return a.Resource == "services" && a.Namespace == ""
	}},
	"administrator, kubelets": {namespaces: []string{"openim"}, stats: true},
	"no kubelets":             {namespaces: []string{"openim"}, refused: func(a authv1.ResourceAttributes) bool { return a.Subresource == "proxy" }},
	"everywhere by pods":      {podsOnly: true},
	"no list of secrets":      {refused: func(a authv1.ResourceAttributes) bool { return a.Resource == "secrets" && a.Verb == "list" }},
	"no secrets, metrics, custom": {namespaces: []string{"openim"}, refused: func(a authv1.ResourceAttributes) bool {
		return a.Resource == "secrets" || a.Group == metricsGroup || a.Group == "im.example.com"
	}},
	"one namespace": {namespaces: []string{"openim"}, refused: func(a authv1.ResourceAttributes) bool { return a.Namespace == "" }},
	"no nodes":      {namespaces: []string{"openim"}, refused: func(a authv1.ResourceAttributes) bool { return a.Resource == "nodes" && a.Group == "" }},
	"no logs":       {namespaces: []string{"openim"}, exec: true, refused: func(a authv1.ResourceAttributes) bool { return a.Subresource != "" }},
	"no pods":       {namespaces: []string{"openim"}, refused: func(a authv1.ResourceAttributes) bool { return a.Resource == "pods" || a.Resource == "secrets" }},
}

// prepare connects to a fresh installation and looks at it.
func prepare(t *testing.T, name string) (*faulty, *Cluster, *Survey) {
	t.Helper()
	u := users[name]
	f := newFaulty(t)
	installation(f)
	if u.configured {
		configuredInstallation(f)
	}
	if u.alb {
		albInstallation(f)
	}
	if u.refused != nil {
		rightsBut(f, u.refused)
	}
	if u.podsOnly {
		f.handle("/apis/apps/v1/deployments", answer(`{"kind":"DeploymentList","metadata":{},"items":[]}`))
		f.handle("/api/v1/pods", answer(podList(wanting("a", "one-node"), wanting("b", "one-node"))))
	}
	o := testOptions(t, f.URL)
	o.Reach = u.reach
	o.PodMetrics, o.Prometheus, o.FindPrometheus = u.metrics, u.prometheus, u.find
	o.Namespaces, o.Exec, o.NodeStats, o.Samples = u.namespaces, u.exec, u.stats, 2
	c := hurried(t, o)
	if u.all {
		if err := c.ChooseAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f, c, s
}

// TestPlanIsWhatTheRunAsks holds the plan against every request that a whole run sends, both ways and by number.
func TestPlanIsWhatTheRunAsks(t *testing.T) {
	for name := range users {
		t.Run(name, func(t *testing.T) {
			f, c, s := prepare(t, name)
			run(t, collect.Options{}, c.Sources(s)...)
			for range c.o.Specs.Queries {
				if s.MayAskPrometheus() { // as the source does that lies in a package of its own
					_, _ = c.Get(s.Prometheus)(t.Context(), "/api/v1/query_range", nil)
				}
			}
			f.mu.Lock()
			made := maps.Clone(f.made)
			f.mu.Unlock()

			_, c, s = prepare(t, name)
			p, err := c.Plan(t.Context(), s, collect.Options{})
			if err != nil {
				t.Fatal(err)
			}
			planned, most, reach := map[string]int{}, map[string]bool{}, map[string]bool{}
			for _, r := range p.Requests {
				key := r.Method + " " + r.Path
				planned[key] += r.Times
				most[key] = r.Most
				reach[key] = r.By == reachName // up to the sources of backends
			}
			for _, key := range slices.Sorted(maps.Keys(made)) {
				if n := planned[key]; made[key] != n && (!most[key] || made[key] > n) {
					t.Errorf("%s: made %d times, planned %d", key, made[key], n)
				}
			}
			for _, key := range slices.Sorted(maps.Keys(planned)) {
				if made[key] == 0 && !reach[key] {
					t.Errorf("%s: planned %d times, never made", key, planned[key])
				}
			}
		})
	}
}

// TestRightsAreThoseOfThePlan holds the printed rights against the requests of an administrator: each request needs one of
// them, and each of them is needed by one. Lists of secrets are the exception: they are never printed; and nodes/proxy, which is
// used where it is granted but printed only for those who want it.
func TestRightsAreThoseOfThePlan(t *testing.T) {
	for _, name := range []string{"administrator, exec", "administrator, kubelets", "administrator, metrics", "administrator, a Prometheus named", "administrator, a Prometheus found", "no list of secrets", "all", "everywhere by pods", "configured", "configured, exec", "numbers", "names", "an ALB"} {
		_, c, s := prepare(t, name)
		p, err := c.Plan(t.Context(), s, collect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		used := map[ask]bool{}
		for _, r := range p.Requests {
			a := ask{Verb: r.Verb, Group: r.Group, Resource: r.Resource, Namespace: r.Namespace, Name: r.Name}
			if a.Resource == "pods/proxy" && !c.o.PodMetrics {
				continue // used where it is granted, never asked for by itself
			}
			if slices.ContainsFunc(s.numberAsks(), func(n Answer) bool { return n.ask == a }) {
				continue // likewise
			}
			if a.Resource == "" || a.Group == "authorization.k8s.io" || a.Resource == "secrets" && a.Verb == "list" {
				continue
			}
			if a.Resource == nodeProxy && !users[name].stats { // made use of, but not asked for
				continue
			}
			i := slices.IndexFunc(p.rights, func(have Answer) bool {
				return have.Verb == a.Verb && have.Group == a.Group && have.Resource == a.Resource &&
					(have.Namespace == "" || have.Namespace == a.Namespace) && (have.Name == "" || have.Name == a.Name)
			})
			if i < 0 {
				t.Errorf("%s: nothing printed grants %+v", name, a)
				continue
			}
			used[p.rights[i].ask] = true
		}
		for _, r := range p.rights {
			if !used[r.ask] && r.Resource != "secrets" {
				t.Errorf("%s: %+v is printed and not needed", name, r.ask)
			}
			if r.Costs == "" {
				t.Errorf("%s: %+v says not what it is for", name, r.ask)
			}
			if r.Resource == "secrets" && (r.Verb != "get" || r.Name == "") {
				t.Errorf("%s: %+v grants more secrets than those that are named", name, r.ask)
			}
		}
	}
}

func TestRight(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		want         ask
	}{
		{"GET", "/version", ask{}},
		{"GET", "/readyz", ask{}},
		{"GET", "/apis", ask{}},
		{"GET", "/apis/im.example.com/v1", ask{}},
		{"GET", "/api/v1/nodes", ask{"list", "", "nodes", "", ""}},
		{"GET", "/api/v1/namespaces", ask{"list", "", "namespaces", "", ""}},
		{"GET", "/api/v1/namespaces/im", ask{"get", "", "namespaces", "im", "im"}},
		{"GET", "/api/v1/namespaces/im/pods", ask{"list", "", "pods", "im", ""}},
		{"GET", "/api/v1/namespaces/im/pods/push/log", ask{"get", "", "pods/log", "im", "push"}},
		{"GET", "/api/v1/namespaces/im/pods/push/exec", ask{"get", "", "pods/exec", "im", "push"}},
		{"POST", "/api/v1/namespaces/im/pods/push/exec", ask{"create", "", "pods/exec", "im", "push"}},
		{"GET", "/apis/apps/v1/deployments", ask{"list", "apps", "deployments", "", ""}},
		{"GET", "/apis/metrics.k8s.io/v1beta1/namespaces/im/pods", ask{"list", "metrics.k8s.io", "pods", "im", ""}},
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", ask{"create", "authorization.k8s.io", "selfsubjectrulesreviews", "", ""}},
	} {
		if got := (call{method: tt.method, path: tt.path}).right(); got != tt.want {
			t.Errorf("%s %s: %+v, want %+v", tt.method, tt.path, got, tt.want)
		}
	}
}

// TestPlanOfForwarding lists one request for each pod behind the address of a backend, where it is granted, and the right.
func TestPlanOfForwarding(t *testing.T) {
	for name, want := range map[string]int{"configured": 1, "configured, no port-forward": 0, "administrator": 0} {
		_, c, s := prepare(t, name)
		p, err := c.Plan(t.Context(), s, collect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, r := range p.Requests {
			if r.Resource == forwarding {
				n++
				if r.Path != "/api/v1/namespaces/openim/pods/kafka-0/portforward" || !r.Most || r.By != reachName || r.Of != OfKubelet {
					t.Errorf("%s: %+v", name, r)
				}
			}
		}
		right := slices.ContainsFunc(p.rights, func(r Answer) bool { return r.Resource == forwarding && r.Verb == "create" })
		missing := slices.ContainsFunc(p.Missing, func(g bundle.Gap) bool {
			return g.Detail == "the user may not create pods/portforward in namespace openim"
		})
		if n != want || right != users[name].configured || missing != (users[name].configured && want == 0) {
			t.Errorf("%s: %d requests, right %v, missing %v", name, n, right, missing)
		}
	}
}

func TestPlanOfWhatIsMissing(t *testing.T) {
	_, c, s := prepare(t, "no secrets, metrics, custom")
	p, err := c.Plan(t.Context(), s, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, g := range p.Missing {
		lines = append(lines, g.Detail)
		if g.Reason != bundle.Forbidden || g.Costs == "" {
			t.Errorf("%+v", g)
		}
	}
	want := []string{
		"the user may not list routes.im.example.com in namespace openim",
		"the user may not list pods.metrics.k8s.io in namespace openim",
		"the user may not list nodes.metrics.k8s.io of the cluster",
		`the user may not get secrets "absent", "redis" in namespace openim`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q\nwant %q", lines, want)
	}
}

// TestEstimate counts a list of 1201 objects by asking for one, and plans three pages of it.
func TestEstimate(t *testing.T) {
	f, c, s := prepare(t, "administrator")
	f.handle("/api/v1/namespaces/openim/events", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("limit") != "1" {
			t.Errorf("counting asks for %s", r.URL)
		}
		fmt.Fprint(w, `{"kind":"Table","metadata":{"continue":"x","remainingItemCount":1200},"rows":[{"cells":["e"],"object":{}}]}`)
	})
	p, err := c.Plan(t.Context(), s, collect.Options{MaxSize: 7, MaxLogSize: 9, Deadline: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.Requests, func(r Request) bool { return r.Resource == "events" })
	if r := p.Requests[i]; r.Objects == nil || *r.Objects != 1201 || r.Times != 3 {
		t.Errorf("%+v", r)
	}
	e := p.Estimate
	if e.Logs != 2 || e.Samples != 2 || e.MaxLogSize != 9 || e.MaxSize != 7 || e.Most != time.Minute || e.Least <= 0 || e.Least > time.Minute {
		t.Errorf("%+v", e)
	}
	size := int64(len(`{"cells":["e"],"object":{}}`))
	if e.Objects < 1201 || e.ObjectBytes < 1201*size || e.Lists != len(kinds)+1 || // with the events of nodes
		e.Uncounted != 1 {
		t.Errorf("%+v", e)
	}
}

func TestPlanEndsWithItsContext(t *testing.T) {
	f, c, s := prepare(t, "administrator")
	f.handle("/api/v1/namespaces/openim/events", hang)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Plan(ctx, s, collect.Options{}); err == nil {
		t.Error("an interrupted plan is no plan")
	}
}

// TestPlanWithoutReviews plans to try everything where the server answers for no right, and says so.
func TestPlanWithoutReviews(t *testing.T) {
	f, c, _ := prepare(t, "administrator")
	f.handle("/apis/authorization.k8s.io/", refuse(http.StatusForbidden, "no reviews here"))
	f.handle("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", refuse(http.StatusForbidden, "no reviews here"))
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Plan(t.Context(), s, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Partial || len(p.Missing) != 0 || !slices.ContainsFunc(p.Requests, func(r Request) bool { return r.Resource == "nodes" }) {
		t.Errorf("partial %v, missing %+v", p.Partial, p.Missing)
	}
}
