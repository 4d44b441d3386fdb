package kube

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

const canary = "Y2FuYXJ5LXNlY3JldA==" // what a secret would hold

// collectObjects runs the source of objects for a user and gives what came of secrets.
func collectObjects(t *testing.T, user string, change func(*faulty)) (f *faulty, res *collect.Result, r *bundle.Reader) {
	t.Helper()
	f, c, s := prepare(t, user)
	if change != nil {
		change(f)
	}
	res, r = run(t, collect.Options{}, &objects{c, s})
	for _, name := range r.Names() {
		if strings.Contains(name, "cluster-resources/secrets") || strings.Contains(read(t, r, name), canary) {
			t.Errorf("%s holds objects or values of secrets", name)
		}
	}
	return f, res, r
}

func gapsOf(res *collect.Result, text string) []bundle.Gap {
	return slices.DeleteFunc(slices.Clone(res.Gaps), func(g bundle.Gap) bool { return !strings.Contains(g.Entry+g.Detail, text) })
}

// TestSecretsByName gets those that pods and workloads name as rows of one table, and tells which do not exist.
func TestSecretsByName(t *testing.T) {
	f, res, r := collectObjects(t, "no list of secrets", func(f *faulty) {
		f.handle("/api/v1/namespaces/openim/secrets", func(w http.ResponseWriter, r *http.Request) {
			t.Errorf("secrets are listed: %s", r.URL)
			refuse(http.StatusForbidden, "no")(w, r)
		})
		f.handle("/api/v1/namespaces/openim/secrets/redis", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept") != "application/json;as=Table;v=v1;g=meta.k8s.io" || r.URL.RawQuery != "includeObject=None" {
				t.Errorf("asked for %q, %q", r.Header.Get("Accept"), r.URL.RawQuery)
			}
			answer(secretRow)(w, r)
		})
	})
	table := decode[metav1.Table](t, read(t, r, bundle.Table("secrets", "openim")))
	if len(table.Rows) != 1 || table.Rows[0].Cells[0] != "redis" || len(table.ColumnDefinitions) != 3 {
		t.Errorf("%+v", table)
	}
	if got, want := read(t, r, bundle.TableText("secrets", "openim")), "NAME    TYPE     DATA\nredis   Opaque   1\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if info(t, r, bundle.Table("secrets", "openim")).Attrs["named"] == "" {
		t.Error("nobody says that the table has only what is named")
	}
	gaps := gapsOf(res, "secret")
	if len(gaps) != 1 || gaps[0].Reason != bundle.NotFound || gaps[0].Detail != `there is no secret "absent" in namespace openim; deployment "openim-push" (imagePullSecrets) names it` {
		t.Errorf("%+v", gaps)
	}
	if !res.Complete || f.asked("/secrets/") != 2 {
		t.Errorf("complete %v after %d requests", res.Complete, f.asked("/secrets/"))
	}
}

// TestSecretsListed tells what does not exist from the list, too.
func TestSecretsListed(t *testing.T) {
	f, res, _ := collectObjects(t, "administrator", func(f *faulty) {
		f.handle("/api/v1/namespaces/openim/secrets", answer(secretRow))
	})
	if gaps := gapsOf(res, "secret"); len(gaps) != 1 || gaps[0].Reason != bundle.NotFound || !strings.Contains(gaps[0].Detail, `"absent"`) || f.asked("/secrets/") != 0 {
		t.Errorf("%+v", gaps)
	}
}

// TestSecretsWithoutTables takes no object from a server that ignores what it was asked for, nor from one that is broken.
func TestSecretsWithoutTables(t *testing.T) {
	for name, body := range map[string]string{
		"object": `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"redis","annotations":{"a":"` + canary + `"}},"data":{"p":"` + canary + `"}}`,
		"list":   `{"kind":"SecretList","items":[{"metadata":{"name":"redis"},"data":{"p":"` + canary + `"}}]}`,
		"cut":    `{"kind":"Table","rows":[{"cel`,
	} {
		t.Run(name, func(t *testing.T) {
			_, res, r := collectObjects(t, "no list of secrets", func(f *faulty) {
				f.handle("/api/v1/namespaces/openim/secrets/redis", answer(body))
			})
			if gaps := gapsOf(res, `secret "redis"`); len(gaps) != 1 || gaps[0].Reason != bundle.Failed || gaps[0].Costs == "" {
				t.Errorf("%+v", res.Gaps)
			}
			table := decode[metav1.Table](t, read(t, r, bundle.Table("secrets", "openim")))
			if len(table.Rows) != 0 || info(t, r, bundle.Table("secrets", "openim")).Truncated == nil {
				t.Errorf("%+v", table)
			}
		})
	}
}

