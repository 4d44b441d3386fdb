package plain

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// The inner files of Office documents that hold what people pasted: word/document.xml of a .docx, xl/sharedStrings.xml of a .xlsx.

// isOffice recognises them by their root element.
func isOffice(head []byte) bool {
	return bytes.HasPrefix(head, []byte("<?xml")) && (bytes.Contains(head, []byte("<w:document ")) || bytes.Contains(head, []byte("<sst ")))
}

// office gives the text of such a file.
type office struct {
	dec  *xml.Decoder
	text bool // within an element that holds text
	run  bool // within a run, of which text, tabs and breaks are parts
	out  []byte
	done int
	err  error
}

func newOffice(in io.Reader) *office {
	dec := xml.NewDecoder(&shortTexts{in: in})
	dec.Strict = false
	return &office{dec: dec}
}

// mostText bounds what stands between two elements: the decoder holds it as a whole.
const mostText = 4 << 20

// shortTexts ends where no element begins for too long.
type shortTexts struct {
	in   io.Reader
	text int
}

func (s *shortTexts) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if at := bytes.LastIndexByte(p[:n], '<'); at >= 0 {
		s.text = n - at
	} else {
		s.text += n
	}
	if s.text > mostText {
		return 0, io.EOF
	}
	return n, err
}

func (o *office) Read(p []byte) (int, error) {
	for o.done == len(o.out) {
		if o.err != nil {
			return 0, o.err
		}
		o.out, o.done = o.out[:0], 0
		o.fill()
	}
	n := copy(p, o.out[o.done:])
	o.done += n
	return n, nil
}

// fill takes one token.
func (o *office) fill() {
	token, err := o.dec.RawToken()
	var wrong *xml.SyntaxError
	if errors.As(err, &wrong) {
		err = io.EOF // what was read so far counts
	}
	if err != nil {
		o.err = err
		return
	}
	switch token := token.(type) {
	case xml.StartElement:
		o.starts(token.Name.Local)
	case xml.EndElement:
		switch token.Name.Local {
		case "t":
			o.text = false
		case "r":
			o.run = false
		case "p", "si":
			o.out = append(o.out, '\n')
		}
	case xml.CharData:
		if o.text {
			o.out = append(o.out, token...)
		}
	}
}

func (o *office) starts(element string) {
	switch {
	case element == "t":
		o.text = true
	case element == "r":
		o.run = true
	case element == "tab" && o.run: // those of a paragraph's style are no text
		o.out = append(o.out, '\t')
	case (element == "br" || element == "cr") && o.run:
		o.out = append(o.out, '\n')
	}
}
