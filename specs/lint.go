package specs

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// minLiteral is the shortest literal by which a rule may be found: shorter ones occur in every other line and make scans slow.
const minLiteral = 7

var (
	kebab      = regexp.MustCompile(`^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$`)
	levels     = names("fatal panic error warn info debug")
	severities = names("critical error warning info")
	certainty  = names("certain likely possible")
	sections   = names("1 2.1 2.2 2.3 2.4 2.5 2.6 3 4 5 6")
	// release is a term of Versions.
	release = regexp.MustCompile(`^(?:line-[ab]|(?:[<>]=?|=)v?\d+\.\d+(?:\.\d+)?(?:-patch\.\d+)?)$`)
)

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

// Lint judges a loaded set: ids, references between files, texts in both languages, regular expressions, required literals,
// sources and examples. It returns every complaint in order of file and line.
func Lint(s *Set) []Problem {
	l := linter{set: s, hops: map[string]bool{}, roles: map[string]bool{}, layers: map[string]bool{}, rules: map[string]bool{}}
	for _, layer := range s.Layers {
		l.layers[layer.ID] = true
	}
	for _, r := range s.Rules {
		l.rules[r.ID] = true
	}
	for _, h := range s.Hops {
		l.hops[h.ID] = true
	}
	for _, r := range s.Roles {
		l.roles[r.ID] = true
	}
	for _, slug := range slices.Sorted(maps.Keys(s.Causes)) {
		l.cause(s.Causes[slug])
	}
	l.cycles()
	for _, layer := range s.Layers {
		l.layer(layer)
	}
	for _, step := range s.Guide {
		l.step(step)
	}
	for _, m := range s.Muted {
		l.suppression(m)
	}
	for _, r := range s.Rules {
		l.rule(r)
	}
	for _, h := range s.Hops {
		l.hop(h)
	}
	for _, r := range s.Roles {
		l.role(r)
	}
	for _, r := range s.Redactions {
		l.redaction(r)
	}
	for _, q := range s.Queries {
		l.query(q)
	}
	l.baseline(&s.Baseline)
	return l.problems.sorted()
}

type linter struct {
	set                        *Set
	hops, roles, layers, rules map[string]bool
	problems                   Problems
}

func (l *linter) id(at Position, id string) {
	if !kebab.MatchString(id) {
		l.problems.add(at, "id %q is not kebab-case", id)
	}
}

func (l *linter) text(at Position, field string, t Text) {
	if strings.TrimSpace(t.ZH) == "" || strings.TrimSpace(t.EN) == "" {
		l.problems.add(at, "%s needs a sentence in both zh and en", field)
	}
}

func known[V any](l *linter, at Position, what, name string, all map[string]V) {
	if _, ok := all[name]; !ok {
		l.problems.add(at, "unknown %s %q%s", what, name, suggest(name, all))
	}
}

func (l *linter) expression(at Position, field, expression string) {
	if _, err := regexp.Compile(expression); err != nil {
		l.problems.add(at, "%s does not compile: %v", field, err)
	}
}

func (l *linter) cause(c *Cause) {
	l.id(c.At, c.Slug)
	known(l, c.At, "hop", c.Hop, l.hops)
	known(l, c.At, "severity", c.Severity, severities)
	known(l, c.At, "guide section", c.Guide, sections)
	for _, slug := range c.Explains {
		known(l, c.At, "cause in explains", slug, l.set.Causes)
	}
	if c.Not != "" {
		known(l, c.At, "cause in not", c.Not, l.set.Causes)
	}
	known(l, c.At, "layer", c.Layer, l.layers)
	if c.Benign != strings.HasPrefix(c.Slug, "benign-") {
		l.problems.add(c.At, "the prefix benign- and the key benign go together")
	}
	l.text(c.At, "title", c.Title)
	l.text(c.At, "means", c.Means)
	l.text(c.At, "fix", c.Fix)
	l.text(c.At, "dont", c.Dont)
}

// cycles reports each cause from which explains leads back to itself.
func (l *linter) cycles() {
	const open, done = 1, 2
	state := map[string]int{}
	var visit func(slug string, path []string)
	visit = func(slug string, path []string) {
		c := l.set.Causes[slug]
		if c == nil || state[slug] == done {
			return
		}
		path = append(path, slug)
		if state[slug] == open {
			l.problems.add(c.At, "explains goes in a circle: %s", strings.Join(path[slices.Index(path, slug):], " → "))
			return
		}
		state[slug] = open
		for _, next := range c.Explains {
			visit(next, path)
		}
		state[slug] = done
	}
	for _, slug := range slices.Sorted(maps.Keys(l.set.Causes)) {
		visit(slug, nil)
	}
}

