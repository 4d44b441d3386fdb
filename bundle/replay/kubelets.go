package replay

import (
	"io"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/imbundle/imbundle/bundle"
)

// kubeletEntry is where the answer of a node's kubelet is kept, by its path behind the node's proxy; "" for one that is not.
func kubeletEntry(t target) string {
	if t.res.key() != "nodes" || t.sub != "proxy" {
		return ""
	}
	switch t.rest {
	case "stats/summary":
		return bundle.NodeSummary(t.name)
	case "configz":
		return bundle.NodeConfig(t.name)
	}
	return ""
}

// askedKubelets reports whether the bundle holds an answer of any kubelet.
func (c *Cluster) askedKubelets() bool {
	for name := range c.names {
		if node, _, ok := bundle.ParseNode(name); ok && (name == bundle.NodeSummary(node) || name == bundle.NodeConfig(node)) {
			return true
		}
	}
	return false
}

// kubelet gives what a node's kubelet answered.
func (a *answer) kubelet(entry string) error {
	if !a.c.names[entry] {
		if g, ok := a.c.gaps[entry]; ok {
			return apierrors.NewServiceUnavailable("the bundle does not hold it: " + g.Reason + ": " + g.Detail)
		}
		return apierrors.NewServiceUnavailable("the bundle does not hold it: this kubelet was not asked")
	}
	rc, err := a.c.store.Open(entry)
	if err != nil {
		return err
	}
	defer rc.Close()
	a.w.Header().Set("Content-Type", "application/json")
	a.w.WriteHeader(http.StatusOK)
	_, err = io.Copy(a.w, rc)
	return err
}
