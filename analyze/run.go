package analyze

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// Options set up a run.
type Options struct {
	Checks  []Check
	Workers int       // zero means one for each CPU, at most 8
	Tool    string    // version of the program, for the report
	Name    string    // how the input is called in the report
	Now     time.Time // zero means the present; only a fallback for input without any time

	Incident  map[string]any          // what was reported, over what the input says, by the keys of incident.yaml
	Only      func(entry string) bool // the entries that are read; nil means all
	Redact    func(string) string     // hides secrets in the texts that the report shows; nil leaves them
	Templates bool                    // also count all that logs say at WARN and above, with examples: Facts.Templates, Unnamed.Example
}

// Run reads the whole input once and judges it. The error is one of reading the input or of compiling the specs; what is wrong
// inside an entry is part of the report.
func Run(ctx context.Context, r *bundle.Reader, s *specs.Set, o Options) (*Report, error) {
	_, report, err := Examine(ctx, r, s, o)
	return report, err
}

// Examine is Run that also hands over the facts from which it judged.
func Examine(ctx context.Context, r *bundle.Reader, s *specs.Set, o Options) (*Facts, *Report, error) {
	m, err := newMatcher(s, o.Templates)
	if err != nil {
		return nil, nil, err
	}
	m.only, m.hide = o.Only, o.Redact
	workers := o.Workers
	if workers <= 0 {
		workers = min(8, runtime.GOMAXPROCS(0))
	}
	p, err := readAll(ctx, r, m, workers, yearOf(r, o), nil)
	if err != nil {
		return nil, nil, err
	}
	f := resolve(p, m, collectedAt(r))
	f.takeManifest(r)
	f.report(o.Incident)
	f.takeUnread(r)
	f.takeWarnings(r, p.clusters)
	report := judge(f, p, m, o)
	report.Tool = Tool{Version: o.Tool, Specs: s.Digest}
	report.Bundle.Name = o.Name
	if o.Redact != nil {
		report.redact(o.Redact)
		for i := range f.Unnamed {
			f.Unnamed[i].Example = o.Redact(f.Unnamed[i].Example)
		}
	}
	report.Stats = Stats{Entries: p.entries, Bytes: p.bytes, Lines: p.lines, Rules: len(s.Rules)}
	return f, report, nil
}

// report takes over what was reported apart from the input.
func (f *Facts) report(incident map[string]any) {
	if len(incident) == 0 {
		return
	}
	all := maps.Clone(f.Incident)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, incident)
	f.Incident = all
}

// judge turns facts and hits into the report.
func judge(f *Facts, p *pass, m *matcher, o Options) *Report {
	eps, context := episodesOf(p, m, f)
	c := &circumstances{starts: startsOf(f), boots: bootsOf(f), rolls: rollsOf(f), others: signsFor(m.specs.Rules)}
	c.others.addPlain(eps)
	f.Evidence = recast(nil, eps, c)
	findings := runChecks(o.Checks, f)
	c.others.replace(f.Evidence, evidenceOf(findings))
	f.Evidence = recast(f.Evidence[:0], eps, c) // in the same place: there may be very much
	mute := newMuting(m.specs.Muted, o.Now, f.Collected)
	findings = runChecks(o.Checks, f)
	refute(f.Evidence, findings)
	found := evidenceOf(findings)
	f.place(f.Evidence)
	f.place(found)
	f.Evidence, found = mute.sift(f.Evidence), mute.sift(found)
	ds := diagnose(f, f.Evidence, found)
	var faults, benign []*diagnosis
	for _, d := range ds {
		if d.cause.Benign {
			benign = append(benign, d)
		} else {
			faults = append(faults, d)
		}
	}
	tolerance := f.tolerance()
	explain(faults, tolerance)
	ranked := rank(faults, f, tolerance)
	asked := intakeOf(f)
	hops := hopStates(ranked, f)
	report := &Report{Schema: Schema, Incident: f.Incident, Pipeline: hops, Benign: benignResults(benign), Verdict: verdict(ranked, hops, f), Muted: mute.results(m.specs)}
	ruledOut(&report.Verdict, ds, findings, m.specs)
	report.Verdict.Leads = whyLeads(ranked, asked, tolerance)
	report.Verdict.Intake = asked.says(ranked)
	report.Unnamed = f.Unnamed
	report.Checks = checkResults(findings, f, context)
	report.Missing = f.missing()
	report.Unread = f.Unread
	if report.Verdict.Status != StatusHealthy {
		report.Verdict.CollectNext = collectNext(findings, ranked, asked, f)
	}
	report.Outcomes = outcomes(f)
	report.Changes = changesBefore(f, ranked)
	report.Release = f.release(diagnosed(ds))
	report.Fingerprint = fingerprint(ranked)
	report.Bundle = f.input(tolerance)
	return report
}

