package kube

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// wanted are the roles that every installation has; one container with all of them has none by itself.
var wanted = []string{
	"api", "msggateway", "msgtransfer", "push", "crontask",
	"rpc-auth", "rpc-user", "rpc-friend", "rpc-group", "rpc-conversation", "rpc-msg", "rpc-third",
}

// allInOne is the role of the image that runs every component in one container.
const allInOne = "server"

// isOpenIM reports whether a role shows that OpenIM is installed where it stands.
func isOpenIM(role string) bool {
	return slices.Contains(wanted, role) || role == allInOne || role == "chat"
}

// lacking lists the roles of which nothing was found.
func (c *Cluster) lacking(found []Component) []string {
	has := map[string]bool{}
	for _, comp := range found {
		has[comp.Role] = true
	}
	if len(has) == 0 || has[allInOne] {
		return nil
	}
	var lack []string
	for _, role := range wanted {
		if !has[role] {
			lack = append(lack, role)
		}
	}
	return lack
}

var versionTag = regexp.MustCompile(`v?([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:-[0-9a-z.]+)?)$`)

// imageVersion is the version that most images of OpenIM carry in their tag.
func imageVersion(found []Component) string {
	count := map[string]int{}
	best := ""
	for _, comp := range found {
		m := versionTag.FindStringSubmatch(imageTag(comp.Image))
		if m == nil || !isOpenIM(comp.Role) || comp.Role == "chat" {
			continue
		}
		count[m[1]]++
		if count[m[1]] > count[best] || count[m[1]] == count[best] && m[1] > best {
			best = m[1]
		}
	}
	return best
}

// Lines tells a person what was found: one line for each namespace, then what is missing or elsewhere.
func (s *Survey) Lines() []string {
	var lines []string
	for _, ns := range s.Namespaces {
		name := "OpenIM"
		if s.Version != "" {
			name += " " + s.Version
		}
		own, backends := s.tally(ns)
		line := fmt.Sprintf("%s in namespace %s: %s", name, ns, own)
		if own == "" {
			line = fmt.Sprintf("no component of OpenIM recognised in namespace %s", ns)
		}
		if backends != "" {
			line += "; backends: " + backends
		}
		lines = append(lines, line)
	}
	if len(s.Missing) > 0 {
		lines = append(lines, "missing: "+strings.Join(s.Missing, ", "))
	}
	if line := s.Environment.line(); line != "" {
		lines = append(lines, line)
	}
	for _, comp := range s.Elsewhere {
		if comp.Role == "dns" || comp.Role == "ingress" {
			continue // every cluster has them; discovery.json lists them
		}
		lines = append(lines, fmt.Sprintf("also seen: %s %q in namespace %s (add -n %s to collect it)", comp.Role, comp.Name, comp.Namespace, comp.Namespace))
	}
	return lines
}

// tally counts the pods of a namespace by role: "api ×2, push ×1 (0 ready)".
func (s *Survey) tally(ns string) (own, backends string) {
	type count struct{ replicas, ready int }
	counts := map[string]*count{}
	var roles, backendRoles []string
	for _, comp := range s.Components {
		if comp.Namespace != ns {
			continue
		}
		if counts[comp.Role] == nil {
			counts[comp.Role] = &count{}
			if comp.Backend {
				backendRoles = append(backendRoles, comp.Role)
			} else {
				roles = append(roles, comp.Role)
			}
		}
		counts[comp.Role].replicas += comp.Replicas
		counts[comp.Role].ready += comp.Ready
	}
	words := func(roles []string) string {
		var parts []string
		for _, role := range roles {
			n := counts[role]
			part := fmt.Sprintf("%s ×%d", role, n.replicas)
			if n.ready < n.replicas {
				part += fmt.Sprintf(" (%d ready)", n.ready)
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, ", ")
	}
	return words(roles), words(backendRoles)
}
