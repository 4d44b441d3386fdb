package kube

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// elsewhere has a service in a namespace that is not collected from, and a pod in another.
func elsewhere(f *faulty) {
	configuredInstallation(f)
	redis := `{"metadata":{"name":"redis","namespace":"middleware"},"spec":{"selector":{"app":"redis"},"clusterIP":"10.96.7.7","ports":[{"port":6379}]}}`
	at := func(name, ns, ip string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":%q,"labels":{"app":"redis"}},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running","podIP":%q}}`, name, ns, ip)
	}
	f.handle("/api/v1/services", answer(`{"kind":"ServiceList","metadata":{},"items":[`+redis+`]}`))
	f.handle("/api/v1/namespaces/middleware/services", answer(`{"kind":"ServiceList","metadata":{},"items":[`+redis+`]}`))
	f.handle("/api/v1/namespaces/middleware/pods", answer(podList(at("redis-0", "middleware", "10.244.0.7"))))
	f.handle("/api/v1/namespaces/mongo/services", answer(`{"kind":"ServiceList","metadata":{},"items":[]}`))
	f.handle("/api/v1/namespaces/mongo/pods", answer(podList(at("mongo-0", "mongo", "10.244.0.8"))))
	f.handle("/api/v1/pods", func(w http.ResponseWriter, r *http.Request) {
		pods := []string{}
		if r.URL.Query().Get("fieldSelector") == "status.podIP=10.244.0.8" {
			pods = append(pods, at("mongo-0", "mongo", "10.244.0.8"))
		}
		fmt.Fprint(w, podList(pods...))
	})
}

// TestNumbersElsewhere: a number that nothing in the chosen namespaces has is looked for in the whole cluster, where that is allowed;
// where it is not, nobody takes it for one outside, and the gap says which right is lacking.
func TestNumbersElsewhere(t *testing.T) {
	for _, may := range []bool{true, false} {
		f := newFaulty(t)
		elsewhere(f)
		if !may {
			rightsBut(f, func(a authv1.ResourceAttributes) bool { return a.Namespace == "" })
		}
		o := testOptions(t, f.URL)
		o.Reach = []string{"10.96.7.7:6379", "10.244.0.8:27017", "172.16.0.9:9092", "10.0.0.1:9094", "127.0.0.1:1"}
		_, s, r := surveyed(t, o)
		if want := []string{"10.96.7.7", "10.244.0.8", "172.16.0.9"}; !slices.Equal(s.net.numbers, want) {
			t.Errorf("looked for %q, want %q", s.net.numbers, want)
		}
		var found []string
		for _, address := range o.Reach {
			spots, _ := s.net.find(address)
			for _, spot := range spots {
				found = append(found, spot.String())
			}
		}
		want := []string{"openim/kafka-0:9094"}
		if may {
			want = []string{"middleware/redis-0:6379", "mongo/mongo-0:27017", "openim/kafka-0:9094"}
		}
		if !slices.Equal(found, want) {
			t.Errorf("found %q, want %q", found, want)
		}
		if got := f.asked("/api/v1/pods?"); may && got != 3 || !may && got != 0 {
			t.Errorf("pods of the whole cluster were asked for %d times", got)
		}
		if err := r.Stranger("172.16.0.9:9092", "172.16.0.10:9092"); (err == nil) != may {
			t.Errorf("a server outside leads on: %v", err)
		}
		for _, via := range []string{"10.96.7.7:6379", "10.244.0.8:27017"} {
			if r.Stranger(via, "192.168.77.7:1") == nil {
				t.Errorf("%s is taken for one outside of the cluster", via)
			}
		}
		for _, g := range s.Gaps() {
			if strings.Contains(g.Detail, "of the cluster") && strings.Contains(g.Detail, "pods") {
				t.Errorf("told before it has cost anything: %+v", g)
			}
		}
		_, err := r.Dial(t.Context(), "tcp", "127.0.0.1:1")
		if err == nil || strings.Contains(err.Error(), "all namespaces") {
			t.Errorf("%v", err)
		}
		failed := &ReachError{}
		r.dialThrough(t.Context(), "172.16.0.9:9092", nil, failed, false)
		if told := strings.Contains(failed.Hint, "the right to list services and pods of all namespaces granted"); told == may {
			t.Errorf("%v", failed.Hint)
		}
	}
}

// TestNumbersUnlisted: a list of the whole cluster that fails does not end the survey, and leaves nothing sure.
func TestNumbersUnlisted(t *testing.T) {
	for path, code := range map[string]int{"/api/v1/pods": http.StatusGatewayTimeout, "/api/v1/services": http.StatusBadRequest, "/api/v1/nodes": http.StatusGatewayTimeout} {
		f := newFaulty(t)
		elsewhere(f)
		f.handle(path, refuse(code, "a proxy does not like it"))
		o := testOptions(t, f.URL)
		for n := range mostSought + 3 {
			o.Reach = append(o.Reach, fmt.Sprintf("172.16.0.%d:9092", n+1))
		}
		_, _, r := surveyed(t, o)
		if err := r.Stranger("172.16.0.1:9092", "172.16.0.99:9092"); err == nil || !strings.Contains(err.Error(), "a proxy does not like it") {
			t.Errorf("%s: %v", path, err)
		}
		if got := f.asked("/api/v1/pods?"); path != "/api/v1/pods" && got != mostSought {
			t.Errorf("%s: pods of the whole cluster were asked for %d times", path, got)
		}
	}
}

// TestNumbersAgain: numbers that another source names than the files are looked for too, and nothing is asked for twice.
func TestNumbersAgain(t *testing.T) {
	f := newFaulty(t)
	elsewhere(f)
	o := testOptions(t, f.URL)
	o.Reach = []string{"10.96.7.7:6379"}
	c, s, r := surveyed(t, o)
	if err := r.Stranger("172.16.0.9:9092", "172.16.0.10:9092"); err == nil || !strings.Contains(err.Error(), "it was not looked for") {
		t.Errorf("%v", err)
	}
	rights := len(s.Access.Asked)
	c.o.Reach = append(c.o.Reach, "10.244.0.8:27017", "172.16.0.9:9092")
	for range 2 {
		if err := c.LookAtNetwork(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if spots, _ := s.net.find("10.244.0.8:27017"); len(spots) != 1 || spots[0].String() != "mongo/mongo-0:27017" {
		t.Errorf("%v", spots)
	}
	if err := r.Stranger("172.16.0.9:9092", "172.16.0.10:9092"); err != nil {
		t.Error(err)
	}
	if spots, _ := s.net.find("10.96.7.7:6379"); len(spots) != 1 {
		t.Errorf("%v", spots)
	}
	if got := [2]int{f.asked("/api/v1/services"), f.asked("/api/v1/pods?")}; got != [2]int{1, 3} {
		t.Errorf("services and pods of the whole cluster were asked for %v times", got)
	}
	for i, a := range s.Access.Asked {
		if i >= rights && slices.ContainsFunc(s.Access.Asked[:i], func(b Answer) bool { return a.ask == b.ask }) {
			t.Errorf("asked twice: %+v", a.ask)
		}
	}
}

// TestNumbersOfNodes: a pod on the network of a node shows the node; its namespace is looked at only where it has the port.
func TestNumbersOfNodes(t *testing.T) {
	f := newFaulty(t)
	elsewhere(f)
	f.handle("/api/v1/pods", answer(podList(
		`{"metadata":{"name":"kube-proxy","namespace":"kube-system"},"spec":{"hostNetwork":true,"nodeName":"n1","containers":[{"name":"c","ports":[{"containerPort":10249}]}]},"status":{"phase":"Running","podIP":"192.168.0.50"}}`,
	)))
	o := testOptions(t, f.URL)
	o.Reach = []string{"192.168.0.50:30094"}
	c := hurried(t, o)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.net.beyond) > 0 || !s.ofCluster(o.Reach[0]) || f.asked("kube-system") > 0 {
		t.Errorf("looked at %q; of the cluster: %v", s.net.beyond, s.ofCluster(o.Reach[0]))
	}
}

// TestNumbersNotSeen: a number that the lists of the whole cluster show is the cluster's, though its namespace cannot be looked at, or
// the pod does not run.
func TestNumbersNotSeen(t *testing.T) {
	f := newFaulty(t)
	elsewhere(f)
	f.handle("/api/v1/namespaces/middleware/services", refuse(http.StatusGatewayTimeout, "too slow"))
	f.handle("/api/v1/namespaces/mongo/pods", answer(podList(`{"metadata":{"name":"mongo-0","namespace":"mongo"},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Pending","podIP":"10.244.0.8"}}`)))
	o := testOptions(t, f.URL)
	o.Reach = []string{"10.96.7.7:6379", "10.244.0.8:27017"}
	_, _, r := surveyed(t, o)
	for _, via := range o.Reach {
		if r.Stranger(via, "192.168.77.7:1") == nil {
			t.Errorf("%s is taken for one outside of the cluster", via)
		}
	}
}

