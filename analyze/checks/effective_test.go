package checks

import (
	"slices"
	"testing"

	"github.com/imbundle/imbundle/analyze"
)

// What a collector found to be in effect, as it writes it.
const inEffect = `{"schema":"imbundle/config/1","groups":[
{"of":[{"role":"push","namespace":"im","kind":"Deployment","name":"openim-push"}],
 "files":[{"file":"mongodb.yml","from":"configmap im/openim-config","entry":"config/im/openim-config/mongodb.yml"},
  {"file":"openim-push.yml","from":"configmap im/openim-config","entry":"config/im/openim-config/openim-push.yml"}],
 "settings":[
  {"file":"mongodb.yml","name":"maxPoolSize","value":"3","from":"variable IMENV_MONGODB_MAXPOOLSIZE","overridden":[{"name":"maxPoolSize","value":"100","from":"configmap im/openim-config","line":2}]},
  {"file":"openim-push.yml","name":"enable","value":"fcm","from":"configmap im/openim-config","line":1},
  {"file":"openim-push.yml","name":"fcm.authURL","value":"","secret":true,"from":"variable IMENV_OPENIM_PUSH_FCM_AUTHURL, from secret vendor"},
  {"file":"openim-push.yml","name":"fcm.filePath","value":"","from":"configmap im/openim-config","line":3}],
 "ignored":[]},
{"of":[{"role":"api","namespace":"im","kind":"Deployment","name":"openim-api"},{"role":"rpc-msg","namespace":"im","kind":"Deployment","name":"openim-rpc-msg"}],
 "files":[{"file":"mongodb.yml","from":"configmap im/openim-config","entry":"config/im/openim-config/mongodb.yml"}],
 "settings":[
  {"file":"mongodb.yml","name":"maxPoolSize","value":"100","from":"configmap im/openim-config","line":2},
  {"file":"mongodb.yml","name":"address","value":"mongo-0:27017, mongo-1:27017","list":true,"from":"configmap im/openim-config","line":1}],
 "ignored":[{"variable":"IMENV_REDIS_PASSWD","from":"variable IMENV_REDIS_PASSWD","why":"redis.yml has no such key"},
  {"variable":"IMENV_KAFKA_USERNAME","from":"variable IMENV_KAFKA_USERNAME","why":"it is empty: OpenIM takes the file's value"}]},
{"of":[{"role":"chat","namespace":"im","kind":"Deployment","name":"openim-chat"}],"files":[],
 "settings":[{"file":"mongodb.yml","name":"maxPoolSize","value":"1","from":"configmap im/chat-config","line":1}],"ignored":[]}],
"problems":[{"of":"redis.yml","from":"configmap im/openim-config","line":3,"text":"did not find expected key"},{"of":"kafka","text":"no address"}]}`

// What is in effect is judged with where it comes from, and the files that it was made of are not judged once more.
func TestConfigDriftOfWhatIsInEffect(t *testing.T) {
	files := map[string]string{
		"push.log":                                logOf("v3.8.3-patch.16"),
		"config/effective.json":                   inEffect,
		"config/im/openim-config/mongodb.yml":     "address: [mongo-0:27017]\nmaxPoolSize: 2\n",
		"config/im/openim-config/openim-push.yml": "enable: fcm\nfcm:\n  filePath:\n  authURL:\n",
		"cluster-resources/configmaps/im.json": `{"kind":"List","apiVersion":"v1","items":[{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"openim-config","namespace":"im"},
"data":{"mongodb.yml":"maxPoolSize: 2\n","redis.yml":"a: [ b\nc: d\n"}},
{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"mounted-nowhere","namespace":"im"},"data":{"mongodb.yml":"maxPoolSize: 1\n"}}]}`,
	}
	want := []string{
		"config-invalid likely configmap im/openim-config | config/effective.json redis.yml:3 of configmap im/openim-config: did not find expected key",
		`config-drift likely configmap im/openim-config | config/effective.json mongodb.yml maxPoolSize: "3" (default "100"), variable IMENV_MONGODB_MAXPOOLSIZE (openim-push)`,
		"config-drift possible IMENV_REDIS_PASSWD | config/effective.json IMENV_REDIS_PASSWD: redis.yml has no such key (openim-api, openim-rpc-msg)",
	}
	f := factsOf(t, files)
	if got := driftOf(f); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, c := range f.Configs {
		if a := c.Set.Get("mongodb", "address"); a != nil && (!a.List || len(a.Values) != 2) {
			t.Errorf("%s: %+v", c.Role, a)
		}
	}
	files["cluster-resources/configmaps/im2.json"] = `{"kind":"List","apiVersion":"v1","items":[{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"openim-config","namespace":"im2"},"data":{"mongodb.yml":"maxPoolSize: 2\n"}}]}`
	want = slices.Insert(want, 2, `config-drift likely configmap im2/openim-config | cluster-resources/configmaps/im2.json mongodb.yml maxPoolSize: "2" (default "100"), configmap im2/openim-config`)
	if got := driftOf(factsOf(t, files)); !slices.Equal(got, want) {
		t.Errorf("with an installation of which nothing is told: %q", got)
	}
	files["config/effective.json"] = inEffect[:len(inEffect)/2]
	cut := factsOf(t, files)
	if len(cut.Malformed) != 1 || len(driftOf(cut)) < 2 {
		t.Errorf("a record that is cut: %+v, %q", cut.Malformed, driftOf(cut))
	}
}

func driftOf(f *analyze.Facts) (lines []string) {
	for _, e := range configDrift.Run(f).Evidence {
		for _, s := range e.Samples {
			lines = append(lines, e.Cause+" "+e.Confidence+" "+e.Subject.Target+" | "+s.Entry+" "+s.Text)
		}
	}
	return lines
}
