package checks

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/imbundle/imbundle/analyze"
)

var edgeBackends = analyze.Check{
	ID: "edge-backends", Guide: "2.5",
	Title: say("入口指向的 Service 是否存在", "the Services behind an Ingress exist"),
	Doc: say("把 Ingress 每条规则指向的 Service 与端口，和同一命名空间里实际的 Service 对照：Service 不存在，或没有那个端口，入口对这条路径只会答 503。只判断 Service 列表已完整采到的命名空间；ExternalName 的端口、注解里的动作（端口名 use-annotation）与非 Service 的后端不判断。网关或 API 有别的入口在正常服务时，只是提示：OpenIM 自带的 ingress.yml 指向不存在的 openim-msggateway-service。",
		"Compares the Service and port that each rule of an Ingress leads to with the Services of its namespace: where there is none, or it lacks that port, the edge can only answer 503 for that path. Only namespaces whose Services were listed whole are judged; ports of an ExternalName, actions of annotations (port name use-annotation) and backends that are no Service are not. Where the gateway or the API is seen at work through another way in, it is a warning only: OpenIM's own ingress.yml leads to openim-msggateway-service, which does not exist."),
	Needs: []string{"cluster-resources/ingresses/<namespace>.json", "cluster-resources/services/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		var found []analyze.Evidence
		judged := false
		for _, e := range f.Edges {
			if e.Kind != "Ingress" || !f.Listed("services", e.Namespace) {
				continue
			}
			judged = true
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

// lackOf says what a backend lacks; empty for nothing.
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
		return b.Port != 0 && p.Port == b.Port || b.PortName != "" && p.Name == b.PortName
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
	port := cmp.Or(b.PortName, strconv.Itoa(b.Port))
	ev := analyze.Evidence{
		Cause: "ingress-backend-missing", Confidence: analyze.Likely, Subject: analyze.Subject{Namespace: e.Namespace, Target: "Ingress " + e.Name},
		Says:    say("入口的一条规则指向不存在的 Service 或端口", "a rule of the ingress leads to a Service or a port that does not exist"),
		Samples: []analyze.Sighting{{Entry: e.Entry, Text: clip(fmt.Sprintf("ingress %s/%s, %s%s: %s:%s: %s", e.Namespace, e.Name, b.Host, b.Path, b.Service, port, lack))}},
	}
	switch role := f.RoleOf(b.Service); {
	case role == "":
		ev.Confidence = analyze.Possible
	case role == "msggateway" && atWork(f, "gateway"), role == "api" && atWork(f, "api"):
		ev.Severity = analyze.Warning
		ev.Says = say("入口的一条规则指向不存在的 Service 或端口；客户端走的是别的入口", "a rule of the ingress leads to a Service or a port that does not exist; clients come in by another way")
	}
	return ev
}

func atWork(f *analyze.Facts, hop string) bool { return f.Flow.Hops[hop] != nil }
