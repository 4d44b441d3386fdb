package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
)

const (
	changesMax = 5
	missingMax = 8
	unreadMax  = 8
	benignMax  = 6
)

// benign names the texts that look like faults and are none, and why.
func (s *screen) benign(all []analyze.BenignResult) {
	if len(all) == 0 {
		return
	}
	s.heading("benign")
	shown := s.limit(len(all), benignMax)
	for _, b := range all[:shown] {
		title := s.in(b.Title)
		if title == "" {
			title = typeset.Clean(b.Cause)
		}
		lead := s.paint(green, "○ ")
		s.hang(0, lead, 2, "", fmt.Sprintf("%s (%s) %s — %s", title, typeset.Clean(b.Cause), s.say("times", b.Count), s.say("benign.is", s.in(b.Why))))
		if s.o.Wide {
			s.proof(2, b.Evidence, 0)
		}
	}
	s.more(0, len(all)-shown)
}

// outcomes is guide 2.1's table: a 200 answer may still carry an error code.
func (s *screen) outcomes(all []analyze.Outcome) {
	if len(all) == 0 {
		return
	}
	s.heading("outcomes")
	t := grid{head: []label{"col.request", "col.code", "col.count", "col.name", "col.example"}}
	for _, o := range all {
		color, example := "", ""
		if o.Code != 0 {
			color = yellow
		}
		if o.Example != nil {
			example = place(*o.Example)
		}
		t.add(cell{text: typeset.Clean(o.Request)}, cell{text: fmt.Sprint(o.Code), color: color}, cell{text: fmt.Sprint(o.Count)}, cell{text: typeset.Clean(o.Name), color: color}, cell{text: example, whole: true})
	}
	s.table(t)
}

func (s *screen) changes(all []analyze.Change) {
	if len(all) == 0 {
		return
	}
	s.heading("changes")
	t := grid{head: []label{"col.time", "col.object", "col.what"}}
	shown := s.limit(len(all), changesMax)
	for _, c := range all[:shown] {
		t.add(cell{text: when(&c.Time)}, cell{text: typeset.Clean(c.Object), end: true}, cell{text: s.in(c.What)})
	}
	s.table(t)
	s.more(0, len(all)-shown)
}

// release tells how old the installation is, and which known defects it has. Those that fit a cause found come first; the
// others are listed on the wide screen.
func (s *screen) release(r *analyze.Release) {
	if r == nil {
		return
	}
	s.heading("release")
	s.hang(0, "", 0, "", typeset.Clean(s.behind(r)))
	hidden := 0
	for _, d := range append(r.Fixed[:len(r.Fixed):len(r.Fixed)], r.Open...) {
		if !s.o.Wide && !d.Seen {
			hidden++
			continue
		}
		text := s.say("release.open", s.in(d.Says), typeset.Clean(d.Source))
		if d.In != "" {
			text = s.say("release.fixed", typeset.Clean(d.In), s.in(d.Says), typeset.Clean(d.Source))
		}
		if d.Seen {
			text += s.say("release.fits", typeset.Clean(d.Cause))
		}
		s.hang(0, s.paint(yellow, "↑ "), 2, "", text)
	}
	s.more(0, hidden)
}

func (s *screen) behind(r *analyze.Release) string {
	switch {
	case r.Behind == 0:
		return s.say("release.newest", r.Name)
	case s.o.Lang == "zh":
		return s.say("release.behind", r.Name, r.Newest, r.Behind, len(r.Fixed))
	}
	return s.say("release.behind", r.Name, r.Behind, r.Newest, len(r.Fixed))
}

var checkColor = map[string]string{"pass": green, "fail": red, "warn": yellow, "unknown": faint, "na": faint}

// checks counts the answers; the wide screen lists them.
func (s *screen) checks(all []analyze.CheckResult) {
	if len(all) == 0 {
		return
	}
	if !s.o.Wide {
		s.blank()
		s.field(0, "checks.count", "", s.tally(all))
		return
	}
	s.heading("checks")
	t := grid{head: []label{"col.check", "col.guide", "col.status", "col.finding"}}
	for _, c := range all {
		t.add(cell{text: typeset.Clean(c.Check)}, cell{text: typeset.Clean(c.Guide)}, cell{text: s.say(label("check." + c.Status)), color: checkColor[c.Status]}, cell{text: s.finding(c)})
	}
	s.table(t)
}

// tally is "12 pass · 2 fail · 3 unknown".
func (s *screen) tally(all []analyze.CheckResult) string {
	counts := map[string]int{}
	for _, c := range all {
		counts[c.Status]++
	}
	var parts []string
	for _, status := range []string{"pass", "fail", "warn", "unknown", "na"} {
		if counts[status] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[status], s.say(label("check."+status))))
		}
	}
	return strings.Join(parts, " · ")
}

func (s *screen) finding(c analyze.CheckResult) string {
	parts := []string{s.in(c.Title)}
	if c.Cause != "" {
		parts = append(parts, typeset.Clean(c.Cause))
	}
	if c.Count > 0 {
		parts = append(parts, s.say("times", c.Count))
	}
	if c.Status == "unknown" && len(c.Needs) > 0 {
		parts = append(parts, s.say("check.needs", typeset.Clean(strings.Join(c.Needs, ", "))))
	}
	if c.Collect != "" {
		parts = append(parts, typeset.Clean(c.Collect))
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " · ")
}

// missing names the data that a sound verdict would need, what each lack costs, and the commands that would get it.
func (s *screen) missing(r *analyze.Report) {
	if len(r.Missing) > 0 {
		s.heading("missing")
		shown := s.limit(len(r.Missing), missingMax)
		for _, m := range r.Missing[:shown] {
			text := typeset.Clean(m.What) + " (" + s.say(label("reason."+m.Reason)) + ")"
			if m.Detail != "" && s.o.Wide {
				text += " " + typeset.Clean(m.Detail)
			}
			if costs := s.in(m.Costs); costs != "" {
				text += " — " + s.say("missing.costs", costs)
			}
			s.hang(0, s.paint(yellow, "? "), 2, "", text)
		}
		s.more(0, len(r.Missing)-shown)
	}
	if len(r.Verdict.CollectNext) > 0 {
		s.heading("next")
		for _, command := range r.Verdict.CollectNext {
			s.hang(0, s.paint(cyan, "$ "), 2, "", typeset.Clean(command))
		}
	}
}

// unread lists what in the input told nothing.
func (s *screen) unread(all []analyze.Unread) {
	if len(all) == 0 {
		return
	}
	s.heading("unread")
	shown := s.limit(len(all), unreadMax)
	for _, u := range all[:shown] {
		text := typeset.Clean(u.Entry) + " — " + s.say(label("unread."+u.Reason))
		if u.Detail != "" {
			text += " (" + typeset.Clean(u.Detail) + ")"
		}
		if u.Count > 1 {
			text += " " + s.say("times", u.Count)
		}
		s.hang(0, s.paint(yellow, "? "), 2, "", text)
	}
	s.more(0, len(all)-shown)
}
