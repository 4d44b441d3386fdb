package kube

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
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
	n.dual = n.dual || len(node.Spec.PodCIDRs) > 1
	for _, a := range node.Status.Addresses {
		if net.ParseIP(a.Address) != nil {
			ips = append(ips, a.Address)
			if a.Type == corev1.NodeExternalIP {
				n.outer = append(n.outer, a.Address)
			}
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

// mostSought is how many numbers are looked for in the whole cluster, each by a list of pods.
const mostSought = 8

// hasNumber reports whether a pod, a service or a node of the cluster has it.
func (n *network) hasNumber(host string) bool {
	if host == "" {
		return false
	}
	for _, p := range n.pods {
		if slices.Contains(p.ips, host) {
			return true
		}
	}
	return slices.Contains(n.located, host) || n.isNode(host) || n.serves(host)
}

// isNode reports whether a number is that of a node.
func (n *network) isNode(ip string) bool {
	for _, ips := range n.nodes {
		if slices.Contains(ips, ip) {
			return true
		}
	}
	return false
}

// serves reports whether a number or name is that of a service which is known.
func (n *network) serves(host string) bool {
	for _, svc := range n.services {
		if servedAt(svc, host) {
			return true
		}
	}
	return false
}

// facesOut reports whether a number is one by which a node or a service is reached from outside of the cluster.
func (n *network) facesOut(ip string) bool {
	for _, svc := range n.services {
		if servedOutside(svc, ip) {
			return true
		}
	}
	return slices.Contains(n.outer, ip)
}

// servedAt reports whether a number is that of a service: inside the cluster, or from outside by way of a load balancer, which may
// have a name instead.
func servedAt(svc *corev1.Service, host string) bool {
	return svc.Spec.ClusterIP == host || slices.Contains(svc.Spec.ClusterIPs, host) || servedOutside(svc, host)
}

func servedOutside(svc *corev1.Service, host string) bool {
	return slices.Contains(svc.Spec.ExternalIPs, host) ||
		slices.ContainsFunc(svc.Status.LoadBalancer.Ingress, func(i corev1.LoadBalancerIngress) bool {
			return i.IP == host || i.Hostname != "" && strings.EqualFold(i.Hostname, strings.TrimSuffix(host, "."))
		})
}

// locate looks for the numbers in addresses that nothing known has, and gives the namespaces in which something does. From inside
// the cluster they are what OpenIM takes them for; when all namespaces are chosen, everything is known.
func (c *Cluster) locate(ctx context.Context, s *Survey, addresses []string) (namespaces []string, err error) {
	if c.inside || c.Replayed() {
		return nil, nil
	}
	var fresh []string
	ports := map[string][]int32{} // by number
	for _, address := range addresses {
		host, text, _ := net.SplitHostPort(address)
		port, _ := strconv.ParseUint(text, 10, 16)
		n := number(host)
		if n == "" || s.net.hasNumber(n) {
			continue
		}
		ports[n] = append(ports[n], int32(port))
		if !slices.Contains(s.net.numbers, n) && len(s.net.numbers) < mostSought {
			s.net.numbers, fresh = append(s.net.numbers, n), append(fresh, n)
		}
	}
	if len(fresh) == 0 {
		return nil, nil
	}
	if err := c.askAbout(ctx, s, s.numberAsks()); err != nil {
		return nil, err
	}
	err = listOnce(ctx, c, s, "nodes", "", s.net.seeWholeNode)
	if err != nil || c.all {
		return nil, err
	}
	err = listOnce(ctx, c, s, "services", "", func(svc *corev1.Service) {
		s.net.dual = s.net.dual || len(svc.Spec.ClusterIPs) > 1
		s.net.everywhere = append(s.net.everywhere, svc)
	})
	if err != nil {
		return nil, err
	}
	for _, svc := range s.net.everywhere {
		for _, n := range fresh {
			if servedAt(svc, n) {
				namespaces, s.net.located = append(namespaces, svc.Namespace), append(s.net.located, n)
			}
		}
	}
	for _, n := range fresh {
		err := listInto(ctx, c, s, "pods", "", "status.podIP="+n, func(p *corev1.Pod) {
			if !p.Spec.HostNetwork {
				namespaces, s.net.located = append(namespaces, p.Namespace), append(s.net.located, n)
				return
			}
			s.net.seeNode([]string{p.Spec.NodeName}, []string{n})
			if slices.ContainsFunc(p.Spec.Containers, func(c corev1.Container) bool {
				return slices.ContainsFunc(ports[n], func(port int32) bool { return declares(c, port) })
			}) {
				namespaces = append(namespaces, p.Namespace)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return namespaces, nil
}

// numberAsks are the rights to look for numbers in the whole cluster. They are made use of where they are granted; what their lack
// costs is told when it has cost it.
func (s *Survey) numberAsks() []Answer {
	if len(s.net.numbers) == 0 {
		return nil
	}
	return []Answer{
		{ask: ask{Verb: "list", Resource: "services"}, source: reachName, instead: true},
		{ask: ask{Verb: "list", Resource: "pods"}, source: reachName, instead: true},
	}
}
