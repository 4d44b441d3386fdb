package specs

import "slices"

// What Lint asks of layers, of the steps of the guide and of suppressions.

func (l *linter) layer(layer *Layer) {
	l.id(layer.At, layer.ID)
	l.text(layer.At, "title", layer.Title)
	l.text(layer.At, "reproduce", layer.Reproduce)
	l.text(layer.At, "verify", layer.Verify)
	l.text(layer.At, "prevent", layer.Prevent)
}

// step holds a step of the guide to name what exists, and something at all. Checks and commands are known to others.
func (l *linter) step(s *Step) {
	known(l, s.At, "guide section", s.Guide, sections)
	l.text(s.At, "says", s.Says)
	if s.Hop != "" {
		known(l, s.At, "hop", s.Hop, l.hops)
	}
	for _, id := range s.Rules {
		known(l, s.At, "rule", id, l.rules)
	}
	for _, slug := range slices.Concat(s.Causes, s.Benign, s.Dont) {
		known(l, s.At, "cause", slug, l.set.Causes)
	}
	for _, slug := range s.Benign {
		if c := l.set.Causes[slug]; c != nil && !c.Benign {
			l.problems.add(s.At, "%q is no false alarm", slug)
		}
	}
	if len(s.Checks)+len(s.Rules)+len(s.Causes)+len(s.Benign)+len(s.Dont)+len(s.Entries)+len(s.Commands) == 0 {
		l.problems.add(s.At, "nothing does this step")
	}
}

// suppression asks for a reason and an end: what is muted without either is forgotten.
func (l *linter) suppression(m *Suppression) {
	l.id(m.At, m.ID)
	if m.Rule == "" && m.Cause == "" {
		l.problems.add(m.At, "suppression %q names neither a rule nor a cause", m.ID)
	}
	if m.Cause != "" {
		known(l, m.At, "cause", m.Cause, l.set.Causes)
	}
	if m.Reason == "" {
		l.problems.add(m.At, "suppression %q has no reason", m.ID)
	}
	if m.Ends().IsZero() {
		l.problems.add(m.At, "until of suppression %q is no date such as 2026-12-31: %q", m.ID, m.Until)
	}
}

// Contradictions judges the rules of overlays against each other and against the built-in ones: a line that one rule calls a
// fault and another a false alarm, though nothing in the rules tells the two apart. It takes the hit lines as the examples.
func Contradictions(s *Set) []Problem {
	var problems Problems
	var matchers []*matcher
	for _, r := range s.Rules {
		if m, err := newMatcher(s, r); err == nil { // Lint tells of the others
			matchers = append(matchers, m)
		}
	}
	for _, r := range s.Rules {
		if !r.Over {
			continue
		}
		for _, m := range matchers {
			if opposed(s, r, m.rule) && slices.ContainsFunc(r.Hit, m.match) {
				problems.add(r.At, "rule %q takes a line for %s that rule %q (%s) takes for %s: only one can be right", r.ID, r.Cause, m.rule.ID, m.rule.At, m.rule.Cause)
			}
		}
	}
	return problems.sorted()
}

// opposed tells whether one of two rules speaks of a fault and the other of a false alarm, without circumstances that decide.
func opposed(s *Set, a, b *Rule) bool {
	ca, cb := s.Causes[a.Cause], s.Causes[b.Cause]
	if a == b || ca == nil || cb == nil || ca.Benign == cb.Benign || len(a.Recast)+len(b.Recast) > 0 {
		return false
	}
	return a.Count == b.Count && a.Versions == b.Versions
}
