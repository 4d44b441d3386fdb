package kube

import (
	"context"
	"encoding/json"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
)

// inUse tells which cluster-wide roles and bindings concern the accounts of the chosen namespaces; a cluster has a
// hundred others. A nil inUse keeps everything.
type inUse struct {
	roles, bindings map[string]bool
}

// bindings are the lists of bindings that the user may read, if any list that is due needs them: those of the cluster, then
// those of the namespaces.
func (s *Survey) bindings(due []target) []target {
	if !slices.ContainsFunc(due, func(t target) bool { return t.resource == "clusterroles" || t.resource == "clusterrolebindings" }) {
		return nil
	}
	return s.targets([]kind{kindFor("clusterrolebindings"), kindFor("rolebindings")})
}

// findInUse reads the bindings. Without those of the cluster it knows those of the namespaces.
func (c *Cluster) findInUse(ctx context.Context, s *Survey, due []target) (*inUse, error) {
	u := &inUse{roles: map[string]bool{}, bindings: map[string]bool{}}
	for _, t := range s.bindings(due) {
		read := func(b *rbacv1.ClusterRoleBinding) { // a RoleBinding has the same fields
			switch {
			case t.namespaced && b.RoleRef.Kind == "ClusterRole":
				u.roles[b.RoleRef.Name] = true
			case !t.namespaced && concerns(b.Subjects, s.Namespaces):
				u.bindings[b.Name] = true
				u.roles[b.RoleRef.Name] = true
			}
		}
		if err := list(ctx, c, t.path(t.ns), read); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// concerns reports whether a binding gives something to an account of the namespaces, by itself or through a group.
func concerns(subjects []rbacv1.Subject, namespaces []string) bool {
	for _, s := range subjects {
		switch s.Kind {
		case rbacv1.ServiceAccountKind:
			if slices.Contains(namespaces, s.Namespace) {
				return true
			}
		case rbacv1.GroupKind:
			if s.Name == "system:serviceaccounts" {
				return true
			}
			for _, ns := range namespaces {
				if s.Name == "system:serviceaccounts:"+ns {
					return true
				}
			}
		}
	}
	return false
}

// keep decides over an element of a list.
func (u *inUse) keep(k kind, object json.RawMessage) bool {
	if u == nil {
		return true
	}
	var names map[string]bool
	switch k.resource {
	case "clusterroles":
		names = u.roles
	case "clusterrolebindings":
		names = u.bindings
	default:
		return true
	}
	var o struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	return json.Unmarshal(object, &o) != nil || names[o.Metadata.Name]
}
