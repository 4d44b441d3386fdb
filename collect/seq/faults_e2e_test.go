//go:build e2e

package seq

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect/backends"
	"github.com/imbundle/imbundle/specs"
)

// causes analyzes the bundle and wants the cause to lead; no cause is wanted where it is empty.
func causes(t *testing.T, c collected, want string) {
	t.Helper()
	s, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(c.path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(context.Background(), r, s, analyze.Options{Checks: checks.All()})
	if err != nil {
		t.Fatal(err)
	}
	lead := ""
	for _, x := range report.Verdict.Causes {
		t.Logf("%s %s %s: %s", x.Cause, x.Severity, x.Confidence, x.Evidence[0].Text)
		if lead == "" && x.Confidence != analyze.Possible {
			lead = x.Cause
		}
	}
	if lead != want {
		t.Errorf("the leading cause is %q, want %q", lead, want)
	}
}

func startSentinel(t *testing.T, masterPort string) string {
	t.Helper()
	port := freePort(t)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("bind 127.0.0.1\nport %s\nsentinel monitor mymaster 127.0.0.1 %s 1\nsentinel auth-pass mymaster %s\nsentinel down-after-milliseconds mymaster 2000\n", port, masterPort, rootPassword)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, installed(t, "redis-sentinel", "redis-sentinel"), file)
	address := "127.0.0.1:" + port
	c := client(address, "")
	defer c.Close()
	soon(t, "sentinel", func() bool { return c.Ping(t.Context()).Err() == nil })
	return address
}

// healthy is an installation with nothing wrong.
func healthy(t *testing.T) installation {
	t.Helper()
	i := install(t)
	i.change(t, "si_u1_u2:2", 39, "msg", realMessage(240, time.Now().Add(-time.Hour)))
	insertFor(t, i, "u2")
	return i
}

// TestHealthy: what is in order is not called a fault.
func TestHealthy(t *testing.T) {
	i := healthy(t)
	causes(t, runCalm(t, i.options()), "")
}

func insertFor(t *testing.T, i installation, user string) {
	t.Helper()
	_, err := i.mongo.client.Database("openim_v3").Collection("conversation").InsertOne(t.Context(), bson.D{eq("owner_user_id", user), eq("conversation_id", "si_u1_u2"), eq("max_seq", int64(0)), eq("min_seq", int64(0))})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFaultsOfServers injects each fault into servers that are in order.
func TestFaultsOfServers(t *testing.T) {
	i := healthy(t)
	i.redis.do(t, "config", "set", "save", "3600 1000000")
	t.Run("restored from an old dump", func(t *testing.T) {
		i.redis.do(t, "hset", "MALLOC_SEQ:si_u1_u2", "CURR", 120, "LAST", 150)
		defer i.redis.do(t, "hset", "MALLOC_SEQ:si_u1_u2", "CURR", 250, "LAST", 300)
		causes(t, runCalm(t, i.options()), "seq-rollback")
	})
	t.Run("documents removed", func(t *testing.T) {
		for slot := 20; slot < 30; slot++ {
			i.change(t, "si_u1_u2:2", slot, "msg", nil)
		}
		causes(t, runCalm(t, i.options()), "seq-hole")
		for slot := 20; slot < 30; slot++ {
			i.change(t, "si_u1_u2:2", slot, "msg", realMessage(int64(201+slot), time.Now().Add(-time.Hour)))
		}
	})
	t.Run("out of memory", func(t *testing.T) {
		i.redis.do(t, "config", "set", "maxmemory", "1mb")
		defer i.redis.do(t, "config", "set", "maxmemory", "0")
		causes(t, runCalm(t, i.options()), "redis-out-of-memory")
	})
	t.Run("read-only", func(t *testing.T) {
		other := startRedis(t)
		for _, key := range []string{"CURR", "LAST"} {
			other.do(t, "hset", "MALLOC_SEQ:si_u1_u2", key, map[string]int{"CURR": 250, "LAST": 300}[key], "TIME", time.Now().Add(-time.Hour).UnixMilli())
		}
		_, port, _ := strings.Cut(other.address, ":")
		i.redis.do(t, "replicaof", "127.0.0.1", port)
		soon(t, "the replica", func() bool {
			text, _ := i.redis.admin.Do(t.Context(), "info", "replication").Text()
			return infoField(text, "master_link_status") == "up"
		})
		defer i.redis.do(t, "replicaof", "no", "one")
		causes(t, runCalm(t, i.options()), "redis-readonly")
	})
	t.Run("flushed, 3.7", func(t *testing.T) {
		i.redis.do(t, "flushall")
		if _, err := i.mongo.client.Database("openim_v3").Collection("seq").DeleteMany(t.Context(), bson.D{}); err != nil {
			t.Fatal(err)
		}
		i.redis.do(t, "set", "MAX_SEQ:si_u1_u2", 3)
		causes(t, runCalm(t, i.options()), "seq-rollback")
	})
}

// TestStoresThatFail: a Redis whose folder is gone cannot save, and a Mongo that is stopped is not there.
func TestStoresThatFail(t *testing.T) {
	i := healthy(t)
	dir, err := i.redis.admin.ConfigGet(t.Context(), "dir").Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir["dir"]); err != nil {
		t.Fatal(err)
	}
	i.redis.do(t, "bgsave")
	soon(t, "the save fails", func() bool {
		text, _ := i.redis.admin.Do(t.Context(), "info", "persistence").Text()
		return infoField(text, "rdb_last_bgsave_status") == "err"
	})
	causes(t, runCalm(t, i.options()), "redis-persistence-failing")
	i.mongo.stop()
	o := i.options()
	o.Redis.Addresses = []string{startRedis(t).address}
	causes(t, run(t, o), "mongo-unreachable")
}

