package redact

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// pattern is a compiled expression. With a prefix, every match begins with it, so that the expression need be tried only
// where the prefix stands; else one of the literals has to be in the line.
type pattern struct {
	rule     int
	re       *regexp.Regexp
	anchored *regexp.Regexp
	prefix   []byte
	literals [][]byte
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
	if prefix, _ := re.LiteralPrefix(); len(prefix) > 1 {
		p.prefix = []byte(prefix)
		p.anchored, err = regexp.Compile(`^(?:` + r.Pattern + `)`)
		return p, err
	}
	for _, l := range r.Literal {
		p.literals = append(p.literals, []byte(l))
	}
	return p, nil
}

// pattern applies p to the line.
func (s *scanner) pattern(p *pattern) {
	if p.prefix != nil {
		s.prefixed(p)
		return
	}
	if len(p.literals) > 0 && !holdsOne(s.line, p.literals) {
		return
	}
	for _, m := range p.re.FindAllSubmatchIndex(s.line, -1) {
		s.matched(p, m, 0)
	}
}

func (s *scanner) prefixed(p *pattern) {
	for from := 0; ; {
		i := bytes.Index(s.line[from:], p.prefix)
		if i < 0 {
			return
		}
		from += i
		m := p.anchored.FindSubmatchIndex(s.line[from:])
		if m == nil {
			from++
			continue
		}
		s.matched(p, m, from)
		from += m[1]
	}
}

func holdsOne(line []byte, literals [][]byte) bool {
	for _, l := range literals {
		if bytes.Contains(line, l) {
			return true
		}
	}
	return false
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
