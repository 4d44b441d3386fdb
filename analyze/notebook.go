package analyze

import (
	"bytes"
	"compress/flate"
	"io"
	"sync"
)

// notebook keeps excerpts of lines until it is known which of them are shown. There may be very many, they are much alike and
// few are ever read again, so they lie on pages that are compressed once they are full. The zero notebook is empty; it is not
// safe for concurrent use.
type notebook struct {
	page *page
	out  bytes.Buffer
}

// packers are lent for a page at a time: each holds more than a megabyte, and most notebooks pack few pages.
var packers = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestSpeed) // the error is one of the level
	return w
}}

// page holds excerpts, one behind the other.
type page struct {
	plain  []byte // nil once it is packed
	packed []byte
}

// pageSize is what deflate looks back over. A longer page takes longer to read again and packs no better.
const pageSize = 32 << 10

// quote is where an excerpt is kept; it may be read when no more is written. The zero quote is empty.
type quote struct {
	page       *page
	from, size uint16
}

// write keeps an excerpt, which is much shorter than a page.
func (n *notebook) write(excerpt string) quote {
	if n.page == nil {
		n.page = &page{plain: make([]byte, 0, pageSize)}
	}
	if len(n.page.plain)+len(excerpt) > pageSize {
		n.turn()
	}
	q := quote{n.page, uint16(len(n.page.plain)), uint16(len(excerpt))}
	n.page.plain = append(n.page.plain, excerpt...)
	return q
}

// turn packs the page and begins another in its room.
func (n *notebook) turn() {
	n.out.Reset()
	w := packers.Get().(*flate.Writer)
	w.Reset(&n.out)
	w.Write(n.page.plain) // to memory: no error
	w.Close()
	packers.Put(w)
	room := n.page.plain
	n.page.plain, n.page.packed = nil, bytes.Clone(n.out.Bytes())
	n.page = &page{plain: room[:0]}
}

// close gives back what only writing needs.
func (n *notebook) close() { *n = notebook{} }

// String reads the excerpt.
func (q quote) String() string {
	if q.page == nil {
		return ""
	}
	plain := q.page.plain
	if plain == nil {
		plain, _ = io.ReadAll(flate.NewReader(bytes.NewReader(q.page.packed))) // as turn made it: no error
	}
	return string(plain[q.from:][:q.size])
}
