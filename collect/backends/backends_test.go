package backends

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/specs/settings"
)

// setOf reads files: name, text, …
func setOf(t *testing.T, files ...string) *settings.Set {
	t.Helper()
	s := &settings.Set{}
	for i := 0; i < len(files); i += 2 {
		if errs := s.Add(files[i], "configmap im/openim-config", []byte(files[i+1])); len(errs) > 0 {
			t.Fatal(errs)
		}
	}
	return s
}

func mustFind(t *testing.T, sets ...*settings.Set) Backends {
	t.Helper()
	b, problems := From(sets, nil)
	if len(problems) > 0 {
		t.Fatal(problems[0], problems[0].Hint)
	}
	return b
}

const certificate = `-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIRAJ3n4K8wq8N0vJmmt9bUvYwwCgYIKoZIzj0EAwIwEjEQ
-----END CERTIFICATE-----`

// TestReleases reads the keys of every release: one file, several, the modes that came with time.
func TestReleases(t *testing.T) {
	old := mustFind(t, setOf(t, "config.yaml", `
mongo: { address: [ mongo:37017 ], database: openim_v3, username: openIM, password: m }
redis: { address: [ redis:6379 ], username: u, password: r }
kafka:
  username: k
  password: p
  addr: [ kafka-1:9092, kafka-2:9092 ]
  latestMsgToRedis: { topic: latestMsgToRedis }
  offlineMsgToMongo: { topic: offlineMsgToMongoMysql }
  msgToPush: { topic: msgToPush }
  consumerGroupID: { msgToRedis: redis, msgToMongo: mongo, msgToMySql: mysql, msgToPush: push }
`))
	k := old.Kafka
	if k == nil || !slices.Equal(k.Addresses, []string{"kafka-1:9092", "kafka-2:9092"}) || k.Login != (Login{"k", "p"}) ||
		!slices.Equal(k.Topics, []string{"latestMsgToRedis", "offlineMsgToMongoMysql", "msgToPush"}) || !slices.Equal(k.Groups, []string{"redis", "mongo", "mysql", "push"}) ||
		k.TLS != nil || k.From != "config.yaml of configmap im/openim-config" {
		t.Errorf("%+v", k)
	}
	if r := old.Redis; r == nil || r.Mode != "" || r.Login.Password.Reveal() != "r" || old.Etcd != nil {
		t.Errorf("%+v", r)
	}
	if m := old.Mongo; m == nil || m.Database != "openim_v3" || m.Login.Username != "openIM" || m.AuthSource != "" {
		t.Errorf("%+v", m)
	}

	line380 := mustFind(t, setOf(t,
		"kafka.yml", "address: [ a:1 ]\ntoRedisTopic: toRedis\ntoOfflinePushTopic: toOfflinePush\ntoOfflinePushGroupID: offlinePush\ntls: { enableTLS: true, insecureSkipVerify: true, caCrt: /x }",
		"redis.yml", "address: [ r1:1, r2:1 ]\nclusterMode: true\ndb: 3", "mongodb.yml", "uri: 'mongodb+srv://u:p%40w@c.example.com/im?authSource=admin'",
		"discovery.yml", "enable: etcd\netcd: { rootDirectory: im, address: [ e:12379 ], username: root, password: x }"))
	if r := line380.Redis; r.Mode != Cluster || r.DB != 3 || len(r.Addresses) != 2 {
		t.Errorf("%+v", r)
	}
	if k := line380.Kafka; k.TLS == nil || !k.TLS.InsecureSkipVerify || !slices.Equal(k.Topics, []string{"toRedis", "toOfflinePush"}) || !slices.Equal(k.Groups, []string{"offlinePush"}) {
		t.Errorf("%+v", k)
	}
	if m := line380.Mongo; m.SRV != "c.example.com" || len(m.Addresses) != 0 || m.TLS == nil || m.Login != (Login{"u", "p@w"}) || m.AuthSource != "admin" || m.Database != "im" {
		t.Errorf("%+v", m)
	}
	if e := line380.Etcd; e == nil || e.Root != "im" || e.Addresses[0] != "e:12379" || e.Login.Password.Reveal() != "x" {
		t.Errorf("%+v", e)
	}

	lineB := mustFind(t, setOf(t,
		"redis.yml", "address: [ localhost:16379 ]\nredisMode: sentinel\nsentinelMode: { masterName: m, sentinelsAddrs: [ s1:26379, s2:26379 ] }",
		"mongodb.yml", "uri: ''\naddress: [ x:1 ]\nmongoMode: replicaSet\nauthSource: admin\nreplicaSet: { name: rs0, hosts: [ m1:1, m2:1 ] }",
		"discovery.yml", "enable: kubernetes\netcd: { address: [ localhost:12379 ] }"))
	if r := lineB.Redis; r.Mode != Sentinel || r.Master != "m" || r.Addresses[1] != "s2:26379" {
		t.Errorf("%+v", r)
	}
	if m := lineB.Mongo; m.ReplicaSet != "rs0" || len(m.Addresses) != 2 || m.AuthSource != "admin" {
		t.Errorf("%+v", m)
	}
	if lineB.Etcd != nil {
		t.Error("an etcd that serves no discovery was taken for one that does")
	}
}

