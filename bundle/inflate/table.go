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
//
// Codes are given out in order of length. A table of n bits is filled by those of up to n bits and then doubled for the next.
func build(t []entry, width uint, long []byte, meaning *[symbols]entry) bool {
	var count, next [longestCode + 2]int // next: where the symbols of a length stand in order
	for _, n := range long {
		count[n]++
	}
	count[0] = 0
	taken, given := 0, 0
	for n := 1; n <= longestCode; n++ {
		taken += count[n] << (longestCode - n)
		given += count[n]
		next[n+1] = given
	}
	if taken != 1<<longestCode {
		if given > 1 || given != count[1] {
			return false
		}
		for i := range t[:1<<width] {
			t[i] = isSpecial
		}
	}
	var order [symbols]uint16
	for symbol, n := range long {
		if n > 0 {
			order[next[n]] = uint16(symbol)
			next[n]++
		}
	}
	if given <= 1 {
		for i := 0; i < given<<(width-1); i++ {
			t[2*i] = coded(meaning[order[0]], 1)
		}
		return true
	}
	f := filling{t: t[:1<<width], rest: t[1<<width:], width: width, prefix: -1}
	from := 0
	for n := uint(1); n <= longestCode; n++ {
		for _, symbol := range order[from:next[n]] {
			f.enter(coded(meaning[symbol], n), n)
		}
		if from = next[n]; n < width {
			copy(t[1<<n:2<<n], t[:1<<n])
		}
	}
	return true
}

// coded is the entry of a symbol whose code has n bits.
func coded(meaning entry, n uint) entry { return meaning + entry(n) + entry(n)<<codeShift }

// filling is a table that is being filled.
type filling struct {
	t      []entry // the first part
	rest   []entry // room for second parts
	width  uint
	code   int // the next, its first bit the lowest
	prefix int // of the second part in hand
	part   []entry
	begin  int // of the next second part in rest
}

// enter files the next code, of n bits.
func (f *filling) enter(e entry, n uint) {
	if n <= f.width {
		f.t[f.code] = e
	} else {
		if prefix := f.code & (len(f.t) - 1); prefix != f.prefix {
			f.prefix = prefix
			f.t[prefix] = isSpecial | isLink | entry(len(f.t)+f.begin)<<valueShift
			f.part = f.rest[f.begin:][:1<<(longestCode-f.width)]
			f.begin += len(f.part)
		}
		for i := f.code >> f.width; i < len(f.part); i += 1 << (n - f.width) {
			f.part[i] = e
		}
	}
	// The next code is one more, counted from the last bit on, which is the highest here.
	if zeros := f.code ^ (1<<n - 1); zeros != 0 {
		bit := 1 << (bits.Len(uint(zeros)) - 1)
		f.code = f.code&(bit-1) | bit
	}
}
