package redact

import (
	"fmt"
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

func newRefKey(rule, spec string) refKey {
	k := refKey{rule: rule}
	k.dump = strings.HasSuffix(spec, "={}")
	k.whole = strings.HasSuffix(spec, "{}")
	k.prose = strings.Contains(spec, "~")
	k.query = strings.HasSuffix(spec, "?")
	name := strings.TrimRight(spec, "={}~?")
	k.except = name[0] == '!'
	letters := strings.Split(strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(strings.TrimLeft(name, "*!"))), "")
	for i, l := range letters {
		letters[i] = "(?i:" + l + ")"
	}
	body := strings.Join(letters, "[_-]*")
	switch name[0] {
	case '*':
		k.re = regexp.MustCompile("^.*" + body + "[_-]*$")
	case '_':
		first := strings.ToUpper(name[1:2])
		rest := strings.Join(letters[1:], "[_-]*")
		k.re = regexp.MustCompile("^(?:(?:|.*[^A-Za-z])" + body + "|.*[a-z]" + first + "[_-]*" + rest + ")[_-]*$")
	default:
		k.exact = true
		k.re = regexp.MustCompile("^[_-]*" + body + "[_-]*$")
	}
	return k
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

// refNear is how far before a separator its key is looked for, backslashes and blanks included.
const refNear = 500

// separator judges the ":" or "=" at i.
func (f *reference) separator(line string, i int, hide func(int, int, string, string) bool) bool {
	left := refKeyLeft
	if line[i] == '=' {
		left = refKeyLeft2
	}
	near := max(0, i-refNear)
	m := left.FindStringSubmatchIndex(line[near:i])
	if m == nil {
		return false
	}
	for g := range m {
		if m[g] >= 0 {
			m[g] += near
		}
	}
	from, to, keyLevel := m[2], m[3], -1
	if m[6] >= 0 && line[m[6]] == '"' {
		keyLevel = refLevel(m[5] - m[4])
	}
	if from > 1 && line[from-2:from] == "\x1b[" {
		from += strings.IndexByte(line[from:to], 'm') + 1
	} else if from > 0 && line[from-1] == '\\' {
		from += len(refEscape.FindString(line[from:to]))
	}
	if to-from < 3 {
		return false
	}
	key := line[from:to]
	k, ok := f.find(key)
	if !ok && refName.MatchString(key) {
		kind, at, to := f.value(line, i, from, keyLevel)
		f.nameLife = 0
		if kind != "" && kind != "below" {
			if k, ok := f.find(strings.TrimSpace(line[at:min(to, at+maxKey)])); ok {
				f.name, f.nameLife = k, 2
			}
		}
		return false
	}
	if !ok && refValue.MatchString(key) && f.nameLife > 0 {
		k, ok, f.nameLife = f.name, true, 0
	}
	if !ok {
		return false
	}
	return f.keyed(line, i, from, keyLevel, k, hide)
}

func (f *reference) keyed(line string, i, from, keyLevel int, k refKey, hide func(int, int, string, string) bool) bool {
	kind, at, to := f.value(line, i, from, keyLevel)
	switch {
	case kind == "":
		return false
	case kind == "below":
		if line[i] == ':' && !k.dump {
			f.below, f.belowKey, f.indent = "line", k, len(refIndent.FindString(line))
			if at < len(line) {
				f.below = "block"
			}
		}
		return false
	case k.dump:
		named := regexp.MustCompile(`\{[A-Z][A-Za-z0-9]{0,95}:`)
		if line[i] != '=' || kind != "balanced" || named.MatchString(line[at:min(len(line), at+structReach)]) {
			return false
		}
		to = at + refDump(line[at:])
	case kind == "balanced":
		if !k.whole && line[at] != '[' {
			return false
		}
	case kind == "token" && line[i] == ':' && from > 0 && line[from-1] == '/':
		return false
	}
	if kind == "token" || kind == "toEnd" {
		if scheme([]byte(line[at:to])) {
			to += len(refBlanks.FindString(line[to:]))
			to += refToken(line[to:], false)
		}
		to = at + len(strings.TrimRight(line[at:to], " \t"))
	}
	text := line[at:to]
	shapes := map[string]shape{"token": token, "toEnd": toEnd}
	if harmless([]byte(text)) || k.prose && prose([]byte(line), found{kind: value{shape: shapes[kind], query: line[i] == '='}, from: at}, len(text)) {
		return false
	}
	if k.query {
		m := cached(`(?s)^.*?://.*?\?|^[^?]*$`).FindStringIndex(text)
		if m == nil || m[1] == len(text) || strings.IndexByte(text, '?') != m[1]-1 || harmless([]byte(text[m[1]:])) {
			return false
		}
		at, keyLevel = at+m[1], -1
	}
	quote := ""
	if keyLevel >= 0 && (kind == "token" || kind == "balanced") {
		quote = strings.Repeat(`\`, 1<<keyLevel-1) + `"`
	}
	return hide(at, to, k.rule, quote)
}

// value finds kind, beginning and end of the value after the separator at i.
func (f *reference) value(line string, i, keyAt, keyLevel int) (kind string, from, to int) {
	at := i + 1
	at += len(refLead.FindString(line[at:]))
	at += len(refBlanks.FindString(line[at:]))
	rest := line[at:]
	if rest == "" || rest == `\` || refBlock.MatchString(rest) && len(rest) < 8 {
		if refBlock.MatchString(rest) {
			return "below", at, 0
		}
		return "below", len(line), 0
	}
	if m := cached(`^\\*"`).FindString(rest); m != "" {
		level := refLevel(len(m) - 1)
		bare := regexp.MustCompile(`^\\*"(?:,[ "\\]|[}\]][}\],])`)
		if level < keyLevel || keyLevel < 0 && bare.MatchString(rest) {
			return "", 0, 0
		}
		at += len(m)
		return "quoted", at, at + refQuoted(line[at:], level)
	}
	switch {
	case rest[0] == '\'' && strings.Contains(rest[1:], "'"):
		return "single", at + 1, at + 1 + len(refSingle(rest[1:]))
	case rest[0] == '{' || rest[0] == '[' || strings.HasPrefix(rest, "&{"):
		return "balanced", at, at + refBalanced(rest)
	}
	quoteBefore := cached(`\\*["']$`).FindString(line[:keyAt])
	before := line[:keyAt-len(quoteBefore)]
	if keyLevel < 0 && line[i] == ':' || line[i] == '=' && !cached(`[a-z]`).MatchString(cached(`^[A-Za-z0-9_-]*`).FindString(line[keyAt:])) {
		if begins, level := refLineStart(before); begins {
			return "toEnd", at, at + refToEnd(rest, level)
		}
	}
	inStruct := keyLevel < 0 && line[i] == ':' && keyAt > 0 && cached(`^[A-Z]`).MatchString(line[keyAt:])
	if inStruct && (line[keyAt-1] == '{' || line[keyAt-1] == ' ' && cached(`\{[A-Z][A-Za-z0-9]{0,95}:`).MatchString(line[max(0, keyAt-structReach):keyAt])) {
		return "field", i + 1, i + 1 + refField(line[i+1:])
	}
	return "token", at, at + refToken(rest, line[i] == '=')
}

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
