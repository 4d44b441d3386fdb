package scan

import (
	"bytes"
	"io"
)

// intake takes the blocks of a log and hands whole lines on, without copying them: a reader that is an io.WriterTo lends its
// blocks.
type intake struct{ *Scanner }

// Write implements io.Writer; it never fails.
func (in intake) Write(block []byte) (int, error) {
	sc, b := in.Scanner, block
	sc.Bytes += int64(len(b))
	if sc.skipping {
		b, sc.skipping = afterLine(b)
	}
	if len(sc.held) > 0 {
		end := bytes.IndexByte(b, '\n') + 1
		if end == 0 {
			sc.hold(b)
			return len(block), nil
		}
		sc.held = append(sc.held, b[:end]...)
		sc.region(sc.held)
		sc.held, b = sc.held[:0], b[end:]
	}
	end := bytes.LastIndexByte(b, '\n') + 1
	sc.region(b[:end])
	sc.hold(b[end:])
	return len(block), nil
}

// hold keeps more of a line that goes on; one that is too long is taken as it is.
func (sc *Scanner) hold(b []byte) {
	sc.held = append(sc.held, b...)
	if len(sc.held) > sc.options.MaxLine {
		sc.region(sc.held)
		sc.held, sc.skipping = sc.held[:0], true
	}
}

// ReadFrom implements io.ReaderFrom with blocks of its own.
func (in intake) ReadFrom(r io.Reader) (int64, error) {
	size := int64(0)
	for {
		n, err := io.ReadFull(r, in.buf)
		in.Write(in.buf[:n])
		size += int64(n)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return size, nil
		default:
			return size, err
		}
	}
}

// afterLine drops the rest of a line that was cut; more tells that it goes on.
func afterLine(b []byte) (rest []byte, more bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, true
	}
	return b[i+1:], false
}
