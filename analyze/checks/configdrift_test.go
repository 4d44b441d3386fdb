package checks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
)

// looseFiles writes files into a folder.
func looseFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// factsOf reads loose files.
func factsOf(t *testing.T, files map[string]string) *analyze.Facts {
	t.Helper()
	r, err := bundle.Open(looseFiles(t, files), bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, _, err := analyze.Examine(t.Context(), r, load(t), analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// logOf is a line of the log of push of a release.
func logOf(version string) string {
	return "2026-11-23 08:03:28.345\tINFO\t[PID:1]\topenim-push\t[" + version + "]\t[push/push.go:1]\tbegin consume messages\t{}\n"
}

const getuiEmpty = "enable: geTui\ngeTui:\n  masterSecret: \n  appKey: \n"

func TestConfigDrift(t *testing.T) {
	const p16, b = "v3.8.3-patch.16", "main"
	for name, c := range map[string]struct {
		version string
		files   map[string]string
		want    string // "cause severity confidence text"; empty: pass
		status  string
	}{
		"a pool of three":                {p16, map[string]string{"config/mongodb.yml": "maxPoolSize: 3\n"}, `config-drift  likely mongodb.yml maxPoolSize: "3" (default "100")`, analyze.Fail},
		"the default pool":               {p16, map[string]string{"config/mongodb.yml": "maxPoolSize: 100\nmaxRetry: 10\n"}, "", analyze.Pass},
		"a pool of three in config.yaml": {"v3.6.0", map[string]string{"config.yaml": "mongo:\n  maxPoolSize: 3\n"}, `config-drift  likely config.yaml mongo.maxPoolSize: "3" (default "100")`, analyze.Fail},
		"kafka.yml of 3.7 with 3.8.2":    {"v3.8.2", map[string]string{"config/kafka.yml": "toRedisTopic: a\ntoMongoTopic: b\ntoPushTopic: c\ntoRedisGroupID: d\ntoMongoGroupID: e\ntoPushGroupID: f\n"}, "config-older-than-image error likely kafka.yml lacks what v3.8.2 has: toOfflinePushTopic: toOfflinePush", analyze.Fail},
		"kafka.yml of 3.7 with 3.7":      {"v3.7.0", map[string]string{"config/kafka.yml": "toRedisTopic: a\ntoMongoTopic: b\ntoPushTopic: c\ntoRedisGroupID: d\ntoMongoGroupID: e\ntoPushGroupID: f\n"}, "", analyze.Pass},
		"clusterMode since patch.12":     {p16, map[string]string{"config/redis.yml": "clusterMode: true\n"}, `redis-mode-mismatch error likely redis.yml clusterMode: "true"`, analyze.Fail},
		"clusterMode before patch.12":    {"v3.8.3-patch.11", map[string]string{"config/redis.yml": "clusterMode: true\n"}, "", analyze.Pass},
		"kubernetes on line A":           {p16, map[string]string{"config/discovery.yml": "enable: kubernetes\n"}, `config-invalid critical likely discovery.yml enable: "kubernetes" (default "etcd")`, analyze.Fail},
		"kubernetes on line B":           {b, map[string]string{"config/discovery.yml": "enable: kubernetes\nrpcService: {user: a, friend: a, msg: a, push: a, messageGateway: a, group: a, auth: a, conversation: a, third: a}\n"}, "", analyze.Pass},
		"k8s since patch.3":              {p16, map[string]string{"config/discovery.yml": "enable: k8s\n"}, "discovery-misconfigured  possible", analyze.Warn},
		"zookeeper in 3.8.2":             {"v3.8.2", map[string]string{"config/discovery.yml": "enable: zookeeper\n"}, "", analyze.Pass},
		"zookeeper in 3.8.3":             {"v3.8.3", map[string]string{"config/discovery.yml": "enable: zookeeper\n"}, "config-invalid critical", analyze.Fail},
		"getui without credentials":      {p16, map[string]string{"config/openim-push.yml": getuiEmpty}, `push-vendor-unconfigured warning likely openim-push.yml geTui.appKey: ""`, analyze.Warn},
		"getui with redacted ones":       {p16, map[string]string{"config/openim-push.yml": "enable: geTui\ngeTui:\n  masterSecret: <redacted:secret>\n  appKey: <redacted:api-key>\n"}, "", analyze.Pass},
		"no provider":                    {p16, map[string]string{"config/openim-push.yml": "enable: \ngeTui:\n  appKey: \n"}, "", analyze.Pass},
		"a provider nobody knows":        {p16, map[string]string{"config/openim-push.yml": "enable: huawei\n"}, "push-vendor-unconfigured warning", analyze.Warn},
		"fcm without a file":             {p16, map[string]string{"config/openim-push.yml": "enable: fcm\nfcm:\n  filePath: \n  authURL: \n"}, "config-invalid critical", analyze.Fail},
		"fcm with an address":            {p16, map[string]string{"config/openim-push.yml": "enable: fcm\nfcm:\n  filePath: \n  authURL: https://a.example\n"}, "", analyze.Pass},
		"a webhook that refuses":         {p16, map[string]string{"config/webhooks.yml": "beforeSendSingleMsg:\n  enable: true\n  timeout: 5\n  failedContinue: false\n"}, `config-drift  likely webhooks.yml beforeSendSingleMsg.failedContinue: "false"`, analyze.Fail},
		"a webhook that is off":          {p16, map[string]string{"config/webhooks.yml": "beforeSendSingleMsg:\n  enable: false\n  timeout: 60\n  failedContinue: false\n"}, "", analyze.Pass},
		"no YAML":                        {p16, map[string]string{"config/redis.yml": "address: [ a\npassword: b\n"}, "config-invalid  possible redis.yml", analyze.Warn},
		"the limiter of line B":          {b, map[string]string{"config/openim-rpc-msg.yml": "ratelimiter:\n  enable: true\n"}, "config-drift info likely", analyze.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			c.files["push.log"] = logOf(c.version)
			got := configDrift.Run(factsOf(t, c.files))
			if got.Status != c.status {
				t.Errorf("status %s, want %s", got.Status, c.status)
			}
			var lines []string
			for _, e := range got.Evidence {
				lines = append(lines, strings.Join([]string{e.Cause, e.Severity, e.Confidence, e.Samples[0].Text}, " "))
			}
			if c.want == "" && len(lines) > 0 || c.want != "" && !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, c.want) }) {
				t.Errorf("found %q, want %q", lines, c.want)
			}
		})
	}
}

