package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"github.com/mholt/archiver/v3"
)

var (
	zipMagic  = []byte("PK\x03\x04")
	zipEmpty  = []byte("PK\x05\x06")
	gzipMagic = []byte{0x1f, 0x8b}
)

// foreign are formats that people send and that are not read here.
var foreign = []struct{ magic, what, hint string }{
	{"7z\xbc\xaf\x27\x1c", "packed by 7-Zip", "unpack it and pass the folder"},
	{"Rar!\x1a\x07", "packed by RAR", "unpack it and pass the folder"},
	{"\x04\x22\x4d\x18", "packed by lz4", "unpack it first: unlz4"},
	{"age-encryption.org/v1", "encrypted with age", "decrypt it first, where the key is: age -d -i KEY FILE"},
	{"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted with age", "decrypt it first, where the key is: age -d -i KEY FILE"},
	{"-----BEGIN PGP MESSAGE-----", "encrypted with PGP", "decrypt it first, where the key is: gpg -d FILE"},
	{"Salted__", "encrypted with openssl", "decrypt it first, where the password is: openssl enc -d"},
}

const (
	longestMagic = 40
	peekSize     = 1 << 20
	zstdWindow   = 128 << 20 // what zstd --long writes
)

// flow is one pass over an input as a stream, unpacked, its beginning looked at.
type flow struct {
	raw     io.Reader
	taken   int64 // bytes read from raw
	buf     *bufio.Reader
	at      atomic.Int64 // bytes of raw that were unpacked
	packing string       // "" or one of packings
	labels  labels
	done    func() // ends the unpacker, may be nil
	plain   io.Reader
	ahead   *ahead // nil while the caller's own goroutine unpacks
	peek    []byte
	tar     bool
	sure    bool // raw is a file: its reads return
}

// Read counts what is taken from the input.
func (f *flow) Read(p []byte) (int, error) {
	n, err := f.raw.Read(p)
	f.taken += int64(n)
	return n, err
}

// newFlow looks at the beginning of raw. sure says that reading it never waits for another process.
func newFlow(raw io.Reader, path string, sure bool, lim Limits) (*flow, error) {
	f := &flow{raw: raw, sure: sure}
	f.buf = bufio.NewReaderSize(f, 128<<10)
	plain, err := f.unpack(path)
	if err != nil {
		return nil, err
	}
	f.plain = &judged{Reader: plain, f: f, lim: lim}
	if err := f.classify(path, f.look()); err != nil {
		f.end()
		return nil, err
	}
	return f, nil
}

