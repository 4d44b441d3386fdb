package redact

import (
	"fmt"
	"strings"
)

// refLineStart tells whether before is only indentation, since the line's beginning or an escaped line end.
func refLineStart(before string) (bool, int) {
	head := cached(`(?:export(?:\\? |[\t-])+|(?:\\? |[\t-])*)$`).ReplaceAllString(before, "")
	if head == "" {
		return true, -1
	}
	if e := cached(`(\\+)n$`).FindStringSubmatch(head); e != nil {
		return true, refLevel(len(e[1]) - 1)
	}
	return false, -1
}

// refLevel is how deep a quote with so many backslashes before it is escaped.
func refLevel(run int) int {
	binary := fmt.Sprintf("%b", run)
	return len(binary) - len(strings.TrimRight(binary, "1"))
}

// refQuoted is the length of the text up to the quote that closes it.
func refQuoted(text string, level int) int {
	period := 1 << (level + 1)
	inside := fmt.Sprintf(`(?s)^(?:[^"\\]|\\+[^"\\]|(?:\\{%d})*\\{%d}")*`, period, period-1)
	n := len(cached(inside).FindString(text))
	m := cached(`^(\\*)"`).FindStringSubmatch(text[n:])
	if m == nil {
		return len(text)
	}
	return n + len(m[1]) - (1<<refLevel(len(m[1])) - 1)
}

func refSingle(text string) string { return cached(`(?s)^(?:[^']|'')*`).FindString(text) }

// refBalanced is the length of an object or list.
func refBalanced(text string) int {
	level, depth, inside := -1, 0, false
	for _, m := range cached(`(\\*)"|[\[\]{}]`).FindAllStringSubmatchIndex(text, -1) {
		switch c := text[m[1]-1]; {
		case c == '"':
			l := refLevel(m[3] - m[2])
			if level < 0 {
				level = l
			}
			if l < level {
				return m[1] - 1 - (1<<l - 1)
			}
			if l == level {
				inside = !inside
			}
		case inside:
		case c == '{' || c == '[':
			depth++
		default:
			if depth--; depth <= 0 {
				return m[1]
			}
		}
	}
	return len(text)
}

func refDump(text string) int {
	depth := 0
	for _, m := range cached(`[{}]`).FindAllStringIndex(text, -1) {
		if text[m[0]] == '{' {
			depth++
		} else if depth--; depth <= 0 {
			return m[1]
		}
	}
	return len(text)
}

// refToken is the length of an unquoted word.
func refToken(text string, query bool) int {
	plain := "[^\\x00-\\x20\"'`&,;)\\]}\\\\]|[,;)\\]}]+[A-Za-z0-9]"
	if !query {
		plain += "|&"
	}
	after := "[^\\\\\"nrt'\\x00-\\x20`&,;)\\]}]|[,;)\\]}]+[A-Za-z0-9]"
	if !query {
		after += "|&"
	}
	n := len(cached("(?s)^(?:" + plain + "|\\\\+(?:" + after + "))*").FindString(text))
	if run := cached(`^\\+`).FindString(text[n:]); run != "" && !cached(`^["nrt']`).MatchString(text[n+len(run):]) {
		n += len(run)
	}
	return n
}

// refToEnd is the length of a value that goes to the end of its line.
func refToEnd(text string, level int) int {
	for _, m := range cached(`(?s)(\\*)([^\\])`).FindAllStringSubmatchIndex(text, -1) {
		run, c := m[3]-m[2], text[m[4]]
		switch {
		case (c == 'n' || c == 'r') && run == 1<<max(level, 0):
			return m[0]
		case c == '"' && level >= 0 && refLevel(run) <= level:
			return m[4] - (1<<refLevel(run) - 1)
		case c == '"' && level >= 0 && run == 0:
			return m[4]
		}
	}
	return len(text)
}

func refField(text string) int {
	if m := cached(`(?s) [A-Z][A-Za-z0-9]{0,95}:|\}(?:[^A-Za-z0-9]|$)`).FindStringIndex(text); m != nil {
		return m[0]
	}
	return len(text)
}
