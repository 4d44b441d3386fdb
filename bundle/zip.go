package bundle

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zip"
	"github.com/mholt/archiver/v3"
)

// zipped is the way into a zip file.
type zipped struct {
	book *book
	file *os.File
	size int64
}

// newZip lists the zip; it owns f.
func newZip(f *os.File, size int64, b *book) (way, error) {
	if err := checkZipFolder(f, size); err != nil {
		return nil, &InputError{f.Name(), err, "copy or upload the file again, or unpack it and pass the folder"}
	}
	z := &zipped{book: b, file: f, size: size}
	var names []string
	docs := map[string][]byte{}
	err := z.walk(func(h *zip.FileHeader, rc io.Reader) error {
		if !h.Mode().IsRegular() {
			return nil
		}
		name := zipName(h)
		names = append(names, name)
		for _, doc := range []string{PlanFile, ManifestFile} {
			if (name == doc || strings.HasSuffix(name, "/"+doc)) && rc != nil && docs[doc] == nil {
				text, err := io.ReadAll(io.LimitReader(rc, maxManifest))
				if err == nil {
					docs[doc] = text
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, &InputError{f.Name(), err, "copy or upload the file again"}
	}
	if len(names) == 0 {
		return nil, &InputError{f.Name(), ErrEmpty, "the zip holds no file"}
	}
	b.top = b.lim.commonTop(names)
	for doc, text := range docs {
		if err := b.learn(doc, text); err != nil {
			return nil, err
		}
	}
	for _, n := range names {
		if _, err := b.admit(n); err != nil {
			break // met again by each
		}
	}
	return z, nil
}

// checkZipFolder refuses a directory that would take too much memory, before it is read.
func checkZipFolder(f io.ReaderAt, size int64) error {
	buf := make([]byte, min(size, 66<<10))
	if _, err := f.ReadAt(buf, size-int64(len(buf))); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	i := bytes.LastIndex(buf, zipEmpty)
	if i < 0 || i+22 > len(buf) {
		return fmt.Errorf("the zip's directory is missing at its end: %w", ErrCut)
	}
	end := size - int64(len(buf)) + int64(i)
	at := int64(binary.LittleEndian.Uint32(buf[i+16:]))
	if at == 0xffffffff && i >= 20 {
		end64 := make([]byte, 56)
		if _, err := f.ReadAt(end64, int64(binary.LittleEndian.Uint64(buf[i-20+8:]))); err != nil {
			return fmt.Errorf("the zip's directory: %w", err)
		}
		at = int64(binary.LittleEndian.Uint64(end64[48:]))
	}
	// Both what it says and where it stands: a reader goes by either.
	if long := max(end-at, int64(binary.LittleEndian.Uint32(buf[i+12:]))&0x7fffffff); at < 0 || long > maxZipFolder {
		return fmt.Errorf("the zip's directory has more than %d bytes: %w", maxZipFolder, ErrLimit)
	}
	return nil
}

// walk gives every header with its content; nil content where it cannot be opened.
func (z *zipped) walk(fn func(*zip.FileHeader, io.Reader) error) error {
	a := archiver.NewZip()
	if err := a.Open(io.NewSectionReader(z.file, 0, z.size), z.size); err != nil {
		return fmt.Errorf("reading the zip's directory: %w", err)
	}
	defer a.Close() // closes nothing: the file is ours
	for {
		f, err := a.Read()
		if errors.Is(err, io.EOF) && f.Header == nil {
			return nil
		}
		h, ok := f.Header.(zip.FileHeader)
		if !ok {
			return fmt.Errorf("reading the zip: %w", err)
		}
		var rc io.Reader
		if err == nil {
			rc = f
		}
		err = fn(&h, rc)
		if rc != nil {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return err
		}
	}
}

// zipName mends the names of Windows programs that wrote backslashes.
func zipName(h *zip.FileHeader) string {
	if !strings.Contains(h.Name, "/") {
		return strings.ReplaceAll(h.Name, `\`, "/")
	}
	return h.Name
}

var errStop = errors.New("stop")

func (z *zipped) each(ctx context.Context, _ int, visit Visit) error {
	z.book.begin()
	var total int64
	err := z.walk(func(h *zip.FileHeader, rc io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return z.visit(ctx, h, rc, &total, visit)
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func (z *zipped) visit(ctx context.Context, h *zip.FileHeader, rc io.Reader, total *int64, visit Visit) error {
	name, err := z.admit(h, rc)
	if err != nil {
		z.book.cut(z.size, h.Name, err)
		return errStop
	}
	if name == "" {
		return nil
	}
	// A wrong length in the directory must not cost more than the right one.
	ahead := newAhead(io.LimitReader(rc, int64(min(h.UncompressedSize64, 1<<62))+1), func(plain int64) error {
		return z.book.lim.expansion(*total+plain, z.size)
	})
	body := &zipBody{ctx: ctx, src: ahead, want: int64(h.UncompressedSize64)}
	err = visit(0, &File{Name: name, Size: int64(h.UncompressedSize64), Info: z.book.info[name], Reader: body})
	ahead.end(true)
	*total += body.got
	switch {
	case err != nil:
		return err
	case errors.Is(body.failed, ErrLimit):
		z.book.cut(z.size, name, body.failed)
		return errStop
	case body.failed != nil:
		z.book.omit(OmitDamaged, name)
		z.book.cut(z.size, name, body.failed)
	}
	return nil
}

// admit judges one header.
func (z *zipped) admit(h *zip.FileHeader, rc io.Reader) (string, error) {
	mode := h.Mode()
	switch {
	case mode.IsDir():
		return "", nil
	case mode.Type() != 0 && strings.Contains(mode.String(), "L"):
		z.book.omit(OmitLink, h.Name)
	case !mode.IsRegular():
		z.book.omit(OmitDevice, h.Name)
	case h.Method != zip.Store && h.Method != zip.Deflate:
		z.book.omit(OmitMethod, h.Name)
	case h.Flags&1 != 0:
		z.book.omit(OmitMethod, h.Name) // encrypted
	case rc == nil:
		z.book.omit(OmitUnread, h.Name)
	default:
		return z.book.admit(zipName(h))
	}
	return "", nil
}

// zipBody ends where the content fails or is longer than the directory says.
type zipBody struct {
	ctx    context.Context // of the call to each
	src    io.Reader
	want   int64
	got    int64
	failed error
}

func (b *zipBody) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, io.EOF
	}
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.src.Read(p)
	b.got += int64(n)
	if b.got > b.want {
		n -= int(b.got - b.want)
		b.got, err = b.want, errors.New(OmitSize)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
		err = io.EOF
	}
	return n, err
}

func (z *zipped) open(name string) (io.ReadCloser, error) {
	a := archiver.NewZip()
	if err := a.Open(io.NewSectionReader(z.file, 0, z.size), z.size); err != nil {
		return nil, fmt.Errorf("reading the zip's directory: %w", err)
	}
	b := newBook(z.book.lim)
	b.top = z.book.top
	sub := &zipped{book: b, file: z.file, size: z.size}
	for {
		f, err := a.Read()
		if errors.Is(err, io.EOF) && f.Header == nil {
			return nil, ErrNotFound
		}
		h, ok := f.Header.(zip.FileHeader)
		if !ok {
			return nil, fmt.Errorf("reading the zip: %w", err)
		}
		var rc io.Reader
		if err == nil {
			rc = f
		}
		got, err := sub.admit(&h, rc)
		if err == nil && got == name {
			return f, nil
		}
		if rc != nil {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return nil, err
		}
	}
}

func (z *zipped) Close() error { return z.file.Close() }
