package replay

import (
	"encoding/json"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/imbundle/imbundle/bundle"
)

const metricsGroup = "metrics.k8s.io"

// metricsKind are the two kinds of metrics.k8s.io.
func metricsKind(plural string) *resource {
	switch plural {
	case "pods":
		return &resource{group: metricsGroup, version: "v1beta1", plural: "pods", kind: "PodMetrics", namespaced: true}
	case "nodes":
		return &resource{group: metricsGroup, version: "v1beta1", plural: "nodes", kind: "NodeMetrics"}
	}
	return nil
}

func metricsEntry(plural string) string {
	if plural == "nodes" {
		return bundle.TopNodesJSON
	}
	return bundle.TopPodsJSON
}

// measured reports whether the bundle holds a sample of usage.
func (c *Cluster) measured() bool { return c.names[bundle.TopPodsJSON] || c.names[bundle.TopNodesJSON] }

// metrics answers with the first sample.
func (a *answer) metrics(t target) error {
	entry := metricsEntry(t.res.plural)
	if !a.c.names[entry] {
		return forbidden(t, "the bundle does not hold them: usage was not collected")
	}
	by, err := labels.Parse(a.param("labelSelector"))
	if err != nil {
		return apierrors.NewBadRequest("unable to parse requirement: " + err.Error())
	}
	rc, err := a.c.store.Open(entry)
	if err != nil {
		return err
	}
	defer rc.Close()
	var found []json.RawMessage
	err = readList(rc, func(_ typed, o object) error {
		if (t.ns == "" || o.meta.Namespace == t.ns) && (t.name == "" || o.meta.Name == t.name) && by.Matches(labels.Set(o.meta.Labels)) {
			found = append(found, o.raw)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if t.name != "" {
		if len(found) == 0 {
			return notFound(t)
		}
		of, err := decode(found[0])
		if err != nil {
			return err
		}
		of["kind"], of["apiVersion"] = t.res.kind, t.res.gv()
		return a.json(http.StatusOK, of)
	}
	if found == nil {
		found = []json.RawMessage{}
	}
	return a.json(http.StatusOK, map[string]any{
		"kind": t.res.kind + "List", "apiVersion": t.res.gv(), "metadata": metav1.ListMeta{}, "items": found,
	})
}
