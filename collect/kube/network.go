package kube

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// network is what the survey knows of services and pods: enough to find the pod behind an address that OpenIM's configuration
// names, or that a backend advertises.
type network struct {
	own        []string                   // namespaces in which names without one are looked for
	allOwn     bool                       // these are all that there are
	services   map[string]*corev1.Service // by namespace/name
	pods       []*podSpot
	nodes      map[string][]string // addresses in numbers of nodes, by each of their names
	outer      []string            // those by which nodes are reached from outside of the cluster
	numbers    []string            // in addresses, that nothing known had: they are looked for in the whole cluster
	located    []string            // those that something has there, whether or not it can be looked at
	dual       bool                // the cluster has addresses of both families, by the second of which pods are not found
	everywhere []*corev1.Service   // of the whole cluster, among which the numbers are looked for
	beyond     []string            // other namespaces that addresses name
	namespaces map[string]error    // by name: what came of asking for those that addresses may name and nothing has shown
	expected   []*podSpot
	listed     map[string]error // by resource and namespace: what came of lists, whatever the review of rights said
}

// podSpot is a running pod with an address.
type podSpot struct {
	ns, name            string
	hostname, subdomain string
	ips                 []string
	labels              map[string]string
	ready               bool
	host                bool               // it has no address of its own but the node's
	containers          []corev1.Container // name and ports only
}

// spot is a port of a container.
type spot struct {
	pod       *podSpot
	container string
	port      int32
}

// String names it for people.
func (s spot) String() string { return fmt.Sprintf("%s:%d", object(s.pod.ns, s.pod.name), s.port) }

func (n *network) seePod(p *corev1.Pod) {
	if p.Spec.NodeName != "" {
		n.seeNode([]string{p.Spec.NodeName}, []string{p.Status.HostIP})
	}
	if p.Status.Phase != corev1.PodRunning || p.DeletionTimestamp != nil {
		return
	}
	one := &podSpot{ns: p.Namespace, name: p.Name, hostname: p.Spec.Hostname, subdomain: p.Spec.Subdomain, labels: p.Labels, ready: podReady(p), host: p.Spec.HostNetwork}
	for _, ip := range p.Status.PodIPs {
		one.ips = append(one.ips, ip.IP)
	}
	if p.Status.PodIP != "" && !slices.Contains(one.ips, p.Status.PodIP) {
		one.ips = append(one.ips, p.Status.PodIP)
	}
	n.dual = n.dual || len(p.Status.PodIPs) > 1
	for _, c := range p.Spec.Containers {
		one.containers = append(one.containers, corev1.Container{Name: c.Name, Ports: c.Ports})
	}
	n.pods = append(n.pods, one)
}

// inCluster reports whether an address may be one of the cluster: an address in numbers, a name of one or two words, or one
// of a service or pod.
func inCluster(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return len(meanings(host)) > 0
}

// dnsName is what a name in the cluster's DNS may mean. An empty namespace is the own one.
type dnsName struct{ pod, service, ns string }

// meanings are the meanings of a host's name, the likeliest first; none: it is no name of the cluster.
func meanings(host string) []dnsName {
	words := strings.Split(strings.TrimSuffix(host, "."), ".")
	if i := slices.Index(words, "svc"); i >= 2 {
		name := dnsName{service: words[i-2], ns: words[i-1]}
		if i >= 3 {
			name.pod = words[i-3]
		}
		return []dnsName{name}
	}
	switch len(words) {
	case 1:
		return []dnsName{{service: host}, {pod: host}}
	case 2:
		return []dnsName{{service: words[0], ns: words[1]}, {pod: words[0], service: words[1]}}
	case 3:
		return []dnsName{{pod: words[0], service: words[1], ns: words[2]}}
	}
	return nil
}

// foreign are the namespaces beyond the own ones that addresses name, as far as that is sure.
func (n *network) foreign(addresses []string, elsewhere []Component) []string {
	var all []string
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			continue
		}
		for _, name := range meanings(host) {
			if name.ns != "" && !slices.Contains(n.own, name.ns) && n.knows(host, name.ns, elsewhere) && !slices.Contains(all, name.ns) {
				all = append(all, name.ns)
			}
		}
	}
	slices.Sort(all)
	return all
}

// knows reports whether the namespace that a host's name has is surely one of the cluster.
func (n *network) knows(host, ns string, elsewhere []Component) bool {
	err, asked := n.namespaces[ns]
	return asked && err == nil || strings.Contains(host, ".svc") || slices.Contains(n.own, ns) || slices.ContainsFunc(elsewhere, func(c Component) bool { return c.Namespace == ns })
}

// expect notes the pods that are behind addresses.
func (n *network) expect(addresses []string) {
	for _, address := range addresses {
		spots, _ := n.find(address)
		for _, one := range spots {
			if !slices.Contains(n.expected, one.pod) {
				n.expected = append(n.expected, one.pod)
			}
		}
	}
}

