package scan

import "regexp/syntax"

// chain is an expression taken apart where it says ".*": one text of each link stands somewhere behind the one before, and what
// is left of the expression matches behind the last of them. Whether a line matches is found out much faster so.
type chain struct {
	links [][]literal
	last  *expression // nil when the links are all
	lead  []literal   // every match of last begins with one of them; nil when unknown
}

// chainOf takes an expression apart; nil when it is no chain.
func chainOf(re *syntax.Regexp) *chain {
	if re.Op != syntax.OpConcat {
		return nil
	}
	c, begin := &chain{}, 0
	for i, sub := range re.Sub {
		if sub.Op != syntax.OpStar || sub.Sub[0].Op != syntax.OpAnyCharNotNL {
			continue
		}
		s := shapeOfConcat(re.Sub[begin:i], fewest)
		if s.exact == nil || !s.plain || !usable(s.exact) {
			break
		}
		c.links = append(c.links, s.exact)
		begin = i + 1
	}
	if begin == 0 {
		return nil
	}
	rest := &syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[begin:]}
	switch s := shapeOfConcat(rest.Sub, fewest); {
	case s.exact != nil && s.plain:
		c.links = append(c.links, s.exact)
		return c
	case looksBack(rest):
		return nil
	}
	c.last, c.lead = &expression{tree: rest}, leadOf(rest)
	return c
}

// matches tells whether the expression matches the text.
func (c *chain) matches(text []byte) bool {
	for _, link := range c.links {
		end := -1
		for i := range link {
			if at := link[i].index(text); at >= 0 && (end < 0 || at+len(link[i].text) < end) {
				end = at + len(link[i].text)
			}
		}
		if end < 0 {
			return false
		}
		text = text[end:]
	}
	if c.last == nil {
		return true
	}
	from := first(c.lead, text)
	return from >= 0 && c.last.regexp().Match(text[from:])
}

// looksBack tells whether what stands before a match may decide about it.
func looksBack(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if looksBack(sub) {
				return true
			}
			if !mayBeEmpty(sub) {
				return false
			}
		}
		return false
	}
	for _, sub := range re.Sub {
		if looksBack(sub) {
			return true
		}
	}
	return false
}

func mayBeEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return false
	case syntax.OpCapture, syntax.OpPlus:
		return mayBeEmpty(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min == 0 || mayBeEmpty(re.Sub[0])
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !mayBeEmpty(sub) {
				return false
			}
		}
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if mayBeEmpty(sub) {
				return true
			}
		}
		return false
	}
	return true
}
