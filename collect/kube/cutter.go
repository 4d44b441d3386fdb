package kube

import (
	"bytes"
	"io"
	"time"
)

// cutter passes lines on that lie in a window, by the kubelet's timestamp before each. A line without one shares the fate
// of the line before it.
type cutter struct {
	to         io.Writer // a memory that takes everything
	begin, end time.Time // zero: open; begin is exclusive, end inclusive
	strict     bool      // end is exclusive
	first      time.Time
	untimed    bool   // the first line has no timestamp
	pending    []byte // the beginning of a line whose timestamp is not complete
	past       bool   // the end was passed
	inLine     bool   // the line's fate is known
	skip       bool   // it is to be left out
	lines      int
	stamp      [timestampSize]byte // of the last line that had one
	stampSize  int
}

// timestampSize is enough for RFC 3339 with nanoseconds, a zone and the space behind it.
const timestampSize = 36

// write takes the next bytes of the stream and reports whether the window's end was passed.
func (c *cutter) write(p []byte) (past bool) {
	for len(p) > 0 {
		switch {
		case c.inLine:
			i := c.decided(p)
			c.pass(p[:i])
			p = p[i:]
		case len(c.pending) == 0 && len(p) >= timestampSize:
			past = c.judge(p[:timestampSize])
		default:
			n := min(timestampSize-len(c.pending), len(p))
			if i := bytes.IndexByte(p[:n], '\n'); i >= 0 {
				n = i + 1
			}
			c.pending = append(c.pending, p[:n]...)
			p = p[n:]
			if len(c.pending) == timestampSize || c.pending[len(c.pending)-1] == '\n' {
				past = c.flush()
			}
		}
		if past {
			return true
		}
	}
	return false
}

// decided is how much of p, which begins inside a line, shares that line's fate: the rest of the line, or of all lines
// when no time decides anything.
func (c *cutter) decided(p []byte) int {
	i := bytes.IndexByte(p, '\n') + 1
	if i > 0 && c.takesAll() {
		i = bytes.LastIndexByte(p, '\n') + 1
		c.noteLast(p[:i])
	}
	c.inLine = i == 0
	if i == 0 {
		return len(p)
	}
	return i
}

// takesAll reports whether every line that is still to come is in the window.
func (c *cutter) takesAll() bool { return c.begin.IsZero() && c.end.IsZero() && !c.first.IsZero() }

// noteLast keeps the stamp of the last line that begins in p and has one; p ends with a line.
func (c *cutter) noteLast(p []byte) {
	for len(p) > 0 {
		start := bytes.LastIndexByte(p[:len(p)-1], '\n') + 1
		if start == 0 {
			return
		}
		line := p[start:]
		if stamp := stampOf(line[:min(timestampSize, len(line))]); looksLikeTime(stamp) {
			c.stampSize = copy(c.stamp[:], stamp)
			return
		}
		p = p[:start]
	}
}

// flush judges the line that begins with the pending bytes and passes those on.
func (c *cutter) flush() (past bool) {
	if c.judge(c.pending) {
		return true
	}
	c.inLine = c.pending[len(c.pending)-1] != '\n'
	c.pass(c.pending)
	c.pending = c.pending[:0]
	return false
}

// close passes on a last line that is shorter than a timestamp.
func (c *cutter) close() {
	if len(c.pending) > 0 {
		c.flush()
	}
}

// judge decides over a line by its beginning. Times are parsed only where they decide something.
func (c *cutter) judge(start []byte) (past bool) {
	c.inLine = true
	c.lines++
	stamp := stampOf(start)
	if !looksLikeTime(stamp) {
		c.untimed = c.untimed || c.lines == 1
		return false
	}
	c.stampSize = copy(c.stamp[:], stamp)
	if c.takesAll() {
		return false
	}
	t := c.last()
	if c.first.IsZero() {
		c.first = t
	}
	if !c.end.IsZero() && (t.After(c.end) || c.strict && !t.Before(c.end)) {
		c.past = true
		return true
	}
	c.skip = !c.begin.IsZero() && !t.After(c.begin)
	return false
}

// stampOf is the first word of a line's beginning.
func stampOf(start []byte) []byte {
	stamp, _, _ := bytes.Cut(start, []byte{' '})
	return stamp
}

// looksLikeTime reports whether a word has the shape of 2006-01-02T15:04:05….
func looksLikeTime(w []byte) bool {
	return len(w) >= 20 && w[4] == '-' && w[7] == '-' && w[10] == 'T' && w[13] == ':' && w[16] == ':'
}

// last is the time of the last line that had one; zero when none had.
func (c *cutter) last() time.Time {
	t, err := time.Parse(time.RFC3339Nano, string(c.stamp[:c.stampSize]))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (c *cutter) pass(p []byte) {
	if !c.skip {
		_, _ = c.to.Write(p)
	}
}
