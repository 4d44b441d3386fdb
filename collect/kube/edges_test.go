package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const albPath = "/apis/alibabacloud.com/v1/albconfigs"

// albInstallation has AlbConfigs, and ingresses that lead to two of them by their class and by an annotation, to one that is gone, to
// nginx, and to a class that does not exist.
func albInstallation(f *faulty) {
	f.handle("/apis", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis" {
			refuse(http.StatusNotFound, "no such path")(w, r)
			return
		}
		fmt.Fprint(w, `{"groups":[{"name":"alibabacloud.com","preferredVersion":{"version":"v1"}}]}`)
	})
	f.handle("/apis/alibabacloud.com/v1", answer(`{"resources":[{"name":"albconfigs","kind":"AlbConfig","namespaced":false,"verbs":["get","list"]},
{"name":"albconfigs/status","kind":"AlbConfig","namespaced":false,"verbs":["get"]}]}`))
	f.handle(albPath, func(w http.ResponseWriter, r *http.Request) { refuse(http.StatusForbidden, "nobody lists them")(w, r) })
	f.handle("/apis/networking.k8s.io/v1/namespaces/openim/ingresses", answer(`{"kind":"IngressList","metadata":{},"items":[
{"metadata":{"name":"ws","namespace":"openim"},"spec":{"ingressClassName":"alb"}},
{"metadata":{"name":"api","namespace":"openim"},"spec":{"ingressClassName":"alb"}},
{"metadata":{"name":"noted","namespace":"openim","annotations":{"kubernetes.io/ingress.class":"alb","alb.ingress.kubernetes.io/albconfig.name":"noted"}}},
{"metadata":{"name":"old","namespace":"openim","annotations":{"alb.ingress.kubernetes.io/albconfig.name":"gone"}}},
{"metadata":{"name":"web","namespace":"openim"},"spec":{"ingressClassName":"nginx"}},
{"metadata":{"name":"typo","namespace":"openim"},"spec":{"ingressClassName":"abl"}}]}`))
	for name, text := range map[string]string{
		"alb":   `{"controller":"ingress.k8s.alibabacloud/alb","parameters":{"apiGroup":"alibabacloud.com","kind":"AlbConfig","name":"im"}}`,
		"nginx": `{"controller":"k8s.io/ingress-nginx","parameters":{"apiGroup":"example.com","kind":"NginxConfig","name":"other"}}`,
	} {
		f.handle("/apis/networking.k8s.io/v1/ingressclasses/"+name, oneObject(`{"kind":"IngressClass","apiVersion":"networking.k8s.io/v1","metadata":{"name":"`+name+`"},"spec":`+text+`}`))
	}
	f.handle("/apis/networking.k8s.io/v1/ingressclasses/abl", refuse(http.StatusNotFound, "not found"))
	for _, name := range []string{"im", "noted"} {
		f.handle(albPath+"/"+name, oneObject(`{"kind":"AlbConfig","apiVersion":"alibabacloud.com/v1","metadata":{"name":"`+name+`","annotations":{
"kubectl.kubernetes.io/last-applied-configuration":"{}"}},"spec":{"config":{"name":"lb"},"listeners":[{"port":443,"protocol":"HTTPS","idleTimeout":15}]}}`))
	}
	f.handle(albPath+"/gone", refuse(http.StatusNotFound, "not found"))
}

// oneObject answers with an object, or with its row where a table is asked for.
func oneObject(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "as=Table") {
			fmt.Fprint(w, text)
			return
		}
		var o struct{ Metadata struct{ Name string } }
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			panic(err) // the test's own text
		}
		fmt.Fprintf(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string","format":"name"}],"rows":[{"cells":[%q],"object":%s}]}`, o.Metadata.Name, text)
	}
}

// namesIn are the names of the objects of a list, sorted; nil when the bundle has none.
func namesIn(t *testing.T, r *bundle.Reader, entry string) (names []string) {
	t.Helper()
	if !slices.Contains(r.Names(), entry) {
		return nil
	}
	list := decode[struct {
		Items []struct{ Metadata struct{ Name string } }
	}](t, read(t, r, entry))
	for _, o := range list.Items {
		names = append(names, o.Metadata.Name)
	}
	slices.Sort(names)
	return names
}

