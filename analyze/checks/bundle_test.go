package checks

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
)

// collected writes a case as a bundle of our own format: logs of pods at their places, one source refused.
func collected(t *testing.T, dir string, gaps ...bundle.Gap) string {
	t.Helper()
	var rules []redact.Rule
	for _, r := range load(t).Redactions {
		rules = append(rules, redact.Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern})
	}
	redactor, err := redact.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "imbundle-test.tgz")
	started := time.Date(2026, 11, 23, 9, 5, 20, 0, time.UTC)
	w, err := bundle.Create(path, bundle.Options{
		Redactor: redactor, Now: func() time.Time { return started },
		Plan: bundle.Plan{Started: started, Incident: map[string]any{"scenario": "realtime"}, Expect: []bundle.Expect{{Source: "logs", Entries: []string{"cluster-resources/pods/logs/*"}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(dir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := layoutName(filepath.Base(file)); name != "" {
			put(t, w, name, file)
		}
	}
	for _, g := range gaps {
		w.Gap(g)
	}
	if err := w.Finish(bundle.Final{Complete: true}); err != nil {
		t.Fatal(err)
	}
	return path
}

func put(t *testing.T, w *bundle.Writer, name, file string) {
	t.Helper()
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := w.Create(name, bundle.Meta{Source: "logs"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

// layoutName is where the collector would put a file of the k8s-pods case.
func layoutName(file string) string {
	switch {
	case file == "pods.json":
		return bundle.Resource("pods", "openim")
	case file == "nodes.json":
		return bundle.Resource("nodes", "")
	case file == "top-pods.txt":
		return bundle.TopPods
	case strings.HasSuffix(file, ".log"):
		pod, previous := strings.CutSuffix(strings.TrimSuffix(file, ".log"), ".previous")
		parts := strings.Split(pod, "-")
		return bundle.PodLog("openim", pod, strings.Join(parts[:len(parts)-2], "-"), previous)
	}
	return ""
}

func TestOwnBundle(t *testing.T) {
	path := collected(t, cases+"/k8s-pods", bundle.Gap{Entry: "cluster-resources/events/openim.json", Source: "events", Reason: bundle.Forbidden, Detail: "events is forbidden"})
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Bundle.Complete || report.Incident["scenario"] != "realtime" {
		t.Errorf("bundle %+v, incident %v", report.Bundle, report.Incident)
	}
	if !slices.ContainsFunc(report.Missing, func(m analyze.Missing) bool {
		return m.Reason == bundle.Forbidden && strings.Contains(m.What, "events")
	}) {
		t.Errorf("the refused events are not named: %+v", report.Missing)
	}
	lead := report.Verdict.Causes[0]
	if lead.Cause != "kafka-unreachable" || !strings.Contains(lead.Subject, "openim/openim-msgtransfer") || !slices.Contains(lead.Explains, "pod-crash-loop") {
		t.Errorf("leads with %s of %s, which explains %v", lead.Cause, lead.Subject, lead.Explains)
	}
}

// TestCutBundle reads the first half of a bundle: what is missing by the plan is said, and nothing is called healthy.
func TestCutBundle(t *testing.T) {
	path := collected(t, cases+"/k8s-pods")
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, body[:len(body)/3], 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := bundle.Open(path, bundle.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	report, err := analyze.Run(context.Background(), r, load(t), analyze.Options{Checks: All(), Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	if report.Bundle.Complete || report.Bundle.Cut == "" || report.Verdict.Status == analyze.StatusHealthy {
		t.Errorf("complete %v, cut %q, status %s", report.Bundle.Complete, report.Bundle.Cut, report.Verdict.Status)
	}
}
