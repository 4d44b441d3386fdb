package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// What is known about the input as a whole: its manifest, clocks, versions, and what it lacks.

// clockTie is how far apart onsets may lie and still be a tie when no offsets were measured.
const clockTie = 2 * time.Second

// yearOf is the year for lines without one.
func yearOf(r *bundle.Reader, o Options) int {
	if at := collectedAt(r); !at.IsZero() {
		return at.Year()
	}
	if !o.Now.IsZero() {
		return o.Now.Year()
	}
	return time.Now().Year()
}

// collectedAt is when the data was taken, as far as manifest or plan tell.
func collectedAt(r *bundle.Reader) time.Time {
	if m := r.Manifest(); m != nil && !m.Finished.IsZero() {
		return podsAt(m).UTC()
	}
	if p := r.Plan(); p != nil {
		return p.Started.UTC()
	}
	return time.Time{}
}

// podsAt is when the pods were listed that a run carried on from an earlier one, which may be hours before its end; of any
// other run it is that end.
func podsAt(m *bundle.Manifest) time.Time {
	at := m.Finished
	if len(m.Continues) == 0 {
		return at
	}
	for _, e := range m.Entries {
		kind, _, is := bundle.ParseResource(e.Name)
		if is && kind == "pods" && !e.Time.IsZero() && e.Time.Before(at) {
			at = e.Time
		}
	}
	return at
}

// takeManifest takes over what the collector knew: gaps, what was promised, the incident, clocks, the window.
func (f *Facts) takeManifest(r *bundle.Reader) {
	if m := r.Manifest(); m != nil {
		f.Complete = m.Complete
		f.Window = Window{m.Window.From, m.Window.To}
		f.Clock = append(f.Clock, m.Clock...)
		for _, g := range m.Gaps {
			what := cmp.Or(g.Entry, g.Source)
			f.Gaps = append(f.Gaps, Missing{What: what, Reason: g.Reason, Detail: g.Detail, Costs: costs(f.Specs.Queries, what, g.Costs)})
		}
	}
	f.takeTruncations(r)
	end := r.End()
	if !end.Complete {
		f.Complete = false
		f.Cut, f.CutAt = end.Reason, end.Offset
	}
	p := r.Plan()
	if p == nil {
		return
	}
	if f.Incident == nil {
		f.Incident = p.Incident
	}
	if f.Window == (Window{}) {
		f.Window = Window{p.Window.From, p.Window.To}
	}
	if !end.Complete || r.Manifest() == nil {
		for _, name := range p.Missing(r.Names()) {
			f.Complete = false
			f.Gaps = append(f.Gaps, Missing{What: name, Reason: "cut", Costs: costs(f.Specs.Queries, name, "")})
		}
	}
}

// takeTruncations lists the entries that were cut for size; one cut to the window lacks nothing that was asked for.
func (f *Facts) takeTruncations(r *bundle.Reader) {
	m := r.Manifest()
	if m == nil {
		return
	}
	for _, e := range m.Entries {
		if t := e.Truncated; t != nil && t.Reason != "window" {
			f.Truncated = append(f.Truncated, Missing{What: e.Name, Reason: bundle.Budget, Detail: fmt.Sprintf("%s: %d bytes left out", t.Reason, t.Dropped), Costs: text(
				"被截去的时间段看不到", "the time that was cut out cannot be seen")})
		}
	}
}

// tolerance is how far apart two onsets may lie and still be a tie.
func (f *Facts) tolerance() time.Duration {
	worst := time.Duration(0)
	for _, c := range f.Clock {
		worst = max(worst, max(c.Offset, -c.Offset)+c.Uncertainty)
	}
	if worst == 0 {
		return clockTie
	}
	return max(worst, time.Second)
}

