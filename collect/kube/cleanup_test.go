package kube

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
)

// TestCleanup deletes what carries the labels, everywhere or, where that may not be searched, in the context's namespace.
func TestCleanup(t *testing.T) {
	f := newFaulty(t)
	installation(f)
	f.handle("/api/v1/pods", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("labelSelector") != ownPods {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"imbundle-node-1","namespace":"im"},"spec":{"nodeName":"n1"}},{"metadata":{"name":"imbundle-node-2","namespace":"im"}}]}`)
	})
	f.handle("/api/v1/namespaces/im/pods/imbundle-node-1", answer(`{}`))
	f.handle("/api/v1/namespaces/im/pods/imbundle-node-2", refuse(http.StatusForbidden, "no"))
	o := testOptions(t, f.URL)
	o.Namespaces = nil
	c := hurried(t, o)
	left, searched, err := c.Cleanup(t.Context())
	if err != nil || len(searched) != 0 || len(left) != 2 || left[0].Err != nil || left[0].Node != "n1" || left[1].Err == nil {
		t.Errorf("%+v, %q, %v", left, searched, err)
	}
	f.handle("/api/v1/pods", refuse(http.StatusForbidden, "no"))
	f.handle("/api/v1/namespaces/default/pods", answer(`{"items":[]}`))
	if left, searched, err = c.Cleanup(t.Context()); err != nil || len(left) != 0 || !slices.Equal(searched, []string{"default"}) {
		t.Errorf("of one namespace: %+v, %q, %v", left, searched, err)
	}
}