// TestRefusals: whoever refuses what, it is a typed gap and costs nothing else.
func TestRefusals(t *testing.T) {
	i := install(t)
	i.redis.do(t, "acl", "setuser", "bare", "on", ">"+readerPassword, "~*", "-@all", "+hmget", "+ping", "+exists")
	for _, c := range []struct {
		name   string
		change func(*Options)
		entry  string
		reason string
		words  []string
	}{
		{"wrong password of Redis", func(o *Options) { o.Redis.Login.Password = "Fake-wrong-01" }, bundle.SeqFile, bundle.Forbidden, []string{"WRONGPASS", i.redis.address, "redis.yml"}},
		{"no password of Redis", func(o *Options) { o.Redis.Login = backends.Login{} }, bundle.SeqFile, bundle.Forbidden, []string{"NOAUTH", "--redis"}},
		{"an ACL that forbids", func(o *Options) { o.Redis.Login.Username = "bare" }, bundle.RedisServer, bundle.Forbidden, []string{"SLOWLOG", "NOPERM", "ACL"}},
		{"TLS to a server without", func(o *Options) { o.Redis.TLS = &tls.Config{InsecureSkipVerify: true} }, bundle.SeqFile, bundle.Timeout, []string{"TLS handshake"}},
		{"wrong password of Mongo", func(o *Options) { o.Mongo.Login.Password = "Fake-wrong-01" }, bundle.SeqFile, bundle.Forbidden, []string{i.mongo.address, "mongodb.yml"}},
		{"a foreign database", func(o *Options) { o.Mongo.Database, o.Mongo.AuthSource = "shop", "openim_v3" }, bundle.SeqFile, bundle.NotFound, []string{"shop", "mongodb.yml"}},
		{"TLS to a Mongo without", func(o *Options) { o.Mongo.TLS = &tls.Config{InsecureSkipVerify: true} }, bundle.MongoServer, bundle.Failed, []string{i.mongo.address}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := i.options()
			c.change(&o)
			got := run(t, o)
			got.gap(t, c.entry, c.reason, c.words...)
			x := got.conversations["si_u1_u2"]
			if asks := strings.Contains(c.name, "Redis") || strings.Contains(c.name, "server"); asks && x.Mongo == nil || strings.Contains(c.name, "Mongo") && x.Redis == nil {
				t.Errorf("the other server is not asked: %+v", x)
			}
			for entry, body := range got.entries {
				if bytes.Contains([]byte(body), []byte("Fake-wrong-01")) || bytes.Contains([]byte(body), []byte(canary)) {
					t.Errorf("a password or a canary is in %s", entry)
				}
			}
			for _, text := range append(slices.Collect(maps.Values(got.entries)), fmt.Sprint(got.gaps)) {
				if strings.Contains(text, "User bare") {
					t.Errorf("the login is named: %s", text)
				}
			}
			if c.name == "an ACL that forbids" && (x.Redis == nil || x.Redis.Malloc == nil || x.Redis.Malloc.Curr != 250) {
				t.Errorf("what the ACL allows is not read: %+v", x.Redis)
			}
		})
	}
}

