package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

func TestTrim(t *testing.T) {
	raw := `{"metadata":{"name":"p","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"password\":1}","keep":"<me> & you"},
"managedFields":[{"manager":"kubectl","operation":"Apply","time":"2026-11-25T03:00:00Z","subresource":"status","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}}}]},
"spec":{"big":12345678901234567890,"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"x"}}}}}`
	got, err := trim(json.RawMessage(raw), "apps/v1", "Deployment")
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"last-applied", "fieldsV1", "password"} {
		if strings.Contains(string(got), gone) {
			t.Errorf("%q is still in %s", gone, got)
		}
	}
	for _, kept := range []string{`"keep":"<me> & you"`, `"manager":"kubectl"`, `"time":"2026-11-25T03:00:00Z"`, `12345678901234567890`, `"kind":"Deployment"`, `"apiVersion":"apps/v1"`} {
		if !strings.Contains(string(got), kept) {
			t.Errorf("%q is not in %s", kept, got)
		}
	}
}

const podTable = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7"},"columnDefinitions":[
{"name":"Name","type":"string","format":"name","description":"","priority":0},{"name":"Ready","type":"string","format":"","description":"","priority":0},
{"name":"Node","type":"string","format":"","description":"","priority":1}],"rows":[
{"cells":["push-1","1/1","n1"],"object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"push-1","namespace":"openim","labels":{"app":"push"}}}},
{"cells":["push-2","0/1","n2"],"object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"push-2","namespace":"openim"}}}]}`

// TestTables reads a table with objects: both come from one request, and the text has the wide columns.
func TestTables(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept"), "as=Table") || r.URL.Query().Get("includeObject") != "Object" || r.URL.Query().Get("limit") != "500" {
			t.Errorf("asked for %q with %q", r.URL, r.Header.Get("Accept"))
		}
		answer(podTable)(w, r)
	})
	c := connect(t, f)
	_, r := run(t, collect.Options{}, oneSource(func(ctx context.Context, b *collect.Batch) error {
		c.collectList(ctx, b, target{kind: kinds[0], ns: "openim"}, nil)
		return nil
	}))
	list := decode[metav1.PartialObjectMetadataList](t, read(t, r, bundle.Resource("pods", "openim")))
	if list.Kind != "PodList" || len(list.Items) != 2 || list.Items[1].Name != "push-2" {
		t.Errorf("%+v", list)
	}
	table := decode[metav1.Table](t, read(t, r, bundle.Table("pods", "openim")))
	if len(table.ColumnDefinitions) != 3 || len(table.Rows) != 2 || table.Rows[0].Cells[2] != "n1" || !strings.Contains(string(table.Rows[0].Object.Raw), "PartialObjectMetadata") {
		t.Errorf("%+v", table)
	}
	want := "NAME     READY   NODE\npush-1   1/1     n1\npush-2   0/1     n2\n"
	if got := read(t, r, bundle.TableText("pods", "openim")); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestSecrets asks for no object of a secret, and refuses a server that sends them anyway.
func TestSecrets(t *testing.T) {
	secrets := kinds[slices.IndexFunc(kinds, func(k kind) bool { return k.resource == "secrets" })]
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/secrets", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("includeObject") != "None" {
			t.Errorf("asked for %q", r.URL)
		}
		answer(`{"kind":"SecretList","items":[{"metadata":{"name":"s"},"data":{"redis-password":"c3VwM3I="}}]}`)(w, r)
	})
	c := connect(t, f)
	res, r := run(t, collect.Options{}, oneSource(func(ctx context.Context, b *collect.Batch) error {
		c.collectList(ctx, b, target{kind: secrets, ns: "openim"}, nil)
		return nil
	}))
	if len(res.Gaps) != 1 || res.Gaps[0].Entry != bundle.Table("secrets", "openim") {
		t.Errorf("%+v", res.Gaps)
	}
	for _, name := range r.Names() {
		if strings.Contains(name, "secrets") {
			t.Errorf("%s was written", name)
		}
	}
}

func TestEmptyAndAbsentKinds(t *testing.T) {
	f := newFaulty(t)
	f.handle("/api/v1/namespaces/openim/pods", answer(`{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`))
	c := connect(t, f)
	res, r := run(t, collect.Options{}, oneSource(func(ctx context.Context, b *collect.Batch) error {
		c.collectList(ctx, b, target{kind: kinds[0], ns: "openim"}, nil)
		c.collectList(ctx, b, target{kind: kinds[1], ns: "openim"}, nil)
		c.collectList(ctx, b, target{kind: kind{group: "x.example.com", version: "v1", resource: "things", object: "Thing", namespaced: true}, ns: "openim"}, nil)
		return nil
	}))
	list := decode[metav1.PartialObjectMetadataList](t, read(t, r, bundle.Resource("pods", "openim")))
	if list.Items == nil || len(list.Items) != 0 {
		t.Errorf("an empty list says that there is nothing: %+v", list)
	}
	decode[metav1.Table](t, read(t, r, bundle.Table("pods", "openim")))
	if len(res.Gaps) != 2 || !res.Complete {
		t.Errorf("a kind that the server lacks is a gap for each entry, one that nobody promised is none: %+v", res.Gaps)
	}
}

// TestNodeEvents lists the events about nodes where they stand, and loses those alone where that is refused.
func TestNodeEvents(t *testing.T) {
	for _, refused := range []bool{false, true} {
		f := newFaulty(t)
		installation(f)
		if refused {
			rightsBut(f, func(a authv1.ResourceAttributes) bool { return a.Namespace == "default" })
		}
		f.handle("/api/v1/namespaces/default/events", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("fieldSelector") != "involvedObject.kind=Node" {
				t.Errorf("asked for %s", r.URL)
			}
			fmt.Fprint(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Reason","type":"string"}],
"rows":[{"cells":["NodeHasDiskPressure"],"object":{"metadata":{"name":"n1.1","namespace":"default"},"involvedObject":{"kind":"Node","name":"n1"},"reason":"NodeHasDiskPressure"}}]}`)
		})
		c := connect(t, f)
		s, err := c.Survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		res, r := run(t, collect.Options{Gaps: s.Gaps()}, &objects{c, s})
		res.Gaps = slices.DeleteFunc(res.Gaps, func(g bundle.Gap) bool { return g.Reason == bundle.NotFound }) // of the rest of the installation
		if refused {
			if len(res.Gaps) != 1 || res.Gaps[0].Entry != "cluster-resources/events/default.json" || res.Gaps[0].Reason != bundle.Forbidden || res.Gaps[0].Costs != nodeEventCosts || f.asked("/default/") > 0 {
				t.Errorf("gaps %+v", res.Gaps)
			}
			continue
		}
		if text := read(t, r, "cluster-resources/events/default.json"); len(res.Gaps) > 0 || !strings.Contains(text, `"NodeHasDiskPressure"`) {
			t.Errorf("gaps %+v, %s", res.Gaps, text)
		}
	}
}

// TestNodeEventsOfTheNamespaceItself are not listed twice.
func TestNodeEventsOfTheNamespaceItself(t *testing.T) {
	s := &Survey{Namespaces: []string{"default", "im"}, Access: &Access{}}
	n := 0
	for _, target := range s.targets(kinds) {
		if target.resource == "events" && target.ns == "default" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d lists of the events of namespace default", n)
	}
}