func (l *linter) rule(r *Rule) {
	l.id(r.At, r.ID)
	known(l, r.At, "cause", r.Cause, l.set.Causes)
	known(l, r.At, "guide section", r.Guide, sections)
	if r.Hop != "" {
		known(l, r.At, "hop", r.Hop, l.hops)
	}
	if r.Confidence != "" {
		known(l, r.At, "confidence", r.Confidence, certainty)
	}
	for _, level := range r.Level {
		known(l, r.At, "level", level, levels)
	}
	for _, role := range r.Roles {
		known(l, r.At, "role", role, l.roles)
	}
	l.versions(r.At, r.Versions)
	for _, c := range r.Recast {
		l.recast(r.At, c)
	}
	l.expression(r.At, "unless", r.Unless)
	l.literal(r)
	l.blanks(r)
	l.text(r.At, "says", r.Says)
	if r.Source == "" {
		l.problems.add(r.At, "rule %q names no source of its text", r.ID)
	}
	if len(r.Hit) == 0 || len(r.Miss) == 0 {
		l.problems.add(r.At, "rule %q needs hit and miss lines", r.ID)
	}
}

func (l *linter) versions(at Position, terms string) {
	for _, term := range strings.Fields(terms) {
		if !release.MatchString(term) {
			l.problems.add(at, "versions: %q is neither line-a, line-b nor a release such as >=3.8.1", term)
		}
	}
}

func (l *linter) recast(at Position, c Recast) {
	known(l, at, "cause in recast", c.Cause, l.set.Causes)
	for _, slug := range slices.Concat(c.With, c.Without) {
		known(l, at, "cause in recast", slug, l.set.Causes)
	}
	l.text(at, "because", c.Because)
}

// literal asks for a literal that every matching line contains, from any or from match.
func (l *linter) literal(r *Rule) {
	if r.Match == "" && len(r.Any) == 0 {
		l.problems.add(r.At, "rule %q has neither any nor match", r.ID)
		return
	}
	required, err := requiredLiteral(r.Match)
	if err != nil {
		l.problems.add(r.At, "match does not compile: %v", err)
		return
	}
	weakest := len(required)
	if len(r.Any) > 0 {
		shortest := slices.MinFunc(r.Any, func(a, b string) int { return len(a) - len(b) })
		weakest = max(weakest, len(shortest))
	}
	if weakest < minLiteral {
		l.problems.add(r.At, "rule %q requires no literal of %d bytes or more", r.ID, minLiteral)
	}
}

// fixedBlank is a place in an expression over JSON where it is fixed whether a blank stands there: after the colon of a key, or
// after the comma before the next. Log shippers write what they read anew, and put blanks there or take them away.
var fixedBlank = regexp.MustCompile(`":(?:[^ .$]| [^?A-Za-z])|","`)

// blanks asks that a rule takes JSON with and without blanks.
func (l *linter) blanks(r *Rule) {
	for _, expression := range []string{r.Match, r.Unless} {
		if at := fixedBlank.FindString(expression); at != "" {
			l.problems.add(r.At, "rule %q has %q: write `\": ?` and `, ?\"`, because log shippers add and remove blanks of JSON", r.ID, at)
		}
	}
	for _, text := range r.Any {
		compact := strings.ReplaceAll(text, `": `, `":`)
		blank := strings.ReplaceAll(compact, `":`, `": `)
		if !slices.Contains(r.Any, compact) || !slices.Contains(r.Any, blank) {
			l.problems.add(r.At, "rule %q has %q in any, but not both %q and %q", r.ID, text, compact, blank)
		}
	}
}

func (l *linter) hop(h *Hop) {
	l.id(h.At, h.ID)
	l.text(h.At, "title", h.Title)
	for _, role := range h.Roles {
		known(l, h.At, "role", role, l.roles)
	}
	for _, key := range slices.Concat(h.Topic, h.Group) {
		if !slices.ContainsFunc(l.set.Baseline.Defaults, func(d *Default) bool { return d.File+":"+d.Key == key }) {
			l.problems.add(h.At, "no release has a default of %q", key)
		}
	}
	if len(h.Group) > 0 || h.Reads != "" {
		known(l, h.At, "hop", h.Reads, l.hops)
	}
}

func (l *linter) role(r *Role) {
	l.id(r.At, r.ID)
	if len(r.Images)+len(r.Modules)+len(r.Names) == 0 {
		l.problems.add(r.At, "role %q can be recognised by nothing", r.ID)
	}
}

func (l *linter) redaction(r *Redaction) {
	l.id(r.At, r.ID)
	l.text(r.At, "says", r.Says)
	l.expression(r.At, "pattern", r.Pattern)
	if len(r.Keys) == 0 && r.Pattern == "" && len(r.Literal) == 0 {
		l.problems.add(r.At, "redaction %q has neither keys nor literal nor pattern", r.ID)
	}
	if len(r.Hit) == 0 || len(r.Miss) == 0 {
		l.problems.add(r.At, "redaction %q needs hit and miss lines", r.ID)
	}
}
