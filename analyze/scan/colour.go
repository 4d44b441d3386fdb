package scan

import "bytes"

const escape = 0x1b

// escapeLen is the length of the colour sequence ESC [ digits-and-semicolons m at the start of b, 0 when there is none.
func escapeLen(b []byte) int {
	if len(b) < 3 || b[0] != escape || b[1] != '[' {
		return 0
	}
	for i := 2; i < len(b); i++ {
		switch c := b[i]; {
		case c == 'm':
			return i + 1
		case c != ';' && (c < '0' || c > '9'):
			return 0
		}
	}
	return 0
}

// strip removes the colour sequences of a line in one pass. It returns the line itself when there is none, else a copy
// in buf, which is grown as needed and returned second.
func strip(line, buf []byte) (plain, grown []byte) {
	next := bytes.IndexByte(line, escape)
	if next < 0 {
		return line, buf
	}
	buf = buf[:0]
	for next >= 0 {
		buf = append(buf, line[:next]...)
		line = line[next:]
		if n := escapeLen(line); n > 0 {
			line = line[n:]
		} else {
			buf = append(buf, escape)
			line = line[1:]
		}
		next = bytes.IndexByte(line, escape)
	}
	buf = append(buf, line...)
	return buf, buf
}
