package analyze

import (
	"slices"
	"testing"
	"time"
)

func TestQuantities(t *testing.T) {
	for in, want := range map[string]int64{"512Mi": 512 << 20, "2Gi": 2 << 30, "16676Ki": 16676 << 10, "1e": -1, "": -1, "30G": 30e9, "128": 128, "1500m": 1} {
		if got := quantity(in); got != want {
			t.Errorf("quantity(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]int64{"250m": 250, "2": 2000, "459164n": 0, "1842464n": 1, "<unknown>": -1} {
		if got := millicores(in); got != want {
			t.Errorf("millicores(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestAge(t *testing.T) {
	for in, want := range map[string]time.Duration{"62s": 62 * time.Second, "3h20m": 200 * time.Minute, "24d": 24 * 24 * time.Hour, "2y35d": 765 * 24 * time.Hour} {
		if got, ok := age(in); !ok || got != want {
			t.Errorf("age(%q) = %v, %v; want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "<unknown>", "5", "m5"} {
		if got, ok := age(in); ok {
			t.Errorf("age(%q) = %v, want none", in, got)
		}
	}
}

func TestVersions(t *testing.T) {
	order := []string{"v3.5.0", "v3.8.3", "v3.8.3-patch.5", "v3.8.3-patch.12", "v3.8.4", "main"}
	for i := 1; i < len(order); i++ {
		if compareVersions(order[i-1], order[i]) >= 0 {
			t.Errorf("%s is not before %s", order[i-1], order[i])
		}
	}
	for _, c := range []struct {
		version, want string
		fits          bool
	}{
		{"v3.8.2", ">=3.8.0 <3.8.3", true},
		{"v3.8.3", ">=3.8.0 <3.8.3", false},
		{"v3.8.3-patch.13", ">=v3.8.3-patch.13 <=v3.8.3-patch.16", true},
		{"main", "line-b", true},
		{"v3.8.3-patch.16", "line-b", false},
		{"", "line-b", true},
		{"v3.6.0", "line-a", true},
		{"v3.9.0", "line-b", true}, // what the branch pre-release-v3.8.4 calls itself
		{"v3.8.4-alpha.1", "line-a", true},
	} {
		if got := VersionFits(c.version, c.want); got != c.fits {
			t.Errorf("VersionFits(%q, %q) = %v", c.version, c.want, got)
		}
	}
	for in, want := range map[string]string{"[version:3.8.1]": "v3.8.1", "v3.8.3\n": "v3.8.3", "main": "main", "mw/rpc_server_interceptor.go:104": "", "": ""} {
		if got := CleanVersion(in); got != want {
			t.Errorf("CleanVersion(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestVersionsOfTheServer(t *testing.T) {
	chat := Text{Role: "chat", Version: "[v1.8.4]"}
	for _, c := range []struct {
		name     string
		facts    Facts
		versions []string
		line     string
	}{
		{"openim-chat beside main", Facts{Texts: []Text{chat, {Role: "push", Version: "[main]"}}}, []string{"main"}, "b"},
		{"openim-chat alone", Facts{Texts: []Text{chat}}, nil, ""},
		{"images", Facts{Pods: []Pod{
			{Role: "chat", Containers: []Container{{Image: "openim/openim-chat:v1.8.4"}}},
			{Role: "api", Containers: []Container{{Image: "openim/openim-api:v3.8.3-patch.15"}}},
		}}, []string{"v3.8.3-patch.15"}, "a"},
		{"a rollout from one line to the other", Facts{Texts: []Text{{Version: "v3.8.3"}, {Version: "main"}}}, []string{"main", "v3.8.3"}, ""},
	} {
		if versions, line := versionsOf(&c.facts); !slices.Equal(versions, c.versions) || line != c.line {
			t.Errorf("%s: %v of line %q, want %v of %q", c.name, versions, line, c.versions, c.line)
		}
	}
}
