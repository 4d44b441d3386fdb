package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/record"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/collect/backends"
)

// member answers as etcd 3.6.5 does. With a password it wants a token, as after `etcdctl auth enable`.
func member(t *testing.T, password string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Password string
			Key      []byte
			KeysOnly bool `json:"keys_only"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost {
			t.Errorf("%s: %v", r.URL, err)
		}
		refuse := func(code int, text string) {
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"code":16, "message":%q}`, text)
		}
		switch {
		case r.URL.Path == "/v3/auth/authenticate" && password == "":
			refuse(http.StatusBadRequest, "etcdserver: authentication is not enabled")
		case r.URL.Path == "/v3/auth/authenticate" && body.Password != password:
			refuse(http.StatusBadRequest, "etcdserver: authentication failed, invalid user ID or password")
		case r.URL.Path == "/v3/auth/authenticate":
			fmt.Fprint(w, `{"header":{}, "token":"the-token"}`)
		case password != "" && r.Header.Get("Authorization") != "the-token":
			refuse(http.StatusBadRequest, "etcdserver: user name is empty")
		case r.URL.Path == "/v3/maintenance/status":
			fmt.Fprint(w, `{"header":{"cluster_id":"324952591200643719", "member_id":"3319814642761637952", "revision":"4", "raft_term":"2"}, "version":"3.6.5", "dbSize":"20480", "leader":"3319814642761637952", "raftIndex":"7", "raftTerm":"2", "dbSizeInUse":"16384", "downgradeInfo":{}}`)
		case r.URL.Path == "/v3/maintenance/alarm":
			fmt.Fprint(w, `{"header":{}, "alarms":[{"memberID":"3319814642761637952", "alarm":"NOSPACE"}]}`)
		case string(body.Key) == "openim/" && body.KeysOnly:
			fmt.Fprintf(w, `{"kvs":[%s,%s,%s], "count":"3"}`, kv("openim/push/10.0.0.1:10170", ""), kv("openim/msg/10.0.0.2:10280", ""), kv("openim/push/10.0.0.3:10170", ""))
		case string(body.Key) == centreRoot:
			fmt.Fprintf(w, `{"kvs":[%s,%s], "count":"2"}`, kv(centreSwitch, "enable"), kv(centreRoot+"kafka.yml", `{"Password":"canary-centre"}`))
		default:
			t.Errorf("nobody expects %s of %q", r.URL.Path, body.Key)
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func kv(key, value string) string {
	text, err := json.Marshal(map[string][]byte{"key": []byte(key), "value": []byte(value)})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func options(login backends.Login, addresses ...string) Options {
	return Options{Server: &backends.Etcd{Addresses: addresses, Login: login, Root: "openim", From: "here"}, Dial: (&net.Dialer{}).DialContext}
}

// gather runs the source and gives what it wrote, by entry.
func gather(t *testing.T, o Options) (*collect.Result, map[string]string) {
	t.Helper()
	redactor, err := redact.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "imbundle-test.tgz")
	res, err := collect.Run(t.Context(), collect.Options{Output: out, Redactor: redactor}, []collect.Source{New(o)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(out, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string]string{}
	err = r.Each(t.Context(), 1, func(_ int, f *bundle.File) error {
		text, err := io.ReadAll(f)
		all[f.Name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return res, all
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestCollect asks two members of which one is dead: its line says so, the rest is whole. Values of keys never come.
func TestCollect(t *testing.T) {
	dead := closedPort(t)
	for name, address := range map[string]string{"password": member(t, "right"), "no authentication": member(t, "")} {
		res, all := gather(t, options(backends.Login{Username: "root", Password: "right"}, dead, address))
		var status record.EtcdStatus
		var registry record.EtcdRegistry
		if json.Unmarshal([]byte(all[bundle.EtcdStatus]), &status) != nil || json.Unmarshal([]byte(all[bundle.EtcdRegistry]), &registry) != nil {
			t.Fatalf("%s: %v, %+v", name, all, res.Gaps)
		}
		if len(status.Members) != 2 || !strings.Contains(status.Members[0].Error, "refused") || status.Members[1].DBSize != 20480 || status.Members[1].Leader != "3319814642761637952" || !slices.Equal(status.Alarms, []string{"NOSPACE of member 3319814642761637952"}) {
			t.Errorf("%s: %+v", name, status)
		}
		if s := registry.Services; len(s) != 2 || s[1].Name != "push" || !slices.Equal(s[1].Endpoints, []string{"10.0.0.1:10170", "10.0.0.3:10170"}) {
			t.Errorf("%s: %+v", name, registry)
		}
		if c := registry.Centre; c.Switch != "enable" || !slices.Equal(c.Files, []string{"kafka.yml"}) {
			t.Errorf("%s: %+v", name, c)
		}
		for entry, text := range all {
			if strings.Contains(text, "canary") {
				t.Errorf("%s holds a value", entry)
			}
		}
	}
}

// TestNotCollected gives one typed gap for each entry, without the password.
func TestNotCollected(t *testing.T) {
	for name, tt := range map[string]struct {
		o      Options
		reason string
	}{
		"wrong password": {options(backends.Login{Username: "root", Password: "canary"}, member(t, "right")), bundle.Forbidden},
		"no password":    {options(backends.Login{}, member(t, "right")), bundle.Forbidden},
		"nobody there":   {options(backends.Login{}, closedPort(t)), bundle.Failed},
	} {
		res, _ := gather(t, tt.o)
		if len(res.Gaps) != 2 {
			t.Errorf("%s: %+v", name, res.Gaps)
		}
		for _, g := range res.Gaps {
			if g.Reason != tt.reason || g.Entry == "" || g.Costs == "" || strings.Contains(g.Detail, "canary") {
				t.Errorf("%s: %+v", name, g)
			}
		}
	}
}

func TestCentre(t *testing.T) {
	files, err := Centre(context.Background(), options(backends.Login{}, member(t, "")))
	if err != nil || len(files) != 1 || string(files["kafka.yml"]) != `{"Password":"canary-centre"}` {
		t.Errorf("%q, %v", files, err)
	}
	if asks := New(options(backends.Login{Username: "u"}, "a:1")).(collect.Asker).Asks(); len(asks) != 5 || asks[0].At != "a:1" {
		t.Errorf("%+v", asks)
	}
}

// TestRedirect never takes the password to where an answer points.
func TestRedirect(t *testing.T) {
	stranger := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a stranger was asked") }))
	t.Cleanup(stranger.Close)
	pointing := httptest.NewServer(http.RedirectHandler(stranger.URL, http.StatusTemporaryRedirect))
	t.Cleanup(pointing.Close)
	if _, err := Centre(t.Context(), options(backends.Login{Username: "root", Password: "canary"}, pointing.Listener.Addr().String())); err == nil || !strings.Contains(err.Error(), "HTTP 307") {
		t.Error(err)
	}
}
