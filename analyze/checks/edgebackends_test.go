package checks

import (
	"fmt"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// An Ingress is judged by the Services of its namespace, where these were listed whole.
func TestEdgeBackends(t *testing.T) {
	ingress := func(service, port string) string {
		return fmt.Sprintf(`{"kind":"IngressList","items":[{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"im","namespace":"im"},
"spec":{"rules":[{"host":"im.example.test","http":{"paths":[{"path":"/msg_gateway","backend":{"service":{"name":%q,"port":{%s}}}}]}}]}}]}`, service, port)
	}
	noted := func(notes string, of string) string {
		return strings.Replace(of, `"name":"im"`, `"name":"im","annotations":{"nginx.ingress.kubernetes.io/canary":"true"`+notes+`}`, 1)
	}
	beta := func(service, port string) string {
		return fmt.Sprintf(`{"kind":"IngressList","items":[{"kind":"Ingress","apiVersion":"networking.k8s.io/v1beta1","metadata":{"name":"im","namespace":"im"},
"spec":{"rules":[{"http":{"paths":[{"path":"/msg_gateway","backend":{"serviceName":%q,"servicePort":%s}}]}}]}}]}`, service, port)
	}
	list := func(items ...string) string {
		return `{"kind":"ServiceList","items":[` + strings.Join(items, ",") + `]}`
	}
	const (
		gateway  = `{"kind":"Service","apiVersion":"v1","metadata":{"name":"messagegateway-rpc-service","namespace":"im"},"spec":{"type":"NodePort","ports":[{"name":"http-10001","port":10001},{"name":"grpc-10140","port":10140}]}}`
		external = `{"kind":"Service","apiVersion":"v1","metadata":{"name":"messagegateway-rpc-service","namespace":"im"},"spec":{"type":"ExternalName","externalName":"im.example.test"}}`
		targets  = `{"kind":"Service","apiVersion":"v1","metadata":{"name":"messagegateway-rpc-service","namespace":"im"},"spec":{"ports":[{"name":"ws","port":80,"targetPort":10001},{"name":"grpc","port":88,"targetPort":"rpc"}]}}`
		resource = `{"kind":"IngressList","items":[{"kind":"Ingress","metadata":{"name":"im","namespace":"im"},"spec":{"defaultBackend":{"resource":{"kind":"StorageBucket","name":"web"}}}}]}`
	)
	services, ingresses := bundle.Resource("services", "im"), bundle.Resource("ingresses", "im")
	working := "2026-11-23 08:03:28.345\tDEBUG\t[PID:7]\topenim-msggateway\t[v3.8.3-patch.16]\t[msggateway/ws_server.go:310]\tuser online\t{\"opUserID\": \"u1\", \"online user Num\": 3}\n"
	for name, c := range map[string]struct {
		files          map[string]string
		status, severe string
	}{
		"no such service":            {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: list(gateway)}, analyze.Fail, ""},
		"no service at all":          {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: list()}, analyze.Fail, ""},
		"no such port":               {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"number":80`), services: list(gateway)}, analyze.Fail, ""},
		"no port of that name":       {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"name":"ws"`), services: list(gateway)}, analyze.Fail, ""},
		"another way in is used":     {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: list(gateway), "openim-msggateway.log": working}, analyze.Warn, analyze.Warning},
		"somebody else's":            {map[string]string{ingresses: ingress("grafana", `"number":3000`), services: list(gateway)}, analyze.Warn, ""},
		"as it is":                   {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"number":10001`), services: list(gateway)}, analyze.Pass, ""},
		"by the name of the port":    {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"name":"http-10001"`), services: list(gateway)}, analyze.Pass, ""},
		"outside the cluster":        {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"number":443`), services: list(external)}, analyze.Pass, ""},
		"an action of an annotation": {map[string]string{ingresses: ingress("ssl-redirect", `"name":"use-annotation"`), services: list(gateway)}, analyze.Pass, ""},
		"the pods' own port":         {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"number":10001`), services: list(targets)}, analyze.Pass, ""},
		"the pods' port by its name": {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"name":"rpc"`), services: list(targets)}, analyze.Pass, ""},
		"no port of the pods either": {map[string]string{ingresses: ingress("messagegateway-rpc-service", `"number":10002`), services: list(targets)}, analyze.Fail, ""},
		"a canary":                   {map[string]string{ingresses: noted(`,"nginx.ingress.kubernetes.io/canary-weight":"10"`, ingress("messagegateway-canary", `"number":80`)), services: list(gateway)}, analyze.Warn, analyze.Warning},
		"a canary by header":         {map[string]string{ingresses: noted(`,"nginx.ingress.kubernetes.io/canary-by-header":"x-new","nginx.ingress.kubernetes.io/canary-weight":"0"`, ingress("messagegateway-canary", `"number":80`)), services: list(gateway)}, analyze.Warn, analyze.Warning},
		"a canary without weight":    {map[string]string{ingresses: noted(`,"nginx.ingress.kubernetes.io/canary-weight":"0"`, ingress("messagegateway-canary", `"number":80`)), services: list(gateway)}, analyze.Pass, ""},
		"an older API":               {map[string]string{ingresses: beta("openim-msggateway-service", "10001"), services: list(gateway)}, analyze.Fail, ""},
		"an older API, as it is":     {map[string]string{ingresses: beta("messagegateway-rpc-service", "10001"), services: list(gateway)}, analyze.Pass, ""},
		"an older API, by name":      {map[string]string{ingresses: beta("messagegateway-rpc-service", `"http-10001"`), services: list(gateway)}, analyze.Pass, ""},
		"no backend that is read":    {map[string]string{ingresses: resource, services: list(gateway)}, analyze.Unknown, ""},
		"work in its namespace":      {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: list(gateway), bundle.PodLog("im", "openim-msggateway-0", "c", false): working}, analyze.Warn, analyze.Warning},
		"work of another":            {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: list(gateway), bundle.PodLog("im-b", "openim-msggateway-0", "c", false): working}, analyze.Fail, ""},
		"work of nobody knows whom":  {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: list(gateway), "im-b/openim-msggateway-0/openim-msggateway.log": working}, analyze.Warn, ""},
		"services not collected":     {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`)}, analyze.Unknown, ""},
		"of another namespace only":  {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), bundle.Resource("services", "other"): list()}, analyze.Unknown, ""},
		"one service sent loose":     {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), "svc.json": gateway}, analyze.Unknown, ""},
		"a list that was cut":        {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: `{"kind":"ServiceList","items":[` + gateway + `,`}, analyze.Unknown, ""},
		"services refused":           {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`}, analyze.Unknown, ""},
		"one page of services":       {map[string]string{ingresses: ingress("openim-msggateway-service", `"number":10001`), services: `{"kind":"ServiceList","metadata":{"continue":"abc"},"items":[]}`}, analyze.Unknown, ""},
		"no ingress":                 {map[string]string{services: list(gateway)}, analyze.Unknown, ""},
	} {
		got := edgeBackends.Run(factsOf(t, c.files))
		if got.Status != c.status {
			t.Errorf("%s is %s, want %s", name, got.Status, c.status)
		}
		for _, e := range got.Evidence {
			if e.Cause != "ingress-backend-missing" || e.Severity != c.severe || e.Samples[0].Entry != ingresses {
				t.Errorf("%s: %+v", name, e)
			}
		}
	}
}
