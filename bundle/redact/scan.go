package redact

import (
	"bytes"
	"cmp"
	"slices"
)

// span is a part of a line that is hidden.
type span struct {
	at       int // where what was recognised begins: a cut must not fall between at and to
	from, to int
	rule     int
	silent   bool // the mark was written already, in an earlier window
	wrap     int  // level of the quotes that the replacement needs to stay valid JSON, none for no quotes
}

// scanner looks at one line, or at one window of a long line, at a time.
type scanner struct {
	r     *Redactor
	carry carry
	spans []span

	line  []byte // without its end
	first bool   // the line begins here
	last  bool   // the line ends here
}

// scan fills spans, sorted and not overlapping, with what is to be hidden of a line or window.
func (s *scanner) scan(line []byte, first, last bool) {
	s.spans = s.spans[:0]
	s.line, s.first, s.last = line, first, last
	if last {
		s.line = line[:len(line)-eol(line)]
	}
	if first {
		s.enter()
	}
	s.resume()
	s.separators()
	if may := s.r.probe.find(s.line); may != 0 {
		s.patternsOf(may)
	}
	if k := s.r.known.Load(); k != nil {
		s.knownValues(k)
	}
	if len(s.spans) > 1 {
		s.join()
	}
}

// eol is the length of a line's end.
func eol(line []byte) int {
	n := len(line)
	switch {
	case n > 1 && line[n-1] == '\n' && line[n-2] == '\r':
		return 2
	case n > 0 && line[n-1] == '\n':
		return 1
	}
	return 0
}

func (s *scanner) hide(at, from, to, rule int) {
	if to > from {
		s.spans = append(s.spans, span{at: at, from: from, to: to, rule: rule, wrap: none})
	}
}

// join sorts the spans and makes one of those that overlap; it bears the rule of the first, of several at one place of the
// longest.
func (s *scanner) join() {
	slices.SortStableFunc(s.spans, func(a, b span) int { return cmp.Or(a.from-b.from, b.to-a.to) })
	out := s.spans[:1]
	for _, next := range s.spans[1:] {
		if last := &out[len(out)-1]; next.from < last.to {
			last.to, last.at = max(last.to, next.to), min(last.at, next.at)
		} else {
			out = append(out, next)
		}
	}
	s.spans = out
}

// separators looks at each ":" and "=" for a sensitive key before it. Within what is hidden already it does not look.
func (s *scanner) separators() {
	line, i := s.line, 0
	if n := len(s.spans); n > 0 {
		i = s.spans[n-1].to
	}
	for ; ; i++ {
		if i = separatorAt(line, i); i >= len(line) {
			return
		}
		if w, ok := s.r.keys.keyBefore(line, i); ok && s.keyed(w, i) {
			i = s.spans[len(s.spans)-1].to - 1
		}
	}
}

// keyed judges a key that may be sensitive, and its value, and reports whether that is hidden.
func (s *scanner) keyed(w written, i int) bool {
	key := s.line[w.from:w.to]
	k := s.r.keys.find(key)
	at := w.at
	if k.rule == none {
		if isName(key) {
			s.name(w, i)
			return false
		}
		if k, at = s.named(key, at); k.rule == none {
			return false
		}
	}
	v := s.valueAt(w, i)
	if v.below {
		if s.line[i] == ':' && !k.dump {
			s.expectBelow(k, v.block)
		}
		return false
	}
	if k.dump && (s.line[i] != '=' || v.kind.shape != balanced || opensStruct(s.line[v.from:min(len(s.line), v.from+structReach)])) {
		return false
	}
	path := w.from > 0 && s.line[w.from-1] == '/' && s.line[i] == ':'
	if path && v.kind.shape == token {
		return false
	}
	return s.hideValue(k, at, w, v)
}

// found is a value as it begins.
type found struct {
	kind  value
	from  int  // where its text begins
	below bool // it is not on this line
	block bool // it is a block of the lines below
}

