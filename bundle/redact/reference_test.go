package redact

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// reference applies the rules in the slow and obvious way: line by line, one expression per key, per shape of a value and per
// pattern. Lines longer than a window are not its business.
type reference struct {
	rules    []Rule
	seen     map[string]refKey
	keys     []refKey
	patterns []*regexp.Regexp

	pem      int
	pemRule  string
	below    string // line, block, member
	belowKey refKey
	indent   int
	name     refKey
	nameLife int
}

type refKey struct {
	rule                      string
	re                        *regexp.Regexp
	whole, dump, prose, query bool
	except, exact             bool
}

type refSpan struct {
	from, to int
	rule     string
	quote    string
}

// cached compiles an expression once.
func cached(expression string) *regexp.Regexp {
	if re, ok := expressions.Load(expression); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(expression)
	expressions.Store(expression, re)
	return re
}

var expressions sync.Map

func newReference(rules []Rule) *reference {
	f := &reference{rules: rules, seen: map[string]refKey{}}
	for _, r := range rules {
		for _, k := range r.Keys {
			f.keys = append(f.keys, newRefKey(r.ID, k))
		}
		var re *regexp.Regexp
		if r.Pattern != "" {
			re = regexp.MustCompile(r.Pattern)
		}
		f.patterns = append(f.patterns, re)
	}
	rank := func(k refKey) int {
		switch {
		case k.except:
			return 0
		case k.exact:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(f.keys, func(a, b refKey) int { return rank(a) - rank(b) })
	return f
}

func (f *reference) find(key string) (k refKey, ok bool) {
	if k, seen := f.seen[key]; seen {
		return k, k.rule != "" && !k.except
	}
	defer func() { f.seen[key] = k }()
	for _, k := range f.keys {
		if k.re.MatchString(key) {
			return k, !k.except
		}
	}
	return refKey{}, false
}

// text redacts a whole text.
func (f *reference) text(s string) string {
	f.pem, f.below, f.nameLife = 0, "", 0
	var out strings.Builder
	for line := range strings.Lines(s) {
		body := cached(`\r?\n$`).ReplaceAllString(line, "")
		out.WriteString(f.line(body) + line[len(body):])
	}
	return out.String()
}

func (f *reference) line(line string) string {
	var spans []refSpan
	hide := func(from, to int, rule, quote string) bool {
		if to > from {
			spans = append(spans, refSpan{from, to, rule, quote})
		}
		return to > from
	}
	if f.nameLife > 0 {
		f.nameLife--
	}
	if f.pem > 0 {
		f.pem--
		n := len(line)
		if m := refArmorEnd.FindStringIndex(line); m != nil {
			f.pem, n = 0, m[1]
		}
		hide(0, n, f.pemRule, "")
	}
	f.enter(line, hide)
	start := 0
	if len(spans) > 0 {
		start = spans[len(spans)-1].to
	}
	for _, m := range cached(`[:=]`).FindAllStringIndex(line, -1) {
		if m[0] >= start && f.separator(line, m[0], hide) {
			start = spans[len(spans)-1].to
		}
	}
	f.applyPatterns(line, slices.Clone(spans), hide)
	return refReplace(line, spans)
}

var (
	refArmorEnd = regexp.MustCompile(`-----END(?:[A-Z0-9 ]*-----)?`)
	refKeyLeft  = regexp.MustCompile(`([A-Za-z0-9_-]{1,96})(?:(\\*)(["']))?[ \t]{0,8}$`)
	refKeyLeft2 = regexp.MustCompile(`([A-Za-z0-9_-]{1,96})(?:(\\*)(["']))?[ \t:]{0,8}$`)
	refEscape   = regexp.MustCompile(`^(?:[nrt]|u.{0,4})`)
	refBlanks   = regexp.MustCompile(`^(?:[ \t]|\x1b\[[0-9;]{0,9}m)*`)
	refBlock    = regexp.MustCompile(`^[|>][-+0-9 \t]*$`)
	refLead     = regexp.MustCompile(`^[=>]*`)
	refIndent   = regexp.MustCompile(`^[ \t]*`)
	refName     = regexp.MustCompile(`^[Nn]ame$`)
	refValue    = regexp.MustCompile(`^[Vv]alue$`)
)

func (f *reference) applyPatterns(line string, hidden []refSpan, hide func(int, int, string, string) bool) {
	for i, re := range f.patterns {
		if re == nil {
			continue
		}
		for _, m := range refMatches(re, line, hidden) {
			named := false
			pem, next := false, false
			for g, name := range re.SubexpNames() {
				switch {
				case strings.HasPrefix(name, "secret"):
					named = true
					if m[2*g] >= 0 && !harmless([]byte(line[m[2*g]:m[2*g+1]])) {
						hide(m[2*g], m[2*g+1], f.rules[i].ID, "")
					}
				case name == "pem":
					pem = m[2*g] >= 0
				case name == "next":
					next = m[2*g] >= 0
				}
			}
			if !named {
				hide(m[0], m[1], f.rules[i].ID, "")
			}
			if pem {
				f.pem, f.pemRule = armorLines, f.rules[i].ID
			} else if next {
				f.below, f.belowKey = "member", refKey{rule: f.rules[i].ID}
			}
		}
	}
}

// refMatches finds a pattern's matches. One that is told by its prefix and ends with itself is not looked for in hidden values.
func refMatches(re *regexp.Regexp, line string, hidden []refSpan) [][]int {
	prefix, _ := re.LiteralPrefix()
	if len(prefix) < 3 || re.SubexpIndex("pem") >= 0 || re.SubexpIndex("next") >= 0 {
		return re.FindAllStringSubmatchIndex(line, -1)
	}
	var all [][]int
	for from := 0; from < len(line); {
		m := cached("^(?:" + re.String() + ")").FindStringSubmatchIndex(line[from:])
		in := slices.IndexFunc(hidden, func(s refSpan) bool { return s.from <= from && from < s.to })
		if in >= 0 || m == nil {
			from++
			continue
		}
		for g := range m {
			if m[g] >= 0 {
				m[g] += from
			}
		}
		all = append(all, m)
		from = m[1]
	}
	return all
}

func (f *reference) enter(line string, hide func(int, int, string, string) bool) {
	indent := len(refIndent.FindString(line))
	if f.below == "" || indent == len(line) {
		return
	}
	was := f.below
	f.below = ""
	rest := line[indent:]
	switch was {
	case "block":
		if indent > f.indent {
			f.below = "block"
			f.hideBelow(line, indent, len(line), hide)
		}
	case "member":
		indent += len(cached(`^(?:- [ \t]*|\d+\)[ \t]*)?`).FindString(rest))
		if indent < len(line) && line[indent] != '-' {
			f.belowValue(line, indent, hide)
		}
	case "line":
		if indent > 0 && indent >= f.indent && !cached(`^(?:#|-(?: |$)|\\+[^"\\]|[A-Za-z0-9_./-]+:(?: |$))`).MatchString(rest) {
			f.belowValue(line, indent, hide)
		}
	}
}

func (f *reference) hideBelow(line string, from, to int, hide func(int, int, string, string) bool) {
	text := strings.TrimRight(line[from:to], " \t")
	if !harmless([]byte(text)) {
		hide(from, from+len(text), f.belowKey.rule, "")
	}
}

func (f *reference) belowValue(line string, from int, hide func(int, int, string, string) bool) {
	rest := line[from:]
	if m := cached(`^\\*"`).FindString(rest); m != "" {
		from += len(m)
		f.hideBelow(line, from, from+refQuoted(line[from:], refLevel(len(m)-1)), hide)
		return
	}
	switch {
	case rest[0] == '\\':
	case rest[0] == '\'':
		f.hideBelow(line, from+1, from+1+len(refSingle(line[from+1:])), hide)
	case rest[0] == '{' || rest[0] == '[':
		if f.belowKey.whole {
			f.hideBelow(line, from, from+refBalanced(rest), hide)
		}
	default:
		to := from + refToEnd(rest, -1)
		text := strings.TrimRight(line[from:to], " \t")
		if !f.belowKey.prose || !prose([]byte(line), found{kind: value{shape: toEnd}, from: from}, len(text)) {
			f.hideBelow(line, from, to, hide)
		}
	}
}

// refReplace joins spans that overlap and replaces them.
func refReplace(line string, spans []refSpan) string {
	slices.SortStableFunc(spans, func(a, b refSpan) int {
		if a.from != b.from {
			return a.from - b.from
		}
		return b.to - a.to
	})
	var out strings.Builder
	done := 0
	for _, sp := range spans {
		if sp.from < done {
			done = max(done, sp.to)
			continue
		}
		out.WriteString(line[done:sp.from] + sp.quote + "<redacted:" + sp.rule + ">" + sp.quote)
		done = sp.to
	}
	out.WriteString(line[done:])
	return out.String()
}
