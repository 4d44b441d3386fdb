package kube

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/cli-runtime/pkg/printers"
	metrics "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

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
