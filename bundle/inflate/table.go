package inflate

import "math/bits"

// entry says what a code stands for:
//
//	bits 0-5    bits to drop: those of the code and of what belongs to it; 0 for a code that was not given out
//	bits 8-11   bits of the code alone
//	bits 12-14  what is neither a literal nor a length or distance
//	bits 16-30  the literal, the least length or distance, or where the second part of the table begins
//	bit 31      a literal
type entry uint32

const (
	dropMask   = 63
	codeShift  = 8
	codeMask   = 15
	valueShift = 16
	valueMask  = 1<<15 - 1

	isSpecial entry = 1 << 12
	isLink    entry = 1 << 13 // and special: the code is longer
	isEnd     entry = 1 << 14 // and special
	isLiteral entry = 1 << 31
)

// value is a length or distance, its extra bits included.
func (e entry) value(b uint64) int {
	return int(e>>valueShift&valueMask) + int(b&(1<<(e&dropMask)-1)>>(e>>codeShift&codeMask))
}

// A table begins with the entries of all codes of so many bits; longer ones are in second parts, as long as the longest code
// needs. At least two symbols share one of those, which bounds their number.
const (
	longestCode  = 15
	literalBits  = 11
	distanceBits = 8
	lengthBits   = 7
	symbols      = 288 // of the largest alphabet
)

type (
	literals  [1<<literalBits + symbols/2<<(longestCode-literalBits)]entry
	distances [1<<distanceBits + 32/2<<(longestCode-distanceBits)]entry
	lengths   [1 << lengthBits]entry
)

func (t *literals) first(b uint64) entry  { return t[b&(1<<literalBits-1)] }
func (t *distances) first(b uint64) entry { return t[b&(1<<distanceBits-1)] }

func (t *literals) second(e entry, b uint64) entry {
	return t[uint64(e>>valueShift&valueMask)+b>>literalBits&(1<<(longestCode-literalBits)-1)]
}

func (t *distances) second(e entry, b uint64) entry {
	return t[uint64(e>>valueShift&valueMask)+b>>distanceBits&(1<<(longestCode-distanceBits)-1)]
}

// find gives the entry of the code at the beginning of b.
func (t *literals) find(b uint64) entry {
	e := t.first(b)
	if e&isLink != 0 {
		return t.second(e, b)
	}
	return e
}

func (t *distances) find(b uint64) entry {
	e := t.first(b)
	if e&isLink != 0 {
		return t.second(e, b)
	}
	return e
}

func (t *lengths) find(b uint64) entry { return t[b&(1<<lengthBits-1)] }

// build fills a table for symbols whose codes are so long, 0 for those without a code. It tells false when that is no code:
// too many for their lengths, or too few, unless there is none or only one of one bit.
func build(t []entry, width uint, long []byte, meaning *[symbols]entry) bool {
	var count, next [longestCode + 1]int
	for _, n := range long {
		count[n]++
	}
	count[0] = 0
	code, longest := 0, 0
	for n := 1; n <= longestCode; n++ {
		code = (code + count[n-1]) << 1
		next[n] = code
		if count[n] > 0 {
			longest = n
		}
	}
	if total := next[longest] + count[longest]; longest > 0 && total != 1<<longest && (total != 1 || longest != 1) {
		return false
	}
	for i := range t[:1<<width] {
		t[i] = isSpecial
	}
	f := filling{t: t, width: width, free: 1 << width}
	for symbol, n := range long {
		if n > 0 {
			f.enter(next[n], uint(n), meaning[symbol])
			next[n]++
		}
	}
	return true
}

// filling is a table that is being filled.
type filling struct {
	t     []entry
	width uint
	free  int // where the next second part begins
}

// enter files a code of n bits, the first the highest.
func (f *filling) enter(code int, n uint, meaning entry) {
	e := meaning + entry(n) + entry(n)<<codeShift
	from := int(bits.Reverse16(uint16(code)) >> (16 - n))
	if n <= f.width {
		for i := from; i < 1<<f.width; i += 1 << n {
			f.t[i] = e
		}
		return
	}
	link := &f.t[from&(1<<f.width-1)]
	if *link&isLink == 0 {
		*link = isSpecial | isLink | entry(f.free)<<valueShift
		f.free += 1 << (longestCode - f.width)
	}
	part := f.t[*link>>valueShift&valueMask:][:1<<(longestCode-f.width)]
	for i := from >> f.width; i < len(part); i += 1 << (n - f.width) {
		part[i] = e
	}
}