// valueAt finds the value that belongs to the separator at i.
func (s *scanner) valueAt(w written, i int) found {
	line, from := s.line, i+1
	for from < len(line) && (line[from] == '=' || line[from] == '>') {
		from++
	}
	from = skipSpace(line, from)
	if rest := line[from:]; s.last && len(rest) < 8 {
		if block := blockMark(rest); block || len(rest) == 0 || string(rest) == `\` {
			return found{from: len(line), below: true, block: block}
		}
	}
	run := escapeEnd(line, from) - from
	if q := from + run; q < len(line) {
		switch c := line[q]; {
		case c == '"':
			level := quoteLevel(run)
			if level < w.level || closesText(line[q:], w.level) {
				return found{from: from}
			}
			return found{kind: value{shape: quoted, level: level}, from: q + 1}
		case run > 0:
		case c == '\'' && bytes.IndexByte(line[q+1:], '\'') >= 0:
			return found{kind: value{shape: single}, from: q + 1}
		case c == '{' || c == '[' || c == '&' && q+1 < len(line) && line[q+1] == '{':
			return found{kind: value{shape: balanced, level: none}, from: q}
		}
	}
	if w.level == none && s.line[i] == ':' || s.line[i] == '=' && upperCase(line[w.from:w.to]) {
		if begins, level := s.lineStart(w.at); begins {
			return found{kind: value{shape: toEnd, level: level}, from: from}
		}
	}
	if s.inStruct(w, i) {
		return found{kind: value{shape: field}, from: i + 1}
	}
	return found{kind: value{shape: token, query: line[i] == '='}, from: from}
}

// structReach is how far before a field the beginning of its struct is looked for.
const structReach = 2 << 10

// inStruct reports whether the key is a field of a Go struct that was printed with names: "{Address:[…] Password:… DB:0}".
func (s *scanner) inStruct(w written, i int) bool {
	line := s.line
	if line[i] != ':' || w.level != none || w.from == 0 || line[w.from] < 'A' || line[w.from] > 'Z' {
		return false
	}
	if line[w.from-1] == '{' {
		return true
	}
	return line[w.from-1] == ' ' && opensStruct(line[max(0, w.from-structReach):w.from])
}

// opensStruct reports whether "{Name:" stands in b.
func opensStruct(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '{')
		if i < 0 {
			return false
		}
		if b = b[i+1:]; fieldName(b) {
			return true
		}
	}
}

// closesText reports whether a quote directly after a bare key's separator rather ends the text that the key is in.
func closesText(rest []byte, keyLevel int) bool {
	if keyLevel != none || len(rest) < 3 {
		return false
	}
	switch rest[1] {
	case ',':
		return rest[2] == ' ' || rest[2] == '"' || rest[2] == '\\'
	case '}', ']':
		return bytes.IndexByte([]byte("}],"), rest[2]) >= 0
	}
	return false
}

// skipSpace skips blanks, and colours.
func skipSpace(b []byte, i int) int {
	for i < len(b) {
		switch {
		case b[i] == ' ' || b[i] == '\t':
			i++
		case b[i] == 0x1b && colour(b[i:]) > 0:
			i += colour(b[i:])
		default:
			return i
		}
	}
	return i
}

// colour is the length of the colour sequence with which b begins.
func colour(b []byte) int {
	if len(b) < 3 || b[1] != '[' {
		return 0
	}
	for i := 2; i < len(b) && i < 12; i++ {
		switch c := b[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// lineStart reports whether nothing but indentation is before at, in the line or since an escaped line end; level is that of
// the string in which the latter stands, none for a line of its own.
func (s *scanner) lineStart(at int) (bool, int) {
	i := at
	for i > 0 && (s.line[i-1] == ' ' || s.line[i-1] == '\t' || s.line[i-1] == '-' || s.line[i-1] == '\\' && s.line[i] == ' ') {
		i--
	}
	if i < at && bytes.HasSuffix(s.line[:i], []byte("export")) {
		i -= len("export")
	}
	if i == 0 {
		return s.first, none
	}
	if s.line[i-1] != 'n' {
		return false, none
	}
	run := backslashes(s.line, i-1)
	return run > 0, quoteLevel(run - 1)
}

func upperCase(key []byte) bool {
	for _, c := range key {
		if c >= 'a' && c <= 'z' {
			return false
		}
	}
	return true
}

// scheme reports whether a word is the name of a way to authenticate, after which the secret stands.
func scheme(word []byte) bool {
	return bytes.EqualFold(word, []byte("bearer")) || bytes.EqualFold(word, []byte("basic")) || bytes.EqualFold(word, []byte("digest"))
}

// hideValue hides what belongs to a key, unless it is no secret, and reports whether it did.
func (s *scanner) hideValue(k keyRule, at int, w written, v found) bool {
	if v.kind.shape == nothing {
		return false
	}
	if v.kind.shape == balanced {
		list := s.line[v.from] == '['
		if !k.whole && !list {
			return false
		}
		if k.dump {
			v.kind.shape = dump
		}
	}
	n, ended := v.kind.take(s.line[v.from:])
	text := s.line[v.from : v.from+n]
	if ended || s.last {
		if v.kind.shape == token || v.kind.shape == toEnd {
			n = s.withScheme(v.from, n)
			text = bytes.TrimRight(s.line[v.from:v.from+n], " \t")
		}
		if harmless(text) || k.prose && prose(s.line, v, len(text)) {
			return false
		}
	}
	if k.query {
		mark := bytes.IndexByte(text, '?') + 1
		if mark == 0 || mark == len(text) || !bytes.Contains(text[:mark], []byte("://")) || harmless(text[mark:]) {
			return false
		}
		v.from, text, w.level = v.from+mark, text[mark:], none
	}
	wrap := none
	if v.kind.shape == token || v.kind.shape == balanced || v.kind.shape == dump {
		wrap = w.level
	}
	if len(text) > 0 {
		s.spans = append(s.spans, span{at: at, from: v.from, to: v.from + len(text), rule: k.rule, wrap: wrap})
	}
	if !ended && !s.last {
		s.carry.leave(v.kind, k.rule)
	}
	return len(text) > 0
}

// withScheme lengthens an unquoted value that is only the name of a way to authenticate by the word after it.
func (s *scanner) withScheme(from, n int) int {
	if !scheme(s.line[from : from+n]) {
		return n
	}
	next := skipSpace(s.line, from+n)
	return next - from + tokenEnd(s.line[next:], false)
}
