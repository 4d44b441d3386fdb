package analyze

import (
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// reported is the facts of the small vocabulary with an incident.
func reported(scope, scenario string) *Facts {
	f := testFacts()
	f.Specs.Causes["cap"] = &specs.Cause{Slug: "cap", Hop: "redis", Severity: Error, Some: true, Title: specs.Text{ZH: "cap", EN: "cap"}}
	f.Specs.Causes["slow"] = &specs.Cause{Slug: "slow", Hop: "push", Severity: Error, Title: specs.Text{ZH: "slow", EN: "slow"}}
	f.Incident = map[string]any{"scope": scope, "scenario": scenario}
	return f
}

// One and the same evidence leads to another cause, for another reason, by what was reported.
func TestWhatWasReportedDecides(t *testing.T) {
	for _, c := range []struct{ scope, scenario, first, second string }{
		{"", "", "slow", "cap"},
		{"all", "", "slow", "cap"},
		{"some", "", "cap", "slow"},
		{"", "history", "cap", "slow"},
		{"", "realtime", "slow", "cap"},
		{"all", "history", "slow", "cap"}, // each has one thing against it
	} {
		f := reported(c.scope, c.scenario)
		evidence := []Evidence{found("slow", Likely, 1, 60), found("cap", Likely, 5, 60)}
		got := order(f, evidence...)
		if got[0] != c.first || got[1] != c.second {
			t.Errorf("scope %q, scenario %q: %v, want %s first", c.scope, c.scenario, got, c.first)
		}
		asked := intakeOf(f)
		ds := diagnose(f, evidence)
		said := asked.says(rank(ds, f, clockTie))
		if (said == nil) != (c.scope+c.scenario == "") {
			t.Errorf("scope %q, scenario %q: says %v", c.scope, c.scenario, said)
		}
	}
}

func TestWhyLeads(t *testing.T) {
	for _, c := range []struct {
		in   []Evidence
		want string
	}{
		{[]Evidence{found("kafka", Likely, 1, 60)}, "no other cause has evidence"},
		{[]Evidence{found("kafka", Likely, 1, 60), found("lag", Certain, 5, 60)}, "accounts for 1 of the other findings"},
		{[]Evidence{found("kafka", Certain, 9, 60), found("redis", Likely, 1, 60)}, `before "redis" because its evidence is surer`},
		{[]Evidence{found("kafka", Likely, 1, 60), found("redis", Likely, 9, 60)}, "it began 8m0s earlier"},
		{[]Evidence{found("kafka", Likely, 1, 60), found("vendor", Certain, 1, 60)}, "that is a remark and this is a fault"},
		{[]Evidence{found("kafka", Likely, 1, 60), found("redis", Likely, 1, 60)}, "nearer to the beginning of the path"},
	} {
		f := testFacts()
		ds := diagnose(f, c.in)
		explain(ds, clockTie)
		if got := whyLeads(rank(ds, f, clockTie), intakeOf(f), clockTie); got == nil || !strings.Contains(got.EN, c.want) || got.ZH == "" {
			t.Errorf("%+v, want %q", got, c.want)
		}
	}
	if got := whyLeads(nil, &intake{}, clockTie); got != nil {
		t.Errorf("without a cause %+v", got)
	}
}

// A suppression mutes what it names, as long as it holds, and counts what it met in any case.
func TestMuting(t *testing.T) {
	list := []*specs.Suppression{
		{ID: "holds", Cause: "redis", Subject: "push-*", Until: "2026-11-23"},
		{ID: "ended", Rule: "r-kafka", Until: "2026-11-22"},
	}
	m := newMuting(list, noon, time.Time{})
	ofPush, ofAPI := found("redis", Likely, 1, 2), found("redis", Likely, 1, 2)
	ofPush.Subject.Pod, ofAPI.Subject.Pod = "push-1", "api-1"
	left := m.sift([]Evidence{ofPush, ofAPI, found("kafka", Likely, 1, 2)})
	if len(left) != 2 || left[0].Subject.Pod != "api-1" || left[1].Cause != "kafka" {
		t.Errorf("left %+v", left)
	}
	got := m.results(testSpecs())
	if got[0].Count != 10 || got[0].Expired || !got[1].Expired || got[1].Count != 10 {
		t.Errorf("%+v", got)
	}
}

// What no rule names is listed, most frequent first; what one names is not, nor does a store's greeting count.
func TestUnnamed(t *testing.T) {
	line := func(clock, level, message, wrapped string) string {
		return "2026-11-23 " + clock + "\t" + level + "\t[PID:1]    \topenim-push       \t[v3.8.3-patch.16]   \t[push/push.go:61]    \t" + message + "    \t{\"error\": \"" + wrapped + "\"}\n"
	}
	var log strings.Builder
	for range 3 {
		log.WriteString(line("08:00:00.000", "ERROR", "odd thing 17", "Error: strange | -> push.x()"))
	}
	log.WriteString(line("08:01:00.000", "WARN", "odd thing 18", "Error: strange | -> push.x()"))
	log.WriteString(line("08:02:00.000", "ERROR", "consume err", "kafka: client has run out of available brokers to talk to: EOF"))
	log.WriteString(line("08:02:00.000", "INFO", "odd thing 19", ""))
	f, _ := examined(t, map[string]string{
		"openim-push.log": log.String(),
		"redis.log":       "1:M 23 Nov 2026 08:00:00.000 # Redis is starting\n",
	}, Options{Templates: true})
	if len(f.Unnamed) != 2 {
		t.Fatalf("%+v", f.Unnamed)
	}
	u := f.Unnamed[0]
	if u.Text != "odd thing # · strange" || u.Count != 3 || u.Level != "error" || u.Role != "push" || u.Line != 1 || u.Why != "frequent" || !strings.Contains(u.Example, "odd thing 17") {
		t.Errorf("%+v", u)
	}
}
