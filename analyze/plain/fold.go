package plain

import (
	"bufio"
	"bytes"
)

// A console of so many columns breaks long records; what was copied from it has hard breaks at that width.

const (
	leastFold    = 60 // columns
	leastFolds   = 5  // breaks, of the lines that decide
	leastRecords = 2  // that are broken
)

// foldWidth is the width at which the records of a text were broken; 0 for a text that was not. No line is longer, and several
// records fill a line to its end and go on in one that begins with no time. Lines that are not ASCII have another width on the
// screen than in memory and do not count.
func foldWidth(head []byte) int {
	lines := bytes.Split(head, []byte("\n"))
	width := 0
	for _, line := range lines {
		if line = trimEnd(line); isASCII(line) {
			width = max(width, len(line))
		}
	}
	if width < leastFold {
		return 0
	}
	folds, records := 0, 0
	for i, line := range lines[:len(lines)-1] {
		if len(trimEnd(line)) != width || !goesOn(lines[i+1]) {
			continue
		}
		if folds++; !goesOn(line) {
			records++
		}
	}
	if folds < leastFolds || records < leastRecords {
		return 0
	}
	return width
}

// goesOn tells whether a line may be the rest of the one before.
func goesOn(line []byte) bool {
	return len(bytes.TrimSpace(line)) > 0 && !ownTime.Match(line) && !timestamped.Match(line)
}

func isASCII(line []byte) bool {
	for _, c := range line {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// unfold joins the lines that were broken. Lines keep their numbers: the whole stands in the place of its last piece.
func unfold(in *bufio.Reader, width int) *rewriter {
	var held, line []byte
	join := func(out, text []byte) ([]byte, bool) {
		line = append(line[:0], text...) // to look ahead moves what text points to
		held = append(held, line...)
		if next, _ := in.Peek(foldAhead); len(line) == width && len(held) < maxLine && goesOn(next) {
			return out, false
		}
		out = append(out, held...)
		held = held[:0]
		return out, true
	}
	return &rewriter{in: in, line: join}
}

// foldAhead is enough of the next line to tell whether a record begins.
const foldAhead = 48