// TestNamespaceOfName: a name may be that of a service or pod in a namespace that nothing has shown. Whether there is such a namespace is
// asked; where that is not told, the name is not taken for one outside.
func TestNamespaceOfName(t *testing.T) {
	services := `{"kind":"ServiceList","metadata":{},"items":[{"metadata":{"name":"redis","namespace":"invalid"},"spec":{"selector":{"app":"redis"},"clusterIP":"10.96.7.7","ports":[{"port":6379}]}}]}`
	redis := `{"metadata":{"name":"redis-0","namespace":"invalid","labels":{"app":"redis"}},"spec":{"containers":[{"name":"c"}]},"status":{"phase":"Running","podIP":"10.244.0.7"}}`
	for name, x := range map[string]struct {
		answer       http.HandlerFunc
		found        string
		doubt, right string
	}{
		"absent":    {answer: refuse(http.StatusNotFound, "no such namespace")},
		"there":     {answer: answer(`{"kind":"Namespace","metadata":{"name":"invalid"}}`), found: "[invalid/redis-0:6379]"},
		"forbidden": {answer: refuse(http.StatusForbidden, "no"), doubt: "the user may not get namespace invalid", right: "have the right to get namespace invalid granted"},
		"slow":      {answer: refuse(http.StatusGatewayTimeout, "a proxy does not like it"), doubt: "getting namespace invalid: "},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaulty(t)
			configuredInstallation(f)
			f.handle("/api/v1/namespaces/invalid", x.answer)
			f.handle("/api/v1/namespaces/invalid/services", answer(services))
			f.handle("/api/v1/namespaces/invalid/pods", answer(podList(redis)))
			o := testOptions(t, f.URL)
			o.Reach = []string{"redis.invalid:6379", "kafka-0.kafka.invalid:9092", "kafka-service.openim:19094"}
			c := hurried(t, o)
			s, err := c.Survey(t.Context())
			if err == nil {
				err = c.LookAtNetwork(t.Context(), s)
			}
			if err != nil {
				t.Fatal(err)
			}
			if n := f.made["GET /api/v1/namespaces/invalid"]; n != 1 || f.made["GET /api/v1/namespaces/openim"] != 1 {
				t.Errorf("asked for %d times: %v", n, f.made)
			}
			r := c.Reach(s)
			defer r.Close()
			c.o.Reach = nil // as if the configuration named them
			if spots, _ := s.net.find("redis.invalid:6379"); len(spots) > 0 != (x.found != "") || x.found != "" && fmt.Sprint(spots) != x.found {
				t.Errorf("found %v", spots)
			}
			for _, address := range []string{"redis.invalid:6379", "kafka-0.kafka.invalid:9092"} {
				if address == "redis.invalid:6379" && x.found != "" {
					continue
				}
				if err := r.Stranger(address, "192.168.77.7:1"); (err == nil) != (x.doubt == "") {
					t.Errorf("%s is followed: %v", address, err)
				}
				_, err := r.Dial(t.Context(), "tcp", address)
				if err == nil || strings.Contains(err.Error(), "may be one of the cluster") != (x.doubt != "") || !strings.Contains(err.Error(), x.doubt) || !strings.Contains(err.Error(), x.right) {
					t.Errorf("%v", err)
				}
				if forbidden := collect.ReasonOf(err) == bundle.Forbidden; forbidden != (x.right != "") {
					t.Errorf("%s: %v", collect.ReasonOf(err), err)
				}
			}
		})
	}
}
