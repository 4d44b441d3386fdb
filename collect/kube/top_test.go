package kube

import (
	"net/http"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

func usage(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// TestTopText holds the texts to what kubectl 1.37 printed for the same values, trailing blanks included.
func TestTopText(t *testing.T) {
	pod := func(ns, name string, of ...corev1.ResourceList) metrics.PodMetrics {
		p := metrics.PodMetrics{}
		p.Namespace, p.Name = ns, name
		for _, u := range of {
			p.Containers = append(p.Containers, metrics.ContainerMetrics{Usage: u})
		}
		return p
	}
	pods := []metrics.PodMetrics{pod("im", "push-2", usage("1500000n", "10Mi"), usage("2m", "1536Ki")), pod("im", "api-1", usage("0", "900Ki"))}
	got, err := printPods(pods, false)
	want := "NAME     CPU(cores)   MEMORY(bytes)   \napi-1    0m           0Mi             \npush-2   4m           11Mi            \n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
	got, err = printPods(append(pods, pod("a", "z", usage("1", "2Gi"))), true)
	want = "NAMESPACE   NAME     CPU(cores)   MEMORY(bytes)   \na           z        1000m        2048Mi          \n" +
		"im          api-1    0m           0Mi             \nim          push-2   4m           11Mi            \n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
	named := pod("im", "api-1", usage("3m", "10Mi"))
	named.Containers[0].Name = "openim-api"
	got, err = printContainers([]metrics.PodMetrics{named}, false)
	want = "POD     NAME         CPU(cores)   MEMORY(bytes)   \napi-1   openim-api   3m           10Mi            \n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
	node := metrics.NodeMetrics{Usage: usage("500m", "1Gi")}
	node.Name = "n1"
	got, err = printNodes([]metrics.NodeMetrics{node}, map[string]corev1.ResourceList{"n1": usage("4", "3Gi"), "n2": usage("4", "3Gi")})
	want = "NAME   CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)   \nn1     500m         12%         1024Mi          33%         \n" +
		"n2     <unknown>    <unknown>   <unknown>       <unknown>   \n"
	if err != nil || string(got) != want {
		t.Errorf("%v\n%q, want\n%q", err, got, want)
	}
	if got, err := printPods(nil, false); err != nil || len(got) != 0 {
		t.Errorf("nothing measured prints nothing: %q, %v", got, err)
	}
}

func TestTopWithoutMetricsServer(t *testing.T) {
	f := newFaulty(t)
	c := connect(t, f)
	c.o.Samples = 3
	res, _ := run(t, collect.Options{}, &top{c, survey(c)})
	if !res.Complete || len(res.Gaps) != 15 || f.asked("/apis/"+metricsGroup) != 2 {
		t.Errorf("complete %v with %d gaps after %d requests", res.Complete, len(res.Gaps), f.asked("/apis/"+metricsGroup))
	}
	for _, g := range res.Gaps {
		if g.Reason != bundle.NotFound || g.Costs == "" {
			t.Errorf("%+v", g)
		}
	}
}

func TestTopOutOfOrder(t *testing.T) {
	f := newFaulty(t)
	f.handle("/apis/"+metricsGroup, refuse(http.StatusServiceUnavailable, "the server is currently unable to handle the request"))
	c := connect(t, f)
	res, _ := run(t, collect.Options{}, &top{c, survey(c)})
	if res.Complete || len(res.Gaps) != 5 {
		t.Errorf("complete %v, gaps %+v", res.Complete, res.Gaps)
	}
}
