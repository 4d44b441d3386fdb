package redact

import "bytes"

// harmless reports whether a value is clearly no secret: empty, a constant, masked, a reference, hidden already.
func harmless(v []byte) bool {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return true
	}
	switch v[0] {
	case '<':
		return bytes.HasPrefix(v, []byte("<set to the key")) || v[len(v)-1] == '>' && bytes.IndexByte(v, '>') == len(v)-1 && inAngles(v)
	case '$':
		return len(v) > 3 && (v[1] == '(' && closesAt(v, ')') || v[1] == '{' && closesAt(v, '}'))
	case '{':
		return bytes.Equal(v, []byte("{}")) || bytes.HasPrefix(v, []byte("{{ .")) && bytes.HasSuffix(v, []byte("}}"))
	case '[':
		return bytes.Equal(v, []byte("[]"))
	case '*':
		return len(bytes.Trim(v, "*")) == 0
	case '#':
		return len(v) > 1 && v[1] == ' '
	case '\'', '"':
		return len(v) == 2 && v[1] == v[0]
	}
	return constant(v)
}

func closesAt(v []byte, c byte) bool { return bytes.IndexByte(v, c) == len(v)-1 }

func inAngles(v []byte) bool {
	inner := v[1 : len(v)-1]
	return bytes.HasPrefix(inner, []byte("redacted:")) || constant(inner) || bytes.EqualFold(inner, []byte("unset")) ||
		bytes.EqualFold(inner, []byte("redacted")) || bytes.EqualFold(inner, []byte("hidden"))
}

var constants = [][]byte{
	[]byte("true"), []byte("false"), []byte("null"), []byte("nil"), []byte("none"), []byte("undefined"), []byte("~"), []byte("redacted"),
}

func constant(v []byte) bool {
	if len(v) > 9 {
		return false
	}
	for _, c := range constants {
		if bytes.EqualFold(v, c) {
			return true
		}
	}
	return false
}

func number(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// prose reports whether an unquoted value is a word of a sentence: letters only, not long, and another word or a quoted one follows; or a
// code of a few digits.
func prose(line []byte, v found, n int) bool {
	if v.kind.shape != token && v.kind.shape != toEnd {
		return false
	}
	if n < 6 && v.kind.shape == token && !v.kind.query && bytes.HasPrefix(line[v.from+n:], []byte(" ")) && number(line[v.from:v.from+n]) {
		return true
	}
	words := bytes.Fields(line[v.from:min(len(line), v.from+max(n, 40))])
	if len(words) < 2 || len(words[0]) >= 20 || scheme(words[0]) {
		return false
	}
	for _, c := range words[0] {
		if !isLetter(c) && c != '\'' && c != '.' && c != ',' {
			return false
		}
	}
	return isLetter(words[1][0]) || words[1][0] == '"' || words[1][0] == '\\'
}
