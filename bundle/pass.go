package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/mholt/archiver/v3"

	"github.com/imbundle/imbundle/bundle/inflate"
)

// pass is one walk over a flow.
type pass struct {
	ctx    context.Context // of the call to each that this pass is
	flow   *flow
	book   *book
	tar    *archiver.Tar
	in     tail
	name   string // of the entry in hand
	failed error  // of reading it
	plain  string // name of a single plain file; empty for a tar or when it was given out
}

// newPass begins a walk; beside says that the flow is unpacked in a goroutine of its own.
func newPass(ctx context.Context, f *flow, b *book, path string, beside bool) (*pass, error) {
	p := &pass{ctx: ctx, flow: f, book: b, tar: archiver.NewTar(), in: tail{Reader: f.reader(beside)}}
	if !f.tar {
		p.plain = plainName(path, f.packing)
		return p, nil
	}
	return p, p.tar.Open(&p.in, 0)
}

// plainName is what a single file is called.
func plainName(path, packing string) string {
	if path == "-" {
		return "stdin"
	}
	name := filepath.Base(path)
	for _, p := range packings {
		if short := strings.TrimSuffix(name, p.ext); p.name == packing && short != "" {
			return short
		}
	}
	return name
}

// next gives the next regular entry; io.EOF after the last, wherever that is.
func (p *pass) next() (*File, error) {
	if !p.flow.tar {
		return p.single()
	}
	for p.failed == nil {
		if err := p.ctx.Err(); err != nil {
			return nil, err
		}
		f, err := p.tar.Read()
		if err != nil {
			return nil, p.close(err)
		}
		file, err := p.take(f.Header.(*tar.Header), f)
		if err != nil || file != nil {
			return file, err
		}
	}
	p.cut(p.failed)
	return nil, io.EOF
}

// take judges one header; nil for what is left out.
func (p *pass) take(h *tar.Header, body io.Reader) (*File, error) {
	p.name = h.Name
	switch reason := kindOf(h); {
	case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader:
		return nil, nil
	case reason != "":
		p.book.omit(reason, h.Name)
		return nil, nil
	}
	name, err := p.book.admit(h.Name)
	if err != nil {
		p.cut(err)
		return nil, io.EOF
	}
	if name == "" {
		return nil, nil
	}
	file := &File{Name: name, Size: h.Size, Info: p.book.info[name], Reader: &part{p, body}}
	if l := p.flow.labels.before(p.in.at); l != nil {
		file.learn(l, h.ModTime)
	}
	if name == PlanFile && p.book.plan == nil || name == ManifestFile && p.book.manifest == nil {
		return file, p.study(file)
	}
	return file, nil
}

func kindOf(h *tar.Header) string {
	switch h.Typeflag {
	case tar.TypeReg:
		for k := range h.PAXRecords {
			if strings.HasPrefix(k, "GNU.sparse.") {
				return OmitSparse
			}
		}
		return ""
	case tar.TypeGNUSparse:
		return OmitSparse
	case tar.TypeLink, tar.TypeSymlink:
		return OmitLink
	}
	return OmitDevice
}

// study reads a document of the bundle's own, which then is delivered from memory.
func (p *pass) study(f *File) error {
	limit := int64(maxPlan)
	if f.Name == ManifestFile {
		limit = maxManifest
	}
	if f.Size > limit {
		p.book.omit(OmitSize, f.Name)
		return nil
	}
	text, err := io.ReadAll(f.Reader)
	if err != nil {
		return err
	}
	f.Reader = bytes.NewReader(text)
	if p.failed != nil {
		return nil // cut inside: delivered as far as it goes, not understood
	}
	return p.book.learn(f.Name, text)
}

// single gives the one plain file.
func (p *pass) single() (*File, error) {
	if p.plain == "" {
		if p.failed != nil {
			p.cut(p.failed)
		} else if _, err := io.Copy(io.Discard, &p.in); err != nil {
			p.cut(err)
		}
		return nil, io.EOF
	}
	name, err := p.book.admit(p.plain)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, &InputError{p.plain, ErrName, "give the file another name"}
	}
	p.plain, p.name = "", name
	return &File{Name: name, Size: -1, Reader: &part{p, &p.in}}, nil
}

// close judges the end of the tar.
func (p *pass) close(err error) error {
	if !errors.Is(err, io.EOF) {
		p.cut(err)
		return io.EOF
	}
	if p.in.ended && p.in.zeros < tarBlock {
		p.cut(errNoEnd)
		return io.EOF
	}
	// A damaged checksum behind the last entry shows only when all is read; what is no gzip at all there is harmless.
	if _, err := io.Copy(io.Discard, &p.in); err != nil && !errors.Is(err, inflate.ErrHeader) {
		p.cut(err)
	}
	return io.EOF
}

func (p *pass) cut(err error) {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the input ends in the middle")
	}
	p.book.cut(p.flow.at.Load(), p.name, err)
}

// part is the body of the entry in hand. A failure ends it like its end would; the pass stops then.
type part struct {
	p *pass
	r io.Reader
}

func (t *part) Read(b []byte) (int, error) {
	if t.p.failed != nil {
		return 0, io.EOF
	}
	if err := t.p.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		t.p.failed = err
		err = io.EOF
	}
	return n, err
}

// tail watches how the plain bytes end.
type tail struct {
	io.Reader
	at    int64 // bytes so far
	zeros int   // at the very end so far
	ended bool  // the source had no more
}

func (t *tail) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	t.at += int64(n)
	z := 0
	for z < n && z < 2*tarBlock && b[n-1-z] == 0 {
		z++
	}
	if z < n {
		t.zeros = z
	} else {
		t.zeros += z
	}
	if n == 0 && errors.Is(err, io.EOF) {
		t.ended = true
	}
	return n, err
}
