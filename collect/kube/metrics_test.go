package kube

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// metricsOf answers with a counter that rises with each request, and with ballast.
func metricsOf(ballast int) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# HELP msg_offline_push_failed_total Failed.\n# TYPE msg_offline_push_failed_total counter\nmsg_offline_push_failed_total %d\n", n.Add(1))
		for i := range ballast {
			fmt.Fprintf(w, "grpc_server_handled_total{grpc_method=\"m%d\"} 1\n", i)
		}
	}
}

func metricsRun(t *testing.T, f *faulty, refused func(authv1.ResourceAttributes) bool) (*collect.Result, *bundle.Reader) {
	t.Helper()
	if refused != nil {
		rightsBut(f, refused)
	}
	o := testOptions(t, f.URL)
	o.SampleEvery = time.Millisecond
	c, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return run(t, collect.Options{}, &podMetricsSource{c, s})
}

func TestPodMetrics(t *testing.T) {
	f := newFaulty(t)
	installation(f)
	// a answers at its second port; b has no metrics at all.
	f.handle("/api/v1/namespaces/openim/pods/a:12170/proxy/metrics", refuse(http.StatusServiceUnavailable, "error trying to reach service: dial tcp 10.0.0.1:12170: connect: connection refused"))
	f.handle("/api/v1/namespaces/openim/pods/a:20107/proxy/metrics", metricsOf(9000))
	f.handle("/api/v1/namespaces/openim/pods/b:", refuse(http.StatusServiceUnavailable, "error trying to reach service"))
	res, r := metricsRun(t, f, nil)
	first := bundle.PodMetrics("openim", "a", 20107)
	for name, want := range map[string]string{first: "msg_offline_push_failed_total 1\n", bundle.Sample(first, 1): "msg_offline_push_failed_total 2\n"} {
		text := read(t, r, name)
		if !strings.Contains(text, want) || len(text) > keptMetrics || strings.Contains(text, "grpc_server_handled_total{") {
			t.Errorf("%s has %d bytes: %.300s", name, len(text), text)
		}
	}
	if !res.Complete || len(res.Gaps) != 1 || res.Gaps[0].Reason != bundle.NotFound || res.Gaps[0].Entry != bundle.PodMetrics("openim", "b", 12170) {
		t.Errorf("complete %v, gaps %+v", res.Complete, res.Gaps)
	}
	if n := f.asked("a:12170"); n != 1 {
		t.Errorf("the port without metrics was asked %d times", n)
	}
}

func TestPodMetricsWithoutTheRight(t *testing.T) {
	f := newFaulty(t)
	installation(f)
	res, _ := metricsRun(t, f, func(a authv1.ResourceAttributes) bool { return a.Subresource == "proxy" })
	if f.asked("/proxy/") > 0 || len(res.Gaps) > 0 {
		t.Errorf("asked without the right, or missed without being wanted: %+v", res.Gaps)
	}
}

// TestScrapeIsBounded asks five pods of a role, however many there are, and counts the rest.
func TestScrapeIsBounded(t *testing.T) {
	s := &Survey{}
	for i := range 9 {
		s.scrape(&scraped{ns: "im", pod: fmt.Sprint("push-", i), ports: []int{12170}})
	}
	s.scrape(&scraped{ns: "im", pod: "api-0", ports: []int{12002}})
	s.scrape(&scraped{ns: "other", pod: "push-0", ports: []int{12170}})
	if len(s.scraped) != mostScraped+2 || s.unscraped != 9-mostScraped {
		t.Errorf("%d are asked, %d are not", len(s.scraped), s.unscraped)
	}
}
