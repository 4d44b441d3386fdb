package scan

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// Pattern describes lines: those that contain one of Any (when there are any), match Match and do not match Unless (when they
// are not empty), and whose level is in Level. Expressions are RE2, unanchored.
type Pattern struct {
	Any    []string
	Match  string
	Unless string
	Level  Levels
}

// Set is a compiled list of patterns. It is immutable, apart from Tune, and safe for concurrent use.
type Set struct {
	patterns []pattern
	banner   int // index of the pattern of start banners, which follows those of Compile
	index    *index
	always   []int32 // patterns without a literal that could be looked for
}

// pattern is a compiled Pattern.
type pattern struct {
	any           []literal
	match, unless *regexp.Regexp
	tree          *syntax.Regexp // of match
	texts         []literal      // match is nothing but these texts; nil otherwise
	level         Levels
}

// Compile compiles patterns; hits name them by their index. A pattern with neither Any nor Match is an error.
func Compile(ps []Pattern) (*Set, error) {
	s := &Set{banner: len(ps)}
	for i, p := range ps {
		c, err := compile(p)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		s.patterns = append(s.patterns, c)
	}
	c, err := compile(Pattern{Any: banners})
	if err != nil {
		return nil, fmt.Errorf("banners: %w", err)
	}
	s.patterns = append(s.patterns, c)
	s.Tune(typical)
	return s, nil
}

func compile(p Pattern) (pattern, error) {
	c := pattern{level: p.Level}
	if len(p.Any) == 0 && p.Match == "" {
		return c, fmt.Errorf("neither a literal nor an expression is given")
	}
	for _, text := range p.Any {
		if text == "" {
			return c, fmt.Errorf("an empty literal would match every line")
		}
		c.any = append(c.any, literal{text: text})
	}
	var err error
	if c.match, err = expression(p.Match); err != nil {
		return c, err
	}
	if c.unless, err = expression(p.Unless); err != nil || p.Match == "" {
		return c, err
	}
	tree, err := syntax.Parse(p.Match, syntax.Perl)
	if err != nil {
		return c, fmt.Errorf("parsing %q: %w", p.Match, err)
	}
	c.tree = tree.Simplify()
	return c, nil
}

func expression(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("compiling %q: %w", text, err)
	}
	return re, nil
}

// Tune chooses what to look for by what is rare in a sample of the logs. It changes speed only, never results; it must not be
// called while a Scanner of the set is at work.
func (s *Set) Tune(sample []byte) {
	r := rarityOf(sample)
	chosen, proofs := make([][]literal, len(s.patterns)), make([]bool, len(s.patterns))
	s.always = s.always[:0]
	for i := range s.patterns {
		p := &s.patterns[i]
		chosen[i], proofs[i] = p.choose(r)
		if chosen[i] == nil {
			s.always = append(s.always, int32(i))
		}
	}
	s.index = newIndex(chosen, proofs, r)
}

// choose picks the set of literals of which one is in every line that the pattern describes, nil when there is none. proof
// tells that any of them, found whole, is all that the pattern asks of a line apart from its level.
func (p *pattern) choose(r *rarity) (set []literal, proof bool) {
	var sets [][]literal
	p.texts = nil
	if p.tree != nil {
		s := shapeOf(p.tree, r.cost)
		sets = s.all()
		if s.exact != nil && s.plain {
			p.texts = s.exact
		}
	}
	if len(p.any) > 0 {
		sets = append(sets[:len(sets):len(sets)], p.any)
	}
	set = cheapest(sets, r.cost)
	for _, l := range set {
		if len(searchable(l.text)) < shortest {
			return nil, false
		}
	}
	if p.unless != nil || len(p.any) > 0 && p.match != nil {
		return set, false
	}
	return set, p.match == nil || p.texts != nil && len(set) == len(p.texts) && &set[0] == &p.texts[0]
}

// describes tells whether the pattern matches a stripped line.
func (p *pattern) describes(text []byte, level Level) bool {
	return p.level.Has(level) && (len(p.any) == 0 || anyIn(p.any, text)) && p.matches(text) && (p.unless == nil || !p.unless.Match(text))
}

func (p *pattern) matches(text []byte) bool {
	switch {
	case p.match == nil:
		return true
	case p.texts != nil:
		return anyIn(p.texts, text)
	}
	return p.match.Match(text)
}

func anyIn(literals []literal, text []byte) bool {
	for i := range literals {
		if literals[i].in(text) {
			return true
		}
	}
	return false
}
