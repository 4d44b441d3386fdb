package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
	"github.com/imbundle/imbundle/specs"
)

var severityColor = map[string]string{"critical": red, "error": red, "warning": yellow, "info": cyan}

// How much of each the narrow screen shows; the wide one shows everything.
const (
	leadingProof = 3
	otherProof   = 1
	otherCauses  = 5
	ruledOutMax  = 3
	proofLines   = 3 // rows of the screen for one line of a log
)

// causes writes the leading cause whole, the further ones short, each with what it explains beneath it.
func (s *screen) causes(v analyze.Verdict) {
	all := v.Causes
	if len(all) == 0 {
		s.blank()
		s.line(s.say("nothing"))
		return
	}
	var heads []analyze.CauseResult
	for _, c := range all {
		if c.ExplainedBy == "" || !slices.ContainsFunc(all, func(a analyze.CauseResult) bool { return a.Cause == c.ExplainedBy }) {
			heads = append(heads, c)
		}
	}
	if len(heads) == 0 { // a report of ours has none: a cycle of explanations
		heads = all[:1]
	}
	s.heading("leading")
	s.cause(heads[0], all, true, v.Leads)
	others := heads[1:]
	if len(others) == 0 {
		return
	}
	s.heading("other")
	shown := s.limit(len(others), otherCauses)
	for _, c := range others[:shown] {
		s.cause(c, all, s.o.Wide, nil)
	}
	s.more(0, len(others)-shown)
}

// cause writes one cause; full adds what a reader needs only of the leading one, leads why it is that.
func (s *screen) cause(c analyze.CauseResult, all []analyze.CauseResult, full bool, leads *specs.Text) {
	s.causeTitle(0, "● ", c)
	s.field(2, "since", "", s.span(c))
	s.field(2, "subject", "", typeset.Clean(c.Subject))
	if full {
		s.field(2, "means", "", s.in(c.Means))
		s.proof(2, c.Evidence, leadingProof)
	} else {
		s.proof(2, c.Evidence, otherProof)
	}
	s.field(2, "fix", green, s.in(c.Fix))
	s.field(2, "dont", yellow, s.in(c.Dont))
	if leads != nil {
		s.field(2, "leads", "", s.in(*leads))
	}
	if full {
		s.ruledOut(c.RuledOut)
		s.lacks(c.Lacks)
	}
	s.explained(c, all, map[string]bool{c.Cause: true}, 2)
}

func (s *screen) causeTitle(indent int, lead string, c analyze.CauseResult) {
	facts := []string{s.say(label("severity." + c.Severity)), s.say(label("confidence." + c.Confidence))}
	if c.Guide != "" {
		facts = append(facts, s.say("guide", typeset.Clean(c.Guide)))
	}
	title := s.in(c.Title)
	if title == "" {
		title = typeset.Clean(c.Cause)
	}
	text := fmt.Sprintf("%s (%s)", title, typeset.Clean(c.Cause))
	tail := "  " + strings.Join(facts, " · ")
	color := severityColor[c.Severity]
	if typeset.Columns(lead+text+tail)+indent <= s.width {
		s.line(strings.Repeat(" ", indent) + s.paint(color, lead+text) + s.paint(faint, tail))
		return
	}
	s.hang(indent, s.paint(color, lead), typeset.Columns(lead), color, text)
	s.hang(indent+typeset.Columns(lead), "", 0, faint, strings.TrimSpace(tail))
}

// span says from when to when and how often.
func (s *screen) span(c analyze.CauseResult) string {
	var parts []string
	if from := when(c.Since); from != "" {
		parts = append(parts, from)
	}
	if until := when(c.Until); until != "" && until != when(c.Since) {
		parts = append(parts, s.say("until", until))
	}
	if len(parts) == 0 {
		parts = append(parts, s.say("window.open"))
	}
	if c.Count > 0 {
		parts = append(parts, "· "+s.say("times", c.Count))
	}
	return strings.Join(parts, " ")
}

