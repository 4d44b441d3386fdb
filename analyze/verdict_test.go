package analyze

import (
	"strings"
	"testing"

	"github.com/imbundle/imbundle/specs"
)

// pathFacts has a log of every vital role and progress on every hop.
func pathFacts() *Facts {
	f := testFacts()
	for _, h := range f.Specs.Hops {
		if !h.Below && h.ID != "vendor" {
			h.Roles = []string{"msgtransfer"}
			f.Flow.Hops[h.ID] = &Progress{Count: 5, First: at(1), Last: at(59)}
		}
	}
	for _, role := range []string{"api", "rpc-msg", "msgtransfer", "push"} {
		f.Texts = append(f.Texts, Text{Entry: role + ".log", Log: true, Role: role, Lines: 100})
	}
	return f
}

func judged(f *Facts, evidence ...Evidence) (Verdict, []HopState) {
	ds := diagnose(f, evidence)
	explain(ds, clockTie)
	ranked := rank(ds, f, clockTie)
	hops := hopStates(ranked, f)
	return verdict(ranked, hops, f), hops
}

func TestStatus(t *testing.T) {
	over := found("redis", Likely, 1, 30)
	over.Quiet = 30 * 60e9
	for _, c := range []struct {
		name     string
		change   func(*Facts)
		evidence []Evidence
		status   string
		hop      string
	}{
		{"everything seen working", nil, nil, StatusHealthy, ""},
		{"a remark beside the path", nil, []Evidence{found("vendor", Certain, 0, 60)}, StatusHealthy, ""},
		{"no log of push", func(f *Facts) { f.Texts = f.Texts[:3] }, nil, StatusUnknown, ""},
		{"a hop without progress", func(f *Facts) { delete(f.Flow.Hops, "redis") }, nil, StatusUnknown, ""},
		{"data refused", func(f *Facts) { f.Gaps = []Missing{{What: "pods", Reason: "forbidden"}} }, nil, StatusUnknown, ""},
		{"a pod is not ready", func(f *Facts) { f.Pods = []Pod{{Name: "p", Role: "push", Phase: "Running"}} }, nil, StatusUnknown, ""},
		{"nothing at all", func(f *Facts) { f.Texts, f.Flow.Hops = nil, map[string]*Progress{} }, nil, StatusUnknown, ""},
		{"a fault that goes on", nil, []Evidence{found("redis", Likely, 1, 60)}, StatusBroken, "redis"},
		{"the first broken hop leads the path", nil, []Evidence{found("redis", Likely, 1, 60), found("kafka", Likely, 5, 60)}, StatusBroken, "to-redis"},
		{"a fault that is over", nil, []Evidence{over}, StatusDegraded, "redis"},
		{"weak evidence only", nil, []Evidence{found("redis", Possible, 1, 60)}, StatusDegraded, "redis"},
	} {
		f := pathFacts()
		if c.change != nil {
			c.change(f)
		}
		v, _ := judged(f, c.evidence...)
		if v.Status != c.status || v.Hop != c.hop {
			t.Errorf("%s: status %s at %q, want %s at %q (%s)", c.name, v.Status, v.Hop, c.status, c.hop, v.Why.EN)
		}
	}
}

func TestHopStates(t *testing.T) {
	f := pathFacts()
	_, hops := judged(f, found("redis", Likely, 1, 60))
	want := map[string]string{"api": hopOK, "to-redis": hopOK, "redis": hopBroken, "vendor": hopUnknown, "kubernetes": hopUnknown, "node": hopUnknown}
	for _, h := range hops {
		if w, ok := want[h.Hop]; ok && h.State != w {
			t.Errorf("hop %s is %s, want %s", h.Hop, h.State, w)
		}
		if h.Why == (specs.Text{}) {
			t.Errorf("hop %s does not say why it is %s", h.Hop, h.State)
		}
	}
}

func TestMissingNamesEveryVitalLog(t *testing.T) {
	f := pathFacts()
	f.Texts = f.Texts[:1]
	if got := len(f.missing()); got != 3 {
		t.Errorf("%d things are missing, want 3: %+v", got, f.missing())
	}
	f = pathFacts()
	f.Texts[2].Levels[levelWarn] = 50
	if got := f.missing(); len(got) != 1 || got[0].What != "msgtransfer.log" {
		t.Errorf("a log without INFO: %+v", got)
	}
}

// TestPacksNeedTheirTexts holds every rule pack to answer unknown without the texts that its rules read.
func TestPacksNeedTheirTexts(t *testing.T) {
	for _, r := range packResults(testFacts(), nil) {
		if r.Status != Unknown || r.Collect == "" || len(r.Needs) == 0 {
			t.Errorf("%s answers %s and needs %v without any text", r.Check, r.Status, r.Needs)
		}
	}
	f := pathFacts()
	for _, r := range packResults(f, nil) {
		if want := map[string]string{"2.1": Pass, "2.3": Pass, "4": Pass, "5": Unknown, "2.6": Unknown}[r.Guide]; want != "" && r.Status != want {
			t.Errorf("%s answers %s, want %s", r.Check, r.Status, want)
		}
	}
}

// TestRemarkOnTheFirstLine names what was found, where it is no fault of the path and the rest cannot be judged.
func TestRemarkOnTheFirstLine(t *testing.T) {
	f := testFacts()
	ds := diagnose(f, []Evidence{found("vendor", Likely, 0, 1)})
	ranked := rank(ds, f, clockTie)
	status, _, why := statusOfPath(ranked, hopStates(ranked, f), f)
	if status != StatusUnknown || !strings.Contains(why.EN, `only the remark "vendor"`) || !strings.Contains(why.ZH, "只有提示「vendor」") {
		t.Errorf("%s %+v", status, why)
	}
}