// TestEdges collects the IngressClasses and AlbConfigs to which ingresses lead, by name, as far as the user may; what is not there is
// told with what that costs.
func TestEdges(t *testing.T) {
	classes, configs := bundle.Resource("ingressclasses", ""), bundle.Resource("albconfigs.alibabacloud.com", "")
	absent := []string{
		`: there is no ingressclasses.networking.k8s.io "abl"; ingress openim/typo names it`,
		`: there is no albconfigs.alibabacloud.com "gone"; ingress openim/old names it`,
	}
	for user, want := range map[string]struct{ classes, configs, gaps []string }{
		"an ALB": {[]string{"alb", "nginx"}, []string{"im", "noted"}, absent},
		"an ALB, no classes": {nil, []string{"noted"}, []string{
			classes + `: the user may not get ingressclasses.networking.k8s.io "abl", "alb", "nginx" of the cluster`, absent[1],
		}},
		"an ALB, one config": {[]string{"alb", "nginx"}, []string{"im"}, []string{`: the user may not get albconfigs.alibabacloud.com "gone", "noted" of the cluster`, absent[0]}},
		"an ALB, no configs": {[]string{"alb", "nginx"}, nil, []string{
			configs + `: the user may not get albconfigs.alibabacloud.com "gone", "noted", "im" of the cluster`, absent[0],
		}},
		"administrator": {nil, nil, nil},
	} {
		t.Run(user, func(t *testing.T) {
			f, c, s := prepare(t, user)
			res, r := run(t, collect.Options{}, &objects{c, s})
			if got := namesIn(t, r, classes); !slices.Equal(got, want.classes) {
				t.Errorf("IngressClasses %q, want %q", got, want.classes)
			}
			if got := namesIn(t, r, configs); !slices.Equal(got, want.configs) {
				t.Errorf("AlbConfigs %q, want %q", got, want.configs)
			}
			var gaps []string
			for _, g := range append(s.Gaps(), res.Gaps...) {
				if strings.Contains(g.Detail, "ingressclass") || strings.Contains(g.Detail, "albconfig") {
					gaps = append(gaps, g.Entry+": "+g.Detail)
					if (g.Reason == bundle.Forbidden) != (g.Costs != "") {
						t.Errorf("%+v", g)
					}
				}
			}
			slices.Sort(gaps)
			slices.Sort(want.gaps)
			if !slices.Equal(gaps, want.gaps) {
				t.Errorf("gaps %q\nwant %q", gaps, want.gaps)
			}
			if user == "administrator" && f.asked("ingressclasses") > 0 {
				t.Error("a cluster without AlbConfigs is asked for IngressClasses")
			}
			if want.configs == nil {
				return
			}
			if text := read(t, r, configs); !strings.Contains(text, `"idleTimeout":15`) || strings.Contains(text, "last-applied") {
				t.Errorf("%s", text)
			}
			if text := read(t, r, bundle.TableText("albconfigs.alibabacloud.com", "")); !strings.Contains(text, want.configs[0]) {
				t.Errorf("%s", text)
			}
		})
	}
}

// TestEdgesFail has a server that fails: both entries are gaps with the cost.
func TestEdgesFail(t *testing.T) {
	f, c, s := prepare(t, "an ALB")
	for _, name := range []string{"im", "noted", "gone"} {
		f.handle(albPath+"/"+name, refuse(http.StatusInternalServerError, "etcd is away"))
	}
	res, _ := run(t, collect.Options{}, &objects{c, s})
	for _, entry := range []string{bundle.Resource("albconfigs.alibabacloud.com", ""), bundle.Table("albconfigs.alibabacloud.com", "")} {
		gaps := slices.DeleteFunc(slices.Clone(res.Gaps), func(g bundle.Gap) bool { return g.Entry != entry })
		if len(gaps) == 0 || gaps[0].Costs != albCosts || !strings.Contains(gaps[0].Detail, "albconfig") {
			t.Errorf("%s: %+v", entry, gaps)
		}
	}
}

// TestEdgeRights prints the right to get each by its name, among those that are optional.
func TestEdgeRights(t *testing.T) {
	_, all := printRBAC(t, "an ALB")
	found := map[string][]string{}
	for _, o := range all {
		for _, r := range o.Rules {
			if strings.HasSuffix(r.Resources[0], "ingressclasses") || r.Resources[0] == "albconfigs" {
				if o.Metadata.Name != "imbundle-cluster-openim" || !slices.Equal(r.Verbs, []string{"get"}) {
					t.Errorf("%s: %+v", o.Metadata.Name, r)
				}
				found[r.Resources[0]] = r.ResourceNames
			}
		}
	}
	if !slices.Equal(found["ingressclasses"], []string{"abl", "alb", "nginx"}) || !slices.Equal(found["albconfigs"], []string{"gone", "im", "noted"}) {
		t.Errorf("%v", found)
	}
}