// TestProblems says what cannot be used, and gives the rest.
func TestProblems(t *testing.T) {
	unread := setOf(t, "kafka.yml", "address: [ k:1 ]\npassword: openIM123")
	unread.Env([]settings.Var{{Name: "IMENV_KAFKA_PASSWORD", Where: "variable IMENV_KAFKA_PASSWORD of push", Unread: "the user may not get the secret"}})
	for name, tt := range map[string]struct {
		set  *settings.Set
		want string
	}{
		"loopback":  {setOf(t, "kafka.yml", "address: [ 127.0.0.1:19094 ]"), "kafka: kafka.yml of configmap im/openim-config says 127.0.0.1:19094, which is each pod for itself"},
		"secret":    {unread, "kafka: the credentials in variable IMENV_KAFKA_PASSWORD of push are not known: the user may not get the secret"},
		"authority": {setOf(t, "kafka.yml", "address: [ k:1 ]\ntls: { enableTLS: true, caCrt: /etc/ca.crt }"), "kafka: the certificate authority /etc/ca.crt is a file inside the containers"},
		"uri":       {setOf(t, "mongodb.yml", "uri: mongodb://u:canary%zz@h/"), "mongo: the URI in mongodb.yml of configmap im/openim-config: its user or password has a % that begins no escape"},
		"asked":     {setOf(t, "mongodb.yml", "uri: mongodb://u:canary?1@h/im"), "mongo: the URI in mongodb.yml of configmap im/openim-config: its user or password has a ? that is no escape (%3F), or its options an @ (%40)"},
		"uriHost":   {setOf(t, "mongodb.yml", "uri: mongodb://u:canary@localhost:1/im"), "mongo: mongodb.yml of configmap im/openim-config says localhost:1, which is each pod for itself"},
		"url":       {setOf(t, "redis.yml", "address: [ 'redis://u:canary@r:1' ]"), "redis: an address in redis.yml of configmap im/openim-config is no HOST:PORT: it has a user, or a scheme"},
		"db":        {setOf(t, "redis.yml", "address: [ r:1 ]\ndb: x"), `redis: db is "x", which is no number`},
	} {
		b, problems := From([]*settings.Set{tt.set, tt.set}, nil)
		if len(problems) != 1 || problems[0].Error() != tt.want || problems[0].Hint == "" {
			t.Errorf("%s: %v, want %s", name, problems, tt.want)
		}
		if b.Kafka != nil && b.Kafka.Login != (Login{}) {
			t.Errorf("%s: a password that is overridden was taken: %+v", name, b.Kafka.Login)
		}
	}
	inline := setOf(t, "kafka.yml", "address: [ k:1 ]\ntls: { enableTLS: true, caCrt: /etc/ca.crt }")
	_, problems := From([]*settings.Set{inline}, func(path string) []byte { return []byte("no certificate in " + path) })
	if len(problems) != 1 || !strings.Contains(problems[0].Text, "no certificate") {
		t.Error(problems)
	}
}

// TestAddressesOnly takes HOST:PORT and nothing that may hold a password, from settings and the command line, and quotes none of it.
func TestAddressesOnly(t *testing.T) {
	good := map[string]string{
		"h": "h:1", "h:6379, b_c.d-e.:65535": "h:6379,b_c.d-e.:65535", "10.0.0.1": "10.0.0.1:1", "[fd00::1]:2,[fd00::2],fd00::3": "[fd00::1]:2,[fd00::2]:1,[fd00::3]:1",
	}
	for list, want := range good {
		hosts, err := hostsOf(list, "1")
		if got := strings.Join(hosts, ","); err != nil || got != want {
			t.Errorf("%s: %q, %v", list, got, err)
		}
	}
	for _, list := range []string{
		"h:6379?password=canary2222", "h?password=canary", "h#canary", "user:canary-pw", "canary, :1", "h:0,canary", "h:65536,canary", "h:+1,canary", "h:1:canary",
		"[canary:1]:2", "[h:1,canary", "h\nn:1,canary", "h canary:1", "dead:beef", "h:1,u:canary,2@r:1", "canary/1",
	} {
		for _, file := range []string{"kafka.yml", "redis.yml", "mongodb.yml"} {
			b, problems := From([]*settings.Set{setOf(t, file, fmt.Sprintf("address: [ %q ]", list))}, nil)
			if len(problems) != 1 || len(b.Addresses()) > 0 || strings.Contains(problems[0].Text, "canary") || strings.Contains(problems[0].Text, "hidden") {
				t.Errorf("%s %s: %v, %q", file, list, problems, b.Addresses())
			}
		}
		if hosts, err := hostsOf(list, "1"); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %q, %v", list, hosts, err)
		}
	}
}

