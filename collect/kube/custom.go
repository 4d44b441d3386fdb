package kube

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// custom is what the server says of the resources that a cluster defines itself.
type custom struct {
	kinds []kind   // those of namespaces
	notes []string // of groups that did not answer
	err   error    // the groups could not be listed
}

// customKinds lists the namespaced custom resources that the cluster has.
func (c *Cluster) customKinds(ctx context.Context) (found custom) {
	var groups struct {
		Groups []struct {
			Name             string `json:"name"`
			PreferredVersion struct {
				Version string `json:"version"`
			} `json:"preferredVersion"`
		} `json:"groups"`
	}
	if found.err = c.getJSON(ctx, "/apis", nil, &groups); found.err != nil {
		return found
	}
	for _, g := range groups.Groups {
		if builtIn(g.Name) {
			continue
		}
		some, err := c.customOf(ctx, g.Name, g.PreferredVersion.Version)
		if err != nil {
			found.notes = append(found.notes, fmt.Sprintf("custom resources of %s: %v", g.Name, err))
		}
		found.kinds = append(found.kinds, some...)
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
