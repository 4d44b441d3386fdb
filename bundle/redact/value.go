package redact

import (
	"bytes"
	"math/bits"
)

// quoteLevel tells how deep a quote with so many backslashes before it is escaped: `"` is level 0, `\"` 1, `\\\"` 2. Each
// level doubles the backslashes of the one below and adds one, so the level is the number of ones at the end of the count.
func quoteLevel(backslashes int) int { return bits.TrailingZeros(^uint(backslashes)) }

// delimiter is how many backslashes belong to a quote of a level.
func delimiter(level int) int { return 1<<level - 1 }

// shape is how a value is written.
type shape int8

const (
	nothing   shape = iota
	quoted          // ends with a quote of its level or of one below
	single          // ends with '
	balanced        // ends with the bracket that closes it; strings in it are of one level
	dump            // like balanced, though quotes mean nothing
	token           // ends with white space or whatever closes the text around it
	toEnd           // ends with the line, or with the escaped line
	field           // of a Go struct printed with names, ends with the next name or with }
	wholeLine       // ends with the line, whatever is in it
	armor           // a PEM block, ends with -----END …-----
)

// value is where a scan within a value stands. It can be continued in the next window of the line.
type value struct {
	shape  shape
	level  int  // quoted: of its quotes; balanced: of the strings in it, none before the first; toEnd: see endOfLine
	depth  int  // open brackets
	inside bool // within a string
	query  bool // token: "&" ends it
}

// take returns how many bytes of b belong to the value, and whether its end was seen.
func (v *value) take(b []byte) (n int, ended bool) {
	switch v.shape {
	case quoted:
		n, _, ended = closing(b, v.level)
	case single:
		n, ended = closingSingle(b)
	case balanced:
		return v.takeBalanced(b)
	case dump:
		return v.takeDump(b)
	case token:
		n = tokenEnd(b, v.query)
		ended = n < len(b)
	case toEnd:
		n = endOfLine(b, v.level)
		ended = n < len(b)
	case field:
		n = fieldEnd(b)
		ended = n < len(b)
	case wholeLine:
		n = len(b)
	case armor:
		n, ended = armorEnd(b)
	}
	return n, ended
}

// closing finds the first quote whose level is at most the given one: content ends at n, the delimiter at after.
func closing(b []byte, level int) (n, after int, ok bool) {
	for i := 0; ; {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return len(b), len(b), false
		}
		q += i
		if l := quoteLevel(backslashes(b, q)); l <= level {
			return q - delimiter(l), q + 1, true
		}
		i = q + 1
	}
}

func closingSingle(b []byte) (n int, ok bool) {
	for i := 0; ; i += 2 {
		q := bytes.IndexByte(b[i:], '\'')
		if q < 0 {
			return len(b), false
		}
		if i += q; i+1 == len(b) || b[i+1] != '\'' {
			return i, true
		}
	}
}

// takeBalanced takes an object or a list, its brackets included. A quote below the level of its strings ends the text around
// it, and so the value.
func (v *value) takeBalanced(b []byte) (int, bool) {
	for i, c := range b {
		switch c {
		case '"':
			l := quoteLevel(backslashes(b, i))
			if v.level == none {
				v.level = l
			}
			if l < v.level {
				return i - delimiter(l), true
			}
			if l == v.level {
				v.inside = !v.inside
			}
		case '{', '[':
			if !v.inside {
				v.depth++
			}
		case '}', ']':
			if v.inside {
				continue
			}
			if v.depth--; v.depth <= 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}

func (v *value) takeDump(b []byte) (int, bool) {
	for i, c := range b {
		switch c {
		case '{':
			v.depth++
		case '}':
			if v.depth--; v.depth <= 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}

// tokenEnd finds the end of an unquoted value within a line. Closing brackets, commas and semicolons end it only if no
// letter or digit follows, for they occur in passwords.
func tokenEnd(b []byte, query bool) int {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"', '\'', '`':
			return i
		case '\\':
			j := escapeEnd(b, i)
			if j < len(b) && bytes.IndexByte([]byte(`"nrt'`), b[j]) >= 0 {
				return i
			}
			i = j - 1
		case '&':
			if query {
				return i
			}
		case ',', ';', ')', ']', '}':
			j := i
			for j < len(b) && bytes.IndexByte([]byte(",;)]}"), b[j]) >= 0 {
				j++
			}
			if j == len(b) || !isLetter(b[j]) && (b[j] < '0' || b[j] > '9') {
				return i
			}
			i = j
		default:
			if c <= ' ' {
				return i
			}
		}
	}
	return len(b)
}

// fieldEnd finds the end of a field's value in a Go struct that was printed with the names of its fields.
func fieldEnd(b []byte) int {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '}':
			if i+1 == len(b) || !isLetter(b[i+1]) && (b[i+1] < '0' || b[i+1] > '9') {
				return i
			}
		case ' ':
			if fieldName(b[i+1:]) {
				return i
			}
		}
	}
	return len(b)
}

// fieldName reports whether b begins with an exported name and a colon.
func fieldName(b []byte) bool {
	if len(b) == 0 || b[0] < 'A' || b[0] > 'Z' {
		return false
	}
	i := 1
	for i < len(b) && i < maxKey && (isLetter(b[i]) || b[i] >= '0' && b[i] <= '9') {
		i++
	}
	return i < len(b) && b[i] == ':'
}

// escapeEnd is where a run of backslashes ends.
func escapeEnd(b []byte, i int) int {
	for i < len(b) && b[i] == '\\' {
		i++
	}
	return i
}

// endOfLine finds the end of a value that goes to the end of its line. In text that is itself in a string, level says in how
// deep a one: there `\n`, with the backslashes of the level, ends the line, and so does the quote of the string. With level
// none the text is in no string as far as one can see; `\n` ends the line all the same, for YAML folds long strings.
func endOfLine(b []byte, level int) int {
	run := 1 << max(level, 0)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '\\':
			j := escapeEnd(b, i)
			if j < len(b) && (b[j] == 'n' || b[j] == 'r') && j-i == run {
				return i
			}
			if j < len(b) && b[j] == '"' && quoteLevel(j-i) <= level {
				return j - delimiter(quoteLevel(j-i))
			}
			i = j
		case '"':
			if level >= 0 {
				return i
			}
		}
	}
	return len(b)
}

var armorTail = []byte("-----END")

func armorEnd(b []byte) (int, bool) {
	i := bytes.Index(b, armorTail)
	if i < 0 {
		return len(b), false
	}
	i += len(armorTail)
	j := i
	for j < len(b) && (b[j] == ' ' || b[j] >= 'A' && b[j] <= 'Z' || b[j] >= '0' && b[j] <= '9') {
		j++
	}
	if bytes.HasPrefix(b[j:], []byte("-----")) {
		return j + 5, true
	}
	return i, true
}
