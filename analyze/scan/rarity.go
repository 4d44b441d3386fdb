package scan

import (
	_ "embed"
	"strings"
)

// typical are some pages of real logs, from which it is known which texts are rare as long as no log was seen.
//
//go:embed typical.log
var typical []byte

// rarity counts bytes and four-byte grams of a sample.
type rarity struct {
	bytes [256]int32
	grams [1 << 16]int32 // by hash
	size  int
}

func rarityOf(sample []byte) *rarity {
	r := &rarity{}
	r.add(sample)
	return r
}

// add counts what is in one more sample.
func (r *rarity) add(sample []byte) {
	r.size += len(sample)
	for i, c := range sample {
		r.bytes[c]++
		if i+4 <= len(sample) {
			r.grams[hash(gram(sample[i:]))]++
		}
	}
}

// gram is the first four bytes of b with the case bit set, so that the cases of a letter are one.
func gram(b []byte) uint32 {
	_ = b[3]
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) | 0x20202020
}

func gramOf(text string, i int) uint32 { return gram([]byte(text[i : i+4])) }

// hash maps a gram to sixteen bits.
func hash(g uint32) uint16 { return uint16(g * 0x9E3779B1 >> 16) }

// window is the length of text within which a whole gram lies at every fourth offset, wherever it starts.
const window = 7

// rarest is the offset of the window of a literal whose grams are rarest, and how often they were seen. The literal must be
// as long as a window.
func (r *rarity) rarest(text string) (offset int, seen float64) {
	least := -1.0
	for i := 0; i+window <= len(text); i++ {
		count := 0.0
		for j := i; j < i+4; j++ {
			count += float64(r.grams[hash(gramOf(text, j))])
		}
		if least < 0 || count < least {
			offset, least = i, count
		}
	}
	return offset, least / 4
}

// Work per kilobyte, in units of one look at a text that might be a literal: one pass of IndexByte.
const (
	passPerKB  = 8.0
	perLiteral = 0.2 // each literal adds grams, which other texts share
)

// cost is the work of looking for a set of literals in the sample.
func (r *rarity) cost(set []literal) float64 {
	sum := 0.0
	for _, l := range set {
		text := searchable(l.text)
		if len(text) < shortest {
			return 1e18
		}
		if len(text) >= window {
			_, seen := r.rarest(text)
			sum += seen + perLiteral
			continue
		}
		_, seen := r.rarestByte(text, l.fold)
		sum += float64(seen) + passPerKB*float64(r.size)/1024
	}
	return sum
}

// rarestByte is the offset of the byte of a short literal that is seen least, either case counted when case is folded.
func (r *rarity) rarestByte(text string, fold bool) (offset int, seen int32) {
	least := int32(-1)
	for i := 0; i < len(text); i++ {
		count := r.bytes[text[i]]
		if c := text[i]; fold && c >= 'a' && c <= 'z' {
			count += r.bytes[c-0x20] + int32(r.size/1024*4) // a second pass
		}
		if least < 0 || count < least {
			offset, least = i, count
		}
	}
	return offset, least
}

// searchable is the part of a literal that can be looked for in lines that still have zap's colours: those sequences touch a
// tab, so a text without tabs never spans one.
func searchable(text string) string {
	best := ""
	for _, part := range strings.FieldsFunc(text, func(c rune) bool { return c == '\t' || c == escape }) {
		if len(part) > len(best) {
			best = part
		}
	}
	return best
}
