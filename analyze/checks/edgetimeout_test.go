package checks

import (
	"fmt"
	"testing"

	"github.com/imbundle/imbundle/analyze"
)

func TestEdgeTimeout(t *testing.T) {
	ingress := func(backend, note, value string) string {
		return fmt.Sprintf(`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"im","namespace":"im","annotations":{%q:%q}},
"spec":{"ingressClassName":"nginx","rules":[{"http":{"paths":[{"path":"/msg_gateway","backend":{"service":{"name":%q}}}]}}]}}`, note, value, backend)
	}
	balancer := func(note, class string) string {
		return fmt.Sprintf(`{"kind":"Service","apiVersion":"v1","metadata":{"name":"ws","namespace":"im","annotations":{"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-%s":"15"}},
"spec":{"type":"LoadBalancer","loadBalancerClass":%q,"ports":[{"port":10001}]}}`, note, class)
	}
	for name, c := range map[string]struct{ object, want string }{
		"twenty seconds":     {ingress("messagegateway-rpc-service", "nginx.ingress.kubernetes.io/proxy-read-timeout", "20"), analyze.Fail},
		"as long as a ping":  {ingress("openim-msggateway", "nginx.ingress.kubernetes.io/proxy-send-timeout", "30s"), analyze.Fail},
		"an hour":            {ingress("messagegateway-rpc-service", "nginx.ingress.kubernetes.io/proxy-read-timeout", "3600"), analyze.Pass},
		"not the gateway":    {ingress("openim-api-service", "nginx.ingress.kubernetes.io/proxy-read-timeout", "20"), analyze.Pass},
		"no number":          {ingress("openim-msggateway", "nginx.ingress.kubernetes.io/proxy-read-timeout", "long"), analyze.Pass},
		"CLB, next request":  {balancer("idle-timeout", ""), analyze.Warn},
		"CLB, messages":      {balancer("request-timeout", ""), analyze.Fail},
		"NLB":                {balancer("idle-timeout", "alibabacloud.com/nlb"), analyze.Fail},
		"AWS":                {ingress("openim-msggateway", "alb.ingress.kubernetes.io/load-balancer-attributes", "deletion_protection.enabled=true,idle_timeout.timeout_seconds=20"), analyze.Fail},
		"AWS, longer":        {ingress("openim-msggateway", "alb.ingress.kubernetes.io/load-balancer-attributes", "idle_timeout.timeout_seconds=600"), analyze.Pass},
		"inside the cluster": {`{"kind":"Service","apiVersion":"v1","metadata":{"name":"ws","namespace":"im"},"spec":{"type":"ClusterIP","ports":[{"port":10001}]}}`, analyze.Unknown},
	} {
		if got := edgeTimeout.Run(factsOf(t, map[string]string{"objects.json": c.object})); got.Status != c.want {
			t.Errorf("%s is %s, want %s", name, got.Status, c.want)
		}
	}
}
