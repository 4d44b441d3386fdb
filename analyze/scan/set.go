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

// Set is a compiled list of patterns. It is immutable and safe for concurrent use.
type Set struct {
	patterns []pattern
	banner   int   // index of the pattern of start banners, which follows those of Compile
	first    *plan // for logs that nothing is known of
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
	chain    *chain      // match is such a one; nil otherwise
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
	r := rarityOf(typical)
	for i := range s.patterns {
		s.patterns[i].derive(r)
	}
	s.first = s.plan(r)
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

// derive reads from the expressions what their matches must contain.
func (p *pattern) derive(r *rarity) {
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
		p.lead, p.chain = leadOf(tree), chainOf(tree)
	}
	if p.unless != nil {
		s := shapeOf(p.unless.parsed(), r.cost)
		p.bars = cheapest(s.all(), r.cost)
		if p.barTexts = s.exact != nil && s.plain; p.barTexts {
			p.bars = s.exact
		}
	}
}
