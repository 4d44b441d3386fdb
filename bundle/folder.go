package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync/atomic"
)

// folder is the way into a directory. Links in it are not followed, and nothing outside it can be reached.
type folder struct {
	book  *book
	root  *os.Root
	files []loose
	over  error // the limit that ended the listing
}

type loose struct {
	path, name string
	size       int64
}

// newFolder lists the directory; f is closed unless there is an error.
func newFolder(f *os.File, path string, b *book) (way, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d := &folder{book: b, root: root}
	if err := d.list(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if len(d.files) == 0 {
		return nil, errors.Join(d.nothing(path), root.Close())
	}
	for _, doc := range []string{PlanFile, ManifestFile} {
		if err := d.study(doc); err != nil {
			return nil, errors.Join(err, root.Close())
		}
	}
	return d, f.Close()
}

// nothing says why a folder has no entry.
func (d *folder) nothing(path string) error {
	if o := d.book.omitted[OmitUnread]; o != nil {
		return &InputError{path, fmt.Errorf("%d of its files and folders cannot be opened: %w", o.Count, fs.ErrPermission), "run it as a user who may read them"}
	}
	return &InputError{path, ErrEmpty, "pass the folder that holds the logs"}
}

// list walks the tree. A folder's own name is no part of the entries' names; a single folder inside is stripped only when the
// layout begins below it.
func (d *folder) list() error {
	d.book.begin()
	d.files, d.over = nil, nil
	var found []loose
	err := fs.WalkDir(d.root.FS(), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			d.book.omit(OmitUnread, path)
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if len(found) > d.book.lim.Entries {
			return fs.SkipAll
		}
		if f, ok := d.look(path, e); ok {
			found = append(found, f)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("listing the folder: %w", err)
	}
	d.book.top = layoutTop(d.book.lim, found)
	for _, f := range found {
		if f.name, err = d.book.admit(f.path); err != nil {
			d.over = err
			return nil
		}
		if f.name != "" {
			d.files = append(d.files, f)
		}
	}
	return nil
}

func (d *folder) look(path string, e fs.DirEntry) (loose, bool) {
	switch {
	case e.IsDir():
		return loose{}, false
	case e.Type()&fs.ModeSymlink != 0:
		d.book.omit(OmitLink, path)
		return loose{}, false
	case !e.Type().IsRegular():
		d.book.omit(OmitDevice, path)
		return loose{}, false
	}
	fi, err := e.Info()
	if err != nil {
		d.book.omit(OmitUnread, path)
		return loose{}, false
	}
	return loose{path: path, size: fi.Size()}, true
}

// layoutTop is the single folder of all files if the layout's roots are right below it.
func layoutTop(lim Limits, files []loose) string {
	names := make([]string, len(files))
	known := false
	for i, f := range files {
		names[i] = f.path
		_, rest, _ := strings.Cut(f.path, "/")
		first, _, _ := strings.Cut(rest, "/")
		known = known || roots[first]
	}
	if !known {
		return ""
	}
	return lim.commonTop(names)
}

func (d *folder) study(doc string) error {
	rc, err := d.open(doc)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(rc, maxManifest))
	if err := errors.Join(err, rc.Close()); err != nil {
		return err
	}
	return d.book.learn(doc, text)
}

func (d *folder) each(ctx context.Context, workers int, visit Visit) error {
	if err := d.list(); err != nil {
		return err
	}
	var read atomic.Int64
	err := parallel(ctx, workers, len(d.files), func(ctx context.Context, worker, i int) error {
		return d.visit(ctx, d.files[i], worker, &read, visit)
	})
	if d.over != nil {
		d.book.cut(read.Load(), "", d.over)
	}
	return err
}

func (d *folder) visit(ctx context.Context, l loose, worker int, read *atomic.Int64, visit Visit) error {
	if read.Load() > d.book.lim.Bytes {
		d.book.cut(read.Load(), l.name, fmt.Errorf("more than %d plain bytes: %w", d.book.lim.Bytes, ErrLimit))
		return nil
	}
	f, err := d.root.Open(l.path)
	if err != nil {
		d.book.omit(OmitUnread, l.path)
		return nil
	}
	body := &looseBody{ctx: ctx, f: f, d: d, name: l.name, read: read}
	err = visit(worker, &File{Name: l.name, Size: l.size, Info: d.book.info[l.name], Reader: body})
	return errors.Join(err, f.Close())
}

// looseBody reads a file of the folder; a read error ends it and is recorded.
type looseBody struct {
	ctx  context.Context // of the call to each
	f    *os.File
	d    *folder
	name string
	read *atomic.Int64
}

func (b *looseBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.f.Read(p)
	total := b.read.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		b.d.book.omit(OmitDamaged, b.name)
		b.d.book.cut(total, b.name, err)
		err = io.EOF
	}
	return n, err
}

func (d *folder) open(name string) (io.ReadCloser, error) {
	for _, l := range d.files {
		if l.name == name {
			return d.root.Open(l.path)
		}
	}
	return nil, ErrNotFound
}

func (d *folder) openAt(name string, offset int64) (io.ReadCloser, error) {
	rc, err := d.open(name)
	if err != nil {
		return nil, err
	}
	if _, err := rc.(io.Seeker).Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, rc.Close())
	}
	return rc, nil
}

func (d *folder) Close() error { return d.root.Close() }
