package analyze

import (
	"slices"

	"github.com/imbundle/imbundle/specs"
)

// ruledOut fills in the look-alikes: what the cause must not be taken for, what its evidence was recast from, what a check
// refuted.
func ruledOut(v *Verdict, ds []*diagnosis, findings []answered, s *specs.Set) {
	found := map[string]*diagnosis{}
	for _, d := range ds {
		found[d.slug] = d
	}
	for i := range v.Causes {
		c := &v.Causes[i]
		if not := s.Causes[c.Cause].Not; not != "" && found[not] == nil && s.Causes[not] != nil {
			c.RuledOut = append(c.RuledOut, RuledOut{Cause: not, Title: s.Causes[not].Title, Because: text("没有支持它的证据", "nothing found speaks for it")})
		}
		for _, d := range ds {
			c.RuledOut = append(c.RuledOut, recastInto(d, c.Cause, found, s)...)
		}
		for _, a := range findings {
			c.RuledOut = append(c.RuledOut, refutedBy(a, c.Cause, s)...)
		}
		c.RuledOut = firstOfEach(c.RuledOut)
	}
}

// firstOfEach keeps one reason for each look-alike.
func firstOfEach(all []RuledOut) []RuledOut {
	var out []RuledOut
	for _, r := range all {
		if !slices.ContainsFunc(out, func(o RuledOut) bool { return o.Cause == r.Cause }) {
			out = append(out, r)
		}
	}
	return out
}

// refutedBy lists what a check refuted, for the cause that it found instead.
func refutedBy(a answered, slug string, s *specs.Set) []RuledOut {
	if !slices.ContainsFunc(a.finding.Evidence, func(e Evidence) bool { return e.Cause == slug }) {
		return nil
	}
	var out []RuledOut
	for _, r := range a.finding.Refutes {
		if cause := s.Causes[r.Cause]; cause != nil && (r.By == "" || r.By == slug) {
			out = append(out, RuledOut{Cause: r.Cause, Title: cause.Title, Because: r.Because})
		}
	}
	return out
}

// recastInto lists what evidence for other causes was first taken for, when that look-alike is the cause's own.
func recastInto(d *diagnosis, slug string, found map[string]*diagnosis, s *specs.Set) []RuledOut {
	for _, e := range d.evidence {
		if e.Instead != "" && d.slug == slug && found[e.Instead] == nil && s.Causes[e.Instead] != nil {
			return []RuledOut{{Cause: e.Instead, Title: s.Causes[e.Instead].Title, Because: e.Because}}
		}
	}
	return nil
}
