package checks

import (
	"fmt"
	"slices"
	"testing"

	"github.com/imbundle/imbundle/analyze"
)

// TestEdgeTimeoutOfALB follows an Ingress to the listeners of its AlbConfig, and none to those of others.
func TestEdgeTimeoutOfALB(t *testing.T) {
	const (
		class    = `{"kind":"IngressClass","apiVersion":"networking.k8s.io/v1","metadata":{"name":"alb"},"spec":{"controller":"ingress.k8s.alibabacloud/alb","parameters":{"apiGroup":"alibabacloud.com","kind":"AlbConfig","name":"im"}}}`
		nginx    = `{"kind":"IngressClass","apiVersion":"networking.k8s.io/v1","metadata":{"name":"nginx"},"spec":{"controller":"k8s.io/ingress-nginx","parameters":{"apiGroup":"example.com","kind":"Config","name":"im"}}}`
		on443    = `"alb.ingress.kubernetes.io/listen-ports":"[{\"HTTPS\": 443}]"`
		onBoth   = `"alb.ingress.kubernetes.io/listen-ports":"[{\"HTTP\": 80},{\"HTTPS\": 443}]"`
		onNobody = `"alb.ingress.kubernetes.io/listen-ports":"443"`
		tls      = `"tls":[{"hosts":["im.example.com"]}],`
	)
	ingress := func(notes, spec, backend string) string {
		return fmt.Sprintf(`{"kind":"Ingress","apiVersion":"networking.k8s.io/v1","metadata":{"name":"im","namespace":"im","annotations":{%s}},
"spec":{%s"rules":[{"http":{"paths":[{"path":"/msg_gateway","backend":{"service":{"name":%q}}}]}}]}}`, notes, spec, backend)
	}
	gateway := func(notes, spec string) string { return ingress(notes, spec, "openim-msggateway") }
	config := func(name, listeners string) string {
		return fmt.Sprintf(`{"kind":"AlbConfig","apiVersion":"alibabacloud.com/v1","metadata":{"name":%q},"spec":{"config":{"name":"lb"},"listeners":[%s]}}`, name, listeners)
	}
	const of = `"ingressClassName":"alb",`
	for name, c := range map[string]struct {
		objects []string
		want    string
	}{
		"request":                    {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":20}`)}, analyze.Fail},
		"as long as a ping":          {[]string{gateway(on443, of), class, config("im", `{"port":"443","protocol":"HTTPS","requestTimeout":30,"idleTimeout":60}`)}, analyze.Fail},
		"idle":                       {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":60,"idleTimeout":15}`)}, analyze.Warn},
		"one of two ports":           {[]string{gateway(onBoth, of), class, config("im", `{"port":80,"protocol":"HTTP","requestTimeout":60},{"port":443,"protocol":"HTTPS","requestTimeout":20}`)}, analyze.Fail},
		"certificates":               {[]string{gateway("", of+tls), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":20}`)}, analyze.Fail},
		"no certificates":            {[]string{gateway("", of), class, config("im", `{"port":80,"protocol":"HTTP","requestTimeout":20}`)}, analyze.Fail},
		"class by annotation":        {[]string{gateway(`"kubernetes.io/ingress.class":"alb"`, ""), class, config("im", `{"port":80,"protocol":"HTTP","requestTimeout":20}`)}, analyze.Fail},
		"config by annotation":       {[]string{gateway(`"alb.ingress.kubernetes.io/albconfig.name":"own"`, of), class, config("im", `{"port":80,"requestTimeout":60}`), config("own", `{"port":80,"requestTimeout":20}`)}, analyze.Fail},
		"enough":                     {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":180,"idleTimeout":60}`)}, analyze.Pass},
		"just enough":                {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":31,"idleTimeout":31}`)}, analyze.Pass},
		"not set":                    {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS"}`)}, analyze.Pass},
		"zero":                       {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":0,"idleTimeout":0}`)}, analyze.Pass},
		"another port":               {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":60},{"port":8443,"protocol":"HTTPS","requestTimeout":5}`)}, analyze.Pass},
		"80 beside certificates":     {[]string{gateway("", of+tls), class, config("im", `{"port":80,"protocol":"HTTP","requestTimeout":5}`)}, analyze.Pass},
		"ports that cannot be read":  {[]string{gateway(onNobody, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":5}`)}, analyze.Pass},
		"another class":              {[]string{gateway(on443, `"ingressClassName":"nginx",`), class, nginx, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":5}`)}, analyze.Pass},
		"no class":                   {[]string{gateway(on443, ""), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":5}`)}, analyze.Pass},
		"another config":             {[]string{gateway(on443, of), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":60}`), config("other", `{"port":443,"requestTimeout":5}`)}, analyze.Pass},
		"not the gateway":            {[]string{ingress(on443, of, "openim-api"), class, config("im", `{"port":443,"protocol":"HTTPS","requestTimeout":5}`)}, analyze.Pass},
		"an AlbConfig of others":     {[]string{gateway(on443, of), class, `{"kind":"AlbConfig","apiVersion":"example.com/v1","metadata":{"name":"im"},"spec":{"listeners":[{"port":443,"requestTimeout":5}]}}`}, analyze.Unknown},
		"the AlbConfig is not there": {[]string{gateway(on443, of), class}, analyze.Unknown},
		"the class is not there":     {[]string{gateway(on443, of)}, analyze.Pass},
	} {
		t.Run(name, func(t *testing.T) {
			entries := map[string]string{}
			for i, o := range c.objects {
				entries[fmt.Sprintf("objects-%d.json", i)] = o
			}
			got := edgeTimeout.Run(factsOf(t, entries))
			if got.Status != c.want {
				t.Errorf("%s, want %s: %+v", got.Status, c.want, got.Evidence)
			}
			for _, e := range got.Evidence {
				if e.Cause != "ingress-websocket-timeout" || e.Severity != "" || e.Subject.Target != "Ingress im" || len(e.Samples) != 1 {
					t.Errorf("%+v", e)
				}
			}
			if got.Status == analyze.Unknown && !slices.Equal(got.Needs, []string{analyze.AlbConfigsEntry}) {
				t.Errorf("needs %q", got.Needs)
			}
		})
	}
}

// TestEdgeTimeoutUnread is unknown where the class of the gateway's Ingress was not to be had.
func TestEdgeTimeoutUnread(t *testing.T) {
	f := &analyze.Facts{
		Edges: []analyze.Edge{{Kind: "Ingress", Namespace: "im", Name: "im", Class: "alb", Backends: []analyze.Backend{{Service: "openim-msggateway"}}}},
		Gaps:  []analyze.Missing{{What: analyze.ClassesEntry, Reason: "forbidden"}},
	}
	if got := edgeTimeout.Run(f); got.Status != analyze.Unknown || !slices.Equal(got.Needs, []string{analyze.ClassesEntry}) {
		t.Errorf("%+v", got)
	}
	f.Classes = []analyze.IngressClass{{Name: "alb"}}
	if got := edgeTimeout.Run(f); got.Status != analyze.Pass {
		t.Errorf("%+v", got)
	}
}
