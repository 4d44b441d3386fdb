package specs

import (
	"strings"
	"testing"

	"github.com/imbundle/imbundle/specs/settings"
)

func testTelling(t *testing.T) (*Set, Telling) {
	t.Helper()
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return set, set.Baseline.Telling(settings.Secret)
}

// TestTellingAddresses tells hosts and ports, and nothing that stands beside them.
func TestTellingAddresses(t *testing.T) {
	_, telling := testTelling(t)
	for value, want := range map[string]string{
		"a:1":                          "a:1",
		"a:1,[fd00::1]:2,10.0.0.1":     "a:1, [fd00::1]:2, 10.0.0.1",
		"canary@a:1":                   "a:1",
		"u:can,ary@a:1,b:2":            "a:1, b:2",
		"redis://:can/ary@a:1/0":       "a:1",
		"http://external_ip:10005":     "http://external_ip:10005",
		"http://a:1/canary?key=canary": "http://a:1",
		"http://a:1/?key=can@ary":      "", // only that it is set
		"h:6379?password=a1,b2":        "",
		"a:1,h:6379#canary,b2":         "",
		"a:1,b:2?password=canary":      "a:1, b:2",
		"a:canary":                     "",
		"can ary":                      "",
	} {
		text, shown := telling.Text("redis.yml", "address", strings.Split(value, ","))
		if text != want || shown == (want == "") {
			t.Errorf("%s: %q, %v, want %q", value, text, shown, want)
		}
	}
}

// TestTelling tells the values of official settings only, and of none that holds a secret or names somebody.
func TestTelling(t *testing.T) {
	set, telling := testTelling(t)
	for _, x := range []struct {
		file, key    string
		named, shown bool
	}{
		{"kafka.yml", "toRedisTopic", true, true},
		{"kafka.yml", "TLS_ENABLETLS", true, true}, // as a variable has it
		{"kafka.yml", "tls.clientKeyPwd", true, false},
		{"kafka.yml", "username", true, false},
		{"redis.yaml", "redisMode", true, true},
		{"mongodb.yml", "uri", true, false},
		{"mongodb.yml", "database", true, true},
		{"webhooks.yml", "url", true, false},
		{"webhooks.yml", "beforeOnlinePush.enable", true, true},
		{"webhooks.yml", "beforeCanary.enable", false, false},
		{"share.yml", "openIM.secret", true, false},
		{"share.yml", "imAdminUser.userIDs", true, false},
		{"share.yml", "rpcRegisterName.canary", false, false},
		{"openim-push.yml", "jpush.masterSecret", true, false},
		{"chat-rpc-chat.yml", "verifyCode.superCode", false, false},
		{"config.yaml", "auth", false, false},
		{"config.yaml", "redis.db", true, true},
	} {
		_, shown := telling.Text(x.file, x.key, []string{"canary"})
		if named := telling.Names(x.file, x.key); named != x.named || shown != x.shown {
			t.Errorf("%s %s: named %v, shown %v", x.file, x.key, named, shown)
		}
	}
	if text, shown := telling.Text("kafka.yml", "tls.caCrt", []string{"-----BEGIN PRIVATE KEY-----"}); shown {
		t.Errorf("%q is told", text)
	}
	if !telling.Official("share.yml", "imAdminUser.userIDs", []string{"imAdmin"}) || telling.Official("redis.yml", "password", []string{"openIM123"}) {
		t.Error("an official value is none, or a secret is one")
	}
	var all Telling
	if all.Names("kafka.yml", "address") {
		t.Error("the zero value tells something")
	}
	for _, d := range set.Baseline.Defaults { // what is judged is told
		for _, s := range set.Baseline.Settings {
			if _, shown := telling.Text(d.File, d.Key, nil); s.Covers(d.File, d.Key) && !shown && !settings.Secret(d.Key) {
				t.Errorf("%s %s is judged and not told", d.File, d.Key)
			}
		}
	}
	for _, p := range open {
		used := false
		for at := range telling.official {
			_, key, _ := strings.Cut(at, "\x00")
			used = used || fitsAny([]string{p}, key)
		}
		if !used {
			t.Errorf("%s is no key of any release", p)
		}
	}
}
