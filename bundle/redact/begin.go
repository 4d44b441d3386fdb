package redact

import "bytes"

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
