package inflate

import "encoding/binary"

// inputSlack is how many bytes of input the fast loop wants to see: a symbol with all that belongs to it takes less.
const inputSlack = 16

// fast decodes symbols while in holds inputSlack bytes more and the window has room. It tells how many bytes it took; fewer
// than 8 bits of the last of them are kept.
func (d *decoder) fast(in []byte) (used int, err error) {
	out, w, bits, have := d.out[:outSize], d.w, d.bits, d.have
	pos := 0
loop:
	for pos+inputSlack <= len(in) && w < outLimit {
		// At least 56 bits: bits above have are those of the bytes from pos on, so reading them again changes nothing.
		bits |= binary.LittleEndian.Uint64(in[pos:]) << have
		pos += int(63-have) >> 3
		have |= 56

		e := d.lit.first(bits)
		if e&isLiteral != 0 { // often another follows, for which the bits still suffice
			bits >>= e & dropMask
			have -= uint(e & dropMask)
			out[w] = byte(e >> valueShift)
			w++
			e = d.lit.first(bits)
			if e&isLiteral != 0 {
				bits >>= e & dropMask
				have -= uint(e & dropMask)
				out[w] = byte(e >> valueShift)
				w++
				continue
			}
		}
		if have < 48 {
			bits |= binary.LittleEndian.Uint64(in[pos:]) << have
			pos += int(63-have) >> 3
			have |= 56
		}
		if e&isSpecial != 0 {
			if e&isLink != 0 {
				e = d.lit.second(e, bits)
			}
			switch {
			case e&isLiteral != 0:
				bits >>= e & dropMask
				have -= uint(e & dropMask)
				out[w] = byte(e >> valueShift)
				w++
				continue
			case e&isEnd != 0:
				bits >>= e & dropMask
				have -= uint(e & dropMask)
				d.state = between
				break loop
			case e&isSpecial != 0:
				err = ErrCorrupt
				break loop
			}
		}
		length := e.value(bits)
		bits >>= e & dropMask
		have -= uint(e & dropMask)

		e = d.dist.first(bits)
		if e&isSpecial != 0 {
			if e&isLink != 0 {
				e = d.dist.second(e, bits)
			}
			if e&isSpecial != 0 {
				err = ErrCorrupt
				break
			}
		}
		distance := e.value(bits)
		bits >>= e & dropMask
		have -= uint(e & dropMask)
		if distance > w-d.begin {
			err = ErrCorrupt
			break
		}
		repeat(out, w, distance, length)
		w += length
	}
	pos -= int(have >> 3) // whole bytes that were not needed
	have &= 7
	d.w, d.have, d.bits = w, have, bits&(1<<have-1)
	return pos, err
}

// repeat writes length bytes at w that stand distance before; it may write up to slack bytes more.
func repeat(out []byte, w, distance, length int) {
	from := w - distance
	switch {
	case distance >= 16:
		if length > 64 && distance >= length {
			copy(out[w:w+length], out[from:from+length])
			return
		}
		for end := w + length; w < end; w, from = w+16, from+16 {
			*(*[16]byte)(out[w:]) = *(*[16]byte)(out[from:])
		}
	case distance >= 8:
		for end := w + length; w < end; w, from = w+8, from+8 {
			binary.LittleEndian.PutUint64(out[w:], binary.LittleEndian.Uint64(out[from:]))
		}
	case distance == 1:
		same := uint64(out[from]) * 0x0101010101010101
		for end := w + length; w < end; w += 8 {
			binary.LittleEndian.PutUint64(out[w:], same)
		}
	default:
		for end := w + length; w < end; w, from = w+1, from+1 {
			out[w] = out[from]
		}
	}
}
