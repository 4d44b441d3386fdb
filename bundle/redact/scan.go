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
