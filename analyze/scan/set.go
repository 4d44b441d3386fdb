package scan

import "fmt"

// Pattern describes lines: those that contain one of Any (when there are any), match Match and do not match Unless (when they
// are not empty), and whose level is in Level. Expressions are RE2, unanchored. Known leaves out lines without a level of their
// own, which pass otherwise; such a pattern needs neither Any nor Match.
type Pattern struct {
	Any    []string
	Match  string
	Unless string
	Level  Levels
	Known  bool
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
	match, unless *expression
	level         Levels
	known         bool

	// What is derived from the expressions, to run them seldom and on little.
	texts    []literal   // match is nothing but these texts; nil otherwise
	needs    [][]literal // one of each set is in every match
	lead     []literal   // every match begins with one of them; nil when unknown
	bars     []literal   // one of them is in every line that unless matches; nil when unknown
	barTexts bool        // unless is nothing but bars
}

// Compile compiles patterns; hits name them by their index. A pattern with neither Any nor Match nor Known is an error.
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
	c := pattern{level: p.Level, known: p.Known}
	if len(p.Any) == 0 && p.Match == "" && !p.Known {
		return c, fmt.Errorf("neither a literal nor an expression is given")
	}
	for _, text := range p.Any {
		if text == "" {
			return c, fmt.Errorf("an empty literal would match every line")
		}
		c.any = append(c.any, literal{text: text})
	}
	var err error
	if c.match, err = newExpression(p.Match); err != nil {
		return c, err
	}
	c.unless, err = newExpression(p.Unless)
	return c, err
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
	p.derive(r)
	sets := p.needs
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

// derive reads from the expressions what their matches must contain.
func (p *pattern) derive(r *rarity) {
	p.texts, p.needs, p.lead, p.bars, p.barTexts = nil, nil, nil, nil, false
	if p.match != nil {
		tree := p.match.parsed()
		s := shapeOf(tree, r.cost)
		if s.exact != nil && s.plain {
			p.texts = s.exact
		}
		for _, set := range s.all() {
			if usable(set) {
				p.needs = append(p.needs, set)
			}
		}
		p.lead = leadOf(tree)
	}
	if p.unless != nil {
		s := shapeOf(p.unless.parsed(), r.cost)
		p.bars = cheapest(s.all(), r.cost)
		if p.barTexts = s.exact != nil && s.plain; p.barTexts {
			p.bars = s.exact
		}
	}
}
