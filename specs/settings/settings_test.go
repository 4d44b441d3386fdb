package settings

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func at(t *testing.T, s *Set, file, key string) *Setting {
	t.Helper()
	one := s.Get(file, key)
	if one == nil {
		t.Fatalf("%s has no %s; there are %d settings", file, key, len(s.All()))
	}
	return one
}

// TestRealFiles reads the configuration with which a real OpenIM ran, foreign files among it.
func TestRealFiles(t *testing.T) {
	files, err := filepath.Glob("../../testdata/rig/config/*.yml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	s := &Set{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if errs := s.Add(filepath.Base(name), "the rig", text); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
	for _, tt := range []struct{ file, key, value string }{
		{"kafka.yml", "address", "127.0.0.1:19094"},
		{"kafka", "TLS.EnableTls", "false"},
		{"kafka", "tls.caCrt", ""},
		{"redis", "clusterMode", "false"},
		{"mongodb", "authSource", "openim_v3"},
		{"mongodb", "uri", ""},
		{"discovery", "etcd.address", "127.0.0.1:12479"},
		{"share", "rpcRegisterName.messageGateway", "messageGateway"},
		{"openim-msggateway", "longConnSvr.websocketMaxMsgLen", "4096"},
		{"openim-crontask", "deleteObjectType", "msg-picture, msg-file, msg-voice, msg-video, msg-video-snapshot, sdklog"},
	} {
		if got := at(t, s, tt.file, tt.key); got.String() != tt.value {
			t.Errorf("%s %s: %q, want %q", tt.file, tt.key, got, tt.value)
		}
	}
	one := at(t, s, "kafka", "toRedisTopic")
	if one.Origin != (Origin{"the rig", 12}) || one.File != "kafka.yml" || one.Key != "toRedisTopic" {
		t.Errorf("%+v", one)
	}
	if Known("prometheus.yml") || Known("email.tmpl") || !Known("openim-rpc-msg.yml") || !Known("config.yaml") || Known("kafka.json") {
		t.Error("Known takes foreign files for OpenIM's, or the reverse")
	}
}

// A file that was renamed is known by keys that only it has.
func TestFile(t *testing.T) {
	kafka := "username: ''\naddress: [ a:1 ]\ntoRedisTopic: a\ntoPushTopic: b\n"
	for _, c := range []struct{ name, text, want string }{
		{"kafka.yml", "", "kafka.yml"},
		{"kafka.yml.gz", "", "kafka.yml"},
		{"3.txt", kafka, "kafka.yml"},
		{"3.txt", "  toRedisTopic: a\n  toPushTopic: b\n", ""},
		{"log.txt", "storageLocation: x\nremainLogLevel: 3\nisStdout: false\n", "log.yml"},
		{"push.txt", "enable: geTui\ngeTui:\n  appKey: x\n", "openim-push.yml"},
		{"notes.txt", "secret: x\nenable: yes\naddress: y\n", ""},
	} {
		if got := File(c.name, []byte(c.text)); got != c.want {
			t.Errorf("%s of %q is taken for %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func TestEnv(t *testing.T) {
	s := &Set{}
	s.Add("kafka.yml", "configmap a/c", []byte("address: [ a:1 ]\ntls:\n  enableTLS: false\nusername: ''\n"))
	s.Add("openim-rpc-msg.yml", "configmap a/c", []byte("rpc: { listenIP: 0.0.0.0 }\n"))
	ignored := s.Env([]Var{
		{Name: "IMENV_KAFKA_ADDRESS", Value: "b:1,c:2", Where: "v1"},
		{Name: "IMENV_KAFKA_TLS_ENABLETLS", Value: "true", Where: "v2"},
		{Name: "IMENV_KAFKA_USERNAME", Where: "v3"},
		{Name: "IMENV_KAFKA_ADDR", Value: "d:1", Where: "v4"},
		{Name: "IMENV_NOSUCH_ADDRESS", Value: "d:1", Where: "v5"},
		{Name: "IMENV_OPENIM_RPC_MSG_RPC_LISTENIP", Value: "1.2.3.4", Where: "v6"},
		{Name: "IMENV_REDIS_PASSWORD", Value: "p,w", Where: "v7", Hidden: true},
		{Name: "IMENV_MONGODB_PASSWORD", Where: "v8", Unread: "forbidden"},
		{Name: "CHATENV_REDIS_PASSWORD", Value: "chat", Where: "v9"},
		{Name: "PATH", Value: "/bin", Where: "v10"},
	})
	address := at(t, s, "kafka", "address")
	if !slices.Equal(address.Values, []string{"b:1", "c:2"}) || address.Key != "address" || address.Origin.Where != "v1" || len(address.Overridden) != 1 || address.Overridden[0].String() != "a:1" || address.Overridden[0].Origin.Line != 1 {
		t.Errorf("%+v", address)
	}
	for _, tt := range []struct{ file, key, value string }{
		{"kafka", "tls.enableTLS", "true"},
		{"kafka", "username", ""},
		{"openim-rpc-msg", "rpc.listenIP", "1.2.3.4"},
		{"redis", "password", "p,w"},
		{"mongodb", "password", ""},
	} {
		if got := at(t, s, tt.file, tt.key); got.String() != tt.value {
			t.Errorf("%s %s: %q, want %q", tt.file, tt.key, got, tt.value)
		}
	}
	if !at(t, s, "redis", "password").Hidden || at(t, s, "mongodb", "password").Unread != "forbidden" {
		t.Error("what is secret, or not known, does not say so")
	}
	var names []string
	for _, i := range ignored {
		names = append(names, i.Name)
	}
	if want := []string{"IMENV_KAFKA_USERNAME", "IMENV_KAFKA_ADDR", "IMENV_NOSUCH_ADDRESS"}; !slices.Equal(names, want) {
		t.Errorf("ignored %q, want %q", names, want)
	}
}

// TestOneFile reads what releases up to 3.6 have: config.yaml and variables without a prefix.
func TestOneFile(t *testing.T) {
	s := &Set{}
	s.Add("config.yaml", "configmap openim-cm", []byte("kafka:\n  addr: [ a:9092 ]\n  latestMsgToRedis: { topic: latestMsgToRedis }\nredis:\n  address: [ r:6379 ]\nmongo:\n  uri:\n"))
	s.Env([]Var{
		{Name: "KAFKA_ADDRESS", Value: "b,c"},
		{Name: "KAFKA_PORT", Value: "9094"},
		{Name: "REDIS_ADDRESS", Value: "without-port"},
		{Name: "MONGO_OPENIM_PASSWORD", Value: "m", Hidden: true},
	})
	for key, want := range map[string]string{
		"kafka.addr": "b:9094, c:9094", "redis.address": "r:6379", "mongo.password": "m", "kafka.latestMsgToRedis.topic": "latestMsgToRedis",
	} {
		if got := at(t, s, "config", key).String(); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestChat(t *testing.T) {
	s := &Set{Prefix: Chat}
	s.Add("redis.yml", "configmap chat", []byte("address: [ r:1 ]\npassword:\n"))
	s.Env([]Var{{Name: "CHATENV_REDIS_PASSWORD", Value: "x"}, {Name: "IMENV_REDIS_PASSWORD", Value: "y"}})
	if got := at(t, s, "redis", "password").String(); got != "x" {
		t.Errorf("%q", got)
	}
}

// TestCentre lays over what line B keeps in etcd: a Go struct as JSON, its fields' names for keys.
func TestCentre(t *testing.T) {
	s := &Set{}
	s.Add("kafka.yml", "file", []byte("address: [ a:1 ]\ntoOfflinePushGroupID: offlinePush\n"))
	s.Env([]Var{{Name: "IMENV_KAFKA_ADDRESS", Value: "b:1", Where: "env"}})
	errs := s.Centre("kafka.yml", "etcd /open-im/config/kafka.yml", []byte(`{"Address":["c:1"],"ToOfflineGroupID":"other","Tls":{"EnableTLS":true},"Username":null}`))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	address := at(t, s, "kafka", "address")
	if address.String() != "c:1" || len(address.Overridden) != 2 || address.Overridden[0].Origin.Where != "env" {
		t.Errorf("%+v", address)
	}
	if got := at(t, s, "kafka", "toOfflinePushGroupID").String(); got != "other" {
		t.Errorf("%q", got)
	}
	if got := at(t, s, "kafka", "tls.enableTLS").String(); got != "true" {
		t.Errorf("%q", got)
	}
}

// TestMistakes names file and line of each; the rest of a set is as good as ever.
func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"address: [ a\nx: 1\n":   "kafka.yml:1 of here: ",
		"\ta: 1\n":               "kafka.yml of here: ",
		"a: 1\nb: 2\na: 3\n":     `kafka.yml:3 of here: key "a" stands in line 1 already`,
		"- a\n- b\n":             "kafka.yml:1 of here: keys with values were expected",
		"just words\n":           "kafka.yml:1 of here: keys with values were expected",
		"a: &a\n  b: *a\n":       "",
		"\x00\x01\x02":           "kafka.yml of here: ",
		"a: {b: [*unknown]}\n":   "kafka.yml of here: ",
		"<<: [*x, {a: 1}]\nb: 1": "kafka.yml of here: ",
	} {
		s := &Set{}
		s.Add("redis.yml", "here", []byte("db: 3"))
		errs := s.Add("kafka.yml", "here", []byte(text))
		if s.Get("redis", "db").String() != "3" {
			t.Error("another file's settings are lost")
		}
		if want == "" {
			continue
		}
		var e *Error
		if len(errs) != 1 || !errors.As(errs[0], &e) || !strings.HasPrefix(errs[0].Error(), want) {
			t.Errorf("%q: %v, want %s…", text, errs, want)
		}
	}
	if errs := (&Set{}).Add("a.yml", "x", []byte("a: &a [*a, {b: *a}, {c: *a}]\n")); len(errs) != 1 {
		t.Errorf("%v: a file that holds itself has no end", errs)
	}
	s := &Set{}
	if errs := s.Add("a.yml", "x", []byte("a: 1\nb: 2\na: 3\n")); len(errs) != 1 || s.Get("a", "b") == nil {
		t.Errorf("%v: what is not in doubt was lost", errs)
	}
}

func TestLists(t *testing.T) {
	s := &Set{}
	s.Add("mongodb.yml", "x", []byte("base: &b { rack: 1 }\ntagSets:\n- datacenter: cn\n  <<: *b\n- {}\nempty: []\nnull: ~\n"))
	if at(t, s, "mongodb", "tagSets.0.rack").String() != "1" || at(t, s, "mongodb", "tagSets.0.datacenter").String() != "cn" {
		t.Error("elements that are mappings are lost")
	}
	if e := at(t, s, "mongodb", "empty"); !e.List || len(e.Values) != 0 {
		t.Errorf("%+v", e)
	}
}

func TestNeeds(t *testing.T) {
	for name, want := range map[string]bool{
		"IMENV_KAFKA_PASSWORD": true, "IMENV_REDIS_PASSWORD": true, "IMENV_MONGODB_URI": true, "IMENV_DISCOVERY_ETCD_PASSWORD": true, "CHATENV_REDIS_PASSWORD": true,
		"MONGO_OPENIM_PASSWORD": true, "IMENV_MINIO_SECRETACCESSKEY": false, "IMENV_SHARE_SECRET": false, "REDIS": false, "IMENV_OPENIM_PUSH_GETUI_MASTERSECRET": false,
	} {
		if Needs(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// FuzzAdd reads anything without ending badly, and finds what it says it found.
func FuzzAdd(f *testing.F) {
	files, err := filepath.Glob("../../testdata/rig/config/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a: &a [*a, {b: *a}]\nc: {<<: *a}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := &Set{}
		s.Add("kafka.yml", "x", text)
		s.Env([]Var{{Name: "IMENV_KAFKA_ADDRESS", Value: "a,b"}})
		for _, one := range s.All() {
			if s.Get(one.File, one.Key) != one {
				t.Errorf("%q is not found", one.Key)
			}
		}
	})
}

// TestPasswordLikeAnchor does not repeat a password that YAML takes for the name of something else.
func TestPasswordLikeAnchor(t *testing.T) {
	for _, text := range []string{"password: *canary", "a: &canary [ *canary ]"} {
		for _, err := range new(Set).Add("redis.yml", "here", []byte(text)) {
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: %v", text, err)
			}
		}
	}
	if errs := new(Set).Add("redis.yml", "here", []byte("password: *canary")); len(errs) != 1 || !strings.Contains(errs[0].Error(), "unknown anchor") {
		t.Error(errs)
	}
}