// TestURIHosts takes no piece of a password for a host, and quotes none.
func TestURIHosts(t *testing.T) {
	for _, uri := range []string{
		"mongodb://u:a@canary?c@host/db", "mongodb://u:canary-pw", "mongodb+srv://u:canary-pw", "mongodb+srv://u:canary-pw/db", "mongodb://u:p@h:1,canary:x/", "mongodb+srv://canary:1", "mongodb+srv://a,canary",
		"mongodb://u:p@h/?appName=canary@x", "mongodb://", "mongodb+srv:///db", "mongodb://%2Fcanary.sock",
	} {
		if m, err := ParseMongo(uri); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %+v, %v", uri, m, err)
		}
		b, problems := From([]*settings.Set{setOf(t, "mongodb.yml", fmt.Sprintf("uri: %q", uri))}, nil)
		if len(problems) != 1 || b.Mongo != nil || strings.Contains(problems[0].Text, "canary") {
			t.Errorf("%s: %v, %+v", uri, problems, b.Mongo)
		}
	}
	if m, err := ParseMongo("mongodb+srv://u:p@c.example.com/im?tls=true"); err != nil || m.SRV != "c.example.com" || m.Database != "im" {
		t.Errorf("%+v, %v", m, err)
	}
	if m, err := ParseMongo("mongodb://u:p%3F%40@[fd00::1]:1,h"); err != nil || !slices.Equal(m.Addresses, []string{"[fd00::1]:1", "h:27017"}) || m.Login != (Login{"u", "p?@"}) {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestSecretsStayHidden prints and marshals everything in every way.
func TestSecretsStayHidden(t *testing.T) {
	b := mustFind(t, setOf(t, "kafka.yml", "address: [ k:1 ]\nusername: u\npassword: canary-1", "mongodb.yml", "uri: mongodb://u:canary-2@h/"))
	text, err := json.Marshal([]any{b.Kafka, b.Mongo.Login})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %q %s", b.Kafka, b.Kafka.Login, b.Mongo.Login, b.Mongo.Login, b.Mongo.Login, text)
	if got := b.Passwords(); !slices.Equal(got, []string{"canary-1", "canary-2"}) {
		t.Errorf("to be kept out: %q", got)
	}
	if strings.Contains(all, "canary") || !strings.Contains(all, "***") {
		t.Error(all)
	}
}

func surroundings(env map[string]string, asked ...string) Surroundings {
	s := Surroundings{Getenv: func(name string) string { return env[name] }}
	if len(asked) > 0 {
		s.Ask = func(string) (string, error) { return asked[0], nil }
	}
	return s
}

func TestOverrides(t *testing.T) {
	file := filepath.Join(t.TempDir(), "auth")
	if err := os.WriteFile(file, []byte("reader:pass:word \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := mustFind(t, setOf(t, "kafka.yml", "address: [ k:1 ]\ntoRedisTopic: toRedis", "redis.yml", "address: [ r:1 ]\npassword: r\nredisMode: cluster", "mongodb.yml", "address: [ m:1 ]\nusername: u\npassword: m\nauthSource: admin"))
	o := Overrides{
		Kafka: Override{Address: "a:9093, b", Auth: "env:K", TLS: "insecure", Mechanism: "SCRAM-SHA-512"},
		Redis: Override{Address: "rediss://reader@[::1]:7000/2", Auth: file},
		Mongo: Override{Address: "mongodb://one:1,two/?replicaSet=rs&tls=true", Auth: "ask"},
	}
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	if err := o.Apply(&b, surroundings(map[string]string{"K": "k:p"}, ":asked")); err != nil {
		t.Fatal(err)
	}
	if k := b.Kafka; !slices.Equal(k.Addresses, []string{"a:9093", "b:9092"}) || k.From != "--kafka" || k.Login != (Login{"k", "p"}) || !k.TLS.InsecureSkipVerify || k.Mechanism != "SCRAM-SHA-512" || len(k.Topics) != 1 {
		t.Errorf("%+v", k)
	}
	if r := b.Redis; r.Addresses[0] != "[::1]:7000" || r.DB != 2 || r.TLS == nil || r.Login != (Login{"reader", "pass:word "}) || r.Mode != "" {
		t.Errorf("%+v", r)
	}
	if m := b.Mongo; !slices.Equal(m.Addresses, []string{"one:1", "two:27017"}) || m.ReplicaSet != "rs" || m.TLS == nil || m.Login != (Login{"", "asked"}) || m.Database != "openim_v3" || m.AuthSource != "admin" {
		t.Errorf("%+v", m)
	}
	none := Backends{Kafka: &Kafka{TLS: &tls.Config{}}, Redis: &Redis{}}
	if err := (Overrides{Kafka: Override{Address: None}, Redis: Override{Auth: "env:R"}}).Apply(&none, surroundings(map[string]string{"R": ":x"})); err != nil || none.Kafka != nil || none.Redis.Login.Password.Reveal() != "x" || none.Mongo != nil {
		t.Errorf("%+v, %v", none, err)
	}
}

// TestOverrideMistakes names the flag and what to do, and never repeats a password.
func TestOverrideMistakes(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(broken, []byte(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Overrides{
		"--mongo":           {Mongo: Override{Address: "mongodb://u:canary@h/db"}},
		"--redis":           {Redis: Override{Address: "redis://:canary@h:1"}},
		"--kafka":           {Kafka: Override{Address: "u:canary@h:1"}},
		"--kafka-mechanism": {Kafka: Override{Mechanism: "GSSAPI"}},
		"--redis ":          {Redis: Override{Address: "http://h"}},
		"--mongo ":          {Mongo: Override{Address: "mongodb://"}},
		"--kafka-auth":      {Kafka: Override{Address: "k:1", Auth: "env:NONE"}},
		"--kafka-auth ":     {Kafka: Override{Address: "k:1", Auth: "env:CANARY"}},
		"--kafka-auth  ":    {Kafka: Override{Address: "k:1", Auth: "ask"}},
		"--redis-auth":      {Redis: Override{Address: "k:1", Auth: filepath.Join(t.TempDir(), "none")}},
		"--redis-tls":       {Redis: Override{Address: "k:1", TLS: broken}},
		"--redis-tls ":      {Redis: Override{Address: "k:1", TLS: "yes"}},
	} {
		err := o.Check()
		if err == nil {
			err = o.Apply(&Backends{}, surroundings(map[string]string{"CANARY": "canary without a colon"}))
		}
		var arg *ArgError
		if !errors.As(err, &arg) || arg.Flag != strings.TrimSpace(name) || arg.Hint == "" || strings.Contains(err.Error()+arg.Hint, "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAddressOfUseLater takes everything but the address from a configuration whose own is of no use, as the sample's.
func TestAddressOfUseLater(t *testing.T) {
	b, problems := From([]*settings.Set{setOf(
		t, "kafka.yml", "address: [ 127.0.0.1:1 ]\nusername: k\npassword: p\ntoRedisTopic: toRedis\ntoRedisGroupID: redis", "redis.yml", "address: [ localhost:1 ]\npassword: r\ndb: 2",
		"mongodb.yml", "address: [ 127.0.0.1:1 ]\nusername: u\npassword: m\nauthSource: admin\ndatabase: im",
	)}, nil)
	if len(problems) != 3 || b.Kafka != nil || b.Redis != nil || b.Mongo != nil || len(b.Addresses()) > 0 {
		t.Errorf("%v, %+v", problems, b)
	}
	o := Overrides{Kafka: Override{Address: "k:1"}, Redis: Override{Address: "r:1"}, Mongo: Override{Address: "m:1"}}
	if err := o.Apply(&b, surroundings(nil)); err != nil {
		t.Fatal(err)
	}
	if k := b.Kafka; !slices.Equal(k.Topics, []string{"toRedis"}) || !slices.Equal(k.Groups, []string{"redis"}) || k.Login != (Login{"k", "p"}) || k.From != "--kafka" || !slices.Equal(k.Addresses, []string{"k:1"}) {
		t.Errorf("%+v", k)
	}
	if r := b.Redis; r.Login.Password.Reveal() != "r" || r.DB != 2 || !slices.Equal(r.Addresses, []string{"r:1"}) {
		t.Errorf("%+v", r)
	}
	if m := b.Mongo; m.Login != (Login{"u", "m"}) || m.AuthSource != "admin" || m.Database != "im" || !slices.Equal(m.Addresses, []string{"m:1"}) {
		t.Errorf("%+v", m)
	}
}
