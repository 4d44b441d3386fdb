// Package inflate unpacks gzip. It does what compress/gzip does, in less than half of the time, which is what reading a
// bundle mostly takes.
//
// The flow is input buffer → bits → symbols → window → caller. As long as the input buffer holds some bytes and the window has
// room, symbols are decoded without asking for more (fast.go); near either end one symbol at a time is (slow.go). Both are held
// to the standard library by a fuzz target: the same bytes out, an error for the same inputs, no byte of input too many taken.
package inflate

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// Errors of a stream that is none, or damaged. One that ends early gives io.ErrUnexpectedEOF.
var (
	ErrHeader   = gzip.ErrHeader
	ErrChecksum = gzip.ErrChecksum
	ErrCorrupt  = errors.New("damaged deflate data")
)

// Reader unpacks a series of gzip members as one stream. What is not unpacked stays in the bufio.Reader.
type Reader struct {
	// Member is called at the beginning of every member with the extra field of its header, when the bytes before it have been
	// read; nil means that nobody wants to know.
	Member func(extra []byte)

	in     *bufio.Reader
	decode decoder
	sum    uint32
	size   uint32
	err    error
}

// NewReader begins a stream. It fails with io.EOF when there is nothing at all, with ErrHeader when it is no gzip.
func NewReader(in *bufio.Reader) (*Reader, error) {
	z := new(Reader)
	return z, z.Reset(in)
}

// Reset begins another stream with the same memory.
func (z *Reader) Reset(in *bufio.Reader) error {
	z.in = in
	z.err = z.begin()
	return z.err
}

// begin reads the header of a member; io.EOF says that there is none.
func (z *Reader) begin() error {
	z.sum, z.size = 0, 0
	extra, err := header(z.in)
	if err != nil {
		return err
	}
	if z.Member != nil {
		z.Member(extra)
	}
	z.decode.reset(z.in)
	return nil
}

// Read implements io.Reader.
func (z *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, z.err
	}
	for z.err == nil {
		n, err := z.decode.Read(p)
		z.sum = crc32.Update(z.sum, crc32.IEEETable, p[:n])
		z.size += uint32(n)
		if err == io.EOF {
			err = z.end()
		}
		z.err = err
		if n > 0 {
			return n, nil
		}
	}
	return 0, z.err
}

// end checks a member, and begins the next.
func (z *Reader) end() error {
	var trailer [8]byte
	if _, err := io.ReadFull(z.in, trailer[:]); err != nil {
		return unexpected(err)
	}
	if binary.LittleEndian.Uint32(trailer[:]) != z.sum || binary.LittleEndian.Uint32(trailer[4:]) != z.size {
		return ErrChecksum
	}
	return z.begin()
}

// unexpected is the error of an input that ends in the middle.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Flags of a header.
const (
	flagSum     = 1 << 1
	flagExtra   = 1 << 2
	flagName    = 1 << 3
	flagComment = 1 << 4
)

// header reads the header of a member for its extra field.
func header(in *bufio.Reader) (extra []byte, err error) {
	h := summed{in: in}
	fixed := h.take(10)
	switch {
	case h.err != nil:
		return nil, h.err // io.EOF when there is no byte of it
	case fixed[0] != 0x1f || fixed[1] != 0x8b || fixed[2] != 8:
		return nil, ErrHeader
	}
	flags := fixed[3]
	if flags&flagExtra != 0 {
		if n := h.take(2); h.err == nil {
			extra = h.take(int(binary.LittleEndian.Uint16(n)))
		}
	}
	for _, flag := range []byte{flagName, flagComment} {
		if flags&flag != 0 {
			h.text()
		}
	}
	if sum := uint16(h.sum); flags&flagSum != 0 {
		if got := h.take(2); h.err == nil && binary.LittleEndian.Uint16(got) != sum {
			return nil, ErrHeader
		}
	}
	return extra, unexpected(h.err)
}

// summed reads a header and sums it up.
type summed struct {
	in  *bufio.Reader
	sum uint32
	err error
}

func (h *summed) take(n int) []byte {
	b := make([]byte, n)
	if h.err == nil {
		_, h.err = io.ReadFull(h.in, b)
		h.sum = crc32.Update(h.sum, crc32.IEEETable, b)
	}
	return b
}

// longestText bounds a file name or comment, its zero included, as the standard library does.
const longestText = 512

// text passes over a text that ends with a zero.
func (h *summed) text() {
	for range longestText {
		if c := h.take(1); h.err != nil || c[0] == 0 {
			return
		}
	}
	h.err = ErrHeader
}
