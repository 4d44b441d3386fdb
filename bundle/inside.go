package bundle

import (
	"archive/tar"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"
)

// inside looks into entries that are packed themselves: a log.gz comes out plain under its own name, the files of a zip or tar
// as entries below the archive's name. What was packed on its own in the whole input takes the place of the input.
type inside struct {
	book  *book
	visit Visit
	only  bool         // the input has a single entry
	plain atomic.Int64 // bytes unpacked here
}

const (
	insideDepth = 2        // archives within archives
	insideHeld  = 32 << 20 // of a zip that has to be held because it came out of a stream
	magicSize   = 6
)

// OmitInside and OmitHeld are reasons for archives that are left as they are. How else a file is packed or encrypted that is not
// read is a reason by itself: "packed by 7-Zip", "encrypted with age".
const (
	OmitInside = "archive in an archive, packed too deep"
	OmitHeld   = "archive in an archive, too large to be held: pass it by itself"
)

// entry visits what is in f.
func (u *inside) entry(worker int, f *File) error {
	own := *f // whoever handed f over goes on with its reader
	return u.look(worker, &own, 0)
}

func (u *inside) look(worker int, f *File, depth int) error {
	var room [magicSize]byte
	n, err := fill(f.Reader, room[:])
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head := room[:n]
	packing := packingOf(head)
	isZip := bytes.HasPrefix(head, zipMagic)
	if packing == "" && !isZip {
		if what := foreignTo(head); what != "" {
			u.book.omit(what, f.Name)
			return nil
		}
	}
	in := f.Reader
	f.Reader = io.MultiReader(bytes.NewReader(head), in)
	switch {
	case isZip:
		return u.zip(worker, f, in, depth)
	case packing != "":
		return u.packed(worker, f, packing, depth)
	case strings.HasSuffix(f.Name, ".tar"):
		return u.tarOrPlain(worker, f, bufio.NewReaderSize(f.Reader, 64<<10), depth)
	}
	return u.visit(worker, f)
}

// foreignTo says how something is packed or encrypted that is not read here.
func foreignTo(head []byte) string {
	for _, x := range foreign {
		if len(x.magic) <= len(head) && bytes.HasPrefix(head, []byte(x.magic)) {
			return x.what
		}
	}
	return ""
}

// packed unpacks one stream.
func (u *inside) packed(worker int, f *File, packing string, depth int) error {
	raw := &count{r: f.Reader}
	plain, done, err := unpacker(packing, bufio.NewReaderSize(raw, 64<<10))
	if err != nil {
		u.book.omit(OmitDamaged, f.Name)
		return nil
	}
	if done != nil {
		defer done()
	}
	body := &unpackedBody{u: u, src: plain, raw: raw, name: f.Name}
	return u.tarOrPlain(worker, &File{Name: f.Name, Size: -1, Info: f.Info, Reader: body}, bufio.NewReaderSize(body, 64<<10), depth)
}

// unpackedBody ends where the content fails or a limit is reached; what is there counts.
type unpackedBody struct {
	u      *inside
	src    io.Reader
	raw    *count
	name   string
	failed bool
}

func (b *unpackedBody) Read(p []byte) (int, error) {
	if b.failed {
		return 0, io.EOF
	}
	n, err := b.src.Read(p)
	b.u.plain.Add(int64(n))
	b.raw.plain += int64(n)
	if over := b.u.book.lim.expansion(b.raw.plain, max(b.raw.n, 1)); over != nil {
		err = over
	}
	if b.u.plain.Load() > b.u.book.lim.Bytes {
		err = ErrLimit
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = true
		b.u.book.omit(spoiled(err), b.name)
		err = io.EOF
	}
	return n, err
}

// count counts what is taken from a packed stream, and what came out of it.
type count struct {
	r     io.Reader
	n     int64
	plain int64
}

func (c *count) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// tarOrPlain visits the files of a tar, or the stream itself.
func (u *inside) tarOrPlain(worker int, f *File, in *bufio.Reader, depth int) error {
	head, err := in.Peek(tarBlock)
	if err != nil || !bytes.HasPrefix(head[257:], []byte("ustar")) {
		f.Reader = in
		return u.visit(worker, f)
	}
	if depth >= insideDepth {
		u.book.omit(OmitInside, f.Name)
		return nil
	}
	t := tar.NewReader(in)
	into := u.folder(f.Name)
	for {
		h, err := t.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				u.book.omit(OmitDamaged, f.Name)
			}
			return nil
		}
		if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if reason := kindOf(h); reason != "" {
			u.book.omit(reason, path.Join(f.Name, h.Name))
			continue
		}
		if err := u.child(worker, into, h.Name, h.Size, t, depth); err != nil {
			return err
		}
	}
}

// spoiled is the reason for an entry that could not be read to its end.
func spoiled(err error) string {
	if errors.Is(err, ErrLimit) {
		return OmitBomb
	}
	return OmitDamaged
}

// folder is where the files of an archive come out.
func (u *inside) folder(name string) *outlet { return &outlet{name: name, alone: u.only} }

// outlet names the files of one archive.
type outlet struct {
	name  string
	alone bool   // the archive stands for the input, so its names are those of the input
	top   string // the common folder, with its slash, of an archive that stands alone
	known bool
}

// under gives the name of a file: below the archive's own, unless that stands alone.
func (o *outlet) under(name string) string {
	if !o.alone {
		return o.name + "/" + name
	}
	if !o.known { // our own archives have one folder, and the plan first in it
		o.known = true
		if first, rest, ok := strings.Cut(strings.TrimPrefix(name, "./"), "/"); ok && roots[firstOf(rest)] && !roots[first] {
			o.top = first + "/"
		}
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, "./"), o.top)
}

func firstOf(name string) string {
	first, _, _ := strings.Cut(name, "/")
	return first
}

// child visits one file of an archive.
func (u *inside) child(worker int, o *outlet, raw string, size int64, body io.Reader, depth int) error {
	if _, reason := u.book.lim.tidy(raw); reason != "" {
		u.book.omit(reason, path.Join(o.name, raw[:min(len(raw), 200)]))
		return nil
	}
	name, err := u.book.admitInside(o.under(raw))
	if err != nil {
		u.book.cut(0, o.name, err)
		return nil
	}
	if name == "" {
		return nil
	}
	f := &File{Name: name, Size: size, Info: u.book.infoOf(name), Reader: &insideBody{u, body, name, false}}
	if o.alone && (name == PlanFile || name == ManifestFile) && size <= maxManifest {
		text, err := io.ReadAll(f.Reader)
		if err != nil {
			return err
		}
		if err := u.book.learnLate(name, text); err != nil {
			return fmt.Errorf("reading %q: %w", name, err)
		}
		f.Reader = bytes.NewReader(text)
	}
	return u.look(worker, f, depth+1)
}

// insideBody is a file of an archive; damage ends it. Its bytes were counted where they were unpacked.
type insideBody struct {
	u      *inside
	src    io.Reader
	name   string
	failed bool
}

func (b *insideBody) Read(p []byte) (int, error) {
	if b.failed {
		return 0, io.EOF
	}
	n, err := b.src.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = true
		b.u.book.omit(spoiled(err), b.name)
		err = io.EOF
	}
	return n, err
}
