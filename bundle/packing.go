package bundle

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/imbundle/imbundle/bundle/inflate"
)

// Ways in which one stream is packed.
const (
	packedGzip  = "gzip"
	packedZstd  = "zstd"
	packedBzip2 = "bzip2"
	packedXz    = "xz"
)

var packings = []struct {
	magic string
	name  string
	ext   string
}{
	{"\x1f\x8b\x08", packedGzip, ".gz"},
	{"\x28\xb5\x2f\xfd", packedZstd, ".zst"},
	{"BZh", packedBzip2, ".bz2"},
	{"\xfd7zXZ\x00", packedXz, ".xz"},
}

// packingOf names what a stream that begins with head is packed by, "" for none that is read here.
func packingOf(head []byte) string {
	for _, p := range packings {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return p.name
		}
	}
	return ""
}

// maxDictionary is what one xz stream may ask for; xz -9 takes as much.
const maxDictionary = 64 << 20

var errDictionary = fmt.Errorf("its dictionary is larger than %d bytes: %w", maxDictionary, ErrLimit)

// unpacker gives the plain bytes of a stream that is packed by anything but gzip. done ends it; it may be nil.
func unpacker(packing string, in *bufio.Reader) (plain io.Reader, done func(), err error) {
	switch packing {
	case packedGzip:
		z, err := inflate.NewReader(in)
		return z, nil, err
	case packedZstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(2*zstdWindow))
		if err != nil {
			return nil, nil, fmt.Errorf("starting zstd: %w", err)
		}
		return z, z.Close, nil
	case packedBzip2:
		return bzip2.NewReader(in), nil, nil
	case packedXz:
		if head, err := in.Peek(xzHead); err == nil && xzDictionary(head) > maxDictionary {
			return nil, nil, errDictionary
		}
		z, err := xz.NewReader(in)
		return z, nil, err
	}
	return nil, nil, errors.New("not packed")
}

// xzHead holds the stream header of an xz file and the first block's header in its usual form.
const xzHead = 24

// xzDictionary is the size of the dictionary that the first block asks for; 0 where the head is of another form, which is
// left to the decoder.
func xzDictionary(head []byte) int64 {
	const flags, filter = 13, 14
	i := filter
	for bit := byte(0x40); bit <= 0x80 && bit != 0; bit <<= 1 { // sizes that may stand before the filters
		if head[flags]&bit != 0 {
			for i < len(head)-1 && head[i]&0x80 != 0 {
				i++
			}
			i++
		}
	}
	if i+2 >= len(head) || head[i] != 0x21 || head[i+1] != 1 {
		return 0
	}
	bits := head[i+2]
	if bits > 40 {
		return maxDictionary + 1
	}
	return int64(2|bits&1) << (bits/2 + 11)
}
