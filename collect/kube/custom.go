package kube

import (
	"context"
	"net/url"
	"strings"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// customKinds lists the namespaced custom resources that the cluster has.
func (c *Cluster) customKinds(ctx context.Context, b *collect.Batch) []kind {
	var groups struct {
		Groups []struct {
			Name             string `json:"name"`
			PreferredVersion struct {
				Version string `json:"version"`
			} `json:"preferredVersion"`
		} `json:"groups"`
	}
	if err := c.getJSON(ctx, "/apis", nil, &groups); err != nil {
		b.Gap(bundle.Gap{Entry: "cluster-resources/*", Reason: collect.ReasonOf(err), Detail: err.Error(), Costs: "custom resources"})
		return nil
	}
	var found []kind
	for _, g := range groups.Groups {
		if builtIn(g.Name) {
			continue
		}
		some, err := c.customOf(ctx, g.Name, g.PreferredVersion.Version)
		if err != nil {
			b.Note("custom resources of %s: %v", g.Name, err)
			continue
		}
		found = append(found, some...)
	}
	return found
}

func (c *Cluster) customOf(ctx context.Context, group, version string) ([]kind, error) {
	var list struct {
		Resources []struct {
			Name       string   `json:"name"`
			Kind       string   `json:"kind"`
			Namespaced bool     `json:"namespaced"`
			Verbs      []string `json:"verbs"`
		} `json:"resources"`
	}
	if err := c.getJSON(ctx, "/apis/"+url.PathEscape(group)+"/"+url.PathEscape(version), nil, &list); err != nil {
		return nil, err
	}
	var found []kind
	for _, r := range list.Resources {
		if r.Namespaced && !strings.Contains(r.Name, "/") && has(r.Verbs, "list") {
			found = append(found, kind{group: group, version: version, resource: r.Name, object: r.Kind, namespaced: true, costs: "custom resources"})
		}
	}
	return found, nil
}
