package scan

import (
	"bytes"
	"encoding/json"
	"time"
	"unsafe"
)

var (
	zapStart   = []byte(`{"level":"`)
	zapTime    = []byte(`","time":"`)
	zapTS      = []byte(`","ts":"`)
	zapLogger  = []byte(`","logger":"`)
	mongoStart = []byte(`{"t":{"$date":"`)
	mongoLevel = []byte(`"},"s":"`)
)

// json reads time and level of a record in JSON. The layouts of zap and mongod are fixed; anything else is walked key by key.
func (r *heads) json(b []byte, h *head) {
	h.jsonLike = true
	if bytes.HasPrefix(b, zapStart) && r.zap(b[len(zapStart):], h) {
		return
	}
	if bytes.HasPrefix(b, mongoStart) {
		at, n := r.own.iso(b[len(mongoStart):])
		rest := b[len(mongoStart)+n:]
		if n > 0 && bytes.HasPrefix(rest, mongoLevel) && len(rest) > len(mongoLevel) {
			h.at, h.level = at, levelOfLetter(rest[len(mongoLevel)])
			return
		}
	}
	r.anyJSON(b, h)
}

// zap reads a record of OpenIM or etcd; b begins with the level.
func (r *heads) zap(b []byte, h *head) bool {
	name := word(b)
	rest := b[len(name):]
	key := zapTime
	if !bytes.HasPrefix(rest, key) {
		key = zapTS
		if !bytes.HasPrefix(rest, key) {
			return false
		}
	}
	at, n := r.own.iso(rest[len(key):])
	if n == 0 {
		return false
	}
	h.level, h.at = levelOf(name), at
	if rest = rest[len(key)+n:]; bytes.HasPrefix(rest, zapLogger) {
		rest = rest[len(zapLogger):]
		if end := bytes.IndexByte(rest[:min(len(rest), 120)], '"'); end >= 0 {
			h.logger = rest[:end]
		}
	}
	return true
}

// walkedJSON bounds how far a record of unknown layout is walked for its time and level.
const walkedJSON = 4 << 10

// anyJSON looks for the usual keys of a record of unknown layout.
func (r *heads) anyJSON(b []byte, h *head) {
	eachField(b[:min(len(b), walkedJSON)], func(key string, value []byte) bool {
		switch key {
		case "level", "severity", "lvl", "loglevel", "s":
			h.level = levelOf(unquoted(value))
			if text := unquoted(value); len(text) == 1 {
				h.level = levelOfLetter(text[0])
			}
		case "time", "ts", "timestamp", "@timestamp", "t":
			if at, ok := r.jsonTime(value); ok {
				h.at = at
			}
		case "logger":
			if len(value) < 120 {
				h.logger = unquoted(value)
			}
		}
		return true
	})
}

// jsonTime reads a time as text, as {"$date":…}, or as seconds since 1970.
func (r *heads) jsonTime(value []byte) (stamp, bool) {
	text := unquoted(bytes.TrimLeft(bytes.TrimPrefix(value, []byte(`{"$date":`)), " "))
	if len(text) > 0 && text[0] == '"' {
		text = text[1:]
	}
	if at, n := r.own.iso(text); n > 0 {
		return at, true
	}
	seconds, n := number(text, 10)
	if n != 10 {
		return stamp{}, false
	}
	at := int64(seconds) * int64(time.Second)
	if len(text) > 11 && text[10] == '.' {
		nanos, _ := fraction(text[11:])
		at += nanos
	}
	return stamp{at, true}, true
}

// eachField walks the top level of a JSON object until visit returns false or the text ends; malformed text ends it. Keys and
// values alias b; values are raw JSON.
func eachField(b []byte, visit func(key string, value []byte) bool) {
	i := skipSpace(b, 1)
	for i < len(b) && b[i] == '"' {
		end := stringEnd(b, i)
		if end < 0 {
			return
		}
		key := b[i+1 : end-1]
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ':' {
			return
		}
		i = skipSpace(b, i+1)
		end = valueEnd(b, i)
		if end < 0 || !visit(alias(key), b[i:end]) {
			return
		}
		i = skipSpace(b, end)
		if i >= len(b) || b[i] != ',' {
			return
		}
		i = skipSpace(b, i+1)
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

// stringEnd is the index after the string that begins at b[i], -1 when it does not end.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		if !escaped(b, i) {
			return i + 1
		}
	}
	return -1
}

// escaped tells whether an odd number of backslashes stands before b[i].
func escaped(b []byte, i int) bool {
	n := 0
	for i > 0 && b[i-1] == '\\' {
		i--
		n++
	}
	return n%2 == 1
}

// valueEnd is the index after the value that begins at b[i], -1 when it does not end.
func valueEnd(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = stringEnd(b, i); i < 0 {
				return -1
			}
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}

// unquoted takes the quotes off a string value without undoing its escapes.
func unquoted(value []byte) []byte {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// text is the string of a JSON value; it aliases the value where nothing is escaped.
func text(value []byte) string {
	if bytes.IndexByte(value, '\\') >= 0 {
		var s string
		if json.Unmarshal(value, &s) == nil {
			return s
		}
	}
	return alias(unquoted(value))
}

// alias makes a string of bytes without copying; it lives as long as they are not changed.
func alias(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// bytesOf is the reverse of alias; the bytes must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
