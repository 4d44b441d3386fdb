package redact

import "bytes"

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
	case each(b, "eyJ", looksLikeJWT):
		return "a JSON web token"
	case each(b, "-----BEGIN ", looksLikePrivateKey):
		return "a private key"
	case each(b, "://", looksLikeUserinfo):
		return "a password in a URI"
	case each(b, "LTAI", looksLikeAccessKey), each(b, "AKIA", looksLikeAccessKey):
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

// each calls shape for every place of word until it returns true.
func each(b []byte, word string, shape func(before, after []byte) bool) bool {
	w := []byte(word)
	for from := 0; ; from++ {
		i := bytes.Index(b[from:], w)
		if i < 0 {
			return false
		}
		from += i
		if shape(b[:from], b[from+len(w):]) {
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

func looksLikePrivateKey(_, after []byte) bool {
	for i, c := range after[:min(len(after), 40)] {
		if c != ' ' && (c < 'A' || c > 'Z') {
			return false
		}
		if bytes.HasPrefix(after[i:], []byte("PRIVATE KEY-----")) {
			return true
		}
	}
	return false
}

// looksLikeUserinfo wants user:password@ with a password that is not a replacement.
func looksLikeUserinfo(_, after []byte) bool {
	colon := -1
	for i, c := range after[:min(len(after), 256)] {
		switch {
		case c == '@':
			return colon >= 0 && i > colon+1 && after[i-1] != '>'
		case c == ':' && colon < 0:
			colon = i
		case c <= ' ' || c >= 0x7f || bytes.IndexByte([]byte(`/?#"'<>\{}[]()|,;`), c) >= 0:
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
