package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// What metrics-server measures.
var (
	podMetrics  = kind{group: metricsGroup, version: "v1beta1", resource: "pods", namespaced: true}
	nodeMetrics = kind{group: metricsGroup, version: "v1beta1", resource: "nodes"}
)

// top samples the CPU and memory of pods, containers and nodes.
type top struct {
	c *Cluster
	s *Survey
}

func (*top) Name() string { return topName }

// namespaces are those whose pods may be measured.
func (t *top) namespaces() []string {
	return slices.DeleteFunc(slices.Clone(t.s.Namespaces), func(ns string) bool {
		return !t.s.Access.May("list", metricsGroup, "pods", ns)
	})
}

func (t *top) nodes() bool { return t.s.Access.May("list", metricsGroup, "nodes", "") }

// nth is the name of a sample: the first has the plain name.
func nth(name string, n int) string {
	if n == 0 {
		return name
	}
	return bundle.Sample(name, n)
}

func podNames(n int) []string {
	return []string{nth(bundle.TopPods, n), nth(bundle.TopContainers, n), nth(bundle.TopPodsJSON, n)}
}

func nodeNames(n int) []string {
	return []string{nth(bundle.TopNodes, n), nth(bundle.TopNodesJSON, n)}
}

func (t *top) names(n int) []string {
	var names []string
	if len(t.namespaces()) > 0 {
		names = append(names, podNames(n)...)
	}
	if t.nodes() {
		names = append(names, nodeNames(n)...)
	}
	return names
}

// lost are the names of a sample that its errors have cost.
func lost(n int, pods, nodes error) (names []string) {
	if pods != nil {
		names = podNames(n)
	}
	if nodes != nil {
		names = append(names, nodeNames(n)...)
	}
	return names
}

func (t *top) Promise() collect.Promise {
	p := collect.Promise{Priority: topPriority, Bytes: 1 << 20}
	for n := range t.c.o.Samples {
		p.Entries = append(p.Entries, t.names(n)...)
	}
	return p
}

// calls are those of every sample.
func (t *top) calls() []call {
	var all []call
	add := func(path string) {
		all = append(all, call{method: http.MethodGet, path: path, times: t.c.o.Samples})
	}
	for _, ns := range t.namespaces() {
		add(podMetrics.path(ns))
	}
	if t.nodes() {
		add(nodeMetrics.path(""))
		if t.capacity() {
			add(kindFor("nodes").path(""))
		}
	}
	return all
}

// capacity tells whether it can be read what the nodes can hold.
func (t *top) capacity() bool { return t.s.Access.May("list", "", "nodes", "") }

func (t *top) Collect(ctx context.Context, b *collect.Batch) error {
	if len(t.names(0)) == 0 {
		return nil
	}
	begun := false
	for n := range t.c.o.Samples {
		if b.Has(t.names(n)...) {
			continue
		}
		if begun {
			if err := sleep(ctx, t.c.o.SampleEvery); err != nil {
				return err
			}
		}
		begun = true
		pods, nodes := t.samplePods(ctx, b, n), t.sampleNodes(ctx, b, n)
		err := errors.Join(pods, nodes)
		if err == nil {
			continue
		}
		g := bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "CPU and memory in use (kubectl top)"}
		if code(err) == http.StatusNotFound {
			g.Detail = "the cluster has no metrics.k8s.io: metrics-server is not installed"
		}
		absent := code(err) == http.StatusNotFound
		for m := n; m < t.c.o.Samples && (absent || m == n); m++ {
			names := t.names(m)
			if m == n {
				names = lost(n, pods, nodes)
			}
			for _, name := range names {
				if g.Entry = name; !b.Has(name) {
					b.Gap(g)
				}
			}
		}
		if absent {
			return nil
		}
	}
	return nil
}

func (t *top) samplePods(ctx context.Context, b *collect.Batch, n int) error {
	namespaces := t.namespaces()
	if len(namespaces) == 0 || b.Has(nth(bundle.TopPodsJSON, n)) {
		return nil
	}
	all := metrics.PodMetricsList{TypeMeta: metav1.TypeMeta{Kind: "PodMetricsList", APIVersion: metricsGroup + "/v1beta1"}}
	for _, ns := range namespaces {
		var some metrics.PodMetricsList
		if err := t.c.getJSON(ctx, podMetrics.path(ns), nil, &some); err != nil {
			return fmt.Errorf("measuring the pods of namespace %q: %w", ns, err)
		}
		all.Items = append(all.Items, some.Items...)
	}
	for i := range all.Items {
		all.Items[i].ManagedFields = nil
	}
	if err := putJSON(b, nth(bundle.TopPodsJSON, n), all); err != nil {
		return err
	}
	text, err := printPods(all.Items, len(namespaces) > 1)
	if err != nil {
		return err
	}
	if err := b.Put(nth(bundle.TopPods, n), bundle.Meta{}, text); err != nil {
		return err
	}
	text, err = printContainers(all.Items, len(namespaces) > 1)
	if err != nil {
		return err
	}
	return b.Put(nth(bundle.TopContainers, n), bundle.Meta{}, text)
}

func (t *top) sampleNodes(ctx context.Context, b *collect.Batch, n int) error {
	if !t.nodes() || b.Has(nth(bundle.TopNodesJSON, n)) {
		return nil
	}
	var all metrics.NodeMetricsList
	if err := t.c.getJSON(ctx, nodeMetrics.path(""), nil, &all); err != nil {
		return fmt.Errorf("measuring the nodes: %w", err)
	}
	allocatable := map[string]corev1.ResourceList{}
	if t.capacity() {
		err := list(ctx, t.c, kindFor("nodes").path(""), func(n *corev1.Node) { allocatable[n.Name] = n.Status.Allocatable })
		if err != nil {
			return fmt.Errorf("reading what the nodes can hold: %w", err)
		}
	}
	if err := putJSON(b, nth(bundle.TopNodesJSON, n), all); err != nil {
		return err
	}
	text, err := printNodes(all.Items, allocatable)
	if err != nil {
		return err
	}
	return b.Put(nth(bundle.TopNodes, n), bundle.Meta{}, text)
}
