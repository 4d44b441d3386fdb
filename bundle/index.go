package bundle

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"

	"github.com/imbundle/imbundle/bundle/inflate"
)

// indexed is the way into a bundle whose footer and manifest are intact: any entry at once, several at a time.
type indexed struct {
	book   *book
	file   *os.File
	opened os.FileInfo    // the file as it was then
	spans  []span         // in the order of the file, the manifest last
	named  map[string]int // names to spans
	total  int64          // plain bytes
}

// span is where an entry stands: its header, body and padding members.
type span struct {
	*EntryInfo
	next int64 // offset behind the padding
}

// newIndexed gives nil without an error when f has no index that can be trusted; it is a stream then.
func newIndexed(f *os.File, size int64, b *book) (way, error) {
	at, ok := readFooter(f, size)
	if !ok {
		return nil, nil
	}
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	x := &indexed{book: b, file: f, opened: opened, named: map[string]int{}}
	self := &EntryInfo{Name: ManifestFile, Offset: at}
	h, text, err := x.whole(span{self, size - footerSize}, maxManifest)
	if err != nil {
		return nil, nil
	}
	m, err := decodeManifest(text)
	var newer *NewerError
	if errors.As(err, &newer) {
		return nil, err
	}
	top, isOwn := strings.CutSuffix(h.Name, ManifestFile)
	if err != nil || !isOwn || !x.tile(m, at, b.lim) {
		return nil, nil
	}
	self.Size = h.Size
	x.spans = append(x.spans, span{self, size - footerSize})
	b.top = top
	if err := x.study(); err != nil {
		return nil, err
	}
	b.know(m)
	b.info[ManifestFile] = nil
	return x, x.begin()
}

// study reads the plan.
func (x *indexed) study() error {
	for _, s := range x.spans {
		if s.Name != PlanFile {
			continue
		}
		_, text, err := x.whole(s, maxPlan)
		if err != nil {
			return nil // shows as damaged when it is visited
		}
		return x.book.learn(PlanFile, text)
	}
	return nil
}

// begin enters all names in the account of a pass.
func (x *indexed) begin() error {
	x.book.begin()
	for i, s := range x.spans {
		x.named[s.Name] = i
		if name, err := x.book.admit(s.path()); err != nil || name == "" {
			return fmt.Errorf("the index holds %q twice", s.Name)
		}
	}
	return nil
}

// whole reads an entry of at most max bytes.
func (x *indexed) whole(s span, max int64) (*tar.Header, []byte, error) {
	d := newDecoder()
	h, r, err := d.open(x.file, s)
	if err != nil {
		return nil, nil, err
	}
	if h.Size > max {
		return nil, nil, ErrLimit
	}
	text, err := io.ReadAll(r)
	return h, text, err
}

// decoder unpacks one entry after the other, keeping its buffers.
type decoder struct {
	buf *bufio.Reader
	gz  *inflate.Reader
}

func newDecoder() *decoder {
	return &decoder{buf: bufio.NewReaderSize(nil, 128<<10), gz: new(inflate.Reader)}
}

// open stands behind the entry's tar header; the reader ends with the body.
func (d *decoder) open(f io.ReaderAt, s span) (*tar.Header, io.Reader, error) {
	d.buf.Reset(io.NewSectionReader(f, s.Offset, s.next-s.Offset))
	if err := d.gz.Reset(d.buf); err != nil {
		return nil, nil, err
	}
	t := tar.NewReader(d.gz)
	h, err := t.Next()
	if err != nil {
		return nil, nil, err
	}
	return h, t, nil
}

func (x *indexed) each(ctx context.Context, workers int, visit Visit) error {
	if err := x.begin(); err != nil {
		return err
	}
	order := append([]span(nil), x.spans...)
	sort.SliceStable(order, func(i, j int) bool { return order[i].Size > order[j].Size }) // the longest must not come last
	decoders := make([]*decoder, workers)
	return parallel(ctx, workers, len(order), func(ctx context.Context, worker, i int) error {
		if decoders[worker] == nil {
			decoders[worker] = newDecoder()
		}
		return x.visit(ctx, decoders[worker], order[i], worker, workers, visit)
	})
}

