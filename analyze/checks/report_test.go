package checks

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/bundle"
)

func TestOneReleaseOfLogs(t *testing.T) {
	text := func(role, version string) analyze.Text {
		return analyze.Text{Entry: role + ".log", Log: true, Role: role, Version: version, Last: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	}
	for _, c := range []struct {
		texts []analyze.Text
		want  string
	}{
		{nil, analyze.Unknown},
		{[]analyze.Text{text("api", "v3.8.3-patch.16"), text("push", "v3.8.3-patch.16")}, analyze.Pass},
		{[]analyze.Text{text("api", "v3.8.3-patch.16"), text("push", "v3.8.3-patch.8")}, analyze.Warn},
		{[]analyze.Text{text("api", "v3.8.3-patch.16"), text("push", "v3.8.3-patch.16"), text("sdk", "v3.8.1")}, analyze.Pass},
	} {
		f := &analyze.Facts{Texts: c.texts, To: time.Date(2026, 11, 23, 9, 1, 0, 0, time.UTC)}
		if got := oneRelease.Run(f); got.Status != c.want {
			t.Errorf("%+v: %s, want %s", c.texts, got.Status, c.want)
		}
	}
}

func TestIntakeNamesWhatIsOpen(t *testing.T) {
	if got := intake.Run(&analyze.Facts{}); got.Status != analyze.Unknown || len(got.Needs) != 3 {
		t.Errorf("without a report %+v", got)
	}
	told := map[string]any{"scope": "some", "scenario": "history", "around": "14:30"}
	if got := intake.Run(&analyze.Facts{Incident: told}); got.Status != analyze.Unknown || len(got.Needs) != 1 {
		t.Errorf("without names %+v", got)
	}
	told["user"] = []any{"1"}
	if got := intake.Run(&analyze.Facts{Incident: told}); got.Status != analyze.Pass {
		t.Errorf("all told: %+v", got)
	}
}

func TestPushBegins(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	text := analyze.Text{Entry: "openim-push.log", Log: true, Role: "push", Version: "v3.8.3-patch.16", Starts: []time.Time{start}, Last: start.Add(5 * time.Minute)}
	text.Levels[scan.LevelInfo] = 5
	stuck := &analyze.Facts{Texts: []analyze.Text{text}, Flow: &analyze.Flow{Hops: map[string]*analyze.Progress{}}}
	if got := pushBegins.Run(stuck); got.Status != analyze.Fail || got.Evidence[0].Cause != "push-online-map-stale" {
		t.Errorf("stuck: %+v", got)
	}
	stuck.Flow.Hops["push"] = &analyze.Progress{Count: 1, Last: start.Add(time.Second)}
	if got := pushBegins.Run(stuck); got.Status != analyze.Pass {
		t.Errorf("at work: %+v", got)
	}
	stuck.Texts[0].Starts = nil
	if got := pushBegins.Run(stuck); got.Status != analyze.Unknown {
		t.Errorf("without a start: %+v", got)
	}
}

// The same sound logs hint at the client when single users have trouble, and say nothing when all have.
func TestSoundServerHintsAtTheClient(t *testing.T) {
	dir := cases + "/healthy"
	for scope, want := range map[string]bool{"some": true, "all": false, "": false} {
		r, err := bundle.Open(dir, bundle.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		rep, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Incident: map[string]any{"scope": scope}})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		hints := slices.ContainsFunc(rep.Verdict.Causes, func(c analyze.CauseResult) bool { return c.Cause == "client-cache-behind" })
		if hints != want {
			t.Errorf("scope %q: hints at the client %v, want %v; %s", scope, hints, want, rep.Verdict.Status)
		}
	}
}
