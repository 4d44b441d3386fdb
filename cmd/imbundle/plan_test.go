package main

import (
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect/kube"
)

// TestPlanText prints requests of a kind in one line, with who answers, where they go and what is known of their number.
func TestPlanText(t *testing.T) {
	n := func(n int64) *int64 { return &n }
	at := time.Date(2026, 7, 2, 10, 0, 0, 0, time.UTC)
	p := &kube.Plan{
		Window: bundle.Window{From: at.Add(-2 * time.Hour), To: at},
		Requests: []kube.Request{
			{By: "survey", Of: kube.OfServer, Verb: "get", Path: "/version", Times: 1},
			{By: "survey", Of: kube.OfServer, Verb: "get", Resource: "namespaces", Namespace: "a", Name: "a", Times: 1},
			{By: "survey", Of: kube.OfServer, Verb: "create", Group: "authorization.k8s.io", Resource: "selfsubjectaccessreviews", Times: 9},
			{By: "kube-reach", Of: kube.OfKubelet, Verb: "create", Resource: "pods/exec", Namespace: "a", Name: "redis-0", Times: 20, Most: true},
			{By: "kube-objects", Of: kube.OfServer, Verb: "list", Group: "apps", Resource: "deployments", Namespace: "a", Times: 1, Objects: n(2)},
			{By: "kube-objects", Of: kube.OfServer, Verb: "list", Group: "apps", Resource: "deployments", Namespace: "b", Times: 2, Objects: n(700)},
			{By: "kube-objects", Of: kube.OfServer, Verb: "list", Group: "x.io", Resource: "things", Namespace: "a", Times: 1},
			{By: "kube-objects", Of: kube.OfServer, Verb: "get", Resource: "secrets", Namespace: "a", Name: "s1", Times: 1},
			{By: "kube-objects", Of: kube.OfServer, Verb: "get", Resource: "secrets", Namespace: "a", Name: "s2", Times: 1},
			{By: "kube-logs", Of: kube.OfKubelet, Verb: "get", Resource: "pods/log", Namespace: "a", Name: "p", Times: 1},
			{By: "kube-logs", Of: kube.OfKubelet, Verb: "get", Resource: "pods/log", Namespace: "a", Name: "p", Times: 1},
			{By: "kube-files", Of: kube.OfKubelet, Verb: "create", Resource: "pods/exec", Namespace: "a", Name: "p", Times: 4, Most: true},
		},
		Missing: []bundle.Gap{{Detail: "the user may not list nodes of the cluster", Costs: "node conditions"}},
		Estimate: kube.Estimate{
			Requests: 25, Lists: 2, Uncounted: 1, Objects: 702, ObjectBytes: 3 << 20, Logs: 2, MaxLogSize: 20 << 20, MaxSize: 200 << 20,
			Samples: 3, SampleEvery: 15 * time.Second, Answer: 4 * time.Millisecond, Least: 30 * time.Second, Most: 5 * time.Minute,
		},
	}
	var b strings.Builder
	if err := tellRequests(&b, p); err != nil {
		t.Fatal(err)
	}
	tellEstimate(&b, p)
	tellMissing(&b, p)
	want := `
REQUESTS, with the rights that the user has: 25, all through the API server; they only read, and run sh, stat and tail in containers (pods/exec), and run bash or nc, or their own tool, in the pods of backends that nothing else leads to (pods/exec)
  BY            TIMES  VERB    WHAT                                           OBJECTS  WHERE
  survey        1      get     /version                                       -        cluster
                1      get     namespaces                                     -        a
                9      create  selfsubjectaccessreviews.authorization.k8s.io  -        the user's own rights; nothing is created
  kube-reach    ≤ 20   create  pods/exec (kubelet)                            -        a, pods: 1
  kube-objects  3      list    deployments.apps                               702      2 namespaces
                1      list    things.x.io                                    -        a
                2      get     secrets                                        -        a: s1, s2
  kube-logs     2      get     pods/log (kubelet)                             -        a, pods: 1
  kube-files    ≤ 4    create  pods/exec (kubelet)                            -        a, pods: 1

ESTIMATE: worked out from one object of each list and from limits, not measured
  Time  at least 30s (3 samples of usage, 15s apart), and what the logs take; at most 5m0s (--deadline)
  Size  objects: about 3.0 MiB, 702 in 2 lists, if each is as large as the first of its list; lists that were not counted: 1
        logs: at most 40.0 MiB, 2 of at most 20.0 MiB each (--max-log-size), as much of it as lies in the window
        file: compressed, a quarter of that or less; at most 200.0 MiB (--max-size)
  Window  2026-07-02T08:00:00Z to 2026-07-02T10:00:00Z

MISSING RIGHTS, and what each costs
  the user may not list nodes of the cluster
      node conditions
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestPlanCommand names what decides over rights, and nothing else.
func TestPlanCommand(t *testing.T) {
	for want, f := range map[string]collectFlags{
		"imbundle collect":                  {profile: "quick"},
		"imbundle collect -A":               {all: true},
		"imbundle collect -n a -n b --exec": {kube: kube.Options{Namespaces: []string{"a", "b"}, Exec: true}},
	} {
		if got := f.command(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
