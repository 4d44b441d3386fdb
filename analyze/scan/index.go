package scan

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unsafe"
)

// index finds the literals of all patterns in one pass over a text, which looks at every fourth position only.
//
// A literal of at least seven bytes holds a whole gram of four bytes at an offset divisible by four, wherever it starts. All
// four grams of its rarest window are in a bitmap that fits the first cache, so most positions cost one load. Literals of three to six bytes
// take a pass of their own, for their rarest byte.
type index struct {
	bits    [1 << (markBits - 6)]uint64
	slots   []slot // open addressing
	places  []place
	needles []needle
	shorts  []short
}

// slot is a gram and its first place, plus one.
type slot struct {
	gram uint32
	head int32
}

// place is where in a needle a gram stands; next is the next place of the same gram, plus one. Beside it, at a distance of
// apart, the needle has another gram: most texts that share one are told from it so.
type place struct {
	needle, offset int32
	apart          int32
	other          uint32
	next           int32
}

// needle is a text to look for and the patterns that need it.
type needle struct {
	literal
	users []user
}

// user is a pattern; proof tells that the needle alone is enough for it to match.
type user struct {
	pattern int32
	proof   bool
}

// short is a needle that is looked for by one byte, in either case when the second is not the same.
type short struct {
	needle, offset int32
	bytes          [2]byte
}

const markBits = 17

// mark is the bit of a gram.
func mark(g uint32) uint32 { return g * 0x9E3779B1 >> (32 - markBits) }

// newIndex builds the index of the literals that were chosen for each pattern.
func newIndex(chosen [][]literal, proofs []bool, r *rarity) *index {
	x := &index{}
	known := map[literal]int32{}
	for p, set := range chosen {
		for _, l := range set {
			text := searchable(l.text)
			key := literal{text, l.fold}
			n, ok := known[key]
			if !ok {
				n = int32(len(x.needles))
				known[key] = n
				x.needles = append(x.needles, needle{literal: key})
			}
			u := user{int32(p), proofs[p] && text == l.text}
			if !slices.Contains(x.needles[n].users, u) {
				x.needles[n].users = append(x.needles[n].users, u)
			}
		}
	}
	x.file(r)
	return x
}

// file enters all needles.
func (x *index) file(r *rarity) {
	size := 1 << 10
	for size < len(x.needles)*16 {
		size *= 2
	}
	x.slots = make([]slot, size)
	for n := range x.needles {
		text := x.needles[n].text
		if len(text) < window {
			x.fileShort(int32(n), r)
			continue
		}
		first, _ := r.rarest(text)
		for i := first; i < first+4; i++ {
			other := min(i+4, len(text)-4)
			if i >= 4 && other-i < 4 {
				other = i - 4
			}
			x.fileGram(gramOf(text, i), place{needle: int32(n), offset: int32(i), apart: int32(other - i), other: gramOf(text, other)})
		}
	}
}

func (x *index) fileShort(n int32, r *rarity) {
	l := x.needles[n].literal
	offset, _ := r.rarestByte(l.text, l.fold)
	c := l.text[offset]
	s := short{n, int32(offset), [2]byte{c, c}}
	if l.fold && c >= 'a' && c <= 'z' {
		s.bytes[1] = c - 0x20
	}
	x.shorts = append(x.shorts, s)
}

func (x *index) fileGram(g uint32, p place) {
	h := mark(g)
	x.bits[h>>6] |= 1 << (h & 63)
	s := x.slot(g)
	p.next = s.head
	x.places = append(x.places, p)
	s.gram, s.head = g, int32(len(x.places))
}

// slot is where the gram is or would be.
func (x *index) slot(g uint32) *slot {
	for i := int(mark(g)); ; i++ {
		if s := &x.slots[i&(len(x.slots)-1)]; s.head == 0 || s.gram == g {
			return s
		}
	}
}

// each calls found with every needle of seven bytes and more and its offset, in about the order of the text.
func (x *index) each(b []byte, found func(n *needle, at int)) {
	i, bits, base := 0, &x.bits, unsafe.Pointer(unsafe.SliceData(b))
	for ; i+8 <= len(b); i += 8 {
		// As b[i:], without the checks, which take a fifth of the time.
		two := binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(base, i))[:]) | 0x2020202020202020
		h1, h2 := mark(uint32(two)), mark(uint32(two>>32))
		if (bits[h1>>6]>>(h1&63)|bits[h2>>6]>>(h2&63))&1 == 0 {
			continue
		}
		x.look(b, i, uint32(two), found)
		x.look(b, i+4, uint32(two>>32), found)
	}
	if i+4 <= len(b) {
		x.look(b, i, gram(b[i:]), found)
	}
}

// look finds the needles that have the gram at position i.
func (x *index) look(b []byte, i int, g uint32, found func(n *needle, at int)) {
	h := mark(g)
	if x.bits[h>>6]>>(h&63)&1 == 0 {
		return
	}
	for p := x.slot(g).head; p != 0; {
		place := &x.places[p-1]
		p = place.next
		if at := i + int(place.apart); at < 0 || at+4 > len(b) || gram(b[at:]) != place.other {
			continue
		}
		if n := &x.needles[place.needle]; n.at(b, i-int(place.offset)) {
			found(n, i-int(place.offset))
		}
	}
}

// eachShort calls found with every shorter needle, one needle after the other.
func (x *index) eachShort(b []byte, found func(n *needle, at int)) {
	for _, s := range x.shorts {
		n := &x.needles[s.needle]
		for k, c := range s.bytes {
			if k > 0 && c == s.bytes[0] {
				break
			}
			for i := 0; ; i++ {
				next := bytes.IndexByte(b[i:], c)
				if next < 0 {
					break
				}
				i += next
				if n.at(b, i-int(s.offset)) {
					found(n, i-int(s.offset))
				}
			}
		}
	}
}

// at tells whether the literal stands at position i of b.
func (l *literal) at(b []byte, i int) bool {
	if i < 0 || i+len(l.text) > len(b) {
		return false
	}
	if !l.fold {
		return string(b[i:i+len(l.text)]) == l.text
	}
	for k := 0; k < len(l.text); k++ {
		c := b[i+k]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != l.text[k] {
			return false
		}
	}
	return true
}

// index is where the literal first occurs in b, -1 when it does not.
func (l *literal) index(b []byte) int {
	if !l.fold {
		return bytes.Index(b, bytesOf(l.text))
	}
	for i := 0; i+len(l.text) <= len(b); i++ {
		if l.at(b, i) {
			return i
		}
	}
	return -1
}
