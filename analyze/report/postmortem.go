package report

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// Postmortem writes what the guide asks for after a grave fault, as Markdown: the record of the fault, the root cause, the
// change (in the guide's form, smallest first, with its verification) and the prevention. What the report knows is filled in;
// what only people know stands as a question in it. The first error of w ends it.
func Postmortem(w io.Writer, r *analyze.Report, o Options) error {
	p := newPaper(w, o)
	p.title("pm.title", r)
	p.record(r)
	p.root(r)
	p.change(r)
	p.prevention(r)
	p.heading("pm.appendix")
	p.hops(r.Pipeline)
	p.benign(r.Benign)
	p.muted(r.Muted)
	p.lacking(r)
	return p.flush()
}

// record is the first part: what happened, when, whom it hit.
func (p *paper) record(r *analyze.Report) {
	p.heading("pm.record")
	p.facts(r)
	if from, to, ok := lasted(r.Verdict.Causes); ok {
		p.item("pm.duration", p.plain(p.say("pm.fromTo", when(&from), when(&to), to.Sub(from).Round(time.Second))))
	}
	if r.Verdict.Hop != "" {
		p.item("pm.hop", p.plain(p.hopTitle(r.Pipeline, r.Verdict.Hop)))
	}
	p.item("pm.asks", p.say("pm.whom"))
	p.timeline(r)
	p.outcomes(r.Outcomes)
}

// lasted is the span of the leading cause and of what follows from it.
func lasted(all []analyze.CauseResult) (from, to time.Time, ok bool) {
	if len(all) == 0 {
		return
	}
	for _, c := range all {
		if c.Cause != all[0].Cause && !slices.Contains(followers(all), c.Cause) {
			continue
		}
		if c.Since != nil && (from.IsZero() || c.Since.Before(from)) {
			from = *c.Since
		}
		if c.Until != nil && c.Until.After(to) {
			to = *c.Until
		}
	}
	return from, to, !from.IsZero() && !to.Before(from)
}

// followers are the causes that follow from the leading one, through any number of steps.
func followers(all []analyze.CauseResult) []string {
	out := []string{all[0].Cause}
	for grown := true; grown; {
		grown = false
		for _, c := range all {
			if slices.Contains(out, c.ExplainedBy) && !slices.Contains(out, c.Cause) {
				out, grown = append(out, c.Cause), true
			}
		}
	}
	return out[1:]
}

// timeline orders changes, onsets and ends.
func (p *paper) timeline(r *analyze.Report) {
	type moment struct {
		at   time.Time
		what string
	}
	var all []moment
	for _, c := range r.Changes {
		all = append(all, moment{c.Time, code(c.Object) + " " + p.text(c.What)})
	}
	for _, c := range r.Verdict.Causes {
		if c.Since != nil {
			all = append(all, moment{*c.Since, p.plain(p.say("pm.begins", c.Title.In(p.o.Lang)))})
		}
		if c.Until != nil && (c.Since == nil || c.Until.After(*c.Since)) {
			all = append(all, moment{*c.Until, p.plain(p.say("pm.lastSeen", c.Title.In(p.o.Lang)))})
		}
	}
	if len(all) == 0 {
		return
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	p.heading("pm.timeline")
	p.head("col.time", "col.what")
	for _, m := range all {
		p.row(p.plain(when(&m.at)), m.what)
	}
}

// root is the second part: why, and what speaks for it and against the look-alikes.
func (p *paper) root(r *analyze.Report) {
	p.heading("pm.root")
	if len(r.Verdict.Causes) == 0 {
		p.printf("%s\n", p.say("nothing"))
		return
	}
	p.cause(r.Verdict.Causes[0])
	if r.Verdict.Leads != nil {
		p.item("leads", p.text(*r.Verdict.Leads))
	}
	for _, c := range r.Verdict.Causes[1:] {
		if slices.Contains(followers(r.Verdict.Causes), c.Cause) {
			p.item("pm.follows", fmt.Sprintf("%s (%s) · %s", p.text(c.Title), code(c.Cause), p.plain(p.span(c))))
		}
	}
}

// change is the third part, in the form that the guide asks for before anything is changed.
func (p *paper) change(r *analyze.Report) {
	p.heading("pm.change")
	p.printf("%s\n\n", p.say("pm.smallest"))
	if len(r.Verdict.Causes) == 0 {
		p.printf("%s\n", p.say("pm.noChange"))
		return
	}
	c := r.Verdict.Causes[0]
	p.item("pm.symptom", p.symptom(r))
	p.item("pm.reproduce", p.text(c.Reproduce))
	p.item("pm.analysis", p.text(c.Means))
	p.item("pm.smallestChange", p.text(c.Fix))
	p.item("pm.effect", p.effect(r))
	p.item("dont", p.text(c.Dont))
	p.item("pm.verify", p.text(c.Verify))
	p.item("pm.again", code("imbundle collect --since 30m")+" · "+code("imbundle analyze FILE"))
	p.item("pm.sign", p.say("pm.signers"))
}

// symptom is what was reported and which answers failed.
func (p *paper) symptom(r *analyze.Report) string {
	text := p.text(r.Verdict.Why)
	if said := p.incident(r.Incident); said != "" {
		text += " · " + p.plain(said)
	}
	for _, o := range r.Outcomes {
		if o.Code != 0 {
			text += " · " + p.plain(fmt.Sprintf("%s %d %s %s", o.Request, o.Code, o.Name, p.say("times", o.Count)))
		}
	}
	return text
}

// effect is what a change of the leading cause should end, and what it does not.
func (p *paper) effect(r *analyze.Report) string {
	ends, stays := []string{}, []string{}
	for _, c := range r.Verdict.Causes {
		switch {
		case c.Cause == r.Verdict.Causes[0].Cause || slices.Contains(followers(r.Verdict.Causes), c.Cause):
			ends = append(ends, c.Title.In(p.o.Lang))
		case c.ExplainedBy == "":
			stays = append(stays, c.Title.In(p.o.Lang))
		}
	}
	text := p.say("pm.ends", joined(ends, p.say("comma")))
	if len(stays) > 0 {
		text += p.say("pm.stays", joined(stays, p.say("comma")))
	}
	return p.plain(text)
}

func joined(words []string, comma string) string {
	out := ""
	for i, w := range words {
		if i > 0 {
			out += comma
		}
		out += w
	}
	return out
}

// prevention is the last part: one line for each layer that had a cause of its own, and the guide's standing advice.
func (p *paper) prevention(r *analyze.Report) {
	p.heading("pm.prevention")
	said := map[string]bool{}
	for _, c := range r.Verdict.Causes {
		if text := p.text(c.Prevent); c.ExplainedBy == "" && text != "" && !said[text] {
			said[text] = true
			p.printf("- %s\n", text)
		}
	}
	p.printf("- %s\n- %s\n", p.say("pm.case"), p.say("pm.align"))
}
