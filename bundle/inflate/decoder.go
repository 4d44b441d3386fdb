package inflate

import (
	"bufio"
	"encoding/binary"
	"io"
)

const (
	history  = 32 << 10 // bytes that a match may reach back
	longest  = 258      // bytes of a match
	slack    = 32       // bytes that copying a match may write beyond its end
	room     = 96 << 10 // plain bytes between two moves of the history
	outSize  = history + room + longest + slack
	outLimit = history + room // no symbol is begun behind it
)

// decoder unpacks one deflate stream.
type decoder struct {
	in     *bufio.Reader
	failed error // of reading in
	bits   uint64
	have   uint // valid bits of bits, fewer than 8 except within a block

	out   []byte // history and what is not delivered yet
	begin int    // of the stream in out, as far as it is still there
	r, w  int    // what is not delivered yet

	state  state
	last   bool // the block in hand is the last
	stored int  // bytes to go of a stored block
	lit    literals
	dist   distances
	err    error
}

type state int

const (
	between state = iota // of two blocks
	inStored
	inCoded
)

// reset begins a stream at the next byte of in.
func (d *decoder) reset(in *bufio.Reader) {
	if d.out == nil {
		d.out = make([]byte, outSize)
	}
	d.in, d.failed, d.err = in, nil, nil
	d.bits, d.have = 0, 0
	d.begin, d.r, d.w = 0, 0, 0
	d.state, d.last = between, false
}

// Read gives plain bytes; io.EOF after the last, when in stands behind the stream.
func (d *decoder) Read(p []byte) (int, error) {
	for d.r == d.w {
		if d.err != nil {
			return 0, d.err
		}
		d.slide()
		d.err = d.step()
	}
	n := copy(p, d.out[d.r:d.w])
	d.r += n
	return n, nil
}

// slide makes room by moving the history to the front.
func (d *decoder) slide() {
	if d.w < outLimit {
		return
	}
	shift := d.w - history
	copy(d.out, d.out[shift:d.w])
	d.begin = max(0, d.begin-shift)
	d.r, d.w = history, history
}

// step goes on until the window is full or the stream ends; what it wrote before an error counts.
func (d *decoder) step() error {
	for d.w < outLimit {
		var err error
		switch {
		case d.state == between && d.last:
			return io.EOF
		case d.state == between:
			err = d.open()
		case d.state == inStored:
			err = d.store()
		default:
			err = d.coded()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// open reads the head of a block.
func (d *decoder) open() error {
	head, err := d.take(3)
	if err != nil {
		return err
	}
	d.last = head&1 != 0
	switch head >> 1 {
	case 0:
		return d.openStored()
	case 1:
		return d.codes(fixedLiterals[:], fixedDistances[:])
	case 2:
		return d.openDynamic()
	}
	return ErrCorrupt
}

func (d *decoder) openStored() error {
	d.bits, d.have = 0, 0 // the rest of the byte
	var head [4]byte
	if _, err := io.ReadFull(d.in, head[:]); err != nil {
		return unexpected(err)
	}
	n := binary.LittleEndian.Uint16(head[:])
	if binary.LittleEndian.Uint16(head[2:]) != ^n {
		return ErrCorrupt
	}
	d.stored, d.state = int(n), inStored
	return nil
}

// store copies a part of a stored block.
func (d *decoder) store() error {
	if d.stored == 0 {
		d.state = between
		return nil
	}
	n, err := d.in.Read(d.out[d.w:min(outLimit, d.w+d.stored)])
	d.w += n
	d.stored -= n
	return unexpected(err)
}

// coded decodes a part of a block of symbols.
func (d *decoder) coded() error {
	in := d.ahead()
	if len(in) < inputSlack {
		return d.slowly()
	}
	used, err := d.fast(in)
	if err != nil {
		return err
	}
	_, err = d.in.Discard(used)
	return err
}

// ahead is what the input buffer holds, filled up when that is little.
func (d *decoder) ahead() []byte {
	if d.in.Buffered() < inputSlack && d.failed == nil {
		if _, err := d.in.Peek(inputSlack); err != nil {
			d.failed = err
		}
	}
	in, _ := d.in.Peek(d.in.Buffered()) // that much is there
	return in
}
