package redact

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// pattern is a compiled expression. With a prefix, every match begins with it, so that the expression need be tried only
// where the prefix stands.
type pattern struct {
	rule     int
	re       *regexp.Regexp
	anchored *regexp.Regexp // nil without a prefix
	prefix   []byte
	secrets  []int // groups that are hidden
	pem      int   // groups that say what follows; none if the pattern has none
	next     int
}

func newPattern(rule int, r Rule) (pattern, error) {
	re, err := regexp.Compile(r.Pattern)
	if err != nil {
		return pattern{}, fmt.Errorf("pattern: %w", err)
	}
	p := pattern{rule: rule, re: re, pem: re.SubexpIndex("pem"), next: re.SubexpIndex("next")}
	for i, name := range re.SubexpNames() {
		if strings.HasPrefix(name, "secret") {
			p.secrets = append(p.secrets, i)
		}
	}
	if p.secrets == nil {
		p.secrets = []int{0}
	}
	if re.MatchString("") {
		return p, fmt.Errorf("pattern %q matches the empty text", r.Pattern)
	}
	if prefix, _ := re.LiteralPrefix(); len(prefix) >= minLiteral {
		p.prefix = []byte(prefix)
		p.anchored, err = regexp.Compile(`^(?:` + r.Pattern + `)`)
	}
	return p, err
}

// words are the literals of which a line holds one if the pattern matches in it.
func (p *pattern) words(r Rule) [][]byte {
	if p.prefix != nil {
		return [][]byte{p.prefix}
	}
	var words [][]byte
	for _, l := range r.Literal {
		words = append(words, []byte(l))
	}
	return words
}

// patternsOf applies the patterns that may match in the line.
func (s *scanner) patternsOf(may patternSet) {
	hidden := s.spans // by keys; patterns only append behind them
	for i := range s.r.patterns {
		p := &s.r.patterns[i]
		switch {
		case !may.has(i):
		case p.prefix != nil:
			s.prefixed(p, hidden)
		default:
			for _, m := range p.re.FindAllSubmatchIndex(s.line, -1) {
				s.matched(p, m, 0)
			}
		}
	}
}

// prefixed tries a pattern where its prefix stands. Where a key's value is hidden already it is not tried, unless it says
// something about the lines below: what ends such a value ends the match too.
func (s *scanner) prefixed(p *pattern, hidden []span) {
	for from := 0; ; {
		i := bytes.Index(s.line[from:], p.prefix)
		if i < 0 {
			return
		}
		from += i
		if p.pem == none && p.next == none {
			for len(hidden) > 0 && hidden[0].to <= from {
				hidden = hidden[1:]
			}
			if len(hidden) > 0 && hidden[0].from <= from {
				from = hidden[0].to
				continue
			}
		}
		m := p.anchored.FindSubmatchIndex(s.line[from:])
		if m == nil {
			from++
			continue
		}
		s.matched(p, m, from)
		from += m[1]
	}
}

// matched hides the secret of a match and notes what it says about the lines after this one.
func (s *scanner) matched(p *pattern, m []int, base int) {
	at, to := base+m[0], base+m[1]
	for _, group := range p.secrets {
		from, end := m[2*group], m[2*group+1]
		if from >= 0 && !harmless(s.line[base+from:base+end]) {
			s.hide(at, base+from, base+end, p.rule)
		}
	}
	pem := p.pem != none && m[2*p.pem] >= 0
	switch {
	case to == len(s.line) && !s.last:
		v := value{shape: token}
		if pem {
			v.shape = armor
		}
		s.carry.leave(v, p.rule)
	case pem:
		s.carry.armor, s.carry.armorRule = armorLines, p.rule
	case p.next != none && m[2*p.next] >= 0:
		s.carry.below, s.carry.belowRule = nextMember, keyRule{rule: p.rule}
	}
}
