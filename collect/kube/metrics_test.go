package kube

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs/settings"
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
	c := connect(t, f)
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
		s.scrape(&scraped{ns: "im", pod: fmt.Sprint("push-", i), role: "push"})
	}
	s.scrape(&scraped{ns: "im", pod: "api-0", role: "api"})
	s.scrape(&scraped{ns: "other", pod: "push-0", role: "push"})
	if len(s.scraped) != mostScraped+2 || s.unscraped != 9-mostScraped {
		t.Errorf("%d are asked, %d are not", len(s.scraped), s.unscraped)
	}
}

// TestMetricsPorts asks where the effective configuration says, with its variables, of whatever release; nobody guesses then.
func TestMetricsPorts(t *testing.T) {
	for name, tt := range map[string]struct {
		m          scraped
		file, text string
		vars       []settings.Var
		want       []int
		off        string
	}{
		"nothing is known":        {m: scraped{role: "push"}, want: []int{12170, 20107}},
		"its file":                {m: scraped{role: "push"}, file: "openim-push.yml", text: "prometheus:\n  enable: true\n  ports: [ 13170, 13171 ]\n", want: []int{13170}},
		"its variable":            {m: scraped{role: "push"}, file: "openim-push.yml", text: "prometheus:\n  ports: [ 13170 ]\n", vars: []settings.Var{{Name: "IMENV_OPENIM_PUSH_PROMETHEUS_PORTS", Value: "14170"}}, want: []int{14170}},
		"another's file":          {m: scraped{role: "push"}, file: "openim-api.yml", text: "prometheus:\n  ports: [ 13002 ]\n", want: []int{12170, 20107}},
		"chosen at the start":     {m: scraped{role: "push"}, file: "openim-push.yml", text: "prometheus:\n  enable: true\n  ports: []\n", want: []int{12170, 20107}},
		"release 3.6":             {m: scraped{role: "msgtransfer"}, file: "config.yaml", text: "prometheus:\n  enable: true\n  messageTransferPrometheusPort: [ 21400, 21401 ]\n", want: []int{21400}},
		"annotated and declared":  {m: scraped{role: "push", annotated: []int{9100}, declared: []int{12001, 13170}}, file: "openim-push.yml", text: "prometheus:\n  ports: [ 13170 ]\n", want: []int{9100, 13170, 12001}},
		"no port at all":          {m: scraped{role: "push"}, file: "openim-push.yml", text: "prometheus:\n  ports: [ 131700 ]\n"},
		"all components together": {m: scraped{role: allInOne}, file: "openim-push.yml", text: "prometheus:\n  ports: [ 13170 ]\n", want: []int{13170}},
		"turned off": {
			m: scraped{role: "push"}, file: "openim-push.yml", text: "prometheus:\n  enable: false\n  ports: [ 13170 ]\n", want: []int{12170, 20107},
			off: "it offers no metrics: prometheus.enable of openim-push.yml is false (configmap im/c)",
		},
		"turned on by a variable": {
			m: scraped{role: "push"}, file: "openim-push.yml", text: "prometheus:\n  enable: false\n  ports: [ 13170 ]\n", want: []int{13170},
			vars: []settings.Var{{Name: "IMENV_OPENIM_PUSH_PROMETHEUS_ENABLE", Value: "true"}},
		},
	} {
		set := &settings.Set{}
		if tt.file != "" {
			set.Add(tt.file, "configmap im/c", []byte(tt.text))
		}
		set.Env(tt.vars)
		m := tt.m
		m.find(set)
		if !slices.Equal(m.ports, tt.want) || m.off != tt.off {
			t.Errorf("%s: ports %v, off %q", name, m.ports, m.off)
		}
	}
}

// TestMetricsOfTheConfiguredInstallation finds the configuration of each pod's component, and leaves one alone that turns its metrics off.
func TestMetricsOfTheConfiguredInstallation(t *testing.T) {
	f := newFaulty(t)
	installation(f)
	template := `{"metadata":{"name":%q,"namespace":"openim"},"spec":{"template":{"spec":{"volumes":[{"name":"c","configMap":{"name":"openim-config"}}],
"containers":[{"name":"app","image":"openim/%s:v3.8.3","volumeMounts":[{"name":"c","mountPath":"/config"}]}]}}}}`
	f.handle("/apis/apps/v1/namespaces/openim/deployments", answer(`{"items":[`+fmt.Sprintf(template, "openim-push", "openim-push")+","+fmt.Sprintf(template, "api", "openim-api")+`]}`))
	f.handle("/api/v1/namespaces/openim/configmaps", answer(`{"items":[{"metadata":{"name":"openim-config","namespace":"openim"},
"data":{"openim-push.yml":"prometheus:\n  enable: true\n  ports: [ 13170 ]\n","openim-api.yml":"prometheus:\n  enable: false\n"}}]}`))
	api := strings.Replace(pod("api-0", "one-node"), "openim/openim-push:", "openim/openim-api:", 1)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList(pod("openim-push-0", "one-node"), api)))
	f.handle("/api/v1/namespaces/openim/pods/openim-push-0:13170/proxy/metrics", metricsOf(0))
	res, r := metricsRun(t, f, nil)
	if text := read(t, r, bundle.PodMetrics("openim", "openim-push-0", 13170)); !strings.Contains(text, "msg_offline_push_failed_total 1\n") {
		t.Errorf("%q", text)
	}
	if f.asked("openim-push-0:12170") > 0 || f.asked("api-0:") > 0 {
		t.Error("a port was guessed, or a pod asked that turns its metrics off")
	}
	if len(res.Gaps) != 1 || res.Gaps[0].Reason != bundle.NotFound || !res.Complete || !strings.Contains(res.Gaps[0].Detail, "prometheus.enable of openim-api.yml is false") {
		t.Errorf("gaps %+v", res.Gaps)
	}
}
