//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// printedRights are the objects that --plan=rbac prints.
func printedRights(t *testing.T, args ...string) (text string, objects []map[string]any) {
	t.Helper()
	res := imbundle(t, append([]string{"collect", "--kubeconfig", kubeconfig, "--plan=rbac"}, args...)...)
	if res.code != 0 {
		t.Fatalf("exit code %d\n%s", res.code, res.err)
	}
	for d := yaml.NewYAMLOrJSONDecoder(strings.NewReader(res.out), 4096); ; {
		var o map[string]any
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return res.out, objects
		} else if err != nil {
			t.Fatalf("%v\n%s", err, res.out)
		}
		objects = append(objects, o)
	}
}

// accountConfig is a kubeconfig with a token of the printed account, in its namespace.
func accountConfig(t *testing.T) string {
	t.Helper()
	token := strings.TrimSpace(kubectl(t, "create", "token", "imbundle", "-n", planned.namespace, "--duration=1h"))
	text := regexp.MustCompile(`token: [^}\s]+`).ReplaceAllString(rig(t, "kubeconfig", planned.namespace), "token: "+token)
	file := filepath.Join(t.TempDir(), "account.kubeconfig")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// forbidden are the gaps for want of rights, without describe texts: those ask the server nothing and lack what it refused.
func (a *archive) forbidden() (gaps []gap) {
	for _, g := range a.manifest.Gaps {
		if g.Reason == "forbidden" && g.Source != "kube-describe" {
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// TestPrintedRights collects with exactly the rights that were printed: everything succeeds. Then each of them is taken
// away by itself, which costs what it is for and nothing else.
func TestPrintedRights(t *testing.T) {
	stagePlanned(t)
	text, objects := printedRights(t, "-n", planned.namespace, "--exec")
	apply(t, text)
	t.Run("all", func(t *testing.T) {
		a, res := collectAs(t, accountConfig(t), "-n", planned.namespace, "--exec", "--profile", "quick")
		if res.code != 0 || !a.manifest.Complete || len(a.forbidden()) > 0 {
			t.Errorf("exit code %d, complete %v, %+v", res.code, a.manifest.Complete, a.manifest.Gaps)
		}
		ns := planned.namespace
		a.has(t, "cluster-resources/pods/"+ns+".json", "cluster-resources/nodes.json", "tables/secrets/"+ns+".txt", "top/pods.txt", "top/nodes.txt",
			"cluster-resources/pods/logs/"+ns+"/etcd-0/etcd.log", "tables/messageroutes.im.example.com/"+ns+".txt")
		if got := string(a.files["container-files/"+ns+"/openim-rpc-quiet/third/openim-server/logs/openim-service-log.2026"]); got != "in a file only\n" {
			t.Errorf("the log file inside the container: %q", got)
		}
		if table := string(a.files["tables/secrets/"+ns+".txt"]); strings.Contains(table, "minio") || !strings.Contains(table, "openim-redis-secret") {
			t.Errorf("secrets: %s", table)
		}
		lost := 0
		for _, g := range a.manifest.Gaps {
			if g.Reason == "not-found" && strings.Contains(g.Detail, `"nowhere-to-be-found"`) && strings.Contains(g.Detail, `pod "openim-rpc-quiet"`) {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("the secret that does not exist is told %d times: %+v", lost, a.manifest.Gaps)
		}
		for name := range a.files {
			if strings.HasPrefix(name, "cluster-resources/secrets") {
				t.Errorf("%s is in the bundle", name)
			}
		}
	})
	variants := withoutEach(t, objects)
	if len(variants) < 33 {
		t.Errorf("only %d rights are printed", len(variants))
	}
	apply(t, joined(t, variants))
	t.Cleanup(func() { unmake(t, variants) })
	collectEach(t, variants, []string{"--kubeconfig", kubeconfig, "-n", planned.namespace, "--exec", "--as", "system:serviceaccount:" + planned.namespace + ":"},
		func(t *testing.T, v variant, a *archive, res result) {
			if res.code != 0 || !a.manifest.Complete {
				t.Errorf("exit code %d, complete %v (%s): what is known to be forbidden is not promised", res.code, a.manifest.Complete, a.manifest.Reason)
			}
			if gaps := a.forbidden(); len(gaps) != 1 || !strings.HasPrefix(gaps[0].Detail, "the user may not "+v.lacks+" ") || gaps[0].Costs == "" {
				t.Errorf("forbidden: %+v", gaps)
			}
		})
}

// TestPrintedRightsEverywhere collects from wherever OpenIM is found, with the rights that were printed for that, then
// without each of those that choosing namespaces needs: that is told, and costs the other namespaces at most.
func TestPrintedRightsEverywhere(t *testing.T) {
	stagePlanned(t)
	text, objects := printedRights(t)
	apply(t, text)
	whole := variant{account: "imbundle", objects: objects}
	t.Cleanup(func() { unmake(t, []variant{whole}) })
	variants := withoutEach(t, objects)
	variants = slices.DeleteFunc(variants, func(v variant) bool { return v.part != "discovery" })
	if len(variants) != 3 {
		t.Fatalf("%d rights to choose namespaces", len(variants))
	}
	apply(t, joined(t, variants))
	t.Cleanup(func() { unmake(t, variants) })
	home := objects[0]["metadata"].(map[string]any)["namespace"].(string)
	there := filepath.Join(t.TempDir(), "there.kubeconfig")
	raw, err := os.ReadFile(kubeconfig)
	if err == nil {
		err = os.WriteFile(there, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	kubectl(t, "--kubeconfig", there, "config", "set-context", "--current", "--namespace="+planned.namespace)
	collectEach(t, append(variants, whole), []string{"--kubeconfig", there, "--as", "system:serviceaccount:" + home + ":"},
		func(t *testing.T, v variant, a *archive, res result) {
			if _, there := a.files["cluster-resources/pods/"+planned.namespace+".json"]; !there {
				t.Errorf("the namespace of the context is not in the bundle\n%s", res.err)
			}
			gaps := a.forbidden()
			if (len(gaps) == 0) != (v.lacks == "") {
				t.Errorf("forbidden: %+v", gaps)
			}
			cluster := 0
			for _, g := range gaps {
				if !strings.HasPrefix(g.Detail, "the user may not "+v.lacks) {
					t.Errorf("forbidden: %+v", g)
				}
				if strings.HasSuffix(g.Detail, " of the cluster") {
					cluster++
				}
			}
			if len(gaps) > 0 && cluster != 1 {
				t.Errorf("forbidden, %d times of the cluster: %+v", cluster, gaps)
			}
		})
}

// TestNoRights is told before anything is written, by the plan as by the collection, with who can help how.
func TestNoRights(t *testing.T) {
	stagePlanned(t)
	nobody := []string{"collect", "--kubeconfig", kubeconfig, "-n", planned.namespace, "--as", "system:serviceaccount:" + planned.namespace + ":nobody"}
	for _, plan := range [][]string{nil, {"--plan"}, {"--plan=rbac"}, {"--plan=json"}} {
		res := imbundle(t, append(slices.Clone(nobody), plan...)...)
		if res.code != 1 || res.out != "" || !strings.Contains(res.err, "imbundle collect -n "+planned.namespace+" --plan=rbac") {
			t.Errorf("%q: exit code %d, %q\n%s", plan, res.code, res.out, res.err)
		}
	}
}

// collectEach collects with the rights of each variant, some at a time; the last of the arguments is completed with its account.
func collectEach(t *testing.T, variants []variant, args []string, check func(*testing.T, variant, *archive, result)) {
	t.Helper()
	for some := range slices.Chunk(variants, 8) {
		var runs []*running
		var files []string
		for _, v := range some {
			file := filepath.Join(t.TempDir(), "bundle.tgz")
			args := append(slices.Clone(args[:len(args)-1]), args[len(args)-1]+v.account, "-f", file, "--profile", "quick")
			runs, files = append(runs, begin(t, append([]string{"collect"}, args...)...)), append(files, file)
		}
		for i, v := range some {
			res := runs[i].wait()
			t.Run("without "+v.lacks, func(t *testing.T) { check(t, v, unpack(t, files[i]), res) })
		}
	}
}

// variant is the printed rights but one, given to an account of its own.
type variant struct {
	lacks   string // as a gap says it: "list deployments.apps"
	account string
	part    string // of the rights to which it belongs
	objects []map[string]any
}

// withoutEach makes a variant for each verb and resource.
func withoutEach(t *testing.T, objects []map[string]any) (variants []variant) {
	t.Helper()
	for o := range objects {
		for r, rule := range rulesOf(t, objects[o]) {
			for i, resource := range rule.Resources {
				name := rule.Verbs[0] + " " + resource
				if rule.APIGroups[0] != "" {
					name += "." + rule.APIGroups[0]
				}
				v := variant{lacks: name, part: partOf(objects[o]), account: fmt.Sprintf("imbundle-%d-%d-%d", o, r, i)}
				for n, object := range objects {
					rules := rulesOf(t, object)
					if n == o {
						rules[r].Resources = append(rules[r].Resources[:i:i], rules[r].Resources[i+1:]...)
						if len(rules[r].Resources) == 0 {
							rules = append(rules[:r:r], rules[r+1:]...)
						}
					}
					v.objects = append(v.objects, v.renamed(object, rules))
				}
				variants = append(variants, v)
			}
		}
	}
	return variants
}

func partOf(object map[string]any) string {
	labels, _ := object["metadata"].(map[string]any)["labels"].(map[string]any)
	part, _ := labels["app.kubernetes.io/component"].(string)
	return part
}

func rulesOf(t *testing.T, object map[string]any) []rbacv1.PolicyRule {
	t.Helper()
	var role struct{ Rules []rbacv1.PolicyRule }
	raw, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(raw, &role)
	}
	if err != nil {
		t.Fatal(err)
	}
	return role.Rules
}

// renamed is a copy of an object that belongs to the variant's account.
func (v variant) renamed(object map[string]any, rules []rbacv1.PolicyRule) map[string]any {
	raw, err := json.Marshal(object)
	if err != nil {
		panic(err) // it was decoded from YAML
	}
	text := regexp.MustCompile(`"name":"imbundle[^"]*"`).ReplaceAllStringFunc(string(raw), func(s string) string {
		if strings.Contains(s, "-") {
			return strings.TrimSuffix(s, `"`) + "-" + strings.TrimPrefix(v.account, "imbundle-") + `"`
		}
		return `"name":"` + v.account + `"`
	})
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(err)
	}
	if o["rules"] != nil {
		o["rules"] = rules
	}
	return o
}

// joined is all objects as one list for kubectl.
func joined(t *testing.T, variants []variant) string {
	t.Helper()
	list := map[string]any{"apiVersion": "v1", "kind": "List"}
	var items []map[string]any
	for _, v := range variants {
		items = append(items, v.objects...)
	}
	list["items"] = items
	raw, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// unmake deletes what the variants brought.
func unmake(t *testing.T, variants []variant) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "objects.json")
	if err := os.WriteFile(file, []byte(joined(t, variants)), 0o600); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "delete", "--ignore-not-found", "--wait=false", "-f", file)
}
