package plain

import (
	"bufio"
	"errors"
	"io"
)

// maxLine bounds what is kept of a line; it is what a log is read with.
const maxLine = 1 << 20

// rewriter is a text of which every line is made anew. line appends what comes out of a line that came in, both without their
// end; it may answer false to say that the line goes on in the next one, and an empty line is put out in its place, so that lines
// keep their numbers.
type rewriter struct {
	in   *bufio.Reader
	line func(out, line []byte) ([]byte, bool)
	out  []byte
	done int // bytes of out that were handed over
	held []byte
	err  error
}

func (r *rewriter) Read(p []byte) (int, error) {
	for r.done == len(r.out) {
		if r.err != nil {
			return 0, r.err
		}
		r.out, r.done = r.out[:0], 0
		r.fill()
	}
	n := copy(p, r.out[r.done:])
	r.done += n
	return n, nil
}

// fillSize is about how much is made at a time.
const fillSize = 32 << 10

func (r *rewriter) fill() {
	for len(r.out) < fillSize && r.err == nil {
		line, err := readLine(r.in, &r.held)
		if err != nil {
			r.err = err
			if len(line) == 0 {
				return
			}
		}
		r.out, _ = r.line(r.out, line)
		r.out = append(r.out, '\n')
	}
}

// readLine reads one line without its end, cut to maxLine; it is valid until the next call. held is room for long ones.
func readLine(in *bufio.Reader, held *[]byte) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return trimEnd(line), err
	}
	*held = append((*held)[:0], line...)
	for errors.Is(err, bufio.ErrBufferFull) {
		line, err = in.ReadSlice('\n')
		*held = append(*held, line[:min(len(line), max(0, maxLine-len(*held)))]...)
	}
	return trimEnd(*held), err
}

// trimEnd takes the end off a line.
func trimEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

var _ io.Reader = (*rewriter)(nil)
