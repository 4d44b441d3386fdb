package kube

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	authv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// configuredInstallation has two components with the same ConfigMap, whose file of Redis is broken, and variables of both.
func configuredInstallation(f *faulty) {
	installation(f)
	kafka := strings.Replace(strings.Replace(pod("kafka-0", "one-node"), `"openim"}`, `"openim","labels":{"app":"kafka"}}`, 1), `"phase":"Running"`, `"phase":"Running","podIP":"10.0.0.1"`, 1)
	f.handle("/api/v1/namespaces/openim/pods", answer(podList(wanting("a", "one-node"), wanting("b", "one-node"), kafka)))
	f.handle("/api/v1/namespaces/openim/pods/kafka-0/log", answer(logLines(time.Now().Add(-time.Minute), 3)))
	template := `{"metadata":{"name":%q,"namespace":"openim"},"spec":{"replicas":1,"template":{"spec":{"volumes":[{"name":"c","configMap":{"name":"openim-config"}}],
"containers":[{"name":"app","image":"openim/%s:v3.8.3","volumeMounts":[{"name":"c","mountPath":"/config"}],"envFrom":[{"configMapRef":{"name":"extra"}}],
"env":[{"name":"IMENV_KAFKA_PASSWORD","valueFrom":{"secretKeyRef":{"name":"redis","key":"p"}}},{"name":"IMENV_MINIO_SECRETACCESSKEY","valueFrom":{"secretKeyRef":{"name":"minio","key":"k"}}},
{"name":"IMENV_KAFKA_ADDR","value":"x:1"}]}]}}}}`
	f.handle("/apis/apps/v1/namespaces/openim/deployments", answer(`{"kind":"DeploymentList","metadata":{},"items":[`+
		fmt.Sprintf(template, "openim-push", "openim-push")+","+fmt.Sprintf(template, "openim-rpc-msg", "openim-rpc-msg")+`]}`))
	maps := answer(`{"kind":"ConfigMapList","metadata":{},"items":[
{"metadata":{"name":"openim-config","namespace":"openim"},"data":{"kafka.yml":"address: [ kafka-service:19094 ]\nusername: u\npassword: openIM123\n","redis.yml":"address: [ r:1\n","prometheus.yml":"a: b","local-cache.yml":"a: dds-bp1.mongodb.rds.aliyuncs.com"}},
{"metadata":{"name":"extra","namespace":"openim"},"data":{"IMENV_KAFKA_USERNAME":"from-env"}},
{"metadata":{"name":"unrelated","namespace":"openim"},"data":{"kafka.yml":"address: [ wrong:1 ]"}}]}`)
	f.handle("/api/v1/namespaces/openim/configmaps", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "as=Table") {
			fmt.Fprint(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`)
			return
		}
		maps(w, r)
	})
	f.handle("/api/v1/namespaces/openim/services", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "as=Table") {
			fmt.Fprint(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`)
			return
		}
		fmt.Fprint(w, `{"kind":"ServiceList","metadata":{},"items":[{"metadata":{"name":"kafka-service","namespace":"openim"},"spec":{"selector":{"app":"kafka"},"clusterIP":"10.96.0.1"}}]}`)
	})
	f.handle("/api/v1/namespaces/openim/secrets/redis", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "as=Table") {
			fmt.Fprint(w, secretRow)
			return
		}
		fmt.Fprint(w, `{"kind":"Secret","metadata":{"name":"redis"},"data":{"p":"Y2FuYXJ5LXNlY3JldA=="}}`)
	})
}

func surveyConfigured(t *testing.T, noSecrets bool, refused func(authv1.ResourceAttributes) bool) (*faulty, *Cluster, *Survey) {
	t.Helper()
	f := newFaulty(t)
	configuredInstallation(f)
	if refused != nil {
		rightsBut(f, refused)
	}
	o := testOptions(t, f.URL)
	o.NoSecrets = noSecrets
	c := hurried(t, o)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f, c, s
}