func (x *indexed) visit(ctx context.Context, d *decoder, s span, worker, workers int, visit Visit) error {
	r, done, err := x.body(d, s, workers, s.Size > x.total/int64(workers))
	if err != nil {
		x.damaged(s, err)
		r, done = strings.NewReader(""), func() {}
	}
	defer done()
	body := &indexedBody{ctx: ctx, Reader: r, x: x, span: s}
	f := &File{Name: s.Name, Size: s.Size, Info: x.book.info[s.Name], Reader: body}
	return visit(worker, f)
}

// body opens an entry; with several workers and an entry that is most of the bundle its members are unpacked ahead.
func (x *indexed) body(d *decoder, s span, workers int, large bool) (io.Reader, func(), error) {
	h, r, err := d.open(x.file, s)
	if err != nil {
		return nil, nil, err
	}
	if h.Name != x.book.top+s.path() || h.Size != s.Size {
		return nil, nil, errors.New("the index and the entry's header differ")
	}
	if !large || workers < 2 || len(s.Members) < 4 {
		return r, func() {}, nil
	}
	m := newMembersAhead(x.file, s, x.book.manifest.MemberSize, workers)
	return m, m.end, nil
}

func (x *indexed) damaged(s span, err error) {
	x.book.omit(OmitDamaged, s.Name)
	x.book.cut(s.Offset, s.Name, err)
}

// indexedBody ends like the entry where it is damaged, and has that recorded.
type indexedBody struct {
	io.Reader
	ctx  context.Context // of the call to each
	x    *indexed
	span span
	bad  bool
}

func (b *indexedBody) Read(p []byte) (int, error) {
	if b.bad {
		return 0, io.EOF
	}
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.bad = true
		b.x.damaged(b.span, err)
		err = io.EOF
	}
	return n, err
}

func (x *indexed) open(name string) (io.ReadCloser, error) {
	i, known := x.named[name]
	if !known {
		return nil, ErrNotFound
	}
	s := x.spans[i]
	r, done, err := x.body(newDecoder(), s, defaultWorkers(), true)
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d: %w", ErrCut, s.Offset, err)
	}
	return &opened{r, done}, nil
}

// openAt enters the member that holds the offset. It unpacks as it is read, so that many may be open.
func (x *indexed) openAt(name string, offset int64) (io.ReadCloser, error) {
	i, known := x.named[name]
	switch {
	case !known:
		return nil, ErrNotFound
	case len(x.spans[i].Members) == 0:
		return x.open(name)
	case offset >= x.spans[i].Size:
		return io.NopCloser(strings.NewReader("")), nil
	}
	s, size := x.spans[i], x.book.manifest.MemberSize
	first := offset / size
	at := s.Offset + s.Header
	for _, m := range s.Members[:first] {
		at += m
	}
	z, err := inflate.NewReader(bufio.NewReaderSize(io.NewSectionReader(x.file, at, s.end()-at), 64<<10))
	if err == nil {
		_, err = io.CopyN(io.Discard, z, offset-first*size)
	}
	if err != nil {
		return nil, fmt.Errorf("%w at byte %d: %w", ErrCut, at, err)
	}
	return &opened{io.LimitReader(z, s.Size-offset), func() {}}, nil
}

// unchanged looks at the open file: replacing it does no harm, writing into it does.
func (x *indexed) unchanged() error {
	now, err := x.file.Stat()
	if err != nil {
		return err
	}
	return sameFile(x.opened, now)
}

func sameFile(before, now os.FileInfo) error {
	if !os.SameFile(before, now) || before.Size() != now.Size() || !before.ModTime().Equal(now.ModTime()) {
		return ErrChanged
	}
	return nil
}

// opened is an entry read by itself.
type opened struct {
	io.Reader
	done func()
}

func (o *opened) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrCut, err)
	}
	return n, err
}

func (o *opened) Close() error { o.done(); return nil }

func (x *indexed) Close() error { return x.file.Close() }
