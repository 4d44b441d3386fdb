package kube

import (
	"context"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
)

// NewFlags are kubectl's own connection flags, without those of which a collection has its own: --namespace (several are
// allowed), --user (the affected one) and --request-timeout; nothing is cached on disk.
func NewFlags() *genericclioptions.ConfigFlags {
	f := genericclioptions.NewConfigFlags(true)
	f.Namespace, f.AuthInfoName, f.Timeout, f.CacheDir = nil, nil, nil, nil
	return f
}

// ChooseAll makes the next Survey take every namespace, which the user must be allowed to list.
func (c *Cluster) ChooseAll(ctx context.Context) error {
	var names []string
	err := list(ctx, c, "/api/v1/namespaces", func(n *metav1.PartialObjectMetadata) { names = append(names, n.Name) })
	if code(err) == http.StatusForbidden {
		return &Error{NotAllowed, "the user may not list the namespaces", "name them with -n instead of -A", err}
	}
	if err == nil {
		c.o.Namespaces, c.all = names, true
	}
	return err
}