// TestAuthCauses: a password that the servers refuse leads to the cause about it.
func TestAuthCauses(t *testing.T) {
	i := healthy(t)
	o := i.options()
	o.Mongo.Login.Password = "Fake-wrong-01"
	causes(t, run(t, o), "mongo-auth-failed")
	o = i.options()
	o.Redis.Login.Password = "Fake-wrong-01"
	causes(t, runCalm(t, o), "redis-auth-failed")
}

// TestTLS: a Redis that speaks TLS is asked over TLS; another name, an unknown CA and plain text are gaps that say so.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	pool := certificate(t, dir)
	port := freePort(t)
	r := startRedis(t, "--tls-port", port, "--tls-cert-file", dir+"/cert.pem", "--tls-key-file", dir+"/key.pem", "--tls-ca-cert-file", dir+"/cert.pem", "--tls-auth-clients", "no")
	r.do(t, "hset", "MALLOC_SEQ:sg_1", "CURR", 7, "LAST", 100, "TIME", 1)
	ask := func(config *tls.Config) collected {
		return run(t, Options{Redis: &backends.Redis{Addresses: []string{"127.0.0.1:" + port}, TLS: config, Login: backends.Login{Username: "reader", Password: readerPassword}}, Conversations: []string{"sg_1"}})
	}
	if c := ask(&tls.Config{RootCAs: pool}); c.conversations["sg_1"].Redis == nil || c.conversations["sg_1"].Redis.Malloc.Curr != 7 {
		t.Errorf("over TLS: %+v", c.gaps)
	}
	for _, x := range []struct {
		config *tls.Config
		words  string
	}{{&tls.Config{RootCAs: pool, ServerName: "redis.example"}, "another name"}, {&tls.Config{}, "check CA"}, {nil, "TLS"}} {
		c := ask(x.config)
		c.gap(t, bundle.RedisInfo, bundle.Failed, "127.0.0.1:"+port, x.words)
	}
}

// certificate makes one for 127.0.0.1, with its key, in PEM files.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, body := range map[string][]byte{"cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(filepath.Join(dir, file), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

// TestHangs: a server that accepts and never answers costs its own entries, in bounded time.
func TestHangs(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	i := install(t)
	o := i.options()
	o.Redis.Addresses = []string{l.Addr().String()}
	c := run(t, o)
	c.gap(t, bundle.RedisInfo, bundle.Timeout, l.Addr().String(), "no answer")
	if c.conversations["si_u1_u2"].Mongo == nil {
		t.Error("Mongo is not asked")
	}
}

// BenchmarkSample is 200 conversations of 200 numbers, from a real Redis and the fake of Mongo: FerretDB reads whole collections.
func BenchmarkSample(b *testing.B) {
	r := startRedis(b)
	f := &fakeMongo{docs: map[string]bson.D{}}
	var ids []string
	for n := range 200 {
		id := fmt.Sprintf("sg_%03d", n)
		ids = append(ids, id)
		f.seqs = append(f.seqs, seqDocument(id, 300))
		messages(f.docs, id, 250, never)
		r.do(b, "hset", "MALLOC_SEQ:"+id, "CURR", 250, "LAST", 300, "TIME", 1)
	}
	address := startFake(b, f).address
	for b.Loop() {
		c := run(b, Options{
			Redis:         &backends.Redis{Addresses: []string{r.address}, Login: backends.Login{Username: "reader", Password: readerPassword}},
			Mongo:         &backends.Mongo{Addresses: []string{address}},
			Conversations: ids,
		})
		if len(c.conversations) != 200 || !c.conversations["sg_001"].Numbers[0].Read {
			b.Fatal("not all was read")
		}
	}
}