// look fills the peek; the answer is what ended it early.
func (f *flow) look() error {
	for _, size := range []int{64 << 10, peekSize} { // most inputs are short
		f.peek = slices.Grow(f.peek, size-len(f.peek))
		n, err := fill(f.plain, f.peek[len(f.peek):size])
		f.peek = f.peek[:len(f.peek)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// position is the offset behind the last unpacked byte; for the goroutine that unpacks.
func (f *flow) position() int64 { return f.taken - int64(f.buf.Buffered()) }

// unpack chooses the decoder.
func (f *flow) unpack(path string) (io.Reader, error) {
	head, err := f.buf.Peek(longestMagic)
	if len(head) == 0 {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, &InputError{path, ErrEmpty, "did the copy or the upload finish?"}
	}
	switch f.packing = packingOf(head); {
	case bytes.HasPrefix(head, gzipMagic):
		f.packing = packedGzip
		z, err := newMemberReader(f.buf, &f.labels)
		if err != nil {
			return nil, &InputError{path, fmt.Errorf("a damaged gzip header: %w", err), "copy or upload the file again"}
		}
		return z, nil
	case f.packing != "":
		plain, done, err := unpacker(f.packing, f.buf)
		if err != nil {
			return nil, &InputError{path, fmt.Errorf("a damaged %s header: %w", f.packing, err), "copy or upload the file again"}
		}
		f.done = done
		return plain, nil
	case bytes.HasPrefix(head, zipMagic), bytes.HasPrefix(head, zipEmpty):
		return nil, &InputError{path, errors.New("a zip cannot be read from a pipe"), "save it to a file and pass that"}
	}
	for _, x := range foreign {
		if bytes.HasPrefix(head, []byte(x.magic)) {
			return nil, &InputError{path, fmt.Errorf("%s: %w", x.what, ErrFormat), x.hint}
		}
	}
	return f.buf, nil
}

// judged notes how far the input was read, and ends one that expands beyond the limits.
type judged struct {
	io.Reader
	f     *flow
	lim   Limits
	plain int64
}

func (j *judged) Read(p []byte) (int, error) {
	n, err := j.Reader.Read(p)
	j.plain += int64(n)
	j.f.at.Store(j.f.position())
	if err == nil {
		err = j.lim.expansion(j.plain, max(j.f.position(), 1))
	}
	return n, err
}

// classify tells a tar from a plain text. err is what ended the peek, nil when there is more.
func (f *flow) classify(path string, err error) error {
	if ok, _ := archiver.NewTar().Match(bytes.NewReader(f.peek)); ok { // a bytes.Reader does not fail
		f.tar = true
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) && len(f.peek) == 0 {
		return &InputError{path, fmt.Errorf("%w at byte %d: %w", ErrCut, f.at.Load(), err), "copy or upload the file again"}
	}
	if err != nil && len(bytes.Trim(f.peek, "\x00")) == 0 { // nothing, or a tar without an entry
		return &InputError{path, ErrEmpty, "did the copy or the upload finish?"}
	}
	if f.packing != "" && err != nil && !errors.Is(err, io.EOF) && len(f.peek) < tarBlock && bytes.IndexByte(f.peek, 0) >= 0 {
		f.tar = true // a bundle cut inside its first header: nothing to deliver, but a cut to report
		return nil
	}
	if head := f.peek[:min(len(f.peek), 8<<10)]; noText(head) && !wideText(head) {
		return &InputError{path, ErrFormat, "pass a bundle, a tar (also packed), a zip, a folder, or a text file"}
	}
	return nil
}

// reader gives all plain bytes from the beginning, once. Beside its caller they are unpacked in a goroutine of its own, which a
// caller can do without who passes them on to others, if reading the input returns.
func (f *flow) reader(beside bool) io.Reader {
	plain := f.plain
	if beside || !f.sure {
		f.ahead = newAhead(plain)
		plain = f.ahead
	}
	begin := bytes.NewReader(f.peek)
	f.peek = nil // it goes when it was read
	return io.MultiReader(begin, plain)
}

// lead looks at the entries within the peek: their names, and the plan if it is there.
func (f *flow) lead() (names []string, plan []byte) {
	if !f.tar {
		return nil, nil
	}
	t := tar.NewReader(bytes.NewReader(f.peek))
	for {
		h, err := t.Next()
		if err != nil {
			return names, plan
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		names = append(names, h.Name)
		if plan == nil && isPlan(h.Name) && h.Size <= peekSize {
			text, err := io.ReadAll(t)
			if err == nil {
				plan = text
			}
		}
	}
}

// end stops the unpacking.
func (f *flow) end() {
	if f.ahead != nil {
		f.ahead.end(f.sure)
	}
	if f.done != nil && f.sure {
		f.done()
	}
}

// noText tells data from a text, in which a crash may have left a run of zeros, but not other control characters everywhere.
func noText(head []byte) bool {
	zeros, controls := 0, 0
	for _, c := range head {
		switch {
		case c == 0:
			zeros++
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b:
			controls++
		}
	}
	return zeros > len(head)/8 || zeros > 0 && controls > len(head)/32
}

// wideText tells text in UTF-16 from binary data: a mark at its beginning, or every other byte is zero and the rest is not.
func wideText(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return true
	}
	var zeros [2]int
	for i, c := range head {
		switch {
		case c == 0:
			zeros[i%2]++
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 0x1b:
			return false
		}
	}
	half := len(head) / 2
	return half >= 8 && (zeros[0] == 0 && zeros[1] > half*3/4 || zeros[1] == 0 && zeros[0] > half*3/4)
}
