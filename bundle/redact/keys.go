package redact

import (
	"bytes"
	"fmt"
	"strings"
)

// none stands for no rule.
const none = -1

// keyRule is what a sensitive key asks for.
type keyRule struct {
	rule  int
	whole bool // objects and lists are hidden too
	dump  bool // only a Go value after "="
	prose bool // words of prose stay
	query bool // only what stands behind the question mark of an address is hidden
}

// ending is a key that may have something before it.
type ending struct {
	text string
	word bool // begins a word
	keyRule
}

// keyTable finds the rule of a key. tails holds the last three bytes, folded, of every key in every spelling: one probe
// sorts out nearly all keys of ordinary lines.
type keyTable struct {
	exact   map[string]keyRule
	except  map[string]bool
	endings []ending
	tails   [1 << 15]bool
}

// tail is the slot of a key's last three bytes, five bits of each, by which case does not matter.
func tail(a, b, c byte) int { return int(a&31)<<10 | int(b&31)<<5 | int(c&31) }

func (t *keyTable) add(rule int, spec string) error {
	k := keyRule{rule: rule}
	text := spec
	for cut := true; cut; {
		switch {
		case strings.HasSuffix(text, "={}"):
			k.dump, k.whole, text = true, true, text[:len(text)-3]
		case strings.HasSuffix(text, "{}"):
			k.whole, text = true, text[:len(text)-2]
		case strings.HasSuffix(text, "?"):
			k.query, text = true, text[:len(text)-1]
		case strings.HasSuffix(text, "~"):
			k.prose, text = true, text[:len(text)-1]
		default:
			cut = false
		}
	}
	kind := text[:min(1, len(text))]
	name := string(normal(nil, []byte(strings.TrimLeft(text, "*!"))))
	if len(name) < 3 || strings.ContainsFunc(name, func(r rune) bool { return r > 127 || !isKey[byte(r)] }) {
		return fmt.Errorf("key %q: a key has at least three letters or digits", spec)
	}
	if t.exact == nil {
		t.exact, t.except = map[string]keyRule{}, map[string]bool{}
		t.addTails("name")
		t.addTails("value")
	}
	switch kind {
	case "!":
		t.except[name] = true
		return nil
	case "*", "_":
		t.endings = append(t.endings, ending{text: name, word: kind == "_", keyRule: k})
	default:
		if old, twice := t.exact[name]; twice && old.rule != rule {
			return fmt.Errorf("key %q is another rule's already", spec)
		}
		t.exact[name] = k
	}
	t.addTails(name)
	return nil
}

// addTails enters the ways in which a key can end when separators are written into it.
func (t *keyTable) addTails(name string) {
	n := len(name)
	a, b, c := name[n-3], name[n-2], name[n-1]
	t.tails[tail(a, b, c)] = true
	for _, sep := range []byte("_-") {
		t.tails[tail(sep, b, c)] = true
		t.tails[tail(b, sep, c)] = true
	}
}

// find returns the rule of a key as it is written, or one with rule none.
func (t *keyTable) find(key []byte) keyRule {
	var space [maxKey]byte
	name := normal(space[:0], key)
	if t.except[string(name)] {
		return keyRule{rule: none}
	}
	if k, ok := t.exact[string(name)]; ok {
		return k
	}
	for i := range t.endings {
		e := &t.endings[i]
		if len(name) >= len(e.text) && string(name[len(name)-len(e.text):]) == e.text && (!e.word || startsWord(key, len(e.text))) {
			return e.keyRule
		}
	}
	return keyRule{rule: none}
}

// startsWord reports whether the last n letters and digits of a key begin a word of it.
func startsWord(key []byte, n int) bool {
	i := len(key)
	for ; n > 0; i-- {
		if key[i-1] != '_' && key[i-1] != '-' {
			n--
		}
	}
	if i == 0 {
		return true
	}
	before, first := key[i-1], key[i]
	upper := first >= 'A' && first <= 'Z'
	return !isLetter(before) || upper && before >= 'a' && before <= 'z'
}

// maxKey bounds the length of a key; of a longer one the end counts.
const maxKey = 96

// normal appends a key in lower case, without separators.
func normal(to, key []byte) []byte {
	if len(key) > maxKey {
		key = key[len(key)-maxKey:]
	}
	for _, c := range key {
		if c == '_' || c == '-' {
			continue
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		to = append(to, c)
	}
	return to
}

// isKey holds the bytes of which keys are made.
var isKey = func() (set [256]bool) {
	for c := range set {
		set[c] = isLetter(byte(c)) || c >= '0' && c <= '9' || c == '_' || c == '-'
	}
	return set
}()

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// written is a key found in a line.
type written struct {
	at    int // where it begins, opening quote included
	from  int
	to    int
	level int // of its quotes, none if it has none
}

// keyBefore finds the key that ends before the separator at i; ok is false when its end is no sensitive key's end.
func (t *keyTable) keyBefore(line []byte, i int) (w written, ok bool) {
	to := i
	for to > 0 && i-to < 8 && (line[to-1] == ' ' || line[to-1] == '\t' || line[to-1] == ':' && line[i] == '=') {
		to--
	}
	w.level = none
	if to > 0 && (line[to-1] == '"' || line[to-1] == '\'') {
		run := backslashes(line, to-1)
		if line[to-1] == '"' {
			w.level = quoteLevel(run)
		}
		to -= 1 + run
	}
	if to < 3 || !t.tails[tail(line[to-3], line[to-2], line[to-1])] {
		return w, false
	}
	w.to, w.from = to, to
	for w.from > 0 && to-w.from < maxKey && isKey[line[w.from-1]] {
		w.from--
	}
	w.from += escaped(line[:w.from], line[w.from:to])
	w.at = w.from
	if w.at > 0 && (line[w.at-1] == '"' || line[w.at-1] == '\'') {
		w.at -= 1 + backslashes(line, w.at-1)
	}
	return w, w.to-w.from >= 3
}

// escaped returns how many bytes at the front of a key belong to an escape or a colour before it.
func escaped(before, key []byte) int {
	if len(before) == 0 || len(key) == 0 {
		return 0
	}
	if before[len(before)-1] == '[' && len(before) > 1 && before[len(before)-2] == 0x1b {
		return bytes.IndexByte(key, 'm') + 1
	}
	if before[len(before)-1] != '\\' {
		return 0
	}
	switch key[0] {
	case 'n', 'r', 't':
		return 1
	case 'u':
		return min(5, len(key))
	}
	return 0
}

// backslashes counts those directly before i.
func backslashes(b []byte, i int) int {
	n := 0
	for n < i && b[i-1-n] == '\\' {
		n++
	}
	return n
}