// TestSecretsForbidden is one gap for all that a namespace's pods name, known before the run.
func TestSecretsForbidden(t *testing.T) {
	f, c, s := prepare(t, "no secrets, metrics, custom")
	_, r := run(t, collect.Options{}, &objects{c, s})
	if slices.Contains(r.Names(), bundle.Table("secrets", "openim")) || f.asked("/secrets") != 0 {
		t.Error("what is known to be forbidden was asked for")
	}
	if s.Access.May("list", "", "secrets", "openim") || s.Access.may(ask{"get", "", "secrets", "openim", "redis"}) {
		t.Errorf("%+v", s.Access.Asked)
	}
	// Refused in spite of what the server said of rights: told at the entry.
	_, res, _ := collectObjects(t, "no list of secrets", func(f *faulty) {
		f.handle("/api/v1/namespaces/openim/secrets/", refuse(http.StatusForbidden, "no"))
		f.handle("/api/v1/namespaces/openim/secrets/redis", refuse(http.StatusForbidden, "no"))
		f.handle("/api/v1/namespaces/openim/secrets/absent", refuse(http.StatusForbidden, "no"))
	})
	for _, g := range gapsOf(res, "secret") {
		if g.Reason != bundle.Forbidden || g.Entry != bundle.Table("secrets", "openim") {
			t.Errorf("%+v", g)
		}
	}
}

// TestSecretsUnknown keeps the refusal to list them where it is not known which are named; workloads name some without pods.
func TestSecretsUnknown(t *testing.T) {
	f, c, s := prepare(t, "no pods")
	of := func(s *Survey) (details []string) {
		for _, g := range s.Gaps() {
			if strings.Contains(g.Detail, "secrets") {
				details = append(details, g.Detail)
			}
		}
		return details
	}
	if got := of(s); !slices.Equal(got, []string{`the user may not get secrets "absent" in namespace openim`}) {
		t.Errorf("%q", got)
	}
	f.handle("/apis/apps/v1/namespaces/openim/deployments", answer(`{"kind":"DeploymentList","metadata":{},"items":[]}`))
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := of(s); !slices.Equal(got, []string{"the user may not list secrets in namespace openim"}) {
		t.Errorf("%q", got)
	}
}

func TestWants(t *testing.T) {
	yes := true
	ref := func(name string) *corev1.LocalObjectReference { return &corev1.LocalObjectReference{Name: name} }
	env := func(name string) corev1.Container {
		return corev1.Container{Env: []corev1.EnvVar{{Name: "P", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: *ref(name), Optional: &yes}}}}}
	}
	volume := func(source corev1.VolumeSource) corev1.Volume { return corev1.Volume{Name: "v", VolumeSource: source} }
	spec := &corev1.PodSpec{
		ImagePullSecrets: []corev1.LocalObjectReference{*ref("pull")},
		InitContainers:   []corev1.Container{env("init")},
		Containers: []corev1.Container{env("env"), {EnvFrom: []corev1.EnvFromSource{
			{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: *ref("from")}}, {ConfigMapRef: &corev1.ConfigMapEnvSource{}},
		}}},
		EphemeralContainers: []corev1.EphemeralContainer{{EphemeralContainerCommon: corev1.EphemeralContainerCommon(env("ephemeral"))}},
		Volumes: []corev1.Volume{
			volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "volume", Optional: &yes}}),
			volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{Secret: &corev1.SecretProjection{LocalObjectReference: *ref("projected")}}, {ServiceAccountToken: &corev1.ServiceAccountTokenProjection{}},
			}}}),
			volume(corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{NodePublishSecretRef: ref("csi")}}),
			volume(corev1.VolumeSource{CSI: &corev1.CSIVolumeSource{}}),
			volume(corev1.VolumeSource{AzureFile: &corev1.AzureFileVolumeSource{SecretName: "azure"}}),
			volume(corev1.VolumeSource{RBD: &corev1.RBDVolumeSource{SecretRef: ref("rbd")}}),
			volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{}}),
		},
	}
	w := wants{}
	w.see("Deployment", "im", "push", spec)
	w.see("Pod", "im", "push-1", spec)
	w.see("Pod", "im", "push-2", spec)
	w.see("Pod", "other", "p", spec)
	want := []string{"azure", "csi", "env", "ephemeral", "from", "init", "projected", "pull", "rbd", "volume"}
	if got := w.names("im"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for name, text := range map[string]string{
		"env":  `pod "push-1" (env P) and 1 more pods, as optional`,
		"pull": `pod "push-1" (imagePullSecrets) and 1 more pods`,
		"csi":  `pod "push-1" (volume v) and 1 more pods`,
	} {
		if got := w["im"][name].String(); got != text {
			t.Errorf("%s: %s, want %s", name, got, text)
		}
	}
}

// TestSecretNamesAreReviewed asks for each name where the server lists no rules, and believes the rules where it does.
func TestSecretNamesAreReviewed(t *testing.T) {
	f, c, _ := prepare(t, "no list of secrets")
	rule := `{"verbs":["list"],"apiGroups":["*"],"resources":["*"]},{"verbs":["get"],"apiGroups":[""],"resources":["secrets"],"resourceNames":["redis"]}`
	access(f, false, strings.Replace(rule, `"resources":["*"]`, `"resources":["pods","deployments"]`, 1), func(authv1.ResourceAttributes) bool { return false })
	s, err := c.Survey(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Access.may(ask{"get", "", "secrets", "openim", "redis"}) || s.Access.may(ask{"get", "", "secrets", "openim", "absent"}) {
		t.Errorf("%+v", s.Access.Asked)
	}
	if n := (&objects{c, s}).named(); len(n) != 1 || !slices.Equal(n[0].names, []string{"redis"}) {
		t.Errorf("%+v", n)
	}
}
