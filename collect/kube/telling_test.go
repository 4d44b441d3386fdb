package kube

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// mounting is an installation of two components, both with the volumes, mounts and variables of a spec.
func mounting(t *testing.T, volumes, mounts, env string, secrets map[string]map[string]string, more func(*faulty)) (*faulty, *Cluster, *Survey) {
	t.Helper()
	f := newFaulty(t)
	installation(f)
	var all []string
	for _, name := range []string{"openim-push", "openim-rpc-msg"} {
		all = append(all, fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"openim"},"spec":{"template":{"spec":{"volumes":[%s],
"containers":[{"name":"app","image":"openim/%s:v3.8.3","volumeMounts":[%s],"env":[%s]}]}}}}`, name, volumes, name, mounts, env))
	}
	f.handle("/apis/apps/v1/namespaces/openim/deployments", answer(`{"items":[`+strings.Join(all, ",")+`]}`))
	f.handle("/api/v1/namespaces/openim/configmaps", answer(`{"items":[{"metadata":{"name":"config","namespace":"openim"},
"data":{"kafka.yml":"address: [ kafka:9092 ]\ntls:\n  enableTLS: true\n  caCrt: /tls/ca.crt\n","redis.yml":"password: open\n"}}]}`))
	for name, keys := range secrets {
		data := map[string]string{}
		for key, text := range keys {
			data[key] = base64.StdEncoding.EncodeToString([]byte(text))
		}
		text, err := json.Marshal(map[string]any{"data": data})
		if err != nil {
			t.Fatal(err)
		}
		f.handle("/api/v1/namespaces/openim/secrets/"+name, answer(string(text)))
	}
	if more != nil {
		more(f)
	}
	c := hurried(t, testOptions(t, f.URL))
	s, err := c.Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f, c, s
}

const secretVolume = `{"name":"s","secret":{"secretName":"s"}}`

// secretTexts hold "canary" in every place that is not to be told, and "plain" in those that are.
var secretTexts = map[string]string{
	"chat-rpc-chat.yml": "verifyCode:\n  superCode: canary-super\n  mail:\n    senderAuthorizationCode: canary-mail\n",
	"config.yaml": "auth: canary-auth\nsalt: canary-salt\nprivateKeyPem: |\n  canary\n  pem\npasswords: [ canary-list, canary-second ]\ntoken_list: [ canary-token ]\n" +
		"password: { value: canary-value }\napiKeys: { sk-canary: canary-tenant, sk-canary: canary-twice }\nobjects: [ { canary: 1 } ]\n",
	"kafka.yml": "username: canary-user\naddress: [ 'plain:canary' ]\ntoRedisTopic: plain-topic\ntls:\n  enableTLS: true\n  caCrt: \"-----BEGIN CERTIFICATE-----\\ncanary\"\n" +
		"  clientKeyPwd: canary-pwd\n",
	"redis.yml":     "address: [ 'canary-host@plain-redis:6379' ]\nredisMode: plain-mode\npassword: short\ndb: 2\npoolSize:\n  canary: 1\n",
	"mongodb.yml":   "uri: mongodb://u:canary%21mongo@plain-mongo/\ndatabase: plain-db\nusername: ''\n",
	"discovery.yml": "enable: etcd\netcd:\n  address: [ 'canary, :1' ]\n",
	"share.yml":     "secret: *canary\n",
	"canary.txt":    "canary",
}

// TestSecretFilesAllow writes of files that are Secrets what is known to be none, with and without rules of redaction in the way.
func TestSecretFilesAllow(t *testing.T) {
	none, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, redactor := range map[string]*redact.Redactor{"no rules": none, "rules": testRedactor(t)} {
		_, c, s := mounting(t, secretVolume, `{"name":"s","mountPath":"/config"}`, "", map[string]map[string]string{"s": secretTexts}, nil)
		b, problems := backends.From(s.Settings(), s.Mounted)
		if got := b.Addresses(); !slices.Equal(got, []string{"plain-mongo:27017"}) { // dialled, and printed
			t.Errorf("%s: the backends are at %q", name, got)
		}
		for _, p := range problems {
			s.Problem(p.Of, p.Text, p.Hint)
		}
		res, r := run(t, collect.Options{Redactor: redactor}, &config{c, s})
		for _, entry := range r.Names() {
			if text := read(t, r, entry); strings.Contains(text, "canary") {
				t.Errorf("%s: %s holds what a Secret does:\n%s", name, entry, text)
			}
		}
		if text := fmt.Sprintf("%+v", res); strings.Contains(text, "canary") || len(problems) == 0 {
			t.Errorf("%s: %s", name, text)
		}
		got := decode[record.Config](t, read(t, r, bundle.ConfigEffective))
		if len(got.Groups) != 1 {
			t.Fatalf("%s: %+v", name, got)
		}
		values, untold := map[string]record.ConfigSetting{}, map[string]int{}
		for _, one := range got.Groups[0].Settings {
			values[one.File+" "+one.Name] = one
		}
		for _, one := range got.Groups[0].Files {
			untold[one.File] = one.Untold
		}
		for key, want := range map[string]string{
			"kafka.yml toRedisTopic": "plain-topic", "kafka.yml tls.enableTLS": "true", "redis.yml address": "plain-redis:6379", "redis.yml redisMode": "plain-mode",
			"redis.yml db": "2", "mongodb.yml database": "plain-db", "mongodb.yml username": "", "discovery.yml enable": "etcd",
		} {
			if v, there := values[key]; !there || v.Value != want || v.Secret {
				t.Errorf("%s: %s: %+v", name, key, v)
			}
		}
		for _, key := range []string{"kafka.yml username", "kafka.yml address", "kafka.yml tls.caCrt", "kafka.yml tls.clientKeyPwd", "redis.yml password", "mongodb.yml uri", "discovery.yml etcd.address"} {
			if v := values[key]; v.Value != "" || !v.Secret || v.Line == 0 {
				t.Errorf("%s: %s: %+v", name, key, v)
			}
		}
		if len(values) != 15 || untold["chat-rpc-chat.yml"] != 2 || untold["config.yaml"] != 8 || untold["redis.yml"] != 1 || untold["kafka.yml"] != 0 {
			t.Errorf("%s: %d values, untold %v", name, len(values), untold)
		}
	}
}

// TestSecretsLearned learns what is hidden of files, of passwords in addresses too, overridden or not, and no word that anybody may know.
func TestSecretsLearned(t *testing.T) {
	texts := map[string]string{"webhooks.yml": "url: http://127.0.0.1:10006/callbackExample\n"}
	for name, text := range secretTexts {
		texts[name] = text
	}
	texts["redis.yml"] += "username: canary-overridden\n"
	texts["kafka.yml"] += "  clientKey: /config/canary.key\n"
	_, _, s := mounting(t, secretVolume, `{"name":"s","mountPath":"/config"}`, `{"name":"IMENV_REDIS_PASSWORD","value":"openly"},{"name":"IMENV_REDIS_USERNAME","value":"openly-too"}`,
		map[string]map[string]string{"s": texts}, nil)
	want := []string{
		"-----BEGIN CERTIFICATE-----\ncanary", "canary%21mongo", "canary!mongo", "canary\npem\n", "canary-auth", "canary-host", "canary-list", "canary-mail", "canary-overridden", "canary-pwd",
		"canary-salt", "canary-second", "canary-super", "canary-tenant", "canary-token", "canary-twice", "canary-user", "canary-value", "mongodb://u:canary%21mongo@plain-mongo/", "plain:canary", "canary, :1",
	}
	slices.Sort(want)
	if got := s.Secrets(); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}

// TestMounted finds a certificate by its path, and by its name if there is but one.
func TestMounted(t *testing.T) {
	volumes := secretVolume + `,{"name":"b","secret":{"secretName":"b","items":[{"key":"k","path":"certs/ca.crt"},{"key":"only","path":"certs/only.crt"}]}}`
	mounts := `{"name":"s","mountPath":"/first"},{"name":"b","mountPath":"/kafka-tls","subPath":"certs"},{"name":"b","mountPath":"/whole/"},{"name":"b","mountPath":"/x.pem","subPath":"certs/only.crt"}`
	_, _, s := mounting(t, volumes, mounts, "", map[string]map[string]string{"s": {"ca.crt": "first"}, "b": {"k": "second", "only": "third", "other": "fourth"}}, nil)
	for name, want := range map[string]string{
		"/first/ca.crt": "first", "/kafka-tls/ca.crt": "second", "/whole/certs/ca.crt": "second", "/whole//certs/./only.crt": "third", "only.crt": "third", "/x.pem": "third", "/elsewhere/only.crt": "third",
		"ca.crt": "", "/elsewhere/ca.crt": "", "other": "", "/whole/other": "",
	} {
		if got := string(s.Mounted(name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestSecretUnread says why each Secret is not known, once, and nothing of those that are for something else, or need not exist.
func TestSecretUnread(t *testing.T) {
	for name, tt := range map[string]struct {
		volume, mount string
		answer        http.HandlerFunc
		reason        string
	}{
		"forbidden":      {secretVolume, "/s", refuse(http.StatusForbidden, "no"), bundle.Forbidden},
		"broken":         {secretVolume, "/s", refuse(http.StatusInternalServerError, "no"), bundle.Failed},
		"slow":           {secretVolume, "/s", refuse(http.StatusGatewayTimeout, "no"), bundle.Timeout},
		"absent":         {secretVolume, "/s", refuse(http.StatusNotFound, "no"), bundle.NotFound},
		"not needed":     {`{"name":"s","secret":{"secretName":"s","optional":true}}`, "/s", refuse(http.StatusNotFound, "no"), ""},
		"needed or not":  {`{"name":"s","secret":{"secretName":"s","optional":true}}`, "/s", refuse(http.StatusForbidden, "no"), bundle.Forbidden},
		"projected":      {`{"name":"s","projected":{"sources":[{"secret":{"name":"s","optional":true}}]}}`, "/s", refuse(http.StatusNotFound, "no"), ""},
		"certificate":    {secretVolume, "/tls", refuse(http.StatusForbidden, "no"), ""},
		"another's file": {`{"name":"s","secret":{"secretName":"s","items":[{"key":"k","path":"notes.txt"}]}}`, "/s", refuse(http.StatusForbidden, "no"), ""},
		"a file":         {`{"name":"s","secret":{"secretName":"s","items":[{"key":"k","path":"redis.yml"}]}}`, "/s", refuse(http.StatusForbidden, "no"), bundle.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			_, c, s := mounting(t, `{"name":"c","configMap":{"name":"config"}},`+tt.volume, `{"name":"c","mountPath":"/config"},{"name":"s","mountPath":"`+tt.mount+`"}`, "", nil, func(f *faulty) {
				f.handle("/api/v1/namespaces/openim/secrets/s", tt.answer)
			})
			res, _ := run(t, collect.Options{}, &config{c, s})
			switch {
			case tt.reason == "" && len(res.Gaps) > 0:
				t.Errorf("%+v", res.Gaps)
			case tt.reason != "" && (len(res.Gaps) != 1 || res.Gaps[0].Reason != tt.reason || !strings.Contains(res.Gaps[0].Costs, "openim/s ")):
				t.Errorf("%+v, want one: %s", res.Gaps, tt.reason)
			}
		})
	}
}
