package plain

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	utf16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headSize is how much of a file decides how it is read.
const headSize = 32 << 10

// decodedBuffer is the buffer over a decoded text.
const decodedBuffer = 64 << 10

var utf8Mark = []byte("\xef\xbb\xbf")

// Decode gives the text of in as UTF-8: in itself where it is that already, which is told from its first 32 KiB. Of the inner file
// of an Office document it gives the paragraphs, or cells, as lines.
func Decode(in *bufio.Reader) (*bufio.Reader, error) {
	head, err := in.Peek(min(headSize, in.Size()))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if bytes.HasPrefix(head, utf8Mark) {
		_, err := in.Discard(len(utf8Mark))
		return in, err
	}
	if isOffice(head) {
		return bufio.NewReaderSize(newOffice(in), decodedBuffer), nil
	}
	if from := charsetOf(head); from != nil {
		return bufio.NewReaderSize(transform.NewReader(in, from.NewDecoder()), decodedBuffer), nil
	}
	return in, nil
}

// charsetOf is the encoding of a text that is not UTF-8; nil for UTF-8, ASCII and what is no text.
func charsetOf(head []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return utf16.UTF16(utf16.LittleEndian, utf16.ExpectBOM)
	case bytes.IndexByte(head, 0) >= 0:
		return wide(head)
	case utf8.Valid(head) || !chinese(head):
		return nil
	}
	return simplifiedchinese.GB18030
}

// wide recognises UTF-16 without a mark: line ends and blanks of a log tell the order of bytes.
func wide(head []byte) encoding.Encoding {
	little, big := 0, 0
	for i := 0; i+1 < len(head); i += 2 {
		switch {
		case head[i] == 0 && head[i+1] == 0:
			return nil
		case head[i+1] == 0 && printable(head[i]):
			little++
		case head[i] == 0 && printable(head[i+1]):
			big++
		}
	}
	switch units := len(head) / 2; {
	case units < 8:
		return nil
	case big == 0 && little > units/4:
		return utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM)
	case little == 0 && big > units/4:
		return utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM)
	}
	return nil
}

func printable(c byte) bool {
	return c >= ' ' && c < 0x7f || c == '\t' || c == '\n' || c == '\r' || c == 0x1b
}

// chinese tells whether bytes that are no UTF-8 make sense as GB18030: nearly all of them are Chinese then.
func chinese(head []byte) bool {
	valid, broken := 0, 0
	for b := head; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			broken++
		case n > 1:
			valid++
		}
		b = b[n:]
	}
	if broken <= 4*valid { // UTF-8 with a cut or strange character
		return false
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(head)
	if err != nil {
		return false
	}
	han, other := 0, 0
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
		case unicode.Is(unicode.Han, r), r >= 0x3000 && r <= 0x303f, r >= 0xff00 && r <= 0xffef, r >= 0x2010 && r <= 0x2027, r == '·':
			han++
		default:
			other++
		}
	}
	return han > 9*other
}

// Binary tells whether the beginning of a file is no text. A few zero bytes are left in logs by a crash of the machine.
func Binary(head []byte) bool {
	strange := 0
	for _, c := range head {
		if c < ' ' && !printable(c) && c != '\f' && c != '\b' && c != 7 {
			strange++
		}
	}
	for b := head; len(b) > utf8.UTFMax; { // what stands cut at the end does not count
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			strange++
		}
		b = b[n:]
	}
	return strange > len(head)/8 || strange > 0 && len(head) < 64
}
