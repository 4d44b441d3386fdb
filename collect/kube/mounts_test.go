package kube

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	authv1 "k8s.io/api/authorization/v1"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// secretFiles has a component whose files of settings are those of two Secrets and a ConfigMap, and which mounts a certificate.
func secretFiles(f *faulty) {
	secure := httptest.NewTLSServer(nil)
	defer secure.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	installation(f)
	f.handle("/apis/apps/v1/namespaces/openim/deployments", answer(`{"items":[{"metadata":{"name":"openim-push","namespace":"openim"},"spec":{"template":{"spec":{
"volumes":[{"name":"config","configMap":{"name":"openim-config"}},{"name":"files","secret":{"secretName":"files"}},{"name":"one","secret":{"secretName":"one"}},
{"name":"tls","projected":{"sources":[{"secret":{"name":"tls","items":[{"key":"ca","path":"ca.crt"}]}}]}},{"name":"account","secret":{"secretName":"account-token"}}],
"containers":[{"name":"app","image":"openim/openim-push:v3.8.3","volumeMounts":[{"name":"config","mountPath":"/config"},{"name":"files","mountPath":"/secret-config"},
{"name":"one","mountPath":"/config/redis.yml","subPath":"r"},{"name":"tls","mountPath":"/tls"},{"name":"account","mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}]}]}}}}]}`))
	f.handle("/api/v1/namespaces/openim/configmaps", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept"), "as=Table") {
			fmt.Fprint(w, `{"kind":"Table","metadata":{},"columnDefinitions":[{"name":"Name","type":"string"}],"rows":[]}`)
			return
		}
		fmt.Fprint(w, `{"items":[{"metadata":{"name":"openim-config","namespace":"openim"},"data":{"kafka.yml":"address: [ old:1 ]\npassword: canary-old\n"}}]}`)
	})
	data := map[string]map[string]string{
		"files": {"kafka.yml": "address: [ kafka-service:19094 ]\nusername: u\npassword: canary-kafka\ntls:\n  enableTLS: true\n  caCrt: /tls/ca.crt\n", "notes.txt": "canary-notes"},
		"one":   {"r": "address: [ redis-service:6379 ]\npassword: canary-redis\n", "other.yml": "a: canary-other"},
		"tls":   {"ca": ca, "key": "canary-key"},
	}
	for name, keys := range data {
		var pairs []string
		for key, text := range keys {
			pairs = append(pairs, fmt.Sprintf("%q:%q", key, base64.StdEncoding.EncodeToString([]byte(text))))
		}
		f.handle("/api/v1/namespaces/openim/secrets/"+name, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept"), "as=Table") {
				fmt.Fprint(w, secretRow)
				return
			}
			fmt.Fprintf(w, `{"data":{%s}}`, strings.Join(pairs, ","))
		})
	}
}

func surveySecretFiles(t *testing.T, declined bool, refused func(authv1.ResourceAttributes) bool) (*faulty, *Cluster, *Survey) {
	t.Helper()
	f := newFaulty(t)
	secretFiles(f)
	if refused != nil {
		rightsBut(f, refused)
	}
	o := testOptions(t, f.URL)
	o.NoSecrets = declined
	c := hurried(t, o)
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f, c, s
}

// TestSecretFiles finds the backends in files that are mounted from Secrets, and writes of them the settings that anybody may know.
func TestSecretFiles(t *testing.T) {
	f, c, s := surveySecretFiles(t, false, nil)
	b, problems := backends.From(s.Settings(), s.Mounted)
	if len(problems) > 0 || b.Kafka == nil || b.Redis == nil {
		t.Fatalf("%+v, %v", b, problems)
	}
	if b.Kafka.Addresses[0] != "kafka-service:19094" || b.Kafka.Login != (backends.Login{Username: "u", Password: "canary-kafka"}) || b.Kafka.TLS == nil || b.Kafka.TLS.RootCAs == nil {
		t.Errorf("Kafka: %+v", b.Kafka)
	}
	if b.Redis.Addresses[0] != "redis-service:6379" || b.Redis.Login.Password != "canary-redis" {
		t.Errorf("Redis: %+v", b.Redis)
	}
	if got := s.Secrets(); !slices.Contains(got, "canary-kafka") || !slices.Contains(got, "canary-redis") {
		t.Errorf("%q: nobody could keep them out of logs", got)
	}
	if f.asked("/secrets/account-token") > 0 || f.asked("/secrets/files") != 1 {
		t.Error("the token of an account was read, or a secret twice")
	}
	res, r := run(t, collect.Options{}, &config{c, s})
	values, files := map[string]record.ConfigSetting{}, map[string]record.ConfigFile{}
	for _, g := range decode[record.Config](t, read(t, r, bundle.ConfigEffective)).Groups {
		for _, one := range g.Settings {
			values[one.File+" "+one.Name] = one
		}
		for _, one := range g.Files {
			files[one.File+" "+one.From] = one
		}
	}
	if v := values["kafka.yml address"]; v.Value != "kafka-service:19094" || v.From != "secret openim/files" || v.Secret || len(v.Overridden) != 1 || v.Overridden[0].From != "configmap openim/openim-config" {
		t.Errorf("%+v", v)
	}
	if v := values["kafka.yml password"]; v.Value != "" || !v.Secret || v.Alike == 0 || v.Alike == values["redis.yml password"].Alike || v.Line != 3 {
		t.Errorf("%+v", v)
	}
	if one, there := files["redis.yml secret openim/one"]; !there || one.Entry != "" || len(files) != 3 {
		t.Errorf("%+v", files)
	}
	for _, name := range r.Names() {
		if text := read(t, r, name); strings.Contains(text, "notes.txt") || strings.Contains(strings.ReplaceAll(text, "canary-old", ""), "canary") || strings.HasPrefix(name, "config/openim/") && !strings.HasPrefix(name, "config/openim/openim-config/") {
			t.Errorf("%s holds what a Secret does:\n%s", name, text)
		}
	}
	if len(res.Gaps) > 0 {
		t.Errorf("%+v", res.Gaps)
	}
}

// TestSecretFilesUnknown tells of the Secrets that may hold files of settings and may not be read, not of the certificate.
func TestSecretFilesUnknown(t *testing.T) {
	for name, x := range map[string]struct {
		declined bool
		refused  func(authv1.ResourceAttributes) bool
		want     string
	}{
		"declined":  {true, nil, `secret %q was not read (--no-secrets)`},
		"forbidden": {false, func(a authv1.ResourceAttributes) bool { return a.Resource == "secrets" }, `the user may not get secret %q`},
	} {
		f, c, s := surveySecretFiles(t, x.declined, x.refused)
		res, _ := run(t, collect.Options{}, &config{c, s})
		for _, secret := range []string{"files", "one"} {
			if gaps := gapsOf(res, fmt.Sprintf(x.want, secret)); len(gaps) != 1 || gaps[0].Reason != bundle.Forbidden || !strings.Contains(gaps[0].Detail, "--redis") {
				t.Errorf("%s: %+v", name, res.Gaps)
			}
		}
		if len(res.Gaps) != 2 {
			t.Errorf("%s: %+v", name, res.Gaps)
		}
		if x.declined && f.asked("/secrets/") > 0 || f.asked("/secrets/files") > 0 {
			t.Errorf("%s: secrets were read", name)
		}
	}
}
