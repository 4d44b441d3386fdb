package redact

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
)

// leaky has a rule that finds nothing, so that everything reaches the gate.
func leaky(t *testing.T) *Redactor {
	t.Helper()
	r, err := Compile([]Rule{{ID: "word", Keys: []string{"nosuchkey"}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGateStopsWhatTheRulesMiss(t *testing.T) {
	r := leaky(t)
	r.Learn("Fake-canary/01")
	for _, leak := range []string{
		"x eyJhbGciOiJub25lIn0.eyJVc2VySUQiOiJmYWtlIn0.ZmFrZQ y",
		"-----BEGIN RSA PRIVATE KEY-----", `\n-----BEGIN PRIVATE KEY-----\n`, "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"mongodb://a:b@c/d", "redis://:b@c/d", "AKIAFAKEFAKEFAKEFAKE", "(LTAI5tFakeFakeFakeFake01)",
	} {
		for _, pad := range []int{0, 1, gateTail, flushSize - 7, flushSize, 3 * flushSize} {
			s := r.Stream(io.Discard)
			_, _ = io.WriteString(s, strings.Repeat(strings.Repeat(".", 63)+"\n", pad/64)+strings.Repeat(".", pad%64)+" "+leak+"\nmore\n")
			if err := s.Close(); !errors.Is(err, ErrLeak) {
				t.Errorf("%q after %d bytes: close gave %v", leak, pad, err)
			}
		}
	}
}

func TestGateKeepsQuietOtherwise(t *testing.T) {
	r := leaky(t)
	for _, text := range []string{
		"", "a@b.example", "github.com/openimsdk/tools@v0.0.50-alpha.63/mw/x.go:40", "etcd:///openim/msg", "http://h:80/p?m=a:b@c",
		"-----BEGIN CERTIFICATE-----", "eyJ", "eyJhbGciOiJub25lIn0", "AKIA", "xLTAI5tFakeFakeFakeFake01", "PRIVATE KEY-----",
		"mongodb://<redacted:uri-userinfo>@h/d", "mongodb://h1:1,h2:2/d", "time: 12:30:45 a@b",
	} {
		if got := r.String(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestGateSeesNothingBeforeTheDestination(t *testing.T) {
	var out bytes.Buffer
	s := leaky(t).Stream(&out)
	_, _ = io.WriteString(s, "mongodb://a:swordfish@c/d\n")
	if err := s.Close(); err == nil || strings.Contains(out.String(), "swordfish") {
		t.Fatalf("close gave %v, written %q", err, out.String())
	}
	if _, err := s.Write([]byte("more")); err == nil {
		t.Fatal("the stream takes more after a leak")
	}
}

func TestLearnedValuesAreHiddenInEverySpelling(t *testing.T) {
	r := leaky(t)
	secret := `Fake"pw/01+`
	r.Learn(secret, "tiny")
	for _, in := range []string{
		"a " + secret + " b", `a Fake\"pw/01+ b`, "a Fake%22pw%2F01%2B b", "a " + base64.StdEncoding.EncodeToString([]byte(secret)) + " b",
	} {
		if got := r.String(in); got != "a <redacted:known-secret> b" {
			t.Errorf("%q became %q", in, got)
		}
	}
	if got := r.String("tiny"); got != "tiny" {
		t.Errorf("a short value was learned: %q", got)
	}
}

func TestBytesOutsideOfSecretsStay(t *testing.T) {
	r := compiled(t)
	for _, text := range []string{
		"\xff\xfe\x00 not utf-8 \xc3(\r\nsecond\r\n\r\nno end", "\n\n\n", "\r", "a\rb\n", strings.Repeat("\xf0\x9f\x98", 700), "::::====\n=:",
		`"":"",":"="`, strings.Repeat(`\`, 5000) + `"`,
	} {
		if got := redacted(t, r, text, 3); got != text {
			t.Errorf("%.80q became %.80q", text, got)
		}
	}
	if got := redacted(t, r, "password: fake\xff\r\n\xfe\r\n", 2); got != "password: <redacted:password>\r\n\xfe\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestCompileNamesEveryWrongRule(t *testing.T) {
	_, err := Compile([]Rule{
		{ID: "one", Pattern: "("}, {ID: "two"}, {ID: "three", Keys: []string{"pw"}}, {ID: "four", Pattern: "a*"}, {Keys: []string{"abc"}},
	})
	for _, want := range []string{`"one"`, `"two"`, `"three"`, `"four"`, "no id"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in %v", want, err)
		}
	}
}

func TestPanicDropsTheEntry(t *testing.T) {
	r := leaky(t)
	r.patterns = append(r.patterns, pattern{})
	r.probe.always.put(0)
	s := r.Stream(io.Discard)
	if _, err := io.WriteString(s, "line\n"); err == nil {
		t.Fatal("a rule that breaks down goes unnoticed")
	}
	if s.Close() == nil {
		t.Fatal("closing forgets the error")
	}
}

// TestHostileLinesTakeLinearTime doubles lines that invite rescanning; a quadratic scan would take minutes.
func TestHostileLinesTakeLinearTime(t *testing.T) {
	r := compiled(t)
	for _, unit := range []string{
		"password=", `password:"`, "content:{", `name:{`, `name:"`, "password:|-", `\`, `password=\\\\`, "password: {A:", "eyJaaaaaa.", "://a:",
		"curl ", "redis-cli --a ", "-----BEGIN PRIVATE KEY", "a" + strings.Repeat("-", 90) + "token:", "password='", "{Token: ", "  - password:",
	} {
		text := strings.Repeat(unit, (1<<20)/len(unit))
		s := r.Stream(io.Discard)
		_, _ = io.WriteString(s, text)
		if err := s.Close(); err != nil && !errors.Is(err, ErrLeak) {
			t.Errorf("%q: %v", unit, err)
		}
	}
}