func TestConfigDriftWithoutRelease(t *testing.T) {
	got := configDrift.Run(factsOf(t, map[string]string{"config/redis.yml": "clusterMode: true\npoolSize: 100\n"}))
	if got.Status != analyze.Unknown || len(got.Needs) != 1 {
		t.Errorf("without a release: %s, needs %q", got.Status, got.Needs)
	}
}

// What a pod's variables say counts for its role, wherever the file has another value.
const installed = `{"kind":"List","apiVersion":"v1","items":[
{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"openim-config","namespace":"im"},"data":{
 "redis.yml":"poolSize: 100\n","openim-push.yml":"enable: geTui\ngeTui:\n  appKey: \n",
 "old.crt":"-----BEGIN CERTIFICATE-----\nMIIBYDCCAQegAwIBAgIPPcKSCS2kCDa7HpaLJNOPMAoGCCqGSM49BAMCMBExDzAN\nBgNVBAMTBnJpZy1jYTAeFw0yNjExMjcwMDA2NTFaFw0yNzExMjcwMTA2NTFaMBEx\nDzANBgNVBAMTBnJpZy1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJT/fej9\n+EgZKE7AQYpa3BsosTnrJuIs+g+P5wDysstU1uVhu6gEzrXSZOvLOaJ33UNg7Jun\nzV6/RqPfHEPGIa+jQjBAMA4GA1UdDwEB/wQEAwIChDAPBgNVHRMBAf8EBTADAQH/\nMB0GA1UdDgQWBBSLUtw7YHtc3K7yAJZWR7rO6TAmTTAKBggqhkjOPQQDAgNHADBE\nAiByJU7M8K61fEISMyvRDlO/1vauntwXebTEPdNSbtUE6gIgGJQTdZKm7uv6uZMp\ndpWtfty8FxQyTbqW1suT/vXiRcQ=\n-----END CERTIFICATE-----\n"}},
{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-push-6d9f7677b-tzg2x","namespace":"im"},"spec":{"containers":[{"name":"openim-push","image":"openim/openim-push:v3.8.3",
 "env":[{"name":"IMENV_REDIS_POOLSIZE","value":"2"},{"name":"IMENV_OPENIM_PUSH_GETUI_APPKEY","valueFrom":{"secretKeyRef":{"name":"vendor","key":"k"}}}]}]},
 "status":{"phase":"Running","containerStatuses":[{"name":"openim-push","image":"openim/openim-push:v3.8.3","imageID":"openim/openim-push@sha256:aa"}]}},
{"kind":"Pod","apiVersion":"v1","metadata":{"name":"openim-api-545fb994c9-qj2f2","namespace":"im"},"spec":{"containers":[{"name":"openim-api","image":"openim/openim-api:v3.8.2"}]},
 "status":{"phase":"Running","containerStatuses":[{"name":"openim-api","image":"openim/openim-api:v3.8.2","imageID":"openim/openim-api@sha256:bb"}]}}]}`

