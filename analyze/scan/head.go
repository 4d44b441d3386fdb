package scan

import (
	"bytes"
	"encoding/binary"
	"time"
)

// head is what the beginning of a line says cheaply: prefixes, time and level. It is the same for a line with zap's colours
// and for the line without them.
type head struct {
	service  []byte // compose prefix
	prefix   int64  // kubelet's time in unix nanoseconds, 0 none
	body     int    // where the record begins
	at       stamp  // the record's own time; nanos 0: none
	level    Level
	columns  *columns // of a console record; nil for anything else
	fresh    bool     // the columns differ from those of the last line of this level
	second   bool     // the second half of a record that was split after its version
	escapes  int      // colour sequences in the columns
	after    int      // bytes after the columns
	logger   []byte   // of a JSON record
	jsonLike bool
}

// minutes remembers the last minute that was read, because neighbouring lines share it.
type minutes struct {
	hi, lo uint64
	minute int64
}

// iso is isoStamp with memory.
func (m *minutes) iso(b []byte) (stamp, int) {
	if len(b) < 19 || b[16] != ':' {
		return stamp{}, 0
	}
	hi, lo := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	if hi != m.hi || lo != m.lo {
		minute, ok := isoMinute(b)
		if !ok {
			return stamp{}, 0
		}
		m.hi, m.lo, m.minute = hi, lo, minute
	}
	return restOfISO(b, m.minute)
}

// heads reads the heads of lines. It is not safe for concurrent use.
type heads struct {
	year    int
	own     minutes // of records
	kubelet minutes // of prefixes
	known   [levelCount]columns
	loose   [levelCount]columns // of pasted records
}

// read reads the head of a line.
func (r *heads) read(line []byte) head {
	var h head
	r.prefixes(line, &h)
	r.record(line[h.body:], &h)
	return h
}

// record tells the formats apart by their first bytes.
func (r *heads) record(b []byte, h *head) {
	if len(b) == 0 {
		return
	}
	switch c := b[0]; {
	case c >= '0' && c <= '9':
		r.digitFirst(b, h)
	case c == '{':
		r.json(b, h)
	case c == '[':
		r.bracketFirst(b, h)
	case c == ']':
		h.second = secondHalf(b)
	default:
		r.letterFirst(b, h)
	}
}

// secondHalf recognises "]   \t[caller]…", with or without the tab.
func secondHalf(b []byte) bool {
	rest := bytes.TrimLeft(b[1:], " ")
	if len(rest) > 1 && rest[0] == '\t' && rest[1] == '[' {
		return true
	}
	if len(rest) == 0 || rest[0] != '[' {
		return false
	}
	end := bytes.IndexByte(rest[:min(len(rest), 200)], ']')
	return end > 0 && isCaller(rest[1:end])
}

// digitFirst reads zap's console, what begins with a date, Redis and access logs.
func (r *heads) digitFirst(b []byte, h *head) {
	at, n := r.own.iso(b)
	switch {
	case n > 0:
		h.at = at
		if n < len(b) && (b[n] == '\t' && r.console(b[n+1:], h) || (b[n] == ' ' || b[n] == '\t') && r.pasted(b[n:], h)) {
			return
		}
		h.level = levelAfter(b[n:])
	default:
		if i := bytes.IndexByte(b[:min(len(b), 12)], ':'); i > 0 && len(b) > i+3 && b[i+2] == ' ' {
			if h.at, n = redisStamp(b[i+3:]); n > 0 {
				h.level = redisLevel(b[i+3+n:])
				return
			}
		}
		accessLine(b, h)
	}
}

// redisLevel reads the mark of a Redis line, " # ".
func redisLevel(b []byte) Level {
	if len(b) < 3 || b[0] != ' ' || b[2] != ' ' {
		return LevelUnknown
	}
	switch b[1] {
	case '#':
		return LevelWarn
	case '*', '-':
		return LevelInfo
	case '.':
		return LevelDebug
	}
	return LevelUnknown
}

// accessLine reads the time of `10.0.0.1 - - [05/Oct/2026:10:35:12 +0000] "GET …`.
func accessLine(b []byte, h *head) {
	i := bytes.IndexByte(b[:min(len(b), 120)], '[')
	if i > 0 {
		h.at, _ = accessStamp(b[i+1:])
	}
}

