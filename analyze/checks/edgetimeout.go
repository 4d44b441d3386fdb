package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/imbundle/imbundle/analyze"
)

// ping is how often clients of OpenIM speak on an idle websocket, in seconds.
const ping = 30

var edgeTimeout = analyze.Check{
	ID: "edge-idle-timeout", Guide: "2.5",
	Title: say("入口的空闲超时与心跳", "idle timeout of the edge against the ping"),
	Doc: say("通向网关的 Ingress 与负载均衡 Service 上写明的空闲超时（nginx 的 proxy-read-timeout、proxy-send-timeout，阿里云 CLB、NLB 与 AWS 负载均衡的超时注解）：不大于客户端 30 秒的心跳即会切断空闲长连接。阿里云 ALB 的超时写在 AlbConfig 里：看 Ingress 所通向的那一个、且只看该 Ingress 所用端口的监听（listeners 的 requestTimeout 与 idleTimeout）；按厂商文档，长连接在 requestTimeout 内没有消息才断开，idleTimeout 说的是两次请求之间，因此后者只算可能；CLB 的两个注解同理。没有写明的按入口自己的默认（nginx 为 60 秒；ALB 的 idleTimeout 各处说法不一），不作判断；控制器的全局设置不在其中。",
		"Idle timeouts that are set on an Ingress or a load balancer's Service in front of the gateway (proxy-read-timeout and proxy-send-timeout of nginx, the timeout annotations of Alibaba Cloud's CLB and NLB and of AWS's load balancers): one that is not above the clients' ping of 30 seconds cuts idle websockets. Alibaba Cloud's ALB has them in an AlbConfig: that to which the Ingress leads is looked at, and of its listeners those of the ports that the Ingress uses (requestTimeout and idleTimeout); by the vendor's documents a websocket ends when no message came within requestTimeout, while idleTimeout is about the time between two requests, so that the latter is merely possible; so it is with the two annotations of CLB. What is not set is the edge's own default (60 seconds for nginx; of ALB's idleTimeout the sources disagree) and is not judged; nor are global settings of the controller."),
	Needs: []string{"cluster-resources/ingresses/<namespace>.json", "cluster-resources/services/<namespace>.json"}, Collect: collectAll,
	Run: func(f *analyze.Facts) analyze.Finding {
		if len(f.Edges) == 0 {
			return unknown()
		}
		var found []analyze.Evidence
		var missing []string
		for _, e := range f.Edges {
			if !toGateway(e) {
				continue
			}
			found = append(found, tooShort(e)...)
			some, lacks := albTooShort(f, e)
			found = append(found, some...)
			if lacks != "" && !slices.Contains(missing, lacks) {
				missing = append(missing, lacks)
			}
		}
		if len(found) == 0 && len(missing) > 0 {
			return analyze.Finding{Status: analyze.Unknown, Needs: missing}
		}
		return answer(found)
	},
}

// toGateway tells whether websockets come in there.
func toGateway(e analyze.Edge) bool {
	named := func(name string) bool {
		return strings.Contains(name, "msggateway") || strings.Contains(name, "messagegateway") || strings.Contains(name, "msg-gateway")
	}
	behind := func(b analyze.Backend) bool { return named(b.Service) }
	return named(e.Name) || slices.ContainsFunc(e.Backends, behind) || slices.Contains(e.Ports, 10001)
}

// clbIdle is the wait for a next request where it is CLB's, see albTooShort, and that for a next packet where it is NLB's.
const (
	clbIdle  = "alibaba-cloud-loadbalancer-idle-timeout"
	nlbClass = "alibabacloud.com/nlb"
)

// idleNotes are the ends of annotations that hold an idle timeout in seconds: of ingress-nginx; of Alibaba Cloud's CLB and NLB
// (alibaba-load-balancer-controller c2771084 pkg/controller/service/reconcile/annotation/annotations.go:38,91), whose ALB has none, but
// an AlbConfig (see albTooShort); and of AWS (cloud-provider-aws
// docs/service_controller.md; aws-load-balancer-controller: idle_timeout.timeout_seconds among the attributes).
var idleNotes = []string{
	"nginx.ingress.kubernetes.io/proxy-read-timeout", "nginx.ingress.kubernetes.io/proxy-send-timeout",
	clbIdle, "alibaba-cloud-loadbalancer-request-timeout", "alibaba-cloud-loadbalancer-established-timeout",
	"aws-load-balancer-connection-idle-timeout", "alb.ingress.kubernetes.io/load-balancer-attributes",
}

var idleAttribute = regexp.MustCompile(`(?:^|,)\s*idle_timeout\.timeout_seconds=(\d+)`)

// idleSeconds is the timeout that an annotation's value holds.
func idleSeconds(value string) (int, error) {
	if m := idleAttribute.FindStringSubmatch(value); m != nil {
		value = m[1]
	}
	return strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), "s"))
}

func tooShort(e analyze.Edge) (found []analyze.Evidence) {
	for _, note := range idleNotes {
		for name, value := range e.Notes {
			seconds, err := idleSeconds(value)
			if !strings.HasSuffix(name, note) || err != nil || seconds > ping || seconds <= 0 {
				continue
			}
			confidence := analyze.Likely
			if note == clbIdle && e.Class != nlbClass {
				confidence = analyze.Possible
			}
			found = append(found, cutAt(e, confidence, analyze.Sighting{Entry: e.Entry, Text: fmt.Sprintf("%s %s/%s: %s: %s", e.Kind, e.Namespace, e.Name, name, clip(value))}))
		}
	}
	return found
}

// cutAt is the evidence that an edge cuts idle websockets.
func cutAt(e analyze.Edge, confidence string, shows analyze.Sighting) analyze.Evidence {
	return analyze.Evidence{
		Cause: "ingress-websocket-timeout", Confidence: confidence, Subject: analyze.Subject{Namespace: e.Namespace, Target: e.Kind + " " + e.Name},
		Says:    say("空闲超时不大于客户端 30 秒的心跳：空闲长连接会被切断", "the idle timeout is not above the clients' ping of 30 s: idle websockets are cut"),
		Samples: []analyze.Sighting{shows},
	}
}