func TestVariablesAndReleasesOfPods(t *testing.T) {
	f := factsOf(t, map[string]string{"objects.json": installed})
	var texts []string
	for _, e := range configDrift.Run(f).Evidence {
		for _, s := range e.Samples {
			texts = append(texts, e.Cause+" "+s.Text)
		}
	}
	want := []string{
		`config-drift redis.yml poolSize: "2" (default "100"), variable of pod im/openim-push-6d9f7677b-tzg2x`,
	}
	if !slices.Equal(texts, want) {
		t.Errorf("found %q, want %q", texts, want)
	}
	one := oneRelease.Run(f)
	if one.Status != analyze.Warn || len(one.Evidence) != 1 || one.Evidence[0].Samples[0].Text != "v3.8.2: api" {
		t.Errorf("two releases side by side: %s %+v", one.Status, one.Evidence)
	}
	if len(f.Certificates) != 1 || f.Certificates[0].Name != "rig-ca" {
		t.Fatalf("certificates: %+v", f.Certificates)
	}
	for day, want := range map[string]string{"2026-11-26": analyze.Fail, "2026-12-01": analyze.Pass, "2027-11-20": analyze.Warn, "2028-01-01": analyze.Fail} {
		f.Collected = dayOf(t, day)
		if got := certificates.Run(f); got.Status != want {
			t.Errorf("on %s the certificate is %s, want %s", day, got.Status, want)
		}
	}
}

func dayOf(t *testing.T, day string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestIssuedCertificates(t *testing.T) {
	issued := func(ready, to string) string {
		return `{"kind":"Certificate","apiVersion":"cert-manager.io/v1","metadata":{"name":"im-tls","namespace":"im"},"status":{"notBefore":"2026-09-01T00:00:00Z","notAfter":"` + to + `","conditions":[{"type":"Ready","status":"` + ready + `"}]}}`
	}
	for object, want := range map[string]string{
		issued("True", "2026-12-30T00:00:00Z"): analyze.Pass, issued("True", "2026-11-01T00:00:00Z"): analyze.Fail, issued("False", "2026-12-30T00:00:00Z"): analyze.Warn,
	} {
		f := factsOf(t, map[string]string{"objects.json": object})
		f.Collected = dayOf(t, "2026-11-27")
		if got := certificates.Run(f); got.Status != want {
			t.Errorf("%s is %s, want %s", object, got.Status, want)
		}
	}
}

func TestReleaseBehind(t *testing.T) {
	for version, want := range map[string]string{"v3.8.3-patch.3": analyze.Warn, "v3.8.3-patch.16": analyze.Pass, "main": analyze.Pass} {
		if got := releaseBehind.Run(factsOf(t, map[string]string{"push.log": logOf(version)})); got.Status != want {
			t.Errorf("%s is %s, want %s", version, got.Status, want)
		}
	}
}
