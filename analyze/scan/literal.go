package scan

import (
	"regexp/syntax"
	"strings"
	"unicode"
)

// literal is a text that a line must contain. If fold is set, its ASCII letters are lower case and stand for both cases.
type literal struct {
	text string
	fold bool
}

// Bounds of the literals that are drawn from one expression.
const (
	maxProduct = 32  // of a concatenation
	maxUnion   = 128 // of an alternation
	maxClass   = 4   // runes of a class that are tried one by one
)

// shape is what is known of the texts that an expression matches.
type shape struct {
	// exact lists every text that matches; nil when there are too many. Unless plain, not every occurrence is a match.
	exact []literal
	plain bool
	// sets are lists of literals; every match contains one of each list.
	sets [][]literal
	// begin is one of those with which every match begins; nil when exact, or unknown.
	begin []literal
}

// costs says how much work it is to look for one of the literals and to try the lines where one is; less is better.
type costs func([]literal) float64

// shapeOf analyses an expression. Case is folded as RE2 folds it: k and s also stand for the Kelvin sign and the long s.
func shapeOf(re *syntax.Regexp, cost costs) shape {
	switch re.Op {
	case syntax.OpEmptyMatch:
		return shape{exact: []literal{{}}, plain: true}
	case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return shape{exact: []literal{{}}}
	case syntax.OpLiteral:
		return shapeOfLiteral(re)
	case syntax.OpCharClass:
		return shapeOfClass(re.Rune)
	case syntax.OpCapture:
		return shapeOf(re.Sub[0], cost)
	case syntax.OpConcat:
		return shapeOfConcat(re.Sub, cost)
	case syntax.OpAlternate:
		return shapeOfAlternate(re.Sub, cost)
	case syntax.OpQuest:
		s := shapeOf(re.Sub[0], cost)
		if s.exact != nil {
			return shape{exact: append([]literal{{}}, s.exact...), plain: s.plain}
		}
	case syntax.OpPlus:
		s := shapeOf(re.Sub[0], cost)
		return shape{sets: s.all(), begin: s.beginning()}
	}
	return shape{}
}

// beginning is a list of literals with one of which every match begins, nil when unknown.
func (s shape) beginning() []literal {
	if s.exact != nil {
		return s.exact
	}
	return s.begin
}

// all is the sets, and the exact texts as one more.
func (s shape) all() [][]literal {
	if s.exact == nil {
		return s.sets
	}
	return append(s.sets[:len(s.sets):len(s.sets)], s.exact)
}

func shapeOfLiteral(re *syntax.Regexp) shape {
	if strings.ContainsRune(string(re.Rune), unicode.ReplacementChar) { // also matches any byte that is not UTF-8
		return shape{}
	}
	if re.Flags&syntax.FoldCase == 0 {
		return shape{exact: []literal{{text: string(re.Rune)}}, plain: true}
	}
	parts := make([]shape, 0, len(re.Rune))
	run := ""
	var sets [][]literal
	for _, r := range re.Rune {
		variants := foldings(r)
		parts = append(parts, shape{exact: variants, plain: true})
		if len(variants) == 1 {
			run += variants[0].text
			continue
		}
		sets = append(sets, []literal{{run, true}})
		run = ""
	}
	s := join(parts)
	s.sets = append(append(s.sets, sets...), []literal{{run, true}})
	return s
}

// foldings are the texts that a rune stands for when case is ignored; ASCII letters count once.
func foldings(r rune) []literal {
	seen := []literal{{string(unicode.ToLower(r)), true}}
	if r >= 0x80 {
		seen[0] = literal{string(r), true}
	}
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		text := string(f)
		if f < 0x80 {
			text = strings.ToLower(text)
		}
		if text != seen[0].text {
			seen = append(seen, literal{text, true})
		}
	}
	return seen
}

func shapeOfClass(ranges []rune) shape {
	var texts []literal
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == unicode.ReplacementChar || len(texts) == maxClass {
				return shape{}
			}
			texts = append(texts, literal{text: string(r)})
		}
	}
	if texts == nil {
		return shape{}
	}
	return shape{exact: texts, plain: true}
}

func shapeOfConcat(subs []*syntax.Regexp, cost costs) shape {
	parts := make([]shape, len(subs))
	for i, sub := range subs {
		parts[i] = shapeOf(sub, cost)
	}
	return join(parts)
}

// join is the shape of a concatenation: neighbouring exact texts are multiplied as long as there are few.
func join(parts []shape) shape {
	s := shape{exact: []literal{{}}, plain: true}
	current, whole := s.exact, true
	for _, p := range parts {
		s.sets = append(s.sets, p.sets...)
		s.plain = s.plain && p.plain
		if p.exact == nil {
			if longer, ok := multiply(current, p.begin); ok {
				current = longer
			}
			if whole {
				s.begin = current
			}
			s.sets, current, whole = append(s.sets, current), []literal{{}}, false
			continue
		}
		product, ok := multiply(current, p.exact)
		if !ok {
			if whole {
				s.begin = current
			}
			s.sets, product, whole = append(s.sets, current), p.exact, false
		}
		current = product
	}
	if whole {
		s.exact = current
		return s
	}
	if len(s.begin) == 1 && s.begin[0].text == "" {
		s.begin = nil
	}
	s.exact, s.plain = nil, false
	s.sets = append(s.sets, current)
	return s
}

// multiply appends each of b to each of a.
func multiply(a, b []literal) ([]literal, bool) {
	if len(b) == 0 || len(a)*len(b) > maxProduct {
		return nil, false
	}
	product := make([]literal, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			fold := x.fold || y.fold
			if x.fold != fold && hasLetter(x.text) || y.fold != fold && hasLetter(y.text) {
				return nil, false
			}
			product = append(product, literal{x.text + y.text, fold})
		}
	}
	return product, true
}

func hasLetter(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' })
}

// shapeOfAlternate is the union of the branches; where they are not all exact, of the cheapest set of each.
func shapeOfAlternate(subs []*syntax.Regexp, cost costs) shape {
	exact, plain := true, true
	branches := make([]shape, len(subs))
	for i, sub := range subs {
		branches[i] = shapeOf(sub, cost)
		exact = exact && branches[i].exact != nil
		plain = plain && branches[i].plain
	}
	var union, begin []literal
	begins := true
	for _, b := range branches {
		begins = begins && b.beginning() != nil && len(begin)+len(b.beginning()) <= maxUnion
		begin = append(begin, b.beginning()...)
		set := b.exact
		if !exact {
			set = cheapest(b.all(), cost)
		}
		if set == nil || len(union)+len(set) > maxUnion {
			return shape{}
		}
		union = append(union, set...)
	}
	if exact {
		return shape{exact: union, plain: plain}
	}
	if !begins {
		begin = nil
	}
	return shape{sets: [][]literal{union}, begin: begin}
}

// cheapest is the set that costs least to look for; nil when every set holds a text that is too short.
func cheapest(sets [][]literal, cost costs) []literal {
	var best []literal
	least := 0.0
	for _, set := range sets {
		if !usable(set) {
			continue
		}
		if c := cost(set); best == nil || c < least {
			best, least = set, c
		}
	}
	return best
}

// shortest is the least length of a literal that is worth looking for.
const shortest = 3

func usable(set []literal) bool {
	for _, l := range set {
		if len(l.text) < shortest {
			return false
		}
	}
	return len(set) > 0
}
