package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

var edgeBackends = analyze.Check{
	ID: "edge-backends", Guide: "2.5",
	Title: say("入口指向的 Service 是否存在", "the Services behind an Ingress exist"),
	Doc: say("把 Ingress 每条规则指向的 Service 与端口，和同一命名空间里实际的 Service 对照：Service 不存在，或没有那个端口，入口对这条路径只会答 503。只判断 Service 列表已完整采到的命名空间；ExternalName 的端口、注解里的动作（端口名 use-annotation）与非 Service 的后端不判断；与 Service 的 targetPort 相同的端口也算对（ingress-nginx 认它）。灰度（canary）入口只是提示，分不到流量的（权重 0，又没有按请求头或 cookie 的规则）不看。同一命名空间的网关或 API 有别的入口在正常服务时，只是提示：OpenIM 自带的 ingress.yml 指向不存在的 openim-msggateway-service。",
		"Compares the Service and port that each rule of an Ingress leads to with the Services of its namespace: where there is none, or it lacks that port, the edge can only answer 503 for that path. Only namespaces whose Services were listed whole are judged; ports of an ExternalName, actions of annotations (port name use-annotation) and backends that are no Service are not, and a port that is the targetPort of the Service is right, too (ingress-nginx takes it). Of a canary Ingress it is a warning only; one that gets no traffic (weight 0, no rule by header or cookie) is passed over. Where the gateway or the API of the same namespace is seen at work through another way in, it is a warning only: OpenIM's own ingress.yml leads to openim-msggateway-service, which does not exist."),
	Needs: []string{"cluster-resources/ingresses/<namespace>.json", "cluster-resources/services/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		judged := false
		for _, e := range f.Edges {
			if e.Kind != "Ingress" || len(e.Backends) == 0 || !f.Listed("services", e.Namespace) {
				continue
			}
			judged = true
			if canary, used := canaryOf(e); canary && !used {
				continue
			}
			for _, b := range e.Backends {
				if lack := lackOf(f, e.Namespace, b); lack != "" {
					found = append(found, leadsNowhere(f, e, b, lack))
				}
			}
		}
		if !judged {
			return unknown()
		}
		return answer(found)
	},
}

// byAnnotation is the name of a port whose backend is an action of a load balancer's annotation, and no Service.
const byAnnotation = "use-annotation"

// canaryOf tells whether an Ingress only takes a part of another one's traffic, and whether it takes any.
func canaryOf(e analyze.Edge) (canary, used bool) {
	for _, by := range []string{"nginx.ingress.kubernetes.io/canary", "alb.ingress.kubernetes.io/canary"} {
		if e.Notes[by] != "true" {
			continue
		}
		weight, _ := strconv.Atoi(e.Notes[by+"-weight"]) // without one: 0
		return true, weight > 0 || e.Notes[by+"-by-header"] != "" || e.Notes[by+"-by-cookie"] != ""
	}
	return false, false
}

// lackOf says what a backend lacks; empty for nothing. ingress-nginx also takes the port of the pods for that of their Service.
func lackOf(f *analyze.Facts, namespace string, b analyze.Backend) string {
	if b.PortName == byAnnotation {
		return ""
	}
	i := slices.IndexFunc(f.Services, func(s analyze.Service) bool { return s.Namespace == namespace && s.Name == b.Service })
	if i < 0 {
		return "there is no such service"
	}
	s := f.Services[i]
	if s.Type == "ExternalName" || slices.ContainsFunc(s.Ports, func(p analyze.ServicePort) bool {
		return b.Port != 0 && p.Port == b.Port || b.PortName != "" && p.Name == b.PortName || string(p.Target) == portOf(b)
	}) {
		return ""
	}
	var has []int
	for _, p := range s.Ports {
		has = append(has, p.Port)
	}
	return fmt.Sprintf("the service has no such port, but %v", has)
}

// leadsNowhere is evidence of a rule of an Ingress.
func leadsNowhere(f *analyze.Facts, e analyze.Edge, b analyze.Backend, lack string) analyze.Evidence {
	ev := analyze.Evidence{
		Cause: "ingress-backend-missing", Confidence: analyze.Likely, Subject: analyze.Subject{Namespace: e.Namespace, Target: "Ingress " + e.Name},
		Says:    say("入口的一条规则指向不存在的 Service 或端口", "a rule of the ingress leads to a Service or a port that does not exist"),
		Samples: []analyze.Sighting{{Entry: e.Entry, Text: clip(fmt.Sprintf("ingress %s/%s, %s%s: %s:%s: %s", e.Namespace, e.Name, b.Host, b.Path, b.Service, portOf(b), lack))}},
	}
	role := f.RoleOf(b.Service)
	own, other := worked(f, entered[role], e.Namespace)
	switch canary, _ := canaryOf(e); {
	case canary:
		ev.Confidence, ev.Severity = analyze.Possible, analyze.Warning
		ev.Says = say("灰度（canary）入口的一条规则指向不存在的 Service 或端口", "a rule of a canary ingress leads to a Service or a port that does not exist")
	case own:
		ev.Severity = analyze.Warning
		ev.Says = say("入口的一条规则指向不存在的 Service 或端口；客户端走的是别的入口", "a rule of the ingress leads to a Service or a port that does not exist; clients come in by another way")
	case role == "" || other:
		ev.Confidence = analyze.Possible
	}
	return ev
}

func portOf(b analyze.Backend) string { return cmp.Or(b.PortName, strconv.Itoa(b.Port)) }

// entered are the hops at which the work of a role shows that clients come in.
var entered = map[string]string{"msggateway": "gateway", "api": "api"}

// worked tells whether a hop was seen at work in a namespace, and whether it was in logs of which the namespace is unknown. A log
// in no folder is of the one installation that there is.
func worked(f *analyze.Facts, hop, namespace string) (own, unknown bool) {
	for _, t := range f.Texts {
		if t.Worked[hop] == 0 {
			continue
		}
		folders := strings.Split(t.Entry, "/")
		switch here := len(folders) == 1 || slices.Contains(folders, namespace); {
		case t.Pod.Namespace == namespace, t.Pod.Namespace == "" && here:
			own = true
		case t.Pod.Namespace == "":
			unknown = true
		}
	}
	return own, unknown
}
