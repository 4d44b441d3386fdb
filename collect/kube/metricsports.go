package kube

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/specs"
	"github.com/imbundle/imbundle/specs/settings"
)

const (
	mostScraped = 5 // pods of one role and namespace that are asked: they count the same things
	mostPorts   = 4 // of one pod that are tried for metrics
)

// scraped is a pod of OpenIM that may offer metrics.
type scraped struct {
	ns, pod, role string
	annotated     []int  // port for Prometheus
	declared      []int  // ports of containers that look like it
	ports         []int  // where metrics may be, the likeliest first; known when the configuration is
	off           string // why there are none
	port          int    // where they are, once it is known
}

// scrapedOf takes note of a running pod with a role.
func scrapedOf(set *specs.Set, p *corev1.Pod) *scraped {
	role := signOf(set, p.Name, p.Labels, &p.Spec).role
	if role == nil || !isOpenIM(role.ID) || role.ID == "chat" || p.Status.Phase != corev1.PodRunning {
		return nil
	}
	m := &scraped{ns: p.Namespace, pod: p.Name, role: role.ID}
	if port, err := strconv.Atoi(p.Annotations["prometheus.io/port"]); err == nil {
		m.annotated = []int{port}
	}
	for _, c := range p.Spec.Containers {
		for _, port := range c.Ports {
			if isMetricsPort(port.ContainerPort) || strings.Contains(port.Name, "metric") || strings.Contains(port.Name, "prom") {
				m.declared = append(m.declared, int(port.ContainerPort))
			}
		}
	}
	return m
}

// scrape takes note of a pod with metrics.
func (s *Survey) scrape(m *scraped) {
	like := 0
	for _, o := range s.scraped {
		if o.ns == m.ns && o.role == m.role {
			like++
		}
	}
	if like >= mostScraped {
		s.unscraped++
		return
	}
	s.scraped = append(s.scraped, m)
}

// findMetrics settles where each pod is asked: by its annotation, where its configuration says, by the ports that it declares,
// and where the configuration says nothing by default.
func (s *Survey) findMetrics() {
	for _, m := range s.scraped {
		m.find(s.settingsOf(m))
	}
	s.scraped = slices.DeleteFunc(s.scraped, func(m *scraped) bool { return len(m.ports) == 0 })
}

func (m *scraped) find(set *settings.Set) {
	configured, off := configuredMetrics(set, m.role)
	guessed := defaultMetrics[m.role]
	if len(configured) > 0 {
		guessed = nil
	}
	for _, port := range slices.Concat(m.annotated, configured, m.declared, guessed) {
		if !slices.Contains(m.ports, port) && port > 0 && port < 1<<16 && len(m.ports) < mostPorts {
			m.ports = append(m.ports, port)
		}
	}
	m.off = off
}

// settingsOf is the configuration of the pod's component; empty where that is not known.
func (s *Survey) settingsOf(m *scraped) *settings.Set {
	set := &settings.Set{}
	for _, comp := range s.config.components {
		if comp.Namespace == m.ns && comp.Role == m.role && (comp.Name == m.pod || strings.HasPrefix(m.pod, comp.Name+"-")) {
			set = comp.set
		}
	}
	return set
}

// configuredMetrics are the first metrics ports of a role, as OpenIM's configuration names them: of its own file since 3.7, of
// config.yaml before. Of a list the first port belongs to the only process of a pod. off says where it turns metrics off.
func configuredMetrics(set *settings.Set, role string) (ports []int, off string) {
	parts := []string{role}
	if role == allInOne {
		parts = []string{"api", "push", "msgtransfer", "msggateway"}
	}
	for _, part := range parts {
		file, key := "openim-"+part+".yml", "prometheus.ports"
		if !set.Has(file) {
			file, key = "config.yaml", "prometheus."+earlierMetrics[part]
		}
		if on := set.Get(file, "prometheus.enable"); on != nil && strings.EqualFold(on.String(), "false") {
			off = fmt.Sprintf("it offers no metrics: prometheus.enable of %s is false (%s)", file, on.Origin.Where)
			continue
		}
		if one := set.Get(file, key); one != nil && len(one.Values) > 0 {
			if port, err := strconv.Atoi(one.Values[0]); err == nil {
				ports = append(ports, port)
			}
		}
	}
	if len(ports) > 0 {
		return ports, ""
	}
	return nil, off
}

// earlierMetrics are the keys of config.yaml, up to 3.6.
var earlierMetrics = map[string]string{
	"api": "apiPrometheusPort", "msggateway": "messageGatewayPrometheusPort", "msgtransfer": "messageTransferPrometheusPort", "push": "pushPrometheusPort",
	"rpc-auth": "authPrometheusPort", "rpc-conversation": "conversationPrometheusPort", "rpc-friend": "friendPrometheusPort", "rpc-group": "groupPrometheusPort",
	"rpc-msg": "messagePrometheusPort", "rpc-third": "thirdPrometheusPort", "rpc-user": "userPrometheusPort",
}

// isMetricsPort tells the ranges that OpenIM has used: 12xxx since 3.8.1, 20100 to 21403 before.
func isMetricsPort(port int32) bool {
	return port >= 12000 && port < 12400 && port != 12379 || port >= 20100 && port <= 21403
}

// defaultMetrics are the first metrics port of each component, since 3.8.1 and in 3.7 and 3.8.0. The gateway's manifest exposes
// another than its configuration names, and that of conversation likewise.
var defaultMetrics = map[string][]int{
	"api": {12002, 20113}, "msggateway": {12140, 12001, 20112}, "msgtransfer": {12020, 20108}, "push": {12170, 20107},
	"rpc-auth": {12200, 20106}, "rpc-conversation": {12220, 12200, 20105}, "rpc-friend": {12240, 20104}, "rpc-group": {12260, 20103},
	"rpc-msg": {12280, 20102}, "rpc-third": {12300, 20101}, "rpc-user": {12320, 20100}, "server": {12002, 12170, 12020, 12140},
}
