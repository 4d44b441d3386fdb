package specs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// overlay writes files into a fresh overlay directory and returns its path.
func overlay(t *testing.T, files map[string]string) string {
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

func TestEmbeddedSpecs(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Lint(set) {
		t.Error(p)
	}
	for _, p := range Test(set) {
		t.Error(p)
	}
	if len(set.Rules) < 120 || len(set.Causes) < 100 {
		t.Errorf("%d rules and %d causes are embedded, which is too few", len(set.Rules), len(set.Causes))
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	dir := overlay(t, map[string]string{
		"rules/one.yaml": "- id: first\n  macth: abcdefgh\n  count: many\n- id: second\n  recast:\n  - cause: x\n    near-strat: 5m\n",
		"causes.yaml":    "some-cause:\n  sevrity: error\n",
		"rule.yaml":      "[]\n",
		"rules/two.yaml": "- id: a\n   b: [\n",
	})
	_, err := Load(dir)
	var problems *Problems
	if !errors.As(err, &problems) {
		t.Fatalf("Load gave %v, want *Problems", err)
	}
	for _, want := range []string{
		`one.yaml:2: unknown key "macth"; did you mean "match"?`,
		"one.yaml:3: cannot unmarshal",
		`one.yaml:7: unknown key "near-strat"; did you mean "near-start"?`,
		`causes.yaml:2: unknown key "sevrity"; did you mean "severity"?`,
		`rule.yaml:1: unknown spec file; did you mean`,
		"two.yaml:2: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

func TestOverlayReplacesAndAdds(t *testing.T) {
	base, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	dir := overlay(t, map[string]string{"rules/own.yaml": "- {id: own-rule, cause: x}\n- {id: " + base.Rules[3].ID + ", cause: y}\n"})
	set, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Rules[3].Cause; got != "y" {
		t.Errorf("rule 3 has cause %q, want the overlay's", got)
	}
	if last := set.Rules[len(set.Rules)-1]; last.ID != "own-rule" || len(set.Rules) != len(base.Rules)+1 {
		t.Errorf("last of %d rules is %q, want own-rule after %d", len(set.Rules), last.ID, len(base.Rules))
	}
	if set.Digest == base.Digest {
		t.Error("the digest does not change with an overlay")
	}
}

func TestOverlayMistakes(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent overlay gives %v, want fs.ErrNotExist", err)
	}
	dir := overlay(t, map[string]string{"rules/a.yaml": "- id: twice\n- id: twice\n", "rules/b.yaml": "twice: {}\n"})
	_, err := Load(dir)
	for _, want := range []string{`a.yaml:2: id "twice" is already used at `, "b.yaml:1: a list of stanzas is wanted"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load gave %v, want %q", err, want)
		}
	}
}

func TestDecodeYAML(t *testing.T) {
	type inner struct{ Name string }
	var into struct {
		Items []inner
		Wait  Duration          `yaml:"wait"`
		Tags  map[string]string `yaml:"tags"`
	}
	if err := DecodeYAML("f.yaml", []byte("items: [{name: a}]\nwait: 90s\ntags: {x: y}\n"), &into); err != nil {
		t.Fatal(err)
	}
	if into.Items[0].Name != "a" || into.Wait.String() != "1m30s" || into.Tags["x"] != "y" {
		t.Errorf("decoded %+v", into)
	}
	err := DecodeYAML("f.yaml", []byte("items:\n- nmae: a\nwait: soon\n---\nmore: 1\n"), &into)
	for _, want := range []string{`f.yaml:2: unknown key "nmae"; did you mean "name"?`, "f.yaml:3: ", "f.yaml:4: a second document"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := DecodeYAML("f.yaml", nil, &into); err != nil {
		t.Errorf("an empty file gives %v", err)
	}
}

func TestRole(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"openim-push": "push", "push-rpc-server": "push", "push-rpc-server-7d9c7c5b6f-abcde": "push",
		"messagegateway-rpc-server-5f6d8b9c4-x2x4z.log":               "msggateway",
		"openimserver-openim-rpc-msg-9ztxxwrwx-nsgcs":                 "rpc-msg",
		"registry.cn-hangzhou.aliyuncs.com/openimsdk/openim-rpc-user": "rpc-user",
		"openim/openim-msgtransfer:v3.8.3@sha256:00":                  "msgtransfer",
		"msgGateway": "msggateway", "cronTask": "crontask", "msg": "rpc-msg", "openim-rpc-msg-previous.log": "rpc-msg",
		"kafka-statefulset-0": "kafka", "mongo-0": "mongo", "chat-rpc-server": "chat", "openim-server": "server",
		"openim-push-b.log": "push", "sdk.log": "sdk", "openim-api-container": "api", "msg-rpc-server-5czw2xqplk-7q9xv": "rpc-msg",
	} {
		if r := set.Role(name); r == nil || r.ID != want {
			t.Errorf("Role(%q) = %v, want %s", name, r, want)
		}
	}
	if r := set.Role("billing-7d9c7c5b6f-abcde"); r != nil {
		t.Errorf("a foreign pod is taken for %s", r.ID)
	}
}