// diagnosed are the causes with evidence that is at least likely.
func diagnosed(ds []*diagnosis) map[string]bool {
	out := map[string]bool{}
	for _, d := range ds {
		out[d.slug] = sure(d.confidence) >= sure(Likely)
	}
	return out
}

// episodesOf judges the counts of all rules; context names the rules that were hit less often than they ask for.
func episodesOf(p *pass, m *matcher, f *Facts) (eps []*episode, context map[string]int) {
	context = map[string]int{}
	subjects := subjectsOf(p.texts, m, f.Versions)
	p.texts = nil // used up
	for i, s := range subjects {
		subjects[i] = nil // used up
		if !s.enough() {
			context[s.rule.ID] += s.count
			continue
		}
		eps = append(eps, s.episodes()...)
	}
	return eps, context
}

// answered is a check with its finding.
type answered struct {
	check   Check
	finding Finding
}

func runChecks(checks []Check, f *Facts) []answered {
	out := make([]answered, 0, len(checks))
	for _, c := range checks {
		a := answered{c, c.Run(f)}
		for i := range a.finding.Evidence {
			e := &a.finding.Evidence[i]
			e.Check, e.Guide, e.Count = c.ID, c.Guide, max(1, e.Count)
			if e.Confidence == "" {
				e.Confidence = Likely
			}
		}
		out = append(out, a)
	}
	return out
}

func evidenceOf(all []answered) []Evidence {
	var out []Evidence
	for _, a := range all {
		out = append(out, a.finding.Evidence...)
	}
	return out
}

// place adds what the snapshots know about the pods that evidence is about: logs name pods without namespace and node.
func (f *Facts) place(evidence []Evidence) {
	pods := map[string]Pod{}
	for _, p := range f.Pods {
		pods[p.Name] = p
	}
	for i := range evidence {
		s := &evidence[i].Subject
		if p, ok := pods[s.Pod]; ok && (s.Namespace == "" || s.Namespace == p.Namespace) {
			s.Namespace, s.Node, s.Role = cmp.Or(s.Namespace, p.Namespace), cmp.Or(s.Node, p.Node), cmp.Or(s.Role, p.Role)
		}
	}
}

// refute weakens evidence of rules that a check knows to mean something else.
func refute(evidence []Evidence, all []answered) {
	for _, a := range all {
		for _, r := range a.finding.Refutes {
			for i := range evidence {
				if e := &evidence[i]; e.Cause == r.Cause && (r.Target == "" || r.Target == e.Subject.Target) {
					e.Confidence = Possible
				}
			}
		}
	}
}

// fingerprint is the same for the same leading fault of the same kind of component in two bundles; pod names are left out.
func fingerprint(ranked []*diagnosis) string {
	if len(ranked) == 0 {
		return ""
	}
	lead := ranked[0]
	var roles []string
	for _, e := range lead.evidence {
		if r := e.Subject.Role; r != "" && !slices.Contains(roles, r) {
			roles = append(roles, r)
		}
	}
	slices.Sort(roles)
	sum := sha256.Sum256([]byte(fmt.Sprint(lead.slug, roles)))
	return hex.EncodeToString(sum[:8])
}
