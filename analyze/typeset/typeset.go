// Package typeset fits text to lines of a terminal: its width in columns, wrapping and cutting for both languages of the
// product, and text out of a bundle made harmless, so that it cannot steer the terminal of who reads it.
package typeset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// Columns is the width of s on a terminal: Chinese characters take two. Symbols whose width depends on the terminal's
// locale count as one, so that the same report gives the same bytes everywhere.
func Columns(s string) int {
	return twwidth.WidthWithOptions(s, twwidth.Options{EastAsianWidth: false})
}

// Clean makes s fit for one line of a terminal: runs of white space become one space, control and direction-changing
// characters and broken UTF-8 become visible.
func Clean(s string) string {
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
		show(&b, r, s[i:])
	}
	return b.String()
}

// Visible is Clean for text whose layout matters: blanks, tabs and line feeds stay. It returns b itself when nothing in it
// needs to be shown differently.
func Visible(b []byte) []byte {
	if harmless(b) {
		return b
	}
	var out strings.Builder
	text := string(b)
	for i, r := range text {
		if r == '\t' || r == '\n' {
			out.WriteRune(r)
			continue
		}
		show(&out, r, text[i:])
	}
	return []byte(out.String())
}

// harmless tells whether b is printable ASCII with tabs and line feeds.
func harmless(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' || c > '~' {
			return false
		}
	}
	return true
}

// show writes a rune, in digits when it could act on a terminal; rest begins with its bytes.
func show(b *strings.Builder, r rune, rest string) {
	switch {
	case r == utf8.RuneError && !strings.HasPrefix(rest, "\uFFFD"):
		fmt.Fprintf(b, `\x%02x`, rest[0])
	case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		b.WriteRune(r)
	}
}

// Wrap breaks s into lines of at most width columns: at spaces, beside Chinese characters, and inside a word only when
// the word alone is wider than a line.
func Wrap(s string, width int) []string {
	var lines []string
	line, used := "", 0
	for _, piece := range pieces(s) {
		n := Columns(piece)
		for used+Columns(strings.TrimRight(piece, " ")) > width && n > 0 {
			if used > 0 {
				lines, line, used = append(lines, strings.TrimRight(line, " ")), "", 0
				continue
			}
			head := fitting(piece, width)
			lines, piece = append(lines, head), piece[len(head):]
			n = Columns(piece)
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

func wide(r rune) bool { return r >= 0x1100 && Columns(string(r)) == 2 }
func closing(r rune) bool {
	return strings.ContainsRune("，。；：！？、）》」』”’…,.;:!?)]}%", r)
}
func opening(r rune) bool { return strings.ContainsRune("（《「『“‘([{", r) }

// fitting returns the longest start of s that takes at most width columns, at least one rune.
func fitting(s string, width int) string {
	used := 0
	for i, r := range s {
		n := Columns(string(r))
		if used+n > width && i > 0 {
			return s[:i]
		}
		used += n
	}
	return s
}

// Cut shortens s to width columns and shows that it did.
func Cut(s string, width int) string {
	if Columns(s) <= width {
		return s
	}
	return fitting(s, max(width-1, 1)) + "…"
}

// CutStart shortens s to width columns by what comes first.
func CutStart(s string, width int) string {
	if Columns(s) <= width {
		return s
	}
	for i := range s {
		if Columns(s[i:])+1 <= width {
			return "…" + s[i:]
		}
	}
	return "…"
}

// Pad fills s with spaces up to width columns.
func Pad(s string, width int) string {
	return s + strings.Repeat(" ", max(width-Columns(s), 0))
}