// bracketFirst reads "[2026-10-18 10:00:00,123] WARN …" of Kafka, "[Thu Sep 10 19:24:46 2026] …" of dmesg and "[INFO] …" of
// CoreDNS.
func (r *heads) bracketFirst(b []byte, h *head) {
	if at, n := r.own.iso(b[1:]); n > 0 {
		h.at = at
		if rest := b[1+n:]; len(rest) > 0 && rest[0] == ']' {
			h.level = levelAfter(rest[1:])
		}
		return
	}
	if at, n := dmesgStamp(b[1:]); n > 0 {
		h.at = at
		return
	}
	h.level = levelAfter(b)
}

// letterFirst reads klog, syslog, logfmt and lines such as "kafka 14:26:39.45 INFO  ==> …", whose date is unknown.
func (r *heads) letterFirst(b []byte, h *head) {
	if len(b) > 6 && b[1] >= '0' && b[1] <= '9' {
		if at, n := klogStamp(b[1:], r.year); n > 0 {
			h.at, h.level = at, levelOfLetter(b[0])
			return
		}
	}
	if at, n := syslogStamp(b, r.year); n > 0 {
		h.at = at
		return
	}
	if r.logfmt(b, h) {
		return
	}
	if i := bytes.IndexByte(b[:min(len(b), 24)], ' '); i > 0 {
		if _, n := clockOf(b[i+1:]); n > 0 {
			h.level = levelAfter(b[i+1+n:])
			return
		}
	}
	h.level = firstWordLevel(b)
}

// firstWordLevel reads "WARN …" or "ERROR: …"; only upper case counts, because prose begins with such words too.
func firstWordLevel(b []byte) Level {
	i := 0
	for i < len(b) && i < 9 && b[i] >= 'A' && b[i] <= 'Z' {
		i++
	}
	if i < 4 || i == len(b) || b[i] != ' ' && b[i] != ':' && b[i] != '\t' {
		return LevelUnknown
	}
	return levelOf(b[:i])
}

var logfmtTimes = [][]byte{[]byte(`time="`), []byte("time="), []byte(`ts="`), []byte("ts=")}

// logfmt reads time="…" level=warn msg=….
func (r *heads) logfmt(b []byte, h *head) bool {
	for _, key := range logfmtTimes {
		if !bytes.HasPrefix(b, key) {
			continue
		}
		at, n := r.own.iso(b[len(key):])
		if n == 0 {
			continue
		}
		h.at = at
		if i := bytes.Index(b[:min(len(b), 160)], []byte("level=")); i >= 0 {
			h.level = levelOf(word(b[i+6:]))
		}
		return true
	}
	return false
}

// levelAfter reads the level that follows a time: " WARN ", " [ERRO] ", "\tERROR\t", or the single letter of old mongod.
func levelAfter(b []byte) Level {
	b = bytes.TrimLeft(b[:min(len(b), 40)], " \t")
	if len(b) > 0 && b[0] == '[' {
		b = b[1:]
	}
	if len(b) > 1 && (b[1] == ' ' || b[0] == 'D' && b[1] >= '1' && b[1] <= '5') {
		return levelOfLetter(b[0])
	}
	return levelOf(word(b))
}

// word is the run of letters at the beginning of b.
func word(b []byte) []byte {
	i := 0
	for i < len(b) && (b[i]|0x20) >= 'a' && (b[i]|0x20) <= 'z' {
		i++
	}
	return b[:i]
}

// utc converts the time of a record that names no zone to UTC nanoseconds. A kubelet prefix gives the zone away, because
// both times are of the same moment; without one the location decides.
func (s stamp) utc(prefix int64, location *time.Location) (nanos int64, ok bool) {
	if s.nanos == 0 {
		return 0, false
	}
	if s.zoned {
		return s.nanos, true
	}
	if prefix != 0 {
		offset := zoneOffset(s.nanos - prefix)
		if offset < -widestZone || offset > widestZone {
			return 0, false
		}
		return s.nanos - offset, true
	}
	if location != nil && location != time.UTC {
		t := time.Unix(0, s.nanos).UTC()
		local := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), location)
		return local.UnixNano(), true
	}
	return s.nanos, true
}

// Zones lie on quarters of an hour, at most 14 hours from UTC.
const (
	zoneStep   = int64(15 * time.Minute)
	widestZone = int64(14 * time.Hour)
)

// zoneOffset rounds a difference of clocks to the nearest zone.
func zoneOffset(d int64) int64 {
	d += zoneStep / 2
	if d < 0 {
		d -= zoneStep - 1
	}
	return d / zoneStep * zoneStep
}
