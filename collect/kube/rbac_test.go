package kube

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/imbundle/imbundle/collect"
)

// object is what the printed objects have in common, and their rules.
type printed struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Labels          map[string]string
	}
	Rules    []rbacv1.PolicyRule
	RoleRef  rbacv1.RoleRef
	Subjects []rbacv1.Subject
}

func printRBAC(t *testing.T, user string) (string, []printed) {
	t.Helper()
	_, c, s := prepare(t, user)
	p, err := c.Plan(t.Context(), s, collect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.RBAC(&b, "imbundle collect"); err != nil {
		t.Fatal(err)
	}
	var all []printed
	for d := yaml.NewYAMLOrJSONDecoder(strings.NewReader(b.String()), 4096); ; {
		var o printed
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return b.String(), all
		} else if err != nil {
			t.Fatalf("%v\n%s", err, b.String())
		}
		all = append(all, o)
	}
}

func kindsOf(all []printed) []string {
	var kinds []string
	for _, o := range all {
		kinds = append(kinds, o.Kind+" "+o.Metadata.Name)
	}
	return kinds
}

// TestRBAC reads what is printed as kubectl does: complete objects, every role bound to the one subject.
func TestRBAC(t *testing.T) {
	for user, want := range map[string][]string{
		"administrator": {
			"ServiceAccount imbundle", "Role imbundle", "RoleBinding imbundle", "Role imbundle", "RoleBinding imbundle",
			"ClusterRole imbundle-cluster-openim", "ClusterRoleBinding imbundle-cluster-openim",
		},
		"everywhere": {
			"ServiceAccount imbundle", "Role imbundle", "RoleBinding imbundle", "Role imbundle", "RoleBinding imbundle",
			"ClusterRole imbundle-discovery-openim", "ClusterRoleBinding imbundle-discovery-openim",
			"ClusterRole imbundle-cluster-openim", "ClusterRoleBinding imbundle-cluster-openim",
		},
	} {
		text, all := printRBAC(t, user)
		if got := kindsOf(all); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", user, got, want)
		}
		for i, o := range all {
			if o.Metadata.Labels["app.kubernetes.io/name"] != "imbundle" || strings.HasPrefix(o.Kind, "Cluster") != (o.Metadata.Namespace == "") {
				t.Errorf("%+v", o)
			}
			if !strings.HasSuffix(o.Kind, "Binding") {
				continue
			}
			role, s := all[i-1], o.Subjects
			if o.RoleRef.Name != role.Metadata.Name || o.RoleRef.Kind != role.Kind || len(role.Rules) == 0 ||
				len(s) != 1 || s[0].Kind != "ServiceAccount" || s[0].Name != "imbundle" || s[0].Namespace != "openim" {
				t.Errorf("%+v binds %+v", o, role)
			}
		}
		if nodes := all[3]; nodes.Metadata.Namespace != "default" || len(nodes.Rules) != 1 || !slices.Equal(nodes.Rules[0].Resources, []string{"events"}) || !slices.Equal(nodes.Rules[0].Verbs, []string{"list"}) {
			t.Errorf("%s: in the namespace of the events about nodes: %+v", user, nodes)
		}
		if strings.Count(text, "# Optional: ") != 1 {
			t.Errorf("the optional part is not marked:\n%s", text)
		}
	}
}

// TestRBACIsNarrow has no wildcard, nothing that writes, no list of secrets; exec only where it was asked for.
func TestRBACIsNarrow(t *testing.T) {
	for _, user := range []string{"administrator, exec", "all", "no pods"} {
		_, all := printRBAC(t, user)
		exec := false
		for _, o := range all {
			for _, r := range o.Rules {
				exec = exec || slices.Contains(r.Resources, "pods/exec")
				if slices.Contains(r.Resources, "secrets") && (!slices.Equal(r.Verbs, []string{"get"}) || !slices.Equal(r.ResourceNames, []string{"absent", "redis"}) && user != "no pods") {
					t.Errorf("%s: %+v", user, r)
				}
				for _, word := range slices.Concat(r.Verbs, r.Resources, r.APIGroups) {
					if word == "*" || word == "watch" || word == "create" && !slices.Equal(r.Resources, []string{"pods/exec"}) && !slices.Equal(r.Resources, []string{forwarding}) {
						t.Errorf("%s: %+v", user, r)
					}
				}
			}
		}
		if exec != users[user].exec {
			t.Errorf("%s: exec is %v", user, exec)
		}
	}
	if text, _ := printRBAC(t, "no pods"); !strings.Contains(text, "is not known") {
		t.Errorf("nobody says that the names of secrets are not known:\n%s", text)
	}
}