// TestConfiguration reads files, variables and the one secret that connecting takes, and writes all but that.
func TestConfiguration(t *testing.T) {
	f, c, s := surveyConfigured(t, false, nil)
	if m := s.Environment.Managed; !slices.Equal(m, []string{"dds-bp1.mongodb.rds.aliyuncs.com"}) {
		t.Errorf("managed services: %q", m)
	}
	b, problems := backends.From(s.Settings(), s.Mounted)
	if len(problems) > 0 || b.Kafka == nil || b.Kafka.Addresses[0] != "kafka-service:19094" || b.Kafka.Login != (backends.Login{Username: "from-env", Password: "canary-secret"}) {
		t.Errorf("%+v, %v", b.Kafka, problems)
	}
	if f.asked("/secrets/minio") > 0 || f.asked("/secrets/redis") != 1 {
		t.Error("a secret was read that is no matter of connecting, or one twice")
	}
	if !slices.Contains(s.Secrets(), "canary-secret") {
		t.Errorf("%q: nobody could keep it out of logs", s.Secrets())
	}
	res, r := run(t, collect.Options{}, &config{c, s})
	got := decode[record.Config](t, read(t, r, bundle.ConfigEffective))
	if len(got.Groups) != 1 || len(got.Groups[0].Of) != 2 || len(got.Groups[0].Files) != 4 {
		t.Errorf("%+v", got)
	}
	values := map[string]record.ConfigSetting{}
	for _, one := range got.Groups[0].Settings {
		values[one.File+" "+one.Name] = one
	}
	if p := values["kafka.yml password"]; !p.Secret || p.Value != "" || len(p.Overridden) != 1 || p.From != "variable IMENV_KAFKA_PASSWORD, from secret redis" {
		t.Errorf("%+v", p)
	}
	if p := values["minio.yml secretaccesskey"]; p.Unknown == "" {
		t.Errorf("%+v", p)
	}
	if i := got.Groups[0].Ignored; len(i) != 1 || i[0].Variable != "IMENV_KAFKA_ADDR" {
		t.Errorf("%+v", i)
	}
	if p := got.Problems; len(p) != 1 || p[0].Of != "redis.yml" || p[0].Line != 1 {
		t.Errorf("%+v", p)
	}
	if text := read(t, r, bundle.Config("openim/openim-config/prometheus.yml")); text != "a: b" {
		t.Errorf("%q", text)
	}
	for _, name := range r.Names() {
		if strings.Contains(read(t, r, name), "canary") {
			t.Errorf("%s holds the secret", name)
		}
	}
	if len(res.Gaps) != 1 || !strings.Contains(res.Gaps[0].Detail, "redis.yml:1 of configmap openim/openim-config") || !res.Complete {
		t.Errorf("%+v, complete %v", res.Gaps, res.Complete)
	}
}

