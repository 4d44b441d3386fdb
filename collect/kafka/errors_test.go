package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect/backends"
)

func plainAs(user, password string) sasl.Mechanism {
	return plain.Auth{User: user, Pass: password}.AsMechanism()
}

// certificate signs itself for the names, and is trusted by the pool.
func certificate(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, DNSNames: names,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// serve takes connections and does with each what it is told to, until the test ends.
func serve(t *testing.T, with func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go with(conn)
		}
	}()
	return l.Addr().String()
}

func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestFailures: whatever is wrong, the run goes on and says what, where and what to try.
func TestFailures(t *testing.T) {
	ours, pool := certificate(t, "127.0.0.1")
	foreign, foreignPool := certificate(t, "kafka.example.com")
	secure := kfake.TLS(&tls.Config{Certificates: []tls.Certificate{ours}})
	named := kfake.TLS(&tls.Config{Certificates: []tls.Certificate{foreign}})
	account := []kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "openim", "right"), kfake.Superuser("SCRAM-SHA-256", "openim", "right")}
	login := backends.Login{Username: "openim", Password: "wrong-and-never-shown"}
	for _, c := range []struct {
		name    string
		cluster []kfake.Opt
		address string
		backend backends.Kafka
		reason  string
		says    []string
	}{
		{"nothing there", nil, free(t), backends.Kafka{}, bundle.Failed, []string{"nothing listens", "check address in kafka.yml"}},
		{"wrong password", account, "", backends.Kafka{Login: login}, bundle.Forbidden, []string{"user name and password"}},
		{"wrong password, SCRAM", account, "", backends.Kafka{Login: login, Mechanism: "SCRAM-SHA-256"}, bundle.Forbidden, []string{"user name and password"}},
		{"mechanism", []kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "openim", "right")}, "", backends.Kafka{Login: login, Mechanism: "SCRAM-SHA-512"}, bundle.Forbidden, []string{"mechanism"}},
		{"no password", account, "", backends.Kafka{}, bundle.Forbidden, []string{"hangs up", "user name and password"}},
		{"no TLS there", nil, "", backends.Kafka{TLS: &tls.Config{RootCAs: pool}}, bundle.Timeout, []string{"TLS handshake", "may have no TLS"}},
		{"TLS wanted", []kfake.Opt{secure}, "", backends.Kafka{}, bundle.Failed, []string{"may want TLS"}},
		{"another name", []kfake.Opt{named}, "", backends.Kafka{TLS: &tls.Config{RootCAs: foreignPool}}, bundle.Failed, []string{"made out to another name", "SAN"}},
		{"unknown authority", []kfake.Opt{secure}, "", backends.Kafka{TLS: &tls.Config{RootCAs: foreignPool}}, bundle.Failed, []string{"not trusted", "caCrt"}},
		{"a broker before ApiVersions", nil, serve(t, func(c net.Conn) { c.Close() }), backends.Kafka{}, bundle.Failed, []string{"hangs up", "before 0.10"}},
		{"a server that hangs", nil, serve(t, func(net.Conn) {}), backends.Kafka{}, bundle.Timeout, []string{"does not answer"}},
		{"another server", nil, serve(t, func(c net.Conn) { _, _ = c.Write([]byte("-ERR unknown command\r\n")); c.Close() }), backends.Kafka{}, bundle.Failed, []string{"does not answer as Kafka does"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := openim()
			o.Samples = 1
			topics, groups := o.Backend.Topics, o.Backend.Groups
			*o.Backend = c.backend
			o.Backend.Topics, o.Backend.Groups, o.Backend.Addresses = topics, groups, []string{c.address}
			if c.address == "" {
				o.Backend.Addresses = fake(t, append(c.cluster, kfake.NumBrokers(1))...).ListenAddrs()
			}
			l := newLinks(o, 500*time.Millisecond)
			defer l.close()
			k := &cluster{o: o, links: l, down: map[int32]*Failure{}}
			err := k.refresh(context.Background())
			if err == nil {
				t.Fatal("it answers")
			}
			f := explain(err, o.Backend, c.address, "")
			for _, w := range c.says {
				if !strings.Contains(f.Error(), w) {
					t.Errorf("%q is not in %q", w, f)
				}
			}
			if f.Reason != c.reason || strings.Contains(f.Error(), "never-shown") || f.Hint == "" {
				t.Errorf("%s: %s", f.Reason, f)
			}
		})
	}
}

// wayRefused is as the error of a dialer whose user may not take the ways that there are.
type wayRefused struct{}

func (wayRefused) Error() string {
	return "cannot be reached: by exec in pod im/kafka-0: a webhook denied the request"
}
func (wayRefused) GapReason() string { return bundle.Forbidden }

// TestRefusedWay is forbidden, and no refusal of the broker's own: its tool may still be asked.
func TestRefusedWay(t *testing.T) {
	f := explain(&dialError{wayRefused{}}, &backends.Kafka{}, "kafka-0:9092", "")
	if f.Reason != bundle.Forbidden || f.spoken() || !strings.Contains(f.Error(), "a webhook denied the request") {
		t.Errorf("%s: %v, spoken %v", f.Reason, f, f.spoken())
	}
}

// TestUnreachableIsAGap: every entry that was promised is accounted for.
func TestUnreachableIsAGap(t *testing.T) {
	o := openim(free(t))
	g := gather(t, o)
	g.gap(bundle.Failed, "nothing listens", "consumer lag")
	if len(g.gaps) != 8 {
		t.Errorf("%d gaps for 8 entries", len(g.gaps))
	}
}

// TestSecured: the same facts over TLS with every mechanism.
func TestSecured(t *testing.T) {
	ours, pool := certificate(t, "127.0.0.1")
	for _, mechanism := range []string{"", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		method := mechanism
		if method == "" {
			method = "PLAIN"
		}
		c := fake(t, kfake.NumBrokers(3), kfake.SeedTopics(8, "toRedis", "toMongo"), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{ours}}), kfake.EnableSASL(), kfake.Superuser(method, "openim", "right"))
		o := openim(c.ListenAddrs()...)
		o.Samples = 1
		o.Backend.TLS, o.Backend.Mechanism, o.Backend.Login = &tls.Config{RootCAs: pool}, mechanism, backends.Login{Username: "openim", Password: "right"}
		if g := gather(t, o); !g.Complete || len(g.topics().Topics) != 2 {
			t.Errorf("%s: %s, gaps %+v", method, g.Reason, g.gaps)
		}
	}
}
