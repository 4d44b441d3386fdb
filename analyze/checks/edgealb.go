package checks

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle/record"
)

const listenPorts = "alb.ingress.kubernetes.io/listen-ports"

// albTooShort judges the listeners of the AlbConfig to which an Ingress leads; lacks names what would be needed to do so.
//
// Which of the two timeouts ends a websocket: Alibaba Cloud documents that one without a message for 60 seconds is ended
// (AlibabaCloudDocs/slb 0da9fa74, WS/WSS协议FAQ), which is the default of requestTimeout, while that of idleTimeout, the wait for a next
// request, is 15 there (CreateLoadBalancerHTTPListener.md:158). So requestTimeout is likely, idleTimeout possible. An idleTimeout that is
// not set is 15 in the controller (alibaba-load-balancer-controller c2771084 pkg/util/constant.go:335) and 60 in its manual
// (docs/usage.md:1251): nothing is said of it.
func albTooShort(f *analyze.Facts, e analyze.Edge) (found []analyze.Evidence, lacks string) {
	name, lacks := albConfigOf(f, e)
	if name == "" {
		return nil, lacks
	}
	i := slices.IndexFunc(f.AlbConfigs, func(a analyze.AlbConfig) bool { return a.Name == name })
	if i < 0 {
		return nil, analyze.AlbConfigsEntry
	}
	a, ports := f.AlbConfigs[i], portsOf(e)
	for _, l := range a.Listeners {
		if !slices.Contains(ports, l.Port) {
			continue
		}
		for _, t := range []struct {
			field, confidence string
			seconds           int
		}{{"requestTimeout", analyze.Likely, l.Request}, {"idleTimeout", analyze.Possible, l.Idle}} {
			if t.seconds <= 0 || t.seconds > ping {
				continue
			}
			text := fmt.Sprintf("AlbConfig %s (Ingress %s/%s): %s %d: %s: %d", a.Name, e.Namespace, e.Name, l.Protocol, l.Port, t.field, t.seconds)
			found = append(found, cutAt(e, t.confidence, analyze.Sighting{Entry: a.Entry, Text: text}))
		}
	}
	return found, ""
}

// albConfigOf is the AlbConfig to which an Ingress leads, empty for none; lacks names what is missing to know it. The class itself is
// collected only where the cluster has AlbConfigs.
func albConfigOf(f *analyze.Facts, e analyze.Edge) (name, lacks string) {
	if name := e.Notes[record.AlbConfigNote]; name != "" {
		return name, ""
	}
	if i := slices.IndexFunc(f.Classes, func(c analyze.IngressClass) bool { return c.Name == e.Class }); i >= 0 {
		return f.Classes[i].AlbConfig, ""
	}
	if e.Class != "" && slices.ContainsFunc(f.Gaps, func(g analyze.Missing) bool { return g.What == analyze.ClassesEntry }) {
		return "", analyze.ClassesEntry
	}
	return "", ""
}

// portsOf are those of the listeners that an Ingress uses: as it says, else 443 where it has certificates and 80 where it has none
// (alibaba-load-balancer-controller c2771084 pkg/controller/ingress/reconcile/builder/albconfig_manager/model_builder.go:299-335). What
// cannot be read uses none.
func portsOf(e analyze.Edge) (ports []int) {
	text, said := e.Notes[listenPorts]
	switch {
	case !said && e.TLS:
		return []int{443}
	case !said:
		return []int{80}
	}
	var listeners []map[string]int
	if json.Unmarshal([]byte(text), &listeners) != nil {
		return nil
	}
	for _, l := range listeners {
		for _, port := range l {
			ports = append(ports, port)
		}
	}
	return ports
}