// input describes what was read.
func (f *Facts) input(tolerance time.Duration) Input {
	in := Input{
		Warnings: f.Warnings,
		Complete: f.Complete, Cut: f.Cut, CutAt: f.CutAt, Window: f.Window, ClockUncertainty: tolerance.String(), Versions: f.Versions, Line: f.Line,
	}
	if in.Versions == nil {
		in.Versions = []string{}
	}
	if in.Window.From.IsZero() {
		in.Window.From = f.From
	}
	if in.Window.To.IsZero() {
		in.Window.To = f.To
	}
	aligned := slices.ContainsFunc(f.Texts, func(t Text) bool { return t.Offset != 0 })
	if len(f.Clock) == 0 && !aligned && len(f.Texts) > 0 {
		note := text("日志时间不带时区，也没有 kubelet 时间戳可以校准：各文件的时间按 UTC 对齐，跨节点比较仅供参考",
			"log times carry no zone and no kubelet timestamp aligns them: all are taken as UTC, so comparing across nodes is a guess")
		in.ClockNote = &note
	}
	return in
}

// missing lists what a sound verdict would need and is not there.
func (f *Facts) missing() []Missing {
	out := slices.Concat([]Missing{}, f.Gaps, f.Truncated)
	for _, m := range f.Malformed {
		out = append(out, Missing{What: m.Entry, Reason: "error", Detail: m.Detail, Costs: costs(f.Specs.Queries, m.Entry, "")})
	}
	for _, group := range vital {
		if t := f.textOf(group); t == nil {
			out = append(out, Missing{What: group[0] + ".log", Reason: "not-collected", Costs: text(
				"看不到 "+group[0]+" 这一跳", "the hop of "+group[0]+" cannot be seen")})
		} else if f.silenced(group) {
			out = append(out, Missing{What: t.Entry, Reason: "not-collected", Detail: "log level WARN or above", Costs: text(
				"日志级别过高，看不到正常处理记录", "the log level hides ordinary work")})
		}
	}
	slices.SortStableFunc(out, func(a, b Missing) int {
		return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	return out
}

// silenced tells whether no log of the roles holds a line below WARN although there are enough lines to expect one.
func (f *Facts) silenced(roles []string) bool {
	lines, calm := int64(0), int64(0)
	for _, t := range f.Texts {
		if t.Log && slices.Contains(roles, t.Role) {
			lines += t.Levels[levelWarn] + t.Levels[levelError]
			calm += t.Levels[levelInfo] + t.Levels[levelDebug]
		}
	}
	return lines >= 20 && calm == 0
}

// changesBefore keeps what was altered up to the onset of the leading cause, newest first.
func changesBefore(f *Facts, ranked []*diagnosis) []Change {
	onset := f.Collected
	if len(ranked) > 0 && !ranked[0].since.IsZero() {
		onset = ranked[0].since.Add(f.tolerance())
	}
	var out []Change
	for _, c := range f.Changes {
		if !c.Time.After(onset) && len(out) < 20 {
			out = append(out, c)
		}
	}
	return out
}

// outcomes adds up the answers for the table of guide 2.1. Of the roles that log the same requests the one that saw most counts.
func outcomes(f *Facts) []Outcome {
	best := map[string]string{}
	sums := map[[2]string]int{}
	for _, a := range f.Answers {
		sums[[2]string{a.Request, a.Role}] += a.Count
	}
	for _, a := range f.Answers {
		role, ok := best[a.Request]
		if n, m := sums[[2]string{a.Request, a.Role}], sums[[2]string{a.Request, role}]; !ok || n > m || n == m && a.Role < role {
			best[a.Request] = a.Role
		}
	}
	var out []Outcome
	for _, a := range f.Answers {
		if a.Role == best[a.Request] {
			example := a.Example
			out = append(out, Outcome{Request: a.Request, Code: a.Code, Name: codeName(a.Code), Count: a.Count, Example: &example})
		}
	}
	slices.SortStableFunc(out, func(a, b Outcome) int { return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Code, b.Code)) })
	return out
}
