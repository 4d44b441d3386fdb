package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// LeftBehind is a pod that a run of ours has made and not taken away.
type LeftBehind struct {
	Namespace, Name, Node string
	Created               time.Time
	Err                   error // why it is still there; nil: it was deleted
}

// Cleanup deletes what runs have left behind, in the namespaces of the options or, where there are none, in all; a user who
// may not list those gets the context's alone. Searched are the namespaces; none stands for all. Pods of a run that is still
// under way are deleted too: they cannot be told from others.
func (c *Cluster) Cleanup(ctx context.Context) (left []LeftBehind, searched []string, err error) {
	searched = slices.Clone(c.o.Namespaces)
	if len(searched) == 0 {
		left, err = c.leftIn(ctx, "")
		if code(err) != http.StatusForbidden {
			return c.removeAll(ctx, left), nil, err
		}
		searched, err = []string{c.namespace}, nil
	}
	for _, ns := range searched {
		some, listErr := c.leftIn(ctx, ns)
		left, err = append(left, some...), errors.Join(err, listErr)
	}
	return c.removeAll(ctx, left), searched, err
}

func (c *Cluster) leftIn(ctx context.Context, ns string) ([]LeftBehind, error) {
	var all corev1.PodList
	if err := c.getJSON(ctx, kindFor("pods").path(ns), url.Values{"labelSelector": {ownPods}}, &all); err != nil {
		return nil, fmt.Errorf("looking for pods of earlier runs: %w", err)
	}
	var left []LeftBehind
	for _, p := range all.Items {
		left = append(left, LeftBehind{Namespace: p.Namespace, Name: p.Name, Node: p.Spec.NodeName, Created: p.CreationTimestamp.Time})
	}
	return left, nil
}

func (c *Cluster) removeAll(ctx context.Context, left []LeftBehind) []LeftBehind {
	for i, p := range left {
		left[i].Err = c.removePod(ctx, kindFor("pods").path(p.Namespace)+"/"+url.PathEscape(p.Name))
	}
	return left
}
