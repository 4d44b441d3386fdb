package redact

import (
	"regexp"
	"strings"
)

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
