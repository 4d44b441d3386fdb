package kube

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const metricsPath = "/apis/" + metricsGroup + "/v1beta1"

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

func (t *top) names(n int) []string {
	var names []string
	if len(t.namespaces()) > 0 {
		names = append(names, nth(bundle.TopPods, n), nth(bundle.TopContainers, n), nth(bundle.TopPodsJSON, n))
	}
	if t.nodes() {
		names = append(names, nth(bundle.TopNodes, n), nth(bundle.TopNodesJSON, n))
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
		err := errors.Join(t.samplePods(ctx, b, n), t.sampleNodes(ctx, b, n))
		if err == nil {
			continue
		}
		g := bundle.Gap{Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "CPU and memory in use (kubectl top)"}
		if code(err) == http.StatusNotFound {
			g.Detail = "the cluster has no metrics.k8s.io: metrics-server is not installed"
		}
		absent := code(err) == http.StatusNotFound
		for m := n; m < t.c.o.Samples && (absent || m == n); m++ {
			for _, name := range t.names(m) {
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
		if err := t.c.getJSON(ctx, metricsPath+inNamespace(ns)+"/pods", nil, &some); err != nil {
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
	if err := t.c.getJSON(ctx, metricsPath+"/nodes", nil, &all); err != nil {
		return fmt.Errorf("measuring the nodes: %w", err)
	}
	allocatable := map[string]corev1.ResourceList{}
	if t.s.Access.May("list", "", "nodes", "") {
		err := list(ctx, t.c, "/api/v1/nodes", func(n *corev1.Node) { allocatable[n.Name] = n.Status.Allocatable })
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

// printPods prints as kubectl top pods does; with namespaces as kubectl top pods -A.
func printPods(pods []metrics.PodMetrics, namespaces bool) ([]byte, error) {
	pods = podsByName(pods)
	return columns(func(cell func(string)) {
		if len(pods) == 0 {
			return
		}
		if namespaces {
			cell("NAMESPACE")
		}
		cell("NAME")
		cell("CPU(cores)")
		cell("MEMORY(bytes)")
		cell("\n")
		for _, p := range pods {
			var cpu, memory resource.Quantity
			for _, c := range p.Containers {
				cpu.Add(*c.Usage.Cpu())
				memory.Add(*c.Usage.Memory())
			}
			if namespaces {
				cell(p.Namespace)
			}
			cell(p.Name)
			cell(millis(&cpu))
			cell(mebibytes(&memory))
			cell("\n")
		}
	})
}

// printContainers prints as kubectl top pods --containers does.
func printContainers(pods []metrics.PodMetrics, namespaces bool) ([]byte, error) {
	pods = podsByName(pods)
	return columns(func(cell func(string)) {
		if len(pods) == 0 {
			return
		}
		if namespaces {
			cell("NAMESPACE")
		}
		for _, head := range []string{"POD", "NAME", "CPU(cores)", "MEMORY(bytes)", "\n"} {
			cell(head)
		}
		for _, p := range pods {
			for _, c := range p.Containers {
				if namespaces {
					cell(p.Namespace)
				}
				for _, v := range []string{p.Name, c.Name, millis(c.Usage.Cpu()), mebibytes(c.Usage.Memory()), "\n"} {
					cell(v)
				}
			}
		}
	})
}

// podsByName sorts a copy by namespace and name.
func podsByName(pods []metrics.PodMetrics) []metrics.PodMetrics {
	pods = slices.Clone(pods)
	slices.SortFunc(pods, func(a, b metrics.PodMetrics) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return pods
}

// printNodes prints as kubectl top nodes does. Nodes that are not measured come last, as <unknown>.
func printNodes(nodes []metrics.NodeMetrics, allocatable map[string]corev1.ResourceList) ([]byte, error) {
	nodes = slices.Clone(nodes)
	slices.SortFunc(nodes, func(a, b metrics.NodeMetrics) int { return cmp.Compare(a.Name, b.Name) })
	var unknown []string
	for name := range allocatable {
		if !slices.ContainsFunc(nodes, func(n metrics.NodeMetrics) bool { return n.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return columns(func(cell func(string)) {
		if len(nodes) == 0 {
			return
		}
		for _, head := range []string{"NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)", "\n"} {
			cell(head)
		}
		for _, n := range nodes {
			cell(n.Name)
			cell(millis(n.Usage.Cpu()))
			percent(cell, n.Usage.Cpu(), allocatable[n.Name], corev1.ResourceCPU)
			cell(mebibytes(n.Usage.Memory()))
			percent(cell, n.Usage.Memory(), allocatable[n.Name], corev1.ResourceMemory)
			cell("\n")
		}
		for _, name := range unknown {
			for _, v := range []string{name, "<unknown>", "<unknown>", "<unknown>", "<unknown>", "\n"} {
				cell(v)
			}
		}
	})
}

// columns lays out cells as kubectl does; a cell "\n" ends the line.
func columns(fill func(cell func(string))) ([]byte, error) {
	var b bytes.Buffer
	w := printers.GetNewTabWriter(&b)
	var failed error
	fill(func(s string) {
		if s != "\n" {
			s += "\t"
		}
		if _, err := w.Write([]byte(s)); err != nil && failed == nil {
			failed = err
		}
	})
	err := errors.Join(failed, w.Flush())
	return b.Bytes(), err
}

func millis(q *resource.Quantity) string { return fmt.Sprintf("%dm", q.MilliValue()) }

func mebibytes(q *resource.Quantity) string { return fmt.Sprintf("%dMi", q.Value()/(1<<20)) }

// percent prints nothing for a node of which it is not known what it can hold, as kubectl does.
func percent(cell func(string), used *resource.Quantity, of corev1.ResourceList, name corev1.ResourceName) {
	whole, known := of[name]
	if !known {
		return
	}
	share := 0.0
	if !whole.IsZero() {
		share = float64(used.MilliValue()) / float64(whole.MilliValue()) * 100
	}
	cell(fmt.Sprintf("%d%%", int64(share)))
}
