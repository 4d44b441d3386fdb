package bundle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/flate"
)

// gzipHead opens every member: deflate, no name, no time, unknown system, so that equal content gives equal bytes.
var gzipHead = []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}

// press compresses one part of a member at a time. Its deflate state (over 1 MB) is shared by all streams in turns, so a member
// may be made of several parts: each but the last ends at a byte boundary, and the next is primed with the last 32 KiB.
type press struct {
	fw  *flate.Writer
	out bytes.Buffer
}

func newPress(level int) (*press, error) {
	p := &press{}
	fw, err := flate.NewWriter(&p.out, level)
	if err != nil {
		return nil, fmt.Errorf("gzip level %d: %w", level, err)
	}
	p.fw = fw
	return p, nil
}

// member is the state of a member that is being made, between its parts.
type member struct {
	open  bool
	plain int // bytes so far
	crc   uint32
	tail  []byte // last bytes of the parts so far, at most a window
	size  int64  // compressed bytes of the parts so far
}

// part appends chunks to m; last ends the member. The answer is valid until the press is used again.
func (p *press) part(m *member, chunks [][]byte, last bool) ([]byte, error) {
	p.out.Reset()
	if !m.open {
		p.out.Write(gzipHead)
		p.fw.ResetDict(&p.out, nil)
	} else {
		p.fw.ResetDict(&p.out, m.tail)
	}
	m.open = true
	for _, c := range chunks {
		m.crc = crc32.Update(m.crc, crc32.IEEETable, c)
		m.plain += len(c)
		if _, err := p.fw.Write(c); err != nil {
			return nil, err
		}
	}
	if err := p.end(m, chunks, last); err != nil {
		return nil, err
	}
	m.size += int64(p.out.Len())
	return p.out.Bytes(), nil
}

func (p *press) end(m *member, chunks [][]byte, last bool) error {
	if !last {
		m.remember(chunks)
		return p.fw.Flush()
	}
	if err := p.fw.Close(); err != nil {
		return err
	}
	var trailer [8]byte
	binary.LittleEndian.PutUint32(trailer[:], m.crc)
	binary.LittleEndian.PutUint32(trailer[4:], uint32(m.plain))
	p.out.Write(trailer[:])
	return nil
}

func (m *member) remember(chunks [][]byte) {
	for _, c := range chunks {
		c = c[max(0, len(c)-window):]
		if keep := window - len(c); len(m.tail) > keep {
			m.tail = m.tail[:copy(m.tail, m.tail[len(m.tail)-keep:])]
		}
		m.tail = append(m.tail, c...)
	}
}

// reset makes m ready for the next member, keeping its memory.
func (m *member) reset() { *m = member{tail: m.tail[:0]} }

// whole makes one complete member of plain.
func (p *press) whole(plain []byte) ([]byte, error) {
	return p.part(&member{}, [][]byte{plain}, true)
}

// footer layout: a gzip member without content whose extra field is "IB", its length, "imbundle1" and the offset in hexadecimal.
const (
	footerMark = "imbundle1"
	footerText = len(footerMark) + 16
	footerSize = int64(10 + 2 + 4 + footerText + 2 + 8)
)

// footer makes the fixed-length last member of a bundle; it points to the member that holds the manifest's tar header.
func footer(manifest int64) []byte {
	b := make([]byte, 0, footerSize)
	b = append(b, gzipHead...)
	b[3] = 4 // an extra field follows
	b = binary.LittleEndian.AppendUint16(b, uint16(4+footerText))
	b = append(b, 'I', 'B')
	b = binary.LittleEndian.AppendUint16(b, uint16(footerText))
	b = fmt.Appendf(b, "%s%016x", footerMark, manifest)
	b = append(b, 3, 0)                  // an empty final deflate block
	return append(b, make([]byte, 8)...) // checksum and length of nothing
}

// parseFooter reads what footer made.
func parseFooter(b []byte) (manifest int64, ok bool) {
	if int64(len(b)) != footerSize || !bytes.Equal(b[16:16+len(footerMark)], []byte(footerMark)) {
		return 0, false
	}
	n, err := fmt.Sscanf(string(b[16+len(footerMark):16+footerText]), "%016x", &manifest)
	if n != 1 || err != nil || !bytes.Equal(b, footer(manifest)) {
		return 0, false
	}
	return manifest, true
}
