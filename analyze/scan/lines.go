package scan

import (
	"bytes"
	"time"
)

// line is what is kept of each line of a chunk.
type line struct {
	start, end int32 // in the chunk; end is without the line end and what MaxLine cuts
	plain      int32 // no colour sequence begins from this offset of the line on; 0 means there is none at all
	level      Level
	from       TimeSource
	odd        bool // its colours are not those of zap's columns
	second     bool // the second half of a split record
	served     bool // it has a compose prefix
	at         int64
	owner      *moduleCounts // of its columns or those of its first half; nil when it has none
}

// before is what is remembered of the lines before.
type before struct {
	at      int64 // of the last line with a time
	open    bool  // the line before was the first half of a split record
	level   Level
	service string
	owner   *moduleCounts
}

// split notes the lines of one chunk at the start of b and returns its size.
func (sc *Scanner) split(b []byte) int {
	sc.lines = sc.lines[:0]
	sc.coloured = bytes.IndexByte(b[:min(len(b), chunkSize)], escape) >= 0
	pos := 0
	for pos < len(b) && pos < chunkSize && len(sc.lines) < chunkLines {
		size := bytes.IndexByte(b[pos:], '\n')
		next := pos + size + 1
		if size < 0 {
			size, next = len(b)-pos, len(b)
		}
		text := b[pos : pos+size]
		if size > sc.options.MaxLine {
			text = text[:sc.options.MaxLine]
			sc.LongLines++
		} else if size > 0 && text[size-1] == '\r' {
			text = text[:size-1]
		}
		if next > chunkSize && !sc.coloured {
			sc.coloured = bytes.IndexByte(text, escape) >= 0
		}
		sc.lines = append(sc.lines, sc.note(text, pos))
		pos = next
	}
	return pos
}

var escapes = []byte{escape}

// note reads the head of a line and counts it.
func (sc *Scanner) note(text []byte, pos int) line {
	l := line{start: int32(pos), end: int32(pos + len(text))}
	h := sc.heads.read(text)
	if h.escapes > 0 {
		l.plain = int32(len(text) - h.after)
	}
	if sc.coloured && bytes.Count(text, escapes) != h.escapes {
		fresh := h.fresh
		l.odd, l.plain = true, int32(len(text))
		text, sc.stripped = strip(text, sc.stripped)
		h = sc.heads.read(text)
		h.fresh = h.fresh || fresh
	}
	sc.time(&h, &l)
	sc.count(text, &h, &l)
	return l
}

// time decides when a line was written.
func (sc *Scanner) time(h *head, l *line) {
	l.level, l.served = h.level, h.service != nil
	l.at, l.from, l.second = sc.before.place(h, sc.options.Location)
	switch {
	case l.second:
		l.level, l.owner = sc.before.level, sc.before.owner
	case l.from == TimeRecord && h.prefix != 0:
		sc.offset(h.at.nanos, h.prefix)
	}
}

// place tells when a line was written, by what it says itself and by the lines before it; second says that it is the other
// half of a split record.
func (b *before) place(h *head, location *time.Location) (at int64, from TimeSource, second bool) {
	own, ok := h.at.utc(h.prefix, location)
	switch {
	case ok:
		return own, TimeRecord, false
	case h.second && b.open && b.service == alias(h.service):
		if b.at == 0 {
			return 0, TimeNone, true
		}
		return b.at, TimeRecord, true
	case h.prefix != 0:
		return h.prefix, TimePrefix, false
	case b.at != 0:
		return b.at, TimeCarried, false
	}
	return 0, TimeNone, false
}

// count adds a line to the Stats and remembers it for the next.
func (sc *Scanner) count(text []byte, h *head, l *line) {
	sc.Levels[l.level]++
	switch {
	case l.from == TimePrefix, l.from == TimeRecord && !l.second:
		sc.timed(l.at, l.level)
		sc.before.at = l.at
	default:
		if !l.second {
			sc.Untimed++
		}
		if sc.counts != nil {
			sc.counts[l.level]++
		}
	}
	sc.before.open = false
	switch c := h.columns; {
	case c != nil:
		if h.fresh {
			c.counts = sc.module(c.module, c.version)
			sc.process(c.module, c.pid, l.at)
		}
		c.counts.lines++
		l.owner = c.counts
		if c.open {
			sc.before = before{sc.before.at, true, l.level, string(h.service), c.counts}
		}
	case h.logger != nil:
		sc.countJSON(text, h)
	}
}

var jsonVersion = []byte(`"version":`)

// countJSON counts the module and version of a JSON record.
func (sc *Scanner) countJSON(text []byte, h *head) {
	var version []byte
	if i := bytes.Index(text, jsonVersion); i >= 0 {
		version = bytes.TrimPrefix(bytes.TrimLeft(text[i+len(jsonVersion):], " "), []byte(`"`))
		version = version[:max(0, bytes.IndexAny(version[:min(len(version), 80)], `"\`))]
	}
	if c := sc.logger; c == nil || c.module != string(h.logger) || c.version != string(version) {
		sc.logger = sc.module(string(h.logger), string(version))
	}
	sc.logger.lines++
}
