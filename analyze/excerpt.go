package analyze

import (
	"bytes"
	"regexp"
	"sync"
	"unicode/utf8"

	"github.com/imbundle/imbundle/specs"
)

// A long line is shown as its beginning, which has time, level and place, and the surroundings of what gave it away.
const (
	maxText  = 300
	headText = 110
	tailText = 40 // behind what was found
	ellipsis = "…"
)

// telling returns where in a line the text of r ends that gave it away, 0 when it cannot be told. The expression is compiled
// on the first call: most rules never hit.
func telling(r *specs.Rule) func(line []byte) int {
	expr := sync.OnceValue(func() *regexp.Regexp {
		re, err := regexp.Compile(r.Match)
		if err != nil || r.Match == "" {
			return nil // no expression; a wrong one was reported when the set was compiled
		}
		return re
	})
	return func(line []byte) int {
		if re := expr(); re != nil {
			if at := re.FindIndex(line); at != nil {
				return at[1]
			}
		}
		for _, literal := range r.Any {
			if i := bytes.Index(line, []byte(literal)); i >= 0 {
				return i + len(literal)
			}
		}
		return 0
	}
}

// excerpt copies a line, cut to maxText bytes at the edges of runes, so that it holds what ends at end.
func excerpt(line []byte, end int) string {
	if len(line) <= maxText {
		return string(line)
	}
	if at := bytes.Index(line[end:], errorField); end <= maxText-len(ellipsis) && at >= 0 && end+at > maxText-tailText {
		return headAndError(line, end, end+at)
	}
	if end <= maxText-len(ellipsis) {
		return string(line[:edge(line, maxText-len(ellipsis))]) + ellipsis
	}
	stop, last := min(end+tailText, len(line)), ellipsis
	if stop == len(line) {
		last = ""
	}
	stop = edge(line, stop)
	start := stop - (maxText - headText - 2*len(ellipsis) - utf8.UTFMax)
	for !utf8.RuneStart(line[start]) {
		start++
	}
	return string(line[:edge(line, headText)]) + ellipsis + string(line[start:stop]) + last
}

// errorField is the key of the error in a record of OpenIM, which tells most and may stand far behind the message.
var errorField = []byte(`"error":`)

// headAndError shows the beginning of a line up to what gave it away, and its error.
func headAndError(line []byte, end, at int) string {
	head := edge(line, min(max(end, headText), maxText/2))
	stop := min(at+maxText-head-2*len(ellipsis), len(line))
	last := ellipsis
	if stop == len(line) {
		last = ""
	}
	return string(line[:head]) + ellipsis + string(line[at:edge(line, stop)]) + last
}

// edge is the last beginning of a rune at or before i.
func edge(line []byte, i int) int {
	for i > 0 && i < len(line) && !utf8.RuneStart(line[i]) {
		i--
	}
	return i
}
