package kube

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// account is the ServiceAccount that gets the rights; it lives in the first of the chosen namespaces.
const account = "imbundle"

// The parts of the printed rights, as their label app.kubernetes.io/component says.
const (
	partNamespace = "namespace" // what is read in one namespace
	partDiscovery = "discovery" // what is needed to choose namespaces
	partCluster   = "cluster"   // what lies below: optional
)

// RBAC prints the least rights with which every request of the plan succeeds, as objects for kubectl apply: a Role for each
// namespace, a ClusterRole to find namespaces where none is named, and one for what lies below, which is optional. The
// command is the line that the rights are for.
func (p *Plan) RBAC(out io.Writer, command string) error {
	m := &manifest{out: out, home: p.Namespaces[0]}
	m.line("# The least rights for `%s`, at %s.", command, p.Server)
	m.line("# Kubernetes lets nobody grant what they may not do themselves: an administrator applies them,")
	m.line("#   %s --plan=rbac | kubectl apply -f -", command)
	m.line("# and takes them away again with `kubectl delete -f -`. They go to the ServiceAccount %q of namespace %q:", account, m.home)
	m.line("#   %s --as system:serviceaccount:%s:%s      # an administrator, with these rights only", command, m.home, account)
	m.line("#   kubectl create token %s -n %s                # a token for the kubeconfig of somebody else", account, m.home)
	m.line("# To give them to a person instead, put {kind: User, name: NAME, apiGroup: %s} in the place of each subject.", rbacGroup)
	m.line("# Version, health and the list of API groups may be read by every account (system:discovery); it may ask for its own rights, too.")
	m.serviceAccount()
	for _, ns := range p.places() {
		m.role(partNamespace, ns, p.rightsOf(func(r Answer) bool { return r.Namespace == ns }), p.about(ns)...)
	}
	m.role(partDiscovery, "", p.rightsOf(func(r Answer) bool { return r.Namespace == "" && r.source == clusterName }),
		"To choose namespaces. Who names them with -n needs none of this, and the rights that `--plan=rbac -n NAMESPACE` prints.")
	below := p.rightsOf(func(r Answer) bool { return r.Namespace == "" && r.source != clusterName })
	about := []string{
		"Optional: what lies below OpenIM. Left out, a bundle lacks what stands behind each resource; the rest is as good.",
		"To leave it out: kubectl apply -f - -l app.kubernetes.io/component!=" + partCluster,
	}
	if slices.ContainsFunc(below, func(r Answer) bool { return r.Resource == nodeProxy }) {
		about = append(about, "nodes/proxy (--node-stats) reaches everything that kubelets do: it amounts to running commands in every pod.")
	}
	m.role(partCluster, "", below, about...)
	return m.err
}

// places are the namespaces in which rights are needed, the chosen ones first.
func (p *Plan) places() []string {
	all := slices.Clone(p.Namespaces)
	for _, r := range p.rights {
		if r.Namespace != "" && !slices.Contains(all, r.Namespace) {
			all = append(all, r.Namespace)
		}
	}
	return all
}

func (p *Plan) rightsOf(is func(Answer) bool) []Answer {
	return slices.DeleteFunc(slices.Clone(p.rights), func(r Answer) bool { return !is(r) })
}

// about is what is to be said of the rights in a namespace.
func (p *Plan) about(ns string) []string {
	text := []string{fmt.Sprintf("What is read in namespace %q. Behind each resource stands what a bundle lacks without it.", ns)}
	if slices.Contains(p.unnamed, ns) {
		text = append(text, "Which secrets its pods name is not known: who printed this may not list pods. Print it again with the rights below.")
	}
	if slices.ContainsFunc(p.rights, func(r Answer) bool { return r.Resource == forwarding && r.Namespace == ns }) {
		text = append(text, "pods/portforward opens a connection to whatever listens in a pod; it is used for the backends only.")
	}
	if ns == nodeEventsIn && !slices.Contains(p.Namespaces, ns) {
		text = append(text, "Events about nodes stand here, wherever OpenIM is; they are asked for by a field selector, which no Role can hold.")
	}
	if slices.ContainsFunc(p.rights, func(r Answer) bool { return r.Resource == serviceProxy && r.Namespace == ns }) {
		text = append(text, "services/proxy (--prometheus) reads whatever this one service answers: a Prometheus knows of every namespace.")
	}
	if slices.ContainsFunc(p.rights, func(r Answer) bool { return r.Resource == executing && r.Namespace == ns }) {
		text = append(text, "pods/exec (--exec) amounts to everything that the containers themselves may do.")
	}
	if slices.ContainsFunc(p.rights, func(r Answer) bool { return r.source == podsName && r.Namespace == ns }) {
		text = append(text, "To create pods (--node-mode pod) amounts to everything on the nodes, where no admission forbids hostPath.")
	}
	return text
}

