package report

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
)

var statusColor = map[string]string{"broken": red, "degraded": yellow, "healthy": green, "unknown": yellow}

// verdict writes the line that matters most, then what it was judged from.
func (s *screen) verdict(r *analyze.Report) {
	v := r.Verdict
	head := s.say(label("status." + v.Status))
	rest := ""
	if v.Hop != "" {
		rest += s.say("at", s.hopTitle(r.Pipeline, v.Hop))
	}
	if len(v.Causes) > 0 && (v.Status == "broken" || v.Status == "degraded") {
		rest += s.say("colon") + s.in(v.Causes[0].Title)
	}
	s.hang(0, s.paint(statusColor[v.Status], head), typeset.Columns(head), bold, rest)
	if why := s.in(v.Why); why != "" && !strings.HasSuffix(rest, why) {
		s.hang(0, "", 0, "", why)
	}
	s.blank()
	s.input(r)
}

// input says what was read and how far its times can be trusted.
func (s *screen) input(r *analyze.Report) {
	in := r.Bundle
	size := s.say("input.size", r.Stats.Entries, bytes(r.Stats.Bytes), r.Stats.Lines)
	s.field(0, "input", "", strings.TrimPrefix(typeset.Clean(in.Name)+" · "+size, " · "))
	switch {
	case in.Cut != "":
		s.field(0, "input.cut", yellow, s.say("input.cutAt", in.CutAt, typeset.Clean(in.Cut)))
	case !in.Complete:
		s.field(0, "input.cut", yellow, s.say("input.broken"))
	}
	for _, w := range in.Warnings {
		s.field(0, "input.warning", yellow, s.in(w))
	}
	s.field(0, "window", "", s.window(in))
	s.field(0, "versions", "", s.versions(in))
	s.field(0, "incident", "", s.incident(r.Incident))
	if r.Verdict.Intake != nil {
		s.field(0, "intake", "", s.in(*r.Verdict.Intake))
	}
}

func (s *screen) window(in analyze.Input) string {
	from, to := when(&in.Window.From), when(&in.Window.To)
	if from == "" && to == "" {
		return ""
	}
	for _, end := range []*string{&from, &to} {
		if *end == "" {
			*end = s.say("window.open")
		}
	}
	text := from + " – " + to
	if in.ClockUncertainty != "" && in.ClockUncertainty != "0s" {
		text += " · " + s.say("clock", typeset.Clean(in.ClockUncertainty))
	}
	if in.ClockNote != nil {
		text += " · " + s.in(*in.ClockNote)
	}
	return text
}

func (s *screen) versions(in analyze.Input) string {
	if len(in.Versions) == 0 {
		return ""
	}
	text := typeset.Clean(strings.Join(in.Versions, ", "))
	if in.Line != "" {
		text += " · " + s.say("line", strings.ToUpper(typeset.Clean(in.Line)))
	}
	return text
}

// incident joins what the customer reported, sorted by name; empty answers are left out.
func (s *screen) incident(m map[string]any) string {
	var parts []string
	for name, v := range m {
		text := typeset.Clean(fmt.Sprint(v))
		if v == nil || text == "" || text == "[]" || text == "map[]" {
			continue
		}
		parts = append(parts, s.say(label("said."+name))+" "+s.said(text))
	}
	sort.Strings(parts)
	return strings.Join(parts, " · ")
}

// said is an answer in the reader's words where it is one of a choice.
func (s *screen) said(text string) string {
	if _, known := labels[label("said."+text)]; known {
		return s.say(label("said." + text))
	}
	return text
}

// hopTitle is the hop's name for people, or its id when the pipeline does not list it.
func (s *screen) hopTitle(hops []analyze.HopState, id string) string {
	i := slices.IndexFunc(hops, func(h analyze.HopState) bool { return h.Hop == id })
	if i < 0 || s.in(hops[i].Title) == "" {
		return typeset.Clean(id)
	}
	return s.in(hops[i].Title)
}
