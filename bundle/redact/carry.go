package redact

import "bytes"

// carry is what is known of a line when the next one, or the next window, begins.
type carry struct {
	open []going // at the end of a window

	armor     int // lines of a PEM block that may still come
	armorRule int

	below     place
	belowRule keyRule
	indent    int

	name     keyRule // of the variable whose name stood last
	nameAt   int     // where, in this line; none: in the line before
	nameLife int     // lines, this one included, in which its value may come
}

// place says where a value is expected.
type place int8

const (
	nowhere    place = iota
	nextLine         // the key ended its line; the value may stand on the next one
	indented         // a block of lines that are indented deeper than the key
	nextMember       // the value is the next member of a list or the next line, whatever its indentation
)

const armorLines = 400

// going is a value that goes on in the next window.
type going struct {
	value
	rule int
}

// leave remembers a value that goes on. Several may: of a key, and of patterns.
func (c *carry) leave(v value, rule int) {
	for _, g := range c.open {
		if g.value == v {
			return
		}
	}
	c.open = append(c.open, going{v, rule})
}

// resume hides the rest of the values that began in an earlier window.
func (s *scanner) resume() {
	open := s.carry.open
	if len(open) == 0 {
		return
	}
	s.carry.open = nil
	for _, g := range open {
		n, ended := g.take(s.line)
		if n > 0 {
			s.spans = append(s.spans, span{to: n, rule: g.rule, wrap: none, silent: true})
		}
		if !ended && !s.last {
			s.carry.leave(g.value, g.rule)
		}
	}
	s.join()
}

// enter does at a line's beginning what the lines before ask for.
func (s *scanner) enter() {
	c := &s.carry
	if c.nameLife > 0 {
		c.nameLife--
		c.nameAt = none
	}
	if c.armor > 0 {
		c.armor--
		v := value{shape: armor}
		n, ended := v.take(s.line)
		s.hide(0, 0, n, c.armorRule)
		if ended {
			c.armor = 0
		} else if !s.last {
			c.leave(v, c.armorRule)
		}
	}
	if c.below != nowhere {
		s.enterBelow()
	}
}

// enterBelow judges the line after a key.
func (s *scanner) enterBelow() {
	c := &s.carry
	from := indentation(s.line)
	rest := s.line[from:]
	if len(rest) == 0 {
		return
	}
	was := c.below
	c.below = nowhere
	switch was {
	case indented:
		if from > c.indent {
			c.below = indented
			s.hideRest(from, value{shape: wholeLine}, c.belowRule)
		}
	case nextMember:
		from += memberMark(rest)
		if from < len(s.line) && s.line[from] != '-' {
			s.hideBelow(from, c.belowRule)
		}
	case nextLine:
		if from > 0 && from >= c.indent && !structured(rest) {
			s.hideBelow(from, c.belowRule)
		}
	}
}

// hideBelow hides a value that stands on a line of its own.
func (s *scanner) hideBelow(from int, k keyRule) {
	rest := s.line[from:]
	run := escapeEnd(rest, 0)
	v := value{shape: toEnd, level: none}
	switch {
	case run < len(rest) && rest[run] == '"':
		v = value{shape: quoted, level: quoteLevel(run)}
		from += run + 1
	case run > 0:
		return
	case rest[0] == '\'':
		v = value{shape: single}
		from++
	case rest[0] == '{' || rest[0] == '[':
		if !k.whole {
			return
		}
		v = value{shape: balanced, level: none}
	}
	s.hideRest(from, v, k)
}

// hideRest hides a value that begins at from.
func (s *scanner) hideRest(from int, v value, k keyRule) {
	n, ended := v.take(s.line[from:])
	text := bytes.TrimRight(s.line[from:from+n], " \t")
	if ended || s.last {
		if harmless(text) || k.prose && prose(s.line, found{kind: v, from: from}, len(text)) {
			return
		}
	}
	s.hide(0, from, from+len(text), k.rule)
	if !ended && !s.last {
		s.carry.leave(v, k.rule)
	}
}

// expectBelow remembers a key whose value did not stand on its line.
func (s *scanner) expectBelow(k keyRule, block bool) {
	c := &s.carry
	c.below, c.belowRule, c.indent = nextLine, k, indentation(s.line)
	if block {
		c.below = indented
	}
}

func indentation(line []byte) int {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return i
}

// blockMark reports whether the rest of a line announces a block of YAML.
func blockMark(rest []byte) bool {
	if len(rest) == 0 || rest[0] != '|' && rest[0] != '>' {
		return false
	}
	return len(bytes.Trim(rest[1:], "+-0123456789 \t")) == 0
}

// structured reports whether a line of YAML holds a key, a member, a comment or the end of an escaped line rather than text.
func structured(rest []byte) bool {
	switch {
	case rest[0] == '#', rest[0] == '\\' && escapeEnd(rest, 0) < len(rest) && rest[escapeEnd(rest, 0)] != '"',
		rest[0] == '-' && (len(rest) == 1 || rest[1] == ' '):
		return true
	}
	i := 0
	for i < len(rest) && (isKey[rest[i]] || rest[i] == '.' || rest[i] == '/') {
		i++
	}
	return i > 0 && i < len(rest) && rest[i] == ':' && (i+1 == len(rest) || rest[i+1] == ' ')
}

// memberMark is the length of what stands before the value of a list's member: "- ", "1) ".
func memberMark(rest []byte) int {
	i := 0
	if rest[0] == '-' && len(rest) > 1 && rest[1] == ' ' {
		return indentation(rest[1:]) + 1
	}
	for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
		i++
	}
	if i > 0 && i < len(rest) && rest[i] == ')' {
		return i + 1 + indentation(rest[i+1:])
	}
	return 0
}

// isName reports whether a key names a variable whose value is given elsewhere, as in the env of a container.
func isName(key []byte) bool { return len(key) == 4 && key[0]|0x20 == 'n' && string(key[1:]) == "ame" }

// name remembers the variable that is named after the separator at i, if its name is a sensitive key.
func (s *scanner) name(w written, i int) {
	v := s.valueAt(w, i)
	text := s.line[v.from:min(len(s.line), v.from+maxKey)]
	n, _ := v.kind.take(text)
	s.carry.nameLife = 0
	if k := s.r.keys.find(bytes.TrimSpace(text[:n])); k.rule != none {
		s.carry.name, s.carry.nameAt, s.carry.nameLife = k, w.at, 2
	}
}

// named returns the rule of the variable whose value the key "value" introduces, and where its name stands.
func (s *scanner) named(key []byte, at int) (keyRule, int) {
	c := &s.carry
	if c.nameLife == 0 || len(key) != 5 || key[0]|0x20 != 'v' || string(key[1:]) != "alue" {
		return keyRule{rule: none}, at
	}
	c.nameLife = 0
	if c.nameAt != none {
		at = c.nameAt
	}
	return c.name, at
}
