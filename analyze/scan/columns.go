package scan

import "bytes"

// columns are the columns of a console record between level and caller. They rarely change from line to line, so the last
// ones of each level are kept and compared as one run of bytes.
type columns struct {
	tail    []byte // from the end of the level to the end of the version, colours included
	pid     string
	module  string // empty in logs of the client SDK
	version string // empty before 3.7
	escapes int    // colour sequences in tail
	bare    bool   // there is no version column
	open    bool   // the version's bracket is not closed: the record goes on in the next line

	counts *moduleCounts
}

// same tells whether rest, which follows the level, begins with the same columns.
func (c *columns) same(rest []byte) bool {
	if len(c.tail) == 0 || !bytes.HasPrefix(rest, c.tail) {
		return false
	}
	switch after := rest[len(c.tail):]; {
	case c.open:
		return len(after) == 0
	case c.bare:
		_, closed, version := versionColumn(after)
		return closed && !version
	}
	return true
}

// console reads level and columns of a zap console record; b begins after the time's tab.
func (r *heads) console(b []byte, h *head) bool {
	i, escapes := 0, 0
	if n := escapeLen(b); n > 0 {
		i, escapes = n, 1
	}
	name := word(b[i:])
	level := levelOf(name)
	if level == LevelUnknown {
		return false
	}
	rest := b[i+len(name):]
	c := &r.known[level]
	if !c.same(rest) {
		if !c.read(rest) {
			c.tail = c.tail[:0]
			return false
		}
		h.fresh = true
	}
	h.level, h.columns = level, c
	h.escapes, h.after = escapes+c.escapes, len(rest)-len(c.tail)
	return true
}

// read parses the columns. Every colour sequence must touch a tab, so that no text without tabs can span it.
func (c *columns) read(b []byte) bool {
	w := walk{b: b}
	if !w.colour() || !w.tab() {
		return false
	}
	c.pid, c.module, c.version, c.bare, c.open = "", "", "", false, false
	text, ok := w.column()
	if pid, found := bytes.CutPrefix(text, []byte("[PID:")); ok && found {
		c.pid = string(bytes.TrimRight(pid, "] "))
		if !w.tab() {
			return false
		}
		text, ok = w.column()
	}
	if !ok {
		return false
	}
	if len(text) == 0 || text[0] != '[' { // else the SDK's, which names no module
		c.module = string(text)
		if !w.tab() {
			return false
		}
	} else {
		w.i = w.start
	}
	content, closed, isVersion := versionColumn(b[w.i:])
	if isVersion {
		c.version = string(bytes.TrimPrefix(bytes.TrimSpace(content), []byte("version:")))
		w.i += 1 + len(content)
		if closed {
			w.i++
		}
	}
	c.bare, c.open = !isVersion, isVersion && !closed
	if c.bare && !closed {
		return false
	}
	c.tail, c.escapes = append(c.tail[:0], b[:w.i]...), w.escapes
	return true
}

// versionColumn reads "[v3.8.3]" or an unclosed "[v3.8.3" that ends the line. closed tells whether a closed bracket begins b
// at all; "[dir/file.go:12]" is a caller and no version.
func versionColumn(b []byte) (content []byte, closed, version bool) {
	if len(b) == 0 || b[0] != '[' {
		return nil, false, false
	}
	content = b[1:min(len(b), 80)]
	end := bytes.IndexAny(content, "]\t\x1b")
	switch {
	case end < 0:
		return content, false, len(b) < 80
	case content[end] != ']':
		return nil, false, false
	}
	content = content[:end]
	return content, true, !isCaller(content)
}

// isCaller tells "dir/file.go:12" from a version.
func isCaller(b []byte) bool {
	i := bytes.LastIndexByte(b, ':')
	if i < 0 || i+1 == len(b) {
		return false
	}
	_, n := number(b[i+1:], len(b))
	return n == len(b)-i-1 && bytes.IndexByte(b[:i], '.') > 0
}

// walk goes through columns that may be coloured.
type walk struct {
	b       []byte
	i       int
	start   int // of the last column's text
	escapes int
}

// tab passes the tab between two columns.
func (w *walk) tab() bool {
	if w.i >= len(w.b) || w.b[w.i] != '\t' {
		return false
	}
	w.i++
	return true
}

// colour passes a colour sequence that ends a column: a tab must follow it.
func (w *walk) colour() bool {
	if w.i >= len(w.b) || w.b[w.i] != escape {
		return true
	}
	n := escapeLen(w.b[w.i:])
	w.i += n
	w.escapes++
	return n > 0 && w.i < len(w.b) && w.b[w.i] == '\t'
}

// column reads one column: a colour sequence, text, a colour sequence. The text is trimmed.
func (w *walk) column() ([]byte, bool) {
	if n := escapeLen(w.b[w.i:]); n > 0 {
		w.i += n
		w.escapes++
	}
	w.start = w.i
	end := bytes.IndexAny(w.b[w.i:min(len(w.b), w.i+200)], "\t\x1b")
	if end < 0 {
		return nil, false
	}
	w.i += end
	return bytes.TrimSpace(w.b[w.start : w.start+end]), w.colour()
}
