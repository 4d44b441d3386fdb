package specs

import (
	"strings"
	"testing"
)

// The figures below were read in the tagged sources by hand.
func TestBaselineKnowsTheReleases(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	b := &set.Baseline
	if n := len(b.Releases); n < 26 || b.Releases[n-1].Name != "main" || b.Releases[0].Name != "v3.5.0" {
		t.Errorf("%d releases from %s", n, b.Releases[0].Name)
	}
	want := map[string]string{
		"kafka.yml toOfflinePushTopic v3.8.1":  "toOfflinePush",
		"redis.yml clusterMode v3.7.0":         "false, until v3.8.3-patch.11",
		"redis.yml redisMode v3.8.3-patch.12":  "standalone",
		"openim-push.yml enable main":          "",
		"mongodb.yml authSource v3.8.2":        "openim_v3",
		"config.yaml mongo.maxPoolSize v3.5.0": "100, until v3.6.0",
	}
	for _, d := range b.Defaults {
		name := strings.Join([]string{d.File, d.Key, d.Since}, " ")
		value, asked := want[name]
		if !asked {
			continue
		}
		delete(want, name)
		got := d.Value
		if d.Until != "" {
			got += ", until " + d.Until
		}
		if got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	for name := range want {
		t.Errorf("no default %s", name)
	}
}

func TestBaselineIsLinted(t *testing.T) {
	set, err := Load(overlay(t, map[string]string{
		"baseline/settings.yaml": "- {file: kafka.yml, key: nosuch, when: {is: [a], missing: true}, cause: config-dirft, says: {zh: a, en: a}}\n",
		"baseline/defects.yaml":  "- {id: Late, since: v3.8.3, fixed: v3.8.0, cause: config-drift, says: {zh: a, en: a}, source: s}\n",
		"metrics.yaml":           "- {id: q, query: '', unit: miles, why: {zh: a, en: ''}}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	got := messages(Lint(set))
	for _, want := range []string{
		"no release has a default for kafka.yml nosuch", "when needs exactly one condition", `unknown cause "config-dirft"; did you mean "config-drift"?`,
		"names no source", `id "Late" is not kebab-case`, "v3.8.0 comes before v3.8.3", `unknown unit "miles"`, "why needs a sentence", `query "q" is empty`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("Lint does not say %q in\n%s", want, got)
		}
	}
	if _, err := Load(overlay(t, map[string]string{"baseline/setting.yaml": "[]\n"})); err == nil || !strings.Contains(err.Error(), "settings.yaml") {
		t.Errorf("a misspelt file gave %v", err)
	}
}

func TestWild(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		fits          bool
	}{
		{"to*Topic", "toRedisTopic", true},
		{"to*Topic", "toTopi", false},
		{"before*.timeout", "beforeSendSingleMsg.timeout", true},
		{"a*a", "a", false},
		{"*", "", true},
		{"x*y*z", "xyz", true},
		{"x*y*z", "xz", false},
		{"same", "same", true},
	} {
		if wild(c.pattern, c.text) != c.fits {
			t.Errorf("wild(%q, %q) is %v", c.pattern, c.text, !c.fits)
		}
	}
}
