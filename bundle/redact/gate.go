package redact

import (
	"bytes"
	"strings"
)

// gate is the second look, at the bytes that are about to leave. It shares nothing with the rules: no keys, no expressions, no
// lines; a few shapes that are secrets wherever they stand, each searched for by hand.
type gate struct {
	r    *Redactor
	tail []byte // of what was looked at before, for shapes that begin in it
}

// gateTail is how much is looked at again with the next piece; a shape must be recognisable within it.
const gateTail = 1 << 10

// look names the shape of a secret in out, or returns "".
func (g *gate) look(out []byte) string {
	if len(out) == 0 {
		return ""
	}
	if len(g.tail) > 0 {
		seam := append(g.tail, out[:min(len(out), gateTail)]...)
		if what := g.shapes(seam); what != "" {
			return what
		}
	}
	if what := g.shapes(out); what != "" {
		return what
	}
	if len(out) >= gateTail {
		g.tail = append(g.tail[:0], out[len(out)-gateTail:]...)
	} else {
		g.tail = append(g.tail, out...)
		g.tail = append(g.tail[:0], g.tail[max(0, len(g.tail)-gateTail):]...)
	}
	return ""
}

func (g *gate) shapes(b []byte) string {
	switch {
	case each(b, "eyJ", 'J', looksLikeJWT):
		return "a JSON web token"
	case each(b, "PRIVATE KEY-----", 'K', looksLikePrivateKey):
		return "a private key"
	case each(b, "@", '@', looksLikeUserinfo):
		return "a password in a URI"
	case each(b, "LTAI", 'L', looksLikeAccessKey), each(b, "AKIA", 'K', looksLikeAccessKey):
		return "an access key"
	}
	if k := g.r.known.Load(); k != nil {
		for _, f := range k.forms {
			if bytes.Contains(b, f) {
				return "a value that must never leave"
			}
		}
	}
	return ""
}

// each calls shape for every place of word until it returns true. The word is looked for by its rarest letter.
func each(b []byte, word string, rare byte, shape func(before, after []byte) bool) bool {
	at := strings.IndexByte(word, rare)
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], rare)
		if n < 0 {
			return false
		}
		i += n
		from := i - at
		if from < 0 || from+len(word) > len(b) || string(b[from:from+len(word)]) != word {
			continue
		}
		if shape(b[:from], b[from+len(word):]) {
			return true
		}
	}
}

func looksLikeJWT(_, after []byte) bool {
	n := 0
	for n < len(after) && webSafe(after[n]) {
		n++
	}
	return n >= 6 && bytes.HasPrefix(after[n:], []byte(".eyJ"))
}

func webSafe(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_'
}

func looksLikePrivateKey(before, _ []byte) bool {
	i := len(before)
	for i > 0 && len(before)-i < 40 && (before[i-1] == ' ' || before[i-1] >= 'A' && before[i-1] <= 'Z') {
		i--
	}
	return bytes.HasSuffix(before[:i], []byte("-----")) && bytes.HasPrefix(before[i:], []byte("BEGIN "))
}

// looksLikeUserinfo wants user:password@ with a password that is not a replacement.
func looksLikeUserinfo(before, _ []byte) bool {
	colons := 0
	for i := len(before) - 1; i > 1 && len(before)-i < 256; i-- {
		switch c := before[i]; {
		case c == ':' && i < len(before)-1:
			colons++
		case c == '/':
			return colons > 0 && before[i-1] == '/' && before[i-2] == ':'
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`:?#"'<>\{}[]()|,;`, c) >= 0:
			return false
		}
	}
	return false
}

func looksLikeAccessKey(before, after []byte) bool {
	if len(before) > 0 && (webSafe(before[len(before)-1]) || before[len(before)-1] == '/' || before[len(before)-1] == '+') {
		return false
	}
	n := 0
	for n < len(after) && after[n] != '-' && after[n] != '_' && webSafe(after[n]) {
		n++
	}
	return n >= 12 && n <= 26
}