// manifest writes objects for kubectl; the first error stays.
type manifest struct {
	out  io.Writer
	home string // namespace of the subject
	err  error
}

func (m *manifest) line(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.out, format+"\n", args...)
	}
}

// object begins one; kinds of the cluster carry the subject's namespace in their name, so that two of them do not meet.
func (m *manifest) object(group, kind, part, ns string) {
	if group != "" {
		group += "/"
	}
	m.line("apiVersion: %sv1\nkind: %s\nmetadata:", group, kind)
	m.line("  name: %q", m.name(part))
	if ns != "" {
		m.line("  namespace: %q", ns)
	}
	m.line("  labels: {app.kubernetes.io/name: imbundle, app.kubernetes.io/component: %s}", part)
}

func (m *manifest) name(part string) string {
	if part == partNamespace {
		return account
	}
	return account + "-" + part + "-" + m.home
}

func (m *manifest) serviceAccount() {
	m.object("", "ServiceAccount", partNamespace, m.home)
}

// role writes a Role of a namespace, or a ClusterRole, and its binding to the subject.
func (m *manifest) role(part, ns string, rights []Answer, about ...string) {
	if len(rights) == 0 {
		return
	}
	prefix := ""
	if ns == "" {
		prefix = "Cluster"
	}
	m.line("---")
	for _, text := range about {
		m.line("# %s", text)
	}
	m.object(rbacGroup, prefix+"Role", part, ns)
	m.line("rules:")
	for _, r := range rules(rights) {
		m.rule(r)
	}
	m.line("---")
	m.object(rbacGroup, prefix+"RoleBinding", part, ns)
	m.line("roleRef: {apiGroup: %s, kind: %sRole, name: %q}", rbacGroup, prefix, m.name(part))
	m.line("subjects:\n- {kind: ServiceAccount, name: %q, namespace: %q}", account, m.home)
}

// rule is a rule of a role: resources of one group with one verb, or the names of objects that are granted singly.
type rule struct {
	group, verb string
	rights      []Answer // of one resource, each with a name, or each of another resource
}

// rules groups rights, in the order in which they come.
func rules(rights []Answer) []rule {
	var all []rule
	for n, r := range rights {
		if slices.ContainsFunc(rights[:n], func(other Answer) bool { return other.ask == r.ask }) {
			continue // for another purpose
		}
		i := slices.IndexFunc(all, func(u rule) bool {
			first := u.rights[0]
			return u.group == r.Group && u.verb == r.Verb && (first.Name == "") == (r.Name == "") && (r.Name == "" || first.Resource == r.Resource)
		})
		if i < 0 {
			all = append(all, rule{group: r.Group, verb: r.Verb})
			i = len(all) - 1
		}
		all[i].rights = append(all[i].rights, r)
	}
	return all
}

func (m *manifest) rule(r rule) {
	m.line("- apiGroups: [%q]\n  verbs: [%q]\n  resources:", r.group, r.verb)
	if r.rights[0].Name == "" {
		for _, right := range r.rights {
			m.line("  - %-28s # %s", strconv.Quote(right.Resource), right.Costs)
		}
		return
	}
	var names []string
	for _, right := range r.rights {
		names = append(names, strconv.Quote(right.Name))
	}
	m.line("  - %-28s # %s", strconv.Quote(r.rights[0].Resource), r.rights[0].Costs)
	if r.rights[0].Resource == secrets.resource {
		m.line("  # Of each a row of a table is asked for. The values of those that OpenIM mounts, or takes for connecting, are read into memory: for connecting, and for its settings that are no secrets.")
		m.line("  # --no-secrets declines both, and needs none of this rule.")
	}
	m.line("  resourceNames: [%s]", strings.Join(names, ", "))
}