// proof lists sightings: what each says, when and how often, where it stands, and the line itself.
func (s *screen) proof(indent int, all []analyze.Sighting, atMost int) {
	lead, says := s.paint(faint, typeset.Pad(s.say("proof"), fieldWidth)), ""
	shown := s.limit(len(all), atMost)
	for _, e := range all[:shown] {
		text := s.occasion(e)
		if now := s.in(e.Says); now != says && now != "" {
			says, text = now, strings.TrimSuffix(now+"  "+text, "  ")
		}
		if text != "" {
			s.hang(indent, lead, fieldWidth, "", text)
			lead = strings.Repeat(" ", fieldWidth)
		}
		// Not wrapped: a name that is cut in two cannot be copied.
		s.line(strings.Repeat(" ", indent) + lead + s.paint(cyan, place(e)))
		lead = strings.Repeat(" ", fieldWidth)
		s.quote(indent+fieldWidth, e.Text)
	}
	s.more(indent+fieldWidth, len(all)-shown)
}

// occasion is the time and the count of a sighting.
func (s *screen) occasion(e analyze.Sighting) string {
	var parts []string
	if t := when(e.Time); t != "" {
		parts = append(parts, t)
	}
	if e.Count > 1 {
		parts = append(parts, s.say("times", e.Count))
	}
	return strings.Join(parts, "  ")
}

// place is entry:line, or the entry alone when a sighting concerns all of it.
func place(e analyze.Sighting) string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d", typeset.Clean(e.Entry), e.Line)
	}
	return typeset.Clean(e.Entry)
}

// quote shows a line of a log behind a bar, so that nobody takes it for a word of ours.
func (s *screen) quote(indent int, text string) {
	text = typeset.Clean(text)
	if text == "" {
		return
	}
	rows := typeset.Wrap(text, s.width-indent-2)
	if most := s.limit(len(rows), proofLines); most < len(rows) {
		rows = rows[:most]
		rows[most-1] = typeset.Cut(rows[most-1]+" …", s.width-indent-2)
	}
	for _, row := range rows {
		s.line(strings.Repeat(" ", indent) + s.paint(faint, "│ "+row))
	}
}

func (s *screen) ruledOut(all []analyze.RuledOut) {
	shown := s.limit(len(all), ruledOutMax)
	for _, r := range all[:shown] {
		title := s.in(r.Title)
		if title == "" {
			title = typeset.Clean(r.Cause)
		}
		s.field(2, "ruledOut", "", title+" — "+s.in(r.Because))
	}
	s.more(2+fieldWidth, len(all)-shown)
}

// lacks names the data that would make a cause certain.
func (s *screen) lacks(all []specs.Text) {
	words := make([]string, len(all))
	for i, t := range all {
		words[i] = s.in(t)
	}
	s.field(2, "lacks", "", strings.Join(words, s.say("comma")))
}

// explained lists what follows from c, each with its onset, indented once per step; seen guards against a cycle.
func (s *screen) explained(c analyze.CauseResult, all []analyze.CauseResult, seen map[string]bool, indent int) {
	first := true
	for _, e := range all {
		if e.ExplainedBy != c.Cause || seen[e.Cause] {
			continue
		}
		seen[e.Cause] = true
		if first && indent == 2 {
			s.line("  " + s.paint(faint, s.say("explains")))
		}
		first = false
		s.causeTitle(indent+2, "└ ", e)
		s.hang(indent+4, "", 0, "", strings.TrimSpace(s.span(e)+"  "+typeset.Clean(e.Subject)))
		if s.o.Wide {
			s.proof(indent+4, e.Evidence, otherProof)
		}
		s.explained(e, all, seen, indent+2)
	}
}

// limit is how many of n are shown.
func (s *screen) limit(n, narrow int) int {
	if s.o.Wide {
		return n
	}
	return min(n, narrow)
}

// more says how many were left out of the narrow screen.
func (s *screen) more(indent, n int) {
	if n > 0 {
		s.line(strings.Repeat(" ", indent) + s.paint(faint, s.say("more", n)))
	}
}
