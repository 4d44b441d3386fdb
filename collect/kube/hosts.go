package kube

import (
	"context"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// Host is a node of the cluster, for those who ask it.
type Host struct {
	Name      string
	Addresses []string // those inside the cluster first
	Virtual   string   // why there is no machine to be asked; empty: there is one
	uid       types.UID
	images    []string // that it holds, as far as it says
}

// lookAtNodes lists the nodes that are going to be asked: those on which pods of the chosen namespaces run, or all where
// those may not be listed. Where nodes cannot be listed, they are taken as the pods show them.
func (c *Cluster) lookAtNodes(ctx context.Context, s *Survey) error {
	asked := (c.o.NodeHosts || c.o.NodePods) && !c.Replayed() // no machine is behind the nodes of a bundle
	if !asked && !s.Access.May("get", "", nodeProxy, "") {
		return nil
	}
	if s.Access.May("list", "", "nodes", "") {
		known := len(c.podsOf(s)) > 0
		err := list(ctx, c, kindFor("nodes").path(""), func(n *corev1.Node) {
			s.net.seeWholeNode(n)
			if _, carries := s.carriers[n.Name]; carries || !known {
				s.Hosts = append(s.Hosts, hostOf(n))
			}
		})
		if err == nil || ctx.Err() != nil {
			return err
		}
		s.Hosts = nil
		s.gaps = append(s.gaps, bundle.Gap{
			Source: nodesName, Reason: collect.ReasonOf(err), Detail: "listing the nodes to be asked: " + firstLine(err.Error()),
			Costs: "nodes on which no pod of the chosen namespaces runs, and further addresses of the others",
		})
	}
	for _, name := range slices.Sorted(maps.Keys(s.carriers)) {
		s.Hosts = append(s.Hosts, Host{Name: name, Addresses: []string{s.carriers[name]}})
	}
	return nil
}

func hostOf(n *corev1.Node) Host {
	h := Host{Name: n.Name, Virtual: virtual(n), uid: n.UID}
	for _, kind := range []corev1.NodeAddressType{corev1.NodeInternalIP, corev1.NodeExternalIP, corev1.NodeHostName} {
		for _, a := range n.Status.Addresses {
			if a.Type == kind && !slices.Contains(h.Addresses, a.Address) {
				h.Addresses = append(h.Addresses, a.Address)
			}
		}
	}
	for _, image := range n.Status.Images {
		h.images = append(h.images, image.Names...)
	}
	return h
}

// virtual tells by what a node shows that it is none of its own: one that stands for a cloud's container instances (ECI of
// ACK, Fargate, ACI), or that is played.
func virtual(n *corev1.Node) string {
	for _, t := range n.Spec.Taints {
		if strings.HasPrefix(t.Key, "virtual-kubelet.io/") {
			return "a virtual node (taint " + t.Key + ")"
		}
	}
	for _, label := range [][2]string{
		{"type", "virtual-kubelet"}, {"alibabacloud.com/virtual-node", "true"}, {"kubernetes.azure.com/role", "virtual-node"}, {"eks.amazonaws.com/compute-type", "fargate"},
	} {
		if n.Labels[label[0]] == label[1] {
			return "a virtual node (label " + label[0] + "=" + label[1] + ")"
		}
	}
	switch {
	case n.Annotations["kwok.x-k8s.io/node"] != "":
		return "a node that KWOK plays"
	case strings.Contains(n.Status.NodeInfo.KubeletVersion, "-vk-"):
		return "a virtual node (kubelet " + n.Status.NodeInfo.KubeletVersion + ")"
	}
	return ""
}

// machines are the hosts that can be asked.
func (s *Survey) machines() []Host {
	return slices.DeleteFunc(slices.Clone(s.Hosts), func(h Host) bool { return h.Virtual != "" })
}
