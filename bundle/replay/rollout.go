package replay

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubectl/pkg/polymorphichelpers"
)

// RolledOut are the kinds that have a rollout.
var RolledOut = []string{"deployments", "statefulsets", "daemonsets"}

// Rollouts is what kubectl rollout status says of every workload of a namespace, by kubectl's own code. What it would say as an
// error (a deadline exceeded, an update strategy without rollouts) stands where the sentence would. Empty without workloads.
func (c *Cluster) Rollouts(ns string) (string, error) {
	var text strings.Builder
	for _, kind := range RolledOut {
		res := standardPlural(kind)
		s := c.shelves[res.key()][ns]
		if s == nil {
			continue
		}
		l, err := c.list(s)
		if err != nil {
			return "", err
		}
		viewer, err := polymorphichelpers.StatusViewerFor(schema.GroupKind{Group: res.group, Kind: res.kind})
		if err != nil {
			return "", err
		}
		for i := range l.objects {
			said, err := rolledOut(viewer, l.objects[i])
			if err != nil {
				said = fmt.Sprintf("%s %q: error: %v\n", strings.ToLower(res.kind), l.objects[i].meta.Name, err)
			}
			text.WriteString(said)
		}
	}
	return text.String(), nil
}

func rolledOut(viewer polymorphichelpers.StatusViewer, o object) (string, error) {
	if o.raw == nil {
		return "", errTableOnly
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(o.raw); err != nil {
		return "", err
	}
	said, _, err := viewer.Status(&u, 0)
	return said, err
}
