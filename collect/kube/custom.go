package kube

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/imbundle/imbundle/bundle/record"
)

// custom is what the server says of the resources that a cluster defines itself.
type custom struct {
	kinds []kind   // those of namespaces
	alb   kind     // AlbConfigs, where they are of the cluster; zero: it has none
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
		if err := c.customOf(ctx, g.Name, g.PreferredVersion.Version, &found); err != nil {
			found.notes = append(found.notes, fmt.Sprintf("custom resources of %s: %v", g.Name, err))
		}
	}
	return found
}

func (c *Cluster) customOf(ctx context.Context, group, version string, found *custom) error {
	var list struct {
		Resources []struct {
			Name       string   `json:"name"`
			Kind       string   `json:"kind"`
			Namespaced bool     `json:"namespaced"`
			Verbs      []string `json:"verbs"`
		} `json:"resources"`
	}
	if err := c.getJSON(ctx, "/apis/"+url.PathEscape(group)+"/"+url.PathEscape(version), nil, &list); err != nil {
		return err
	}
	for _, r := range list.Resources {
		k := kind{group: group, version: version, resource: r.Name, object: r.Kind, namespaced: r.Namespaced, costs: "custom resources"}
		switch {
		case r.Namespaced && !strings.Contains(r.Name, "/") && has(r.Verbs, "list"):
			found.kinds = append(found.kinds, k)
		case !r.Namespaced && group == record.AlbGroup && r.Name == record.AlbConfigs:
			k.costs = albCosts
			found.alb = k
		}
	}
	return nil
}
