package scan

import "bytes"

// Records of zap's console that came by way of a terminal, a chat or an editor: blanks stand where tabs were, and of the colours the
// escape is gone ("[33mWARN[0m") or written out ("^[[33m").

// pasted reads level and columns of such a record; b begins after the time. The process must be named, as it is from 3.7 on:
// nothing else tells such a line from that of another program.
func (r *heads) pasted(b []byte, h *head) bool {
	b = b[gapLen(b):]
	name := word(b)
	level := levelOf(name)
	if level == LevelUnknown {
		return false
	}
	rest := b[len(name):]
	c := &r.loose[level]
	if !c.same(rest) {
		if !c.readPasted(rest) {
			c.tail = c.tail[:0]
			return false
		}
		h.fresh = true
	}
	h.level, h.columns, h.after = level, c, len(rest)-len(c.tail)
	return true
}

var pidMark = []byte("[PID:")

// readPasted parses the columns behind the level.
func (c *columns) readPasted(b []byte) bool {
	i := gapLen(b)
	pid, found := bytes.CutPrefix(b[i:], pidMark)
	end := bytes.IndexByte(pid[:min(len(pid), 20)], ']')
	if i == 0 || !found || end < 0 {
		return false
	}
	i += len(pidMark) + end + 1
	i += gapLen(b[i:])
	module := i
	for i < len(b) && nameByte[b[i]] {
		i++
	}
	c.pid, c.module, c.version = string(bytes.TrimSpace(pid[:end])), string(b[module:i]), ""
	i += gapLen(b[i:])
	content, closed, isVersion := versionColumn(b[i:])
	if isVersion {
		c.version = string(bytes.TrimPrefix(bytes.TrimSpace(content), []byte("version:")))
		i += 1 + len(content)
		if closed {
			i++
		}
	}
	c.bare, c.open = !isVersion, isVersion && !closed
	c.tail, c.escapes = append(c.tail[:0], b[:i]...), 0
	return closed || isVersion
}

// gapLen is how much of the beginning of b is blanks, tabs and what is left of colours.
func gapLen(b []byte) int {
	i := 0
	for i < len(b) {
		if b[i] == ' ' || b[i] == '\t' {
			i++
			continue
		}
		n := colourLen(b[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// writtenEscapes is how programs write an escape that they do not send to a terminal.
var writtenEscapes = [][]byte{[]byte("^["), []byte(`\u001b`), []byte(`\x1b`), []byte("#033"), []byte("\u241b"), []byte("\ufffd")}

// colourLen is the length of a colour sequence at the start of b, whatever became of its escape; 0 when there is none.
func colourLen(b []byte) int {
	if n := escapeLen(b); n > 0 {
		return n
	}
	start := 0
	for _, e := range writtenEscapes {
		if bytes.HasPrefix(b, e) {
			start = len(e)
			break
		}
	}
	if len(b) < start+3 || b[start] != '[' {
		return 0
	}
	for i := start + 1; i < len(b) && i < start+12; i++ {
		switch c := b[i]; {
		case c == 'm' && i > start+1:
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// pasted reads caller, message and fields where no tab parts them.
func (rec *Record) pasted(b []byte) {
	b = bytes.TrimLeft(b, " ")
	for len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 {
			break
		}
		caller := b[1:end]
		b = bytes.TrimLeft(b[end+1:], " ")
		if isCaller(caller) {
			rec.Caller = alias(caller)
			break
		}
	}
	if i := bytes.Index(b, fieldsMark); i >= 0 && b[len(b)-1] == '}' {
		rec.KV, b = b[i+1:], b[:i]
	}
	rec.Message = alias(bytes.TrimSpace(b))
}

var fieldsMark = []byte(` {"`)
