package report

import (
	"fmt"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
)

const unnamedMax = 5

// unnamed lists what logs say at WARN or above and no rule names: nothing of it is lost, and it may be what matters.
func (s *screen) unnamed(all []analyze.Unnamed) {
	if len(all) == 0 {
		return
	}
	s.heading("unnamed")
	shown := s.limit(len(all), unnamedMax)
	for _, u := range all[:shown] {
		lead := s.paint(yellow, "! ")
		text := fmt.Sprintf("%s  %s %s", s.say("times", u.Count), typeset.Clean(u.Role), typeset.Clean(u.Text))
		if why := s.whyUnnamed(u); why != "" {
			text += " (" + why + ")"
		}
		s.hang(0, lead, 2, "", text)
		s.line("  " + s.paint(cyan, fmt.Sprintf("%s:%d", typeset.Clean(u.Entry), u.Line)))
	}
	s.more(0, len(all)-shown)
}

// whyUnnamed says what made a text worth showing, apart from being frequent.
func (s *screen) whyUnnamed(u analyze.Unnamed) string {
	switch u.Why {
	case "risen":
		return s.say("why.risen", u.PeakCount, when(&u.Peak))
	case "newest":
		return s.say("why.newest", when(&u.First))
	}
	return ""
}

// muted lists the suppressions: what they keep out of the verdict and why, and those that have expired.
func (s *screen) muted(all []analyze.Muted) {
	if len(all) == 0 {
		return
	}
	s.heading("muted")
	for _, m := range all {
		color := ""
		if m.Expired {
			color = yellow
		}
		s.hang(0, s.paint(faint, "- "), 2, color, s.mutedLine(m))
	}
}

func (s *screen) mutedLine(m analyze.Muted) string {
	what := typeset.Clean(m.What)
	if title := s.in(m.Title); title != "" {
		what = title + " (" + what + ")"
	}
	if m.Subject != "" {
		what += " " + typeset.Clean(m.Subject)
	}
	if m.Expired {
		return s.say("muted.expired", typeset.Clean(m.ID), typeset.Clean(m.Until), what, m.Count, typeset.Clean(m.Reason))
	}
	return s.say("muted.is", typeset.Clean(m.ID), what, m.Count, typeset.Clean(m.Until), typeset.Clean(m.Reason))
}
