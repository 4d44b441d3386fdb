package view

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// Shapes of identifiers that a file may hold.
var shapes = []string{"ip", "phone", "mail", "user", "group", "nickname"}

// maxDistinct bounds how many values of one shape are told apart.
const maxDistinct = 200_000

// census counts distinct values by their shape. It is not safe for concurrent use.
type census struct {
	seed  maphash.Seed
	seen  map[string]map[uint64]struct{}
	where map[string]map[string]int // shape, sort of entry: values met
	sort  string
}

func newCensus(seed maphash.Seed) *census {
	c := &census{seed: seed, seen: map[string]map[uint64]struct{}{}, where: map[string]map[string]int{}}
	for _, shape := range shapes {
		c.seen[shape], c.where[shape] = map[uint64]struct{}{}, map[string]int{}
	}
	return c
}

func (c *census) meet(shape string, value []byte) {
	if bytes.Contains(value, []byte("<redacted")) {
		return
	}
	c.where[shape][c.sort]++
	if len(c.seen[shape]) < maxDistinct {
		c.seen[shape][maphash.Bytes(c.seed, value)] = struct{}{}
	}
}

func (c *census) add(o *census) {
	for _, shape := range shapes {
		for v := range o.seen[shape] {
			if len(c.seen[shape]) < maxDistinct {
				c.seen[shape][v] = struct{}{}
			}
		}
		for sort, n := range o.where[shape] {
			c.where[shape][sort] += n
		}
	}
}

// keyed are the ends of keys whose values are identifiers.
var keyed = []struct{ shape, key string }{
	{"user", "userID"},
	{"user", "sendID"},
	{"user", "recvID"},
	{"user", "opUserID"},
	{"user", "ownerUserID"},
	{"group", "groupID"},
	{"group", "conversationID"},
	{"nickname", "ickname"},
}

// line counts what one line holds.
func (c *census) line(b []byte) {
	c.digits(b)
	for rest, at := b, 0; ; rest = rest[at+1:] {
		if at = bytes.IndexByte(rest, '@'); at < 0 {
			break
		}
		if mail := mailAround(rest, at); mail != nil {
			c.meet("mail", mail)
		}
	}
	if bytes.IndexByte(b, '"') < 0 {
		return
	}
	for _, k := range keyed {
		for rest := b; ; {
			i := bytes.Index(rest, []byte(k.key))
			if i < 0 {
				break
			}
			rest = rest[i+len(k.key):]
			if value := valueOf(rest); len(value) > 0 {
				c.meet(k.shape, value)
			}
		}
	}
}

// valueOf is the string behind a key, the quotes of both maybe escaped; nil when there is none.
func valueOf(b []byte) []byte {
	b, closed := bytes.CutPrefix(bytes.TrimLeft(b, `\`), []byte(`"`))
	b, open := bytes.CutPrefix(bytes.TrimLeft(b, ` :\`), []byte(`"`))
	end := bytes.IndexAny(b[:min(len(b), 200)], `"\`)
	if !closed || !open || end < 0 {
		return nil
	}
	return b[:end]
}

// digits counts IPv4 addresses and what looks like a mobile number: eleven digits from 13 to 19, or + and a country code.
func (c *census) digits(b []byte) {
	for i := 0; i < len(b); i++ {
		if !digit(b[i]) {
			continue
		}
		if i > 0 && (word1(b[i-1]) || b[i-1] == '.') {
			for i < len(b) && (word1(b[i]) || b[i] == '.') {
				i++
			}
			continue
		}
		end := i
		for end < len(b) && (digit(b[end]) || b[end] == '.') {
			end++
		}
		run := bytes.TrimRight(b[i:end], ".")
		whole := end == len(b) || !word1(b[end])
		switch {
		case whole && isIPv4(run):
			c.meet("ip", run)
		case whole && isPhone(run, i > 0 && b[i-1] == '+'):
			c.meet("phone", run)
		}
		i = end
	}
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
func word1(c byte) bool { return digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isIPv4(run []byte) bool {
	if len(run) < 7 || len(run) > 15 {
		return false
	}
	parts, value, size := 1, 0, 0
	for _, ch := range run {
		if ch == '.' {
			if size == 0 {
				return false
			}
			parts, value, size = parts+1, 0, 0
			continue
		}
		if value = value*10 + int(ch-'0'); value > 255 {
			return false
		}
		size++
	}
	return parts == 4 && size > 0
}

func isPhone(run []byte, plus bool) bool {
	if bytes.IndexByte(run, '.') >= 0 {
		return false
	}
	if plus {
		return len(run) >= 10 && len(run) <= 15
	}
	return len(run) == 11 && run[0] == '1' && run[1] >= '3'
}

// mailAround is the address around an @, nil when there is none.
func mailAround(b []byte, at int) []byte {
	start, end := at, at+1
	for start > 0 && (word1(b[start-1]) || slices.Contains([]byte(".-+"), b[start-1])) {
		start--
	}
	dots := 0
	for end < len(b) && (word1(b[end]) || b[end] == '-' || b[end] == '.') {
		if b[end] == '.' {
			dots++
		}
		end++
	}
	mail := bytes.TrimRight(b[start:end], ".-")
	last := bytes.LastIndexByte(mail, '.')
	if start == at || dots == 0 || last < at-start || len(mail)-last < 3 || digit(mail[last+1]) || len(mail) > 120 {
		return nil
	}
	return mail
}
