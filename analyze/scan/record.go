package scan

import (
	"bytes"
	"strings"
	"time"
)

// TimeSource tells where the time of a record was found.
type TimeSource uint8

// The sources of a record's time. A record without a time of its own has the prefix's; without a prefix, that of the line
// before it.
const (
	TimeNone TimeSource = iota
	TimeRecord
	TimePrefix
	TimeCarried
)

// Record is a line taken apart. Its strings and bytes alias the line and are valid only as long as the hit.
//
// The second physical line of a record that was split after its version has the time, level, module and version of the first.
type Record struct {
	Time     time.Time // UTC; zero when unknown
	TimeFrom TimeSource
	Prefix   time.Time // the kubelet's time stamp; zero when there is none
	Service  string    // compose or kubectl prefix
	Level    Level
	Module   string // logger or component; empty in logs of the client SDK
	Version  string // as printed, without "version:" and line ends
	Caller   string // file.go:12
	Message  string // trimmed; of an unknown format the text after time and level
	KV       []byte // the fields of a console record, a JSON record whole; nil otherwise
}

// Field is a value among the fields of a record in console or JSON form, without its quotes, empty when there is none. Where the
// fields are no valid JSON, as in a line that was cut, a string is still found by its key.
func (rec *Record) Field(key string) string {
	found := ""
	is := false
	if len(rec.KV) > 0 {
		eachField(rec.KV, func(k string, value []byte) bool {
			if k == key {
				found, is = text(value), true
			}
			return !is
		})
	}
	if is {
		return found
	}
	mark := `"` + key + `"`
	i := bytes.Index(rec.KV, []byte(mark))
	if i < 0 {
		return ""
	}
	rest := rec.KV[i+len(mark):]
	start := skipSpace(rest, 0)
	if start >= len(rest) || rest[start] != ':' {
		return ""
	}
	start = skipSpace(rest, start+1)
	if start >= len(rest) || rest[start] != '"' {
		return ""
	}
	if end := stringEnd(rest, start); end > 0 {
		return text(rest[start:end])
	}
	return ""
}

// fill takes the body of a stripped line apart into everything but time, level and prefixes.
func (rec *Record) fill(b []byte, h *head) {
	switch {
	case h.second:
		rec.afterVersion(bytes.TrimLeft(b[1:], " "))
	case h.columns != nil:
		rec.console(b, h)
	case h.jsonLike:
		rec.json(b)
	default:
		rec.plain(b, h)
	}
}

// console takes the columns that the head knows already, and reads [caller], message and fields after them.
func (rec *Record) console(b []byte, h *head) {
	rec.Module, rec.Version = h.columns.module, h.columns.version
	rest := b[len(b)-h.after:]
	if h.columns.bare && bytes.IndexByte(rest, '\t') >= 0 {
		text, rest := column(rest)
		rec.callerAnd(text, rest)
		return
	}
	rec.afterVersion(bytes.TrimLeft(rest, " "))
}

// afterVersion reads the columns from the caller on; the SDK puts its platform before it.
func (rec *Record) afterVersion(b []byte) {
	if bytes.IndexByte(b, '\t') < 0 {
		rec.pasted(b)
		return
	}
	if b[0] == '\t' {
		b = b[1:]
	}
	text, rest := column(b)
	if len(rest) > 0 && rest[0] == '[' && len(text) > 1 && text[0] == '[' && !isCaller(inside(text)) {
		text, rest = column(rest)
	}
	rec.callerAnd(text, rest)
}

func (rec *Record) callerAnd(text, rest []byte) {
	if len(text) > 1 && text[0] == '[' {
		rec.Caller = alias(inside(text))
		text, rest = column(rest)
	}
	rec.Message = alias(text)
	if len(rest) > 0 {
		rec.KV = rest
	}
}

// inside takes the brackets off a column.
func inside(text []byte) []byte { return bytes.TrimSuffix(text[1:], []byte("]")) }

// column is the text before the next tab, trimmed, and what follows it.
func column(b []byte) (text, rest []byte) {
	i := bytes.IndexByte(b, '\t')
	if i < 0 {
		return bytes.TrimSpace(b), nil
	}
	return bytes.TrimSpace(b[:i]), b[i+1:]
}

// json reads the keys of zap and mongod.
func (rec *Record) json(b []byte) {
	rec.KV = b
	eachField(b, func(key string, value []byte) bool {
		switch key {
		case "logger", "c":
			rec.Module = text(value)
		case "version":
			rec.Version = strings.TrimPrefix(strings.TrimSpace(text(value)), "version:")
		case "caller":
			rec.Caller = text(value)
		case "msg", "message":
			rec.Message = strings.TrimSpace(text(value))
		}
		return true
	})
}

// plain cuts the time that a line begins with off its text.
func (rec *Record) plain(b []byte, h *head) {
	if h.at.nanos != 0 && len(b) > 0 {
		b = afterTime(b)
	}
	rec.Message = alias(bytes.TrimSpace(b))
}

// afterTime skips a leading ISO time, bracketed or not.
func afterTime(b []byte) []byte {
	start := 0
	if b[0] == '[' {
		start = 1
	}
	_, n := isoStamp(b[start:])
	if n == 0 {
		return b
	}
	return bytes.TrimLeft(b[start+n:], "] ")
}
