package view

import (
	"context"
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestMatchName(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"nodes", "top/nodes.txt", true},
		{"nodez", "top/nodes.txt", false},
		{"*.txt", "top/nodes.txt", true},
		{"top/*", "top/a/b.txt", true},
		{"top/?odes.*", "top/nodes.txt", true},
		{"nodes.*", "top/nodes.txt", false},
		{"*a*b*c", "xxaybyczc", true},
		{"*a*b*c", "xxaybycz", false},
		{"**", "", true},
		{strings.Repeat("*a", 30), strings.Repeat("a", 100) + "b", false},
	} {
		if got := matchName(c.pattern, c.name); got != c.want {
			t.Errorf("matchName(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

func TestResolveNames(t *testing.T) {
	all := []string{"a/x.txt", "b/x.txt", "c/y.txt", "c/y.txt.old", "z"}
	for name, want := range map[string]string{"a/x.txt": "a/x.txt", "y.txt": "c/y.txt", "old": "c/y.txt.old", "z": "z"} {
		if got, err := resolve(name, all); err != nil || got != want {
			t.Errorf("%q is %q, %v", name, got, err)
		}
	}
	var several *AmbiguousError
	if _, err := resolve("x.txt", all); !errors.As(err, &several) || len(several.Names) != 2 {
		t.Errorf("two names: %v", err)
	}
	var unknown *UnknownError
	if _, err := resolve("nothing", all); !errors.As(err, &unknown) {
		t.Errorf("no name: %v", err)
	}
}

// The ages are those of k8s.io/apimachinery/pkg/util/duration.HumanDuration.
func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 0: "0s", 119 * time.Second: "119s", 2 * time.Minute: "2m", 139 * time.Second: "2m19s", 10*time.Minute + 5*time.Second: "10m",
		179 * time.Minute: "179m", 3*time.Hour + 20*time.Minute: "3h20m", 9*time.Hour + time.Minute: "9h", 47 * time.Hour: "47h", 50 * time.Hour: "2d2h",
		24 * 24 * time.Hour: "24d", (2*365 + 35) * 24 * time.Hour: "2y35d", 9 * 365 * 24 * time.Hour: "9y",
	} {
		if got := age(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

func TestKinds(t *testing.T) {
	for word, want := range map[string]string{
		"po": "pod", "pods": "pod", "Deploy": "deployment", "deployments.apps": "deployment", "svc": "service", "no": "node", "pvc": "persistentvolumeclaim",
		"sts": "statefulset", "ds": "daemonset", "ingresses": "ingress", "networkpolicies": "networkpolicy", "messageroutes.im.example.com": "messageroutes",
	} {
		if got := kindOf(word); got != want {
			t.Errorf("%q is %q, want %q", word, got, want)
		}
	}
	if o, err := ParseObject([]string{"deploy", "x"}, "n"); err != nil || o.String() != "n/deployment/x" || o.Plural() != "deployments" || !o.is("n", "deployment/x") || o.is("m", "deployment/x") {
		t.Errorf("%v, %v", o, err)
	}
	for _, words := range [][]string{{"pod"}, {"/x"}, {"pod/a/b"}, {"a", "b", "c"}} {
		if o, err := ParseObject(words, ""); err == nil {
			t.Errorf("%q is %v", words, o)
		}
	}
}

func TestShortNames(t *testing.T) {
	for name, want := range map[string]string{
		"openim-push-6d9f7677b-vld6h":                "openim-push…vld6h",
		"im/openim-push-6d9f7677b-vld6h, im/x, im/y": "openim-push…vld6h +2",
		"deployment/openim-push":                     "deploy/openim-push",
		"job/x":                                      "x",
		"redis-0":                                    "redis-0",
		"persistentvolumeclaim/data-openim-kafka-0-0": "pvc/data-openim-kafka-0-0",
	} {
		if got := short(name); got != want {
			t.Errorf("short(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	c := newCensus(maphash.MakeSeed())
	c.sort = "logs"
	for _, line := range []string{
		`dial tcp 10.0.0.1:9092 and 10.0.0.1:9093 from 192.168.1.77`,
		`version 1.2.3.4.5, v1.2.3.4, 300.1.1.1, 1.2.3`,
		`call 13800138000 or +4915112345678, not 123456789012345 or 1380013800012 or id_13800138000`,
		`a.b@example.com x@y <no@dot> trace@v1.2.3 root@10.0.0.2 z@mail.example.cn`,
		`{"sendID": "u1", "recvID":"u2","groupID": "", "note": "{\"userID\":\"u3\",\"nickname\":\"小王\"}", "senderNickname": "<redacted:x>"}`,
		`{"sendID": "u1", "conversationID": "si_u1_u2"}`,
	} {
		c.line([]byte(line))
	}
	for shape, want := range map[string]int{"ip": 3, "phone": 2, "mail": 2, "user": 3, "group": 1, "nickname": 1} {
		if got := len(c.seen[shape]); got != want {
			t.Errorf("%s: %d, want %d", shape, got, want)
		}
	}
	if c.where["ip"]["logs"] != 4 {
		t.Errorf("addresses met: %v", c.where["ip"])
	}
}

// Every word exists in both languages and is used; every word that is used exists.
func TestWords(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || path == "words.go" {
			return err
		}
		b, err := os.ReadFile(path)
		code.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for w, text := range words {
		family, _, _ := strings.Cut(string(w), ".")
		if text.EN == "" || text.ZH == "" || text.EN == text.ZH {
			t.Errorf("%q lacks a language", w)
		}
		if !strings.Contains(code.String(), `"`+string(w)+`"`) && !strings.Contains(code.String(), `"`+family+`."`) {
			t.Errorf("%q is used nowhere", w)
		}
		if strings.Count(text.EN, "%") != strings.Count(text.ZH, "%") {
			t.Errorf("%q takes different arguments in the two languages", w)
		}
	}
	for _, m := range regexp.MustCompile(`"((?:op|kind|tl|wl)\.[a-z0-9A-Z]+)"`).FindAllStringSubmatch(code.String(), -1) {
		if _, ok := words[word(m[1])]; !ok {
			t.Errorf("%q is not in the catalogue", m[1])
		}
	}
}

func TestTimelineKeepsWhatWeighsMost(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var all []moment
	for i := range 50 {
		all = append(all, moment{at: noon.Add(time.Duration(i) * time.Minute), weight: i % 5, text: "x"})
	}
	kept := heaviestOf(all, 12, noon.Add(20*time.Minute))
	if len(kept) != 12 {
		t.Fatalf("%d kept", len(kept))
	}
	heavy := 0
	for i, m := range kept {
		if m.weight == 4 {
			heavy++
		} else if m.weight != 3 || m.at.Sub(noon.Add(20*time.Minute)).Abs() > 3*time.Minute {
			t.Errorf("kept %v of weight %d", m.at, m.weight)
		}
		if i > 0 && m.at.Before(kept[i-1].at) {
			t.Error("out of order")
		}
	}
	if heavy != 10 {
		t.Errorf("%d of the ten heaviest", heavy)
	}
}

// The timeline of an incident names what the analysis found, in both languages.
func TestTimelineOfACase(t *testing.T) {
	for lang, want := range map[string]string{"en": "● ", "zh": "诊断"} {
		var out strings.Builder
		if err := look(t, cases+"kafka-stopped-then-back", nil).Timeline(context.Background(), &out, TimelineOptions{Max: 40}, Screen{Lang: lang}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "2026-11-23 UTC") {
			t.Errorf("%s:\n%s", lang, out.String())
		}
		if n := strings.Count(out.String(), "\n"); n > 42 {
			t.Errorf("%d lines", n)
		}
	}
}
