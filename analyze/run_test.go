package analyze

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// examined reads a folder of these files with the rules of the product.
func examined(t *testing.T, files map[string]string, o Options) (*Facts, *Report) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(dir, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, rep, err := Examine(context.Background(), r, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return f, rep
}

const noBrokers = "\tWARN\t[PID:31859]    \topenim-msgtransfer       \t[v3.8.3-patch.16]             \t[kafka/consumer_group.go:61]                      \tconsume err                                       \t" +
	`{"topic": ["toRedis"], "error": "kafka: client has run out of available brokers to talk to: dial tcp 10.0.0.1:9092: connect: connection refused"}`

// A container in Shanghai writes local time behind the kubelet's UTC: facts and evidence are in UTC, once.
func TestLocalTimeBehindTheKubelets(t *testing.T) {
	f, rep := examined(t, map[string]string{
		"openim-msgtransfer.log": "2026-11-23T02:03:28.346000000Z 2026-11-23 10:03:28.345" + noBrokers + "\n",
	}, Options{})
	want := time.Date(2026, 11, 23, 2, 3, 28, 345e6, time.UTC)
	if got := f.Texts[0].First; !got.Equal(want) {
		t.Errorf("the log begins at %s, want %s", got, want)
	}
	if since := rep.Verdict.Causes[0].Since; since == nil || !since.Equal(want) {
		t.Errorf("the cause began at %v, want %s", since, want)
	}
}

func TestTemplates(t *testing.T) {
	line := func(clock, level, message string) string {
		return "2026-11-23 " + clock + "\t" + level + "\t[PID:1]    \topenim-push       \t[v3.8.3-patch.16]   \t[push/push.go:61]    \t" + message + "    \t{}\n"
	}
	files := map[string]string{"openim-push.log": line("10:00:01.000", "WARN", "user u17 is gone") + line("10:02:01.000", "WARN", "user u18 is gone") +
		line("10:02:30.000", "WARN", "user u19 is gone") + line("10:05:00.000", "INFO", "user u20 is gone") + "plain text\n" + line("10:06:00.000", "ERROR", "lost")}
	f, _ := examined(t, files, Options{Templates: true})
	if len(f.Templates) != 2 {
		t.Fatalf("%+v", f.Templates)
	}
	minute := func(m, s int) time.Time { return time.Date(2026, 11, 23, 10, m, s, 0, time.UTC) }
	want := Template{
		Entry: "openim-push.log", Subject: Subject{Role: "push"}, Level: "warn", Caller: "push/push.go:61", Text: "user # is gone",
		Count: 3, First: minute(0, 1), Last: minute(2, 30), Peak: minute(2, 0), PeakCount: 2,
	}
	if f.Templates[0] != want {
		t.Errorf("got  %+v\nwant %+v", f.Templates[0], want)
	}
	if f, _ := examined(t, files, Options{}); f.Templates != nil {
		t.Error("templates that nobody asked for")
	}
}

func TestOnlySomeEntriesAreRead(t *testing.T) {
	f, rep := examined(t, map[string]string{"a.log": "x\n", "b.log": "y\n"}, Options{Only: func(entry string) bool { return entry == "b.log" }})
	if len(f.Texts) != 1 || f.Texts[0].Entry != "b.log" || rep.Stats.Entries != 1 {
		t.Errorf("read %+v", f.Texts)
	}
}

func TestTemplateText(t *testing.T) {
	for in, want := range map[string]string{
		"user u17 is gone": "user # is gone",
		"11290:M 25 Nov 2026 04:02:39.129 # WARNING Memory overcommit": "WARNING Memory overcommit",
		"dial tcp 10.0.0.1:9092: refused":                              "dial tcp #.#.#.#:#: refused",
		"消息 12 丢失":                                                     "消息 # 丢失",
	} {
		if got := templateText(in); got != want {
			t.Errorf("templateText(%q) = %q, want %q", in, got, want)
		}
	}
	if got := templateText(strings.Repeat("消", 500)); len(got) > maxTemplateText || !utf8.ValidString(got) {
		t.Errorf("%d bytes", len(got))
	}
}