// find gives the ports of containers behind an address, ready ones first, and the numbers that the address may resolve to.
func (n *network) find(address string) (spots []spot, ips []string) {
	host, text, err := net.SplitHostPort(address)
	port, portErr := strconv.ParseUint(text, 10, 16)
	if err != nil || portErr != nil {
		return nil, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		spots, ips = n.byIP(ip.Unmap().String(), int32(port))
	}
	for _, name := range meanings(host) {
		if len(spots) > 0 {
			break
		}
		more, at := n.byName(name, int32(port))
		if spots = more; len(more)+len(at) > 0 {
			ips = at
		}
	}
	if len(spots)+len(ips) == 0 {
		for _, ip := range n.nodes[strings.TrimSuffix(host, ".")] {
			more, at := n.byIP(ip, int32(port))
			spots, ips = append(spots, more...), append(ips, at...)
		}
	}
	slices.SortStableFunc(spots, func(a, b spot) int { return a.rank() - b.rank() })
	return spots, ips
}

// rank is lower for pods that are ready, and higher for those of which only the node's network says that they have the port.
func (s spot) rank() int {
	rank := before(s.pod.ready)
	if s.pod.host && !s.pod.declares(s.port) {
		rank += 2
	}
	return rank
}

// byIP takes a pod on its node's own network only for a port that it declares: the others are of its neighbours. One that declares none
// may have any.
func (n *network) byIP(ip string, port int32) (spots []spot, ips []string) {
	for _, p := range n.pods {
		if slices.Contains(p.ips, ip) && (!p.host || p.declares(port) || !p.declaresAny()) {
			spots = append(spots, p.at(port))
		}
	}
	for _, svc := range n.services {
		if svc.Spec.ClusterIP == ip || slices.Contains(svc.Spec.ClusterIPs, ip) {
			more, _ := n.behind(svc, port)
			spots = append(spots, more...)
		}
		for _, p := range svc.Spec.Ports {
			if p.NodePort == port && n.isNode(ip) {
				more, _ := n.behind(svc, p.Port)
				spots = append(spots, more...)
			}
		}
	}
	return spots, []string{ip}
}

func (n *network) byName(name dnsName, port int32) (spots []spot, ips []string) {
	namespaces := n.own
	if name.ns != "" {
		namespaces = []string{name.ns}
	}
	for _, ns := range namespaces {
		if name.pod == "" {
			if svc := n.services[object(ns, name.service)]; svc != nil {
				more, at := n.behind(svc, port)
				spots, ips = append(spots, more...), append(ips, at...)
			}
			continue
		}
		for _, p := range n.pods {
			if p.ns == ns && (p.name == name.pod || p.hostname == name.pod) && (name.service == "" || p.subdomain == "" || p.subdomain == name.service) {
				spots, ips = append(spots, p.at(port)), append(ips, p.ips...)
			}
		}
	}
	return spots, ips
}

// behind are the pods that a service selects, at the ports that it leads to.
func (n *network) behind(svc *corev1.Service, port int32) (spots []spot, ips []string) {
	ips = append(slices.Clone(svc.Spec.ClusterIPs), svc.Spec.ClusterIP)
	if len(svc.Spec.Selector) == 0 {
		return nil, ips
	}
	to := intstr.FromInt32(port) // a headless service leads to every port of its pods
	i := slices.IndexFunc(svc.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == port })
	if i >= 0 && (svc.Spec.Ports[i].TargetPort.StrVal != "" || svc.Spec.Ports[i].TargetPort.IntVal != 0) && svc.Spec.ClusterIP != corev1.ClusterIPNone {
		to = svc.Spec.Ports[i].TargetPort
	}
	for _, p := range n.pods {
		if p.ns == svc.Namespace && selects(svc.Spec.Selector, p.labels) {
			spots, ips = append(spots, p.at(p.number(to))), append(ips, p.ips...)
		}
	}
	return spots, ips
}

func selects(selector, labels map[string]string) bool {
	for key, value := range selector {
		if labels[key] != value {
			return false
		}
	}
	return true
}

// number is a port of the pod that is given by number or by the name that a container has for it.
func (p *podSpot) number(port intstr.IntOrString) int32 {
	if port.Type == intstr.Int {
		return port.IntVal
	}
	for _, c := range p.containers {
		for _, own := range c.Ports {
			if own.Name == port.StrVal {
				return own.ContainerPort
			}
		}
	}
	return 0
}

// declares reports whether a container says that it has a port.
func (p *podSpot) declares(port int32) bool {
	return slices.ContainsFunc(p.containers, func(c corev1.Container) bool { return declares(c, port) })
}

func (p *podSpot) declaresAny() bool {
	return slices.ContainsFunc(p.containers, func(c corev1.Container) bool { return len(c.Ports) > 0 })
}

func declares(c corev1.Container, port int32) bool {
	return slices.ContainsFunc(c.Ports, func(own corev1.ContainerPort) bool { return own.ContainerPort == port })
}

// at is a port of the pod with the container that has it; the first one where none says so.
func (p *podSpot) at(port int32) spot {
	s := spot{pod: p, port: port}
	for _, c := range p.containers {
		if declares(c, port) {
			s.container = c.Name
		}
	}
	if s.container == "" && len(p.containers) > 0 {
		s.container = p.containers[0].Name
	}
	return s
}
