package redact

import (
	"encoding/binary"
	"math/bits"
)

// probe finds out in one pass which patterns may apply to a line. It knows the first three bytes of each literal, and the three
// after its first byte, so that looking at every other position is enough: one of both begins at an even one.
type probe struct {
	set    [1 << 16 / 64]uint64
	places map[uint32][]literal
	always patternSet // patterns without a literal
}

// literal is a word that a line has to hold for a pattern to be tried; back is how far it begins before the three bytes.
type literal struct {
	text    []byte
	back    int
	pattern int
}

// patternSet is a set of indices of patterns; every 64th shares a bit, which costs time only.
type patternSet uint64

func (s patternSet) has(pattern int) bool { return s>>(pattern%64)&1 != 0 }

func (s *patternSet) put(pattern int) { *s |= 1 << (pattern % 64) }

const minLiteral = 3

func (p *probe) add(pattern int, words [][]byte) {
	if p.places == nil {
		p.places = map[uint32][]literal{}
	}
	for _, w := range words {
		if len(w) < minLiteral {
			words = nil
		}
	}
	if len(words) == 0 {
		p.always.put(pattern)
	}
	for _, w := range words {
		p.enter(gram(w[0], w[1], w[2]), literal{w, 0, pattern})
		if len(w) > minLiteral {
			p.enter(gram(w[1], w[2], w[3]), literal{w, 1, pattern})
			continue
		}
		for c := range 256 {
			p.enter(gram(w[1], w[2], byte(c)), literal{w, 1, pattern})
		}
	}
}

func gram(a, b, c byte) uint32 { return uint32(a) | uint32(b)<<8 | uint32(c)<<16 }

func slot(g uint32) uint32 { return g * 2654435761 >> 16 }

func (p *probe) enter(g uint32, l literal) {
	s := slot(g)
	p.set[s/64] |= 1 << (s % 64)
	p.places[g] = append(p.places[g], l)
}

// find returns the patterns that may apply to the line.
func (p *probe) find(line []byte) patternSet {
	found := p.always
	i := 0
	for ; i+4 <= len(line); i += 2 {
		g := binary.LittleEndian.Uint32(line[i:]) & 0xffffff
		if s := slot(g); p.set[s/64]>>(s%64)&1 != 0 {
			p.confirm(line, i, g, &found)
		}
	}
	if i+3 <= len(line) {
		p.confirm(line, i, gram(line[i], line[i+1], line[i+2]), &found)
	} else if i = len(line) - 3; i >= 0 {
		p.confirm(line, i, gram(line[i], line[i+1], line[i+2]), &found)
	}
	return found
}

func (p *probe) confirm(line []byte, i int, g uint32, found *patternSet) {
	for _, l := range p.places[g] {
		if from := i - l.back; from >= 0 && len(line)-from >= len(l.text) && string(line[from:from+len(l.text)]) == string(l.text) {
			found.put(l.pattern)
		}
	}
}

// separatorAt is the next ":" or "=" at or after i, or the length of b.
func separatorAt(b []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		x, y := w^(':'*ones), w^('='*ones)
		if hit := ((x-ones)&^x | (y-ones)&^y) & highs; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b) && b[i] != ':' && b[i] != '='; i++ {
	}
	return i
}
