package kube

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// seeNode takes note of what a node is called and of its addresses in numbers.
func (n *network) seeNode(names, ips []string) {
	if n.nodes == nil {
		n.nodes = map[string][]string{}
	}
	for _, name := range names {
		for _, ip := range ips {
			if ip != "" && !slices.Contains(n.nodes[name], ip) {
				n.nodes[name] = append(n.nodes[name], ip)
			}
		}
	}
}

// seeWholeNode takes note of every name and address that a node says of itself.
func (n *network) seeWholeNode(node *corev1.Node) {
	names, ips := []string{node.Name}, []string{}
	for _, a := range node.Status.Addresses {
		if net.ParseIP(a.Address) != nil {
			ips = append(ips, a.Address)
		} else {
			names = append(names, a.Address)
		}
	}
	n.seeNode(names, ips)
}

// number is the host of an address if that is one in numbers that means another machine, as the API writes it; empty: it is none.
func number(host string) string {
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.IsLoopback() || ip.IsUnspecified() {
		return ""
	}
	return ip.Unmap().String()
}

// hasNumber reports whether a pod, a service or a node that is known has it.
func (n *network) hasNumber(host string) bool {
	if host == "" {
		return false
	}
	spots, _ := n.byIP(host, 0)
	if len(spots) > 0 {
		return true
	}
	for _, svc := range n.services {
		if servedAt(svc, host) {
			return true
		}
	}
	for _, ips := range n.nodes {
		if slices.Contains(ips, host) {
			return true
		}
	}
	return false
}

// servedAt reports whether a number is that of a service: inside the cluster, or from outside by way of a load balancer.
func servedAt(svc *corev1.Service, host string) bool {
	return svc.Spec.ClusterIP == host || slices.Contains(svc.Spec.ClusterIPs, host) || slices.Contains(svc.Spec.ExternalIPs, host) ||
		slices.ContainsFunc(svc.Status.LoadBalancer.Ingress, func(i corev1.LoadBalancerIngress) bool { return i.IP == host })
}

// locate looks for the numbers in addresses that nothing in the chosen namespaces has, and gives the namespaces in which something
// does. From inside the cluster they are what OpenIM takes them for.
func (c *Cluster) locate(ctx context.Context, s *Survey, addresses []string) ([]string, error) {
	if c.inside || c.Replayed() {
		return nil, nil
	}
	for _, address := range addresses {
		host, _, _ := net.SplitHostPort(address)
		if n := number(host); n != "" && !s.net.hasNumber(n) && !slices.Contains(s.net.numbers, n) {
			s.net.numbers = append(s.net.numbers, n)
		}
	}
	if err := c.askAbout(ctx, s, s.numberAsks()); err != nil {
		return nil, err
	}
	if len(s.net.numbers) == 0 {
		return nil, nil
	}
	var namespaces []string
	if s.Access.May("list", "", "services", "") {
		err := list(ctx, c, kindFor("services").path(""), func(svc *corev1.Service) {
			if slices.ContainsFunc(s.net.numbers, func(n string) bool { return servedAt(svc, n) }) {
				namespaces = append(namespaces, svc.Namespace)
			}
		})
		if err := s.net.orForbidden(ctx, "services", "", err); err != nil {
			return nil, err
		}
	}
	if !s.Access.May("list", "", "pods", "") {
		return namespaces, nil
	}
	for _, n := range s.net.numbers {
		query := url.Values{"fieldSelector": {"status.podIP=" + n}}
		_, err := c.pages(ctx, kindFor("pods").path(""), "application/json", query, handler{item: func(raw json.RawMessage) error {
			var p corev1.Pod
			if err := json.Unmarshal(raw, &p); err != nil {
				return err
			}
			namespaces = append(namespaces, p.Namespace)
			return nil
		}})
		if err := s.net.orForbidden(ctx, "pods", "", err); err != nil {
			return nil, err
		}
	}
	return namespaces, nil
}

// numberAsks are the rights to look for numbers in the whole cluster.
func (s *Survey) numberAsks() []Answer {
	if len(s.net.numbers) == 0 {
		return nil
	}
	costs := "whether " + strings.Join(s.net.numbers, ", ") + ", which OpenIM's configuration or a flag names, is of the cluster: its pod cannot be reached by port-forward, and no login is given to what it advertises"
	return []Answer{
		{ask: ask{Verb: "list", Resource: "services"}, Costs: costs, source: reachName},
		{ask: ask{Verb: "list", Resource: "pods"}, Costs: costs, source: reachName},
	}
}

// soughtEverywhere reports whether a number was looked for in the whole cluster.
func (s *Survey) soughtEverywhere(number string) bool {
	for _, resource := range []string{"services", "pods"} {
		if s.net.refused[object(resource, "")] || !s.Access.May("list", "", resource, "") {
			return false
		}
	}
	return slices.Contains(s.net.numbers, number)
}
