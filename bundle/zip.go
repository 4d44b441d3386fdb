package bundle

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/zip"
)

// zipped is the way into a zip file. It does not go through archiver.Zip, whose Read opens an entry before its method can be
// looked at: a damaged xz entry then ends in a nil reader that panics when it is closed.
type zipped struct {
	book  *book
	file  *os.File
	size  int64
	zip   *zip.Reader
	files []packed
	over  error // the limit that ended the listing
}

// packed is an admitted entry.
type packed struct {
	*zip.File
	name string
}

// newZip lists the zip; it owns f.
func newZip(f *os.File, size int64, b *book) (way, error) {
	again := "copy or upload the file again, or unpack it and pass the folder"
	if err := checkZipFolder(f, size); err != nil {
		return nil, &InputError{f.Name(), err, again}
	}
	r, err := zip.NewReader(f, size)
	if err != nil {
		return nil, &InputError{f.Name(), fmt.Errorf("reading the zip's directory: %w", err), again}
	}
	z := &zipped{book: b, file: f, size: size, zip: r}
	names := make([]string, 0, len(r.File))
	for _, f := range r.File {
		if f.Mode().IsRegular() {
			names = append(names, zipName(f))
		}
	}
	if len(names) == 0 {
		return nil, &InputError{f.Name(), ErrEmpty, "the zip holds no file"}
	}
	b.top = b.lim.commonTop(names)
	z.list()
	for _, doc := range []string{PlanFile, ManifestFile} {
		if err := z.study(doc); err != nil {
			return nil, err
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
	long := int64(binary.LittleEndian.Uint32(buf[i+12:]))
	if (at == 0xffffffff || long == 0xffffffff) && i >= 20 {
		end64 := make([]byte, 56)
		if _, err := f.ReadAt(end64, int64(binary.LittleEndian.Uint64(buf[i-20+8:])&(1<<62-1))); err != nil {
			return fmt.Errorf("reading the zip's directory: %w", err)
		}
		at = int64(binary.LittleEndian.Uint64(end64[48:]))
		long = int64(binary.LittleEndian.Uint64(end64[40:]))
	}
	// Both what it says and where it stands: a reader goes by either.
	if at < 0 || long < 0 || max(end-at, long) > maxZipFolder {
		return fmt.Errorf("the zip's directory has more than %d bytes: %w", maxZipFolder, ErrLimit)
	}
	return nil
}

// zipName mends the names of Windows programs that wrote backslashes.
func zipName(f *zip.File) string {
	if !strings.Contains(f.Name, "/") && !strings.HasPrefix(f.Name, `\`) {
		return strings.ReplaceAll(f.Name, `\`, "/")
	}
	return f.Name
}

// list opens the account of a pass.
func (z *zipped) list() {
	z.book.begin()
	z.files, z.over = nil, nil
	for _, f := range z.zip.File {
		name, err := z.admit(f)
		if err != nil {
			z.over = err
			return
		}
		if name != "" {
			z.files = append(z.files, packed{f, name})
		}
	}
}

// locked is the flag of a file in a zip that is encrypted.
const locked = 1

// admit judges one header.
func (z *zipped) admit(f *zip.File) (string, error) {
	switch mode := f.Mode(); {
	case mode.IsDir():
	case mode&fs.ModeSymlink != 0:
		z.book.omit(OmitLink, f.Name)
	case !mode.IsRegular():
		z.book.omit(OmitDevice, f.Name)
	case f.Flags&locked != 0:
		z.book.omit(OmitLocked, f.Name)
	case f.Method != zip.Store && f.Method != zip.Deflate:
		z.book.omit(OmitMethod, f.Name)
	default:
		return z.book.admit(zipName(f))
	}
	return "", nil
}

func (z *zipped) study(doc string) error {
	rc, err := z.open(doc)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return nil // shows when it is visited
	}
	text, err := io.ReadAll(io.LimitReader(rc, maxManifest))
	if err = errors.Join(err, rc.Close()); err != nil {
		return nil
	}
	return z.book.learn(doc, text)
}

func (z *zipped) each(ctx context.Context, workers int, visit Visit) error {
	z.list()
	var total atomic.Int64
	err := parallel(ctx, workers, len(z.files), func(ctx context.Context, worker, i int) error {
		return z.visit(ctx, z.files[i], worker, &total, visit)
	})
	if z.over != nil {
		z.book.cut(z.size, "", z.over)
	}
	return err
}

func (z *zipped) visit(ctx context.Context, p packed, worker int, total *atomic.Int64, visit Visit) error {
	rc, err := p.Open()
	if err != nil {
		z.book.omit(OmitUnread, p.name)
		z.damaged(p, err)
		return nil
	}
	body := &zipBody{ctx: ctx, src: rc, z: z, want: p.size(), total: total}
	err = visit(worker, &File{Name: p.name, Size: p.size(), Info: z.book.info[p.name], Reader: body})
	if closing := rc.Close(); body.failed == nil {
		body.failed = closing // the decoder's error, when the visitor did not read as far
	}
	if body.failed != nil {
		z.book.omit(spoiled(body.failed), p.name)
		z.damaged(p, body.failed)
	}
	return err
}

func (p packed) size() int64 { return int64(min(p.UncompressedSize64, 1<<62)) }

func (z *zipped) damaged(p packed, err error) {
	at, offsetErr := p.DataOffset()
	if offsetErr != nil {
		at = 0
	}
	z.book.cut(at, p.name, err)
}

// zipBody ends where the content fails, is longer than the directory says, or a limit of the whole is reached.
type zipBody struct {
	ctx    context.Context // of the call to each
	src    io.Reader
	z      *zipped
	want   int64
	got    int64
	total  *atomic.Int64
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
	if over := b.z.book.lim.expansion(b.total.Add(int64(n)), b.z.size); over != nil {
		err = over
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.failed = err
		err = io.EOF
	}
	return n, err
}

func (z *zipped) open(name string) (io.ReadCloser, error) {
	for _, p := range z.files {
		if p.name == name {
			return p.Open()
		}
	}
	return nil, ErrNotFound
}

func (z *zipped) Close() error { return z.file.Close() }
