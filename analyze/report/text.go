package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// columns is the width of s on a terminal: Chinese characters take two. Symbols whose width depends on the terminal's
// locale count as one, so that the same report gives the same bytes everywhere.
func columns(s string) int {
	return twwidth.WidthWithOptions(s, twwidth.Options{EastAsianWidth: false})
}

// clean makes s fit for one line of a terminal: runs of white space become one space, control and direction-changing
// characters and broken UTF-8 become visible.
func clean(s string) string {
	var b strings.Builder
	space := false
	for i, r := range s {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wrap breaks s into lines of at most width columns: at spaces, beside Chinese characters, and inside a word only when
// the word alone is wider than a line.
func wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, piece := range pieces(s) {
		n := columns(piece)
		for used+columns(strings.TrimRight(piece, " ")) > width && n > 0 {
			if used > 0 {
				lines, line, used = append(lines, strings.TrimRight(line, " ")), "", 0
				continue
			}
			head := fitting(piece, width)
			lines, piece = append(lines, head), piece[len(head):]
			n = columns(piece)
		}
		line, used = line+piece, used+n
	}
	if line = strings.TrimRight(line, " "); line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// pieces splits s where a line may end: after a space and around Chinese characters, never before closing punctuation.
func pieces(s string) []string {
	var out []string
	start := 0
	var before rune
	for i, r := range s {
		if i > start && (before == ' ' || (wide(before) || wide(r)) && !closing(r) && !opening(before)) && r != ' ' {
			out = append(out, s[start:i])
			start = i
		}
		before = r
	}
	return append(out, s[start:])
}

func wide(r rune) bool { return r >= 0x1100 && columns(string(r)) == 2 }
func closing(r rune) bool {
	return strings.ContainsRune("，。；：！？、）》」』”’…,.;:!?)]}%", r)
}
func opening(r rune) bool { return strings.ContainsRune("（《「『“‘([{", r) }

// fitting returns the longest start of s that takes at most width columns, at least one rune.
func fitting(s string, width int) string {
	used := 0
	for i, r := range s {
		n := columns(string(r))
		if used+n > width && i > 0 {
			return s[:i]
		}
		used += n
	}
	return s
}

// cut shortens s to width columns and shows that it did.
func cut(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	return fitting(s, max(width-1, 1)) + "…"
}

// cutStart shortens s to width columns by what comes first.
func cutStart(s string, width int) string {
	if columns(s) <= width {
		return s
	}
	for i := range s {
		if columns(s[i:])+1 <= width {
			return "…" + s[i:]
		}
	}
	return "…"
}

// pad fills s with spaces up to width columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-columns(s), 0))
}
