package report

import (
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
)

// mark is how a hop's state looks in the row of the path.
type mark struct{ sign, color string }

var marks = map[string]mark{
	"ok":       {"✓", green},
	"broken":   {"✗", red},
	"degraded": {"~", yellow},
	"unknown":  {"?", faint},
}

// path shows every hop in the order in which a message meets it, then why one is broken or degraded.
func (s *screen) path(hops []analyze.HopState) {
	if len(hops) == 0 {
		return
	}
	s.blank()
	if s.o.Wide {
		s.pathTable(hops)
		return
	}
	var path, below []analyze.HopState
	for _, h := range hops {
		if h.Below {
			below = append(below, h)
		} else {
			path = append(path, h)
		}
	}
	s.row("path", path, " → ")
	s.row("below", below, " · ")
	for _, h := range hops {
		if h.State == "broken" || h.State == "degraded" {
			sign := marks[h.State].sign + " " + s.hopTitle(hops, h.Hop) + s.say("colon")
			s.hang(fieldWidth, s.paint(marks[h.State].color, sign), typeset.Columns(sign), "", s.in(h.Why))
		}
	}
	s.line(strings.Repeat(" ", fieldWidth) + s.paint(faint, s.legend()))
}

// row writes hops one after the other and wraps between them.
func (s *screen) row(l label, hops []analyze.HopState, sep string) {
	if len(hops) == 0 {
		return
	}
	out, used := s.paint(faint, typeset.Pad(s.say(l), fieldWidth)), fieldWidth
	for i, h := range hops {
		name := short(s.hopTitle(hops, h.Hop))
		need := typeset.Columns(name) + 2 + typeset.Columns(sep)
		if used+need > s.width && used > fieldWidth {
			s.line(out)
			out, used = strings.Repeat(" ", fieldWidth), fieldWidth
		}
		m := marks[h.State]
		if m.sign == "" {
			m = marks["unknown"]
		}
		out += s.paint(m.color, m.sign+" "+name)
		if i < len(hops)-1 {
			out += s.paint(faint, sep)
		}
		used += need
	}
	s.line(out)
}

// short is a title without its explanation: "Redis: seq and cache" is "Redis" in the row.
func short(title string) string {
	if i := strings.IndexAny(title, "(:（："); i > 0 {
		return strings.TrimSpace(title[:i])
	}
	return title
}

func (s *screen) legend() string {
	var parts []string
	for _, state := range []string{"ok", "broken", "degraded", "unknown"} {
		parts = append(parts, marks[state].sign+" "+s.say(label("state."+state)))
	}
	return strings.Join(parts, "  ")
}

func (s *screen) pathTable(hops []analyze.HopState) {
	t := grid{head: []label{"col.hop", "", "col.state", "col.why"}}
	for _, h := range hops {
		m := marks[h.State]
		t.add(cell{text: s.hopTitle(hops, h.Hop)}, cell{text: m.sign, color: m.color}, cell{text: s.say(label("state." + h.State)), color: m.color}, cell{text: s.in(h.Why)})
	}
	s.table(t)
}
