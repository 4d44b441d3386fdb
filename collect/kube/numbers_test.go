package kube

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
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
		c := hurried(t, o)
		s, err := c.Survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r := c.Reach(s)
		defer r.Close()
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
		told := slices.ContainsFunc(s.Gaps(), func(g bundle.Gap) bool {
			return g.Detail == "the user may not list services, pods of the cluster" && strings.Contains(g.Costs, "10.96.7.7, 10.244.0.8, 172.16.0.9")
		})
		_, err = r.Dial(t.Context(), "tcp", "127.0.0.1:1")
		if told == may || err == nil || strings.Contains(err.Error(), "all namespaces") {
			t.Errorf("told %v: %v", told, err)
		}
	}
}