// TestAlikeSecrets tells which secrets are equal, and nothing else of them: with other secrets that are as alike the record is
// the same to the byte.
func TestAlikeSecrets(t *testing.T) {
	redactor := testRedactor(t)
	effective := func(one, other, password string) string {
		f := newFaulty(t)
		installation(f)
		template := `{"metadata":{"name":%q,"namespace":"openim"},"spec":{"template":{"spec":{"volumes":[{"name":"c","configMap":{"name":%q}}],
"containers":[{"name":"app","image":"openim/%s:v3.8.3","volumeMounts":[{"name":"c","mountPath":"/config"}],
"env":[{"name":"IMENV_REDIS_PASSWORD","valueFrom":{"secretKeyRef":{"name":"redis","key":"p"}}}]}]}}}}`
		f.handle("/apis/apps/v1/namespaces/openim/deployments", answer(`{"items":[`+fmt.Sprintf(template, "auth", "openim-config", "openim-rpc-auth")+","+
			fmt.Sprintf(template, "api", "openim-config", "openim-api")+","+fmt.Sprintf(template, "chat", "chat-config", "openim-chat")+`]}`))
		f.handle("/api/v1/namespaces/openim/configmaps", answer(fmt.Sprintf(`{"items":[
{"metadata":{"name":"openim-config","namespace":"openim"},"data":{"share.yml":"secret: %s\n","redis.yml":"password: x\n","minio.yml":"secretAccessKey:\n"}},
{"metadata":{"name":"chat-config","namespace":"openim"},"data":{"share.yml":"openIM:\n  secret: %s\n","redis.yml":"password: %s\n"}}]}`, one, other, one)))
		f.handle("/api/v1/namespaces/openim/secrets/redis", answer(`{"data":{"p":"`+base64.StdEncoding.EncodeToString([]byte(password))+`"}}`))
		c := connect(t, f)
		s, err := c.Survey(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, r := run(t, collect.Options{Redactor: redactor}, &config{c, s})
		return read(t, r, bundle.ConfigEffective)
	}
	text := effective("canary-one", "canary-other", "canary-three")
	if text != effective("Qa7#another", "Zz9!different", "a third of any length") {
		t.Error("the record depends on what the secrets are")
	}
	if strings.Contains(text, "canary") || text == effective("canary-one", "canary-one", "canary-three") {
		t.Error("a secret is told, or not which are equal")
	}
	numbers := map[string]int{}
	for _, g := range decode[record.Config](t, text).Groups {
		for _, one := range g.Settings {
			for _, w := range g.Of {
				numbers[w.Name+" "+one.File+" "+one.Name] = one.Alike
			}
		}
	}
	auth, chat := numbers["auth share.yml secret"], numbers["chat share.yml openIM.secret"]
	if auth == 0 || auth != numbers["api share.yml secret"] || chat == 0 || auth == chat || numbers["auth minio.yml secretAccessKey"] != 0 {
		t.Errorf("%v\n%s", numbers, text)
	}
	if overridden := numbers["auth redis.yml password"]; overridden == 0 || overridden == auth || overridden == chat {
		t.Errorf("the value of a Secret has number %d: %v", overridden, numbers)
	}
}

// TestNoSecrets reads none and asks for none, with what that costs; so does a user who may not.
func TestNoSecrets(t *testing.T) {
	for name, tt := range map[string]struct {
		declined bool
		refused  func(authv1.ResourceAttributes) bool
		want     string
	}{
		"declined":  {true, nil, "--no-secrets"},
		"forbidden": {false, func(a authv1.ResourceAttributes) bool { return a.Resource == "secrets" }, "may not get secret"},
	} {
		f, c, s := surveyConfigured(t, tt.declined, tt.refused)
		b, problems := backends.From(s.Settings(), s.Mounted)
		if len(problems) != 1 || !strings.Contains(problems[0].Text, tt.want) || !strings.Contains(problems[0].Hint, "--kafka-auth") || b.Kafka == nil || b.Kafka.Login != (backends.Login{}) {
			t.Errorf("%s: %+v, %v", name, b.Kafka, problems)
		}
		if len(s.Secrets()) > 0 {
			t.Errorf("%s: %q", name, s.Secrets())
		}
		run(t, collect.Options{}, c.Sources(s)...)
		if n := f.asked("/secrets"); n > 0 {
			t.Errorf("%s: secrets were asked for %d times", name, n)
		}
		p, err := c.Plan(t.Context(), s, collect.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if grants := slices.ContainsFunc(p.rights, func(r Answer) bool { return r.Resource == "secrets" }); grants == tt.declined {
			t.Errorf("%s: secrets among the rights: %v", name, grants)
		}
	}
}

// TestOptionalSecret takes a variable for not set whose Secret need not exist and does not.
func TestOptionalSecret(t *testing.T) {
	optional := true
	ref := corev1.LocalObjectReference{Name: "env"}
	container := corev1.Container{
		EnvFrom: []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: ref, Optional: &optional}}},
		Env:     []corev1.EnvVar{{Name: "IMENV_REDIS_PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: ref, Key: "p", Optional: &optional}}}},
	}
	comp := &configured{Component: Component{Namespace: "im", Kind: "Deployment", Name: "push", spec: &corev1.PodSpec{Containers: []corev1.Container{container}}}}
	for reason, gaps := range map[string]int{bundle.NotFound: 0, bundle.Timeout: 1} {
		f := &configuration{secrets: map[string]secretValues{"im/env": {why: "no answer", reason: reason}}}
		if vars := f.vars(comp); len(vars) != 1 || vars[0].Unread != map[int]string{1: "no answer"}[gaps] || len(f.gaps) != gaps {
			t.Errorf("%s: %+v, %+v", reason, vars, f.gaps)
		}
	}
}

// TestWholeSecretUnknown tells once that a Secret, all of whose keys are variables of two components, is not known.
func TestWholeSecretUnknown(t *testing.T) {
	from := corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "env"}}}
	comp := &configured{Component: Component{Namespace: "im", Kind: "Deployment", Name: "push", spec: &corev1.PodSpec{Containers: []corev1.Container{{EnvFrom: []corev1.EnvFromSource{from}}}}}}
	f := &configuration{secrets: map[string]secretValues{"im/env": {why: `the user may not get secret "env" in namespace im`, reason: bundle.Forbidden}}}
	for range 2 {
		if vars := f.vars(comp); len(vars) > 0 {
			t.Errorf("%+v", vars)
		}
	}
	if len(f.gaps) != 1 || f.gaps[0].Reason != bundle.Forbidden || !strings.Contains(f.gaps[0].Detail, "--redis") || !strings.Contains(f.gaps[0].Detail, "may not get") {
		t.Errorf("%+v", f.gaps)
	}
}
