package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// ReadOptions set up a Reader.
type ReadOptions struct {
	Stdin  io.Reader // read for the path "-"; nil means os.Stdin
	Limits Limits
	// Inside also unpacks what is packed within the input: a log.gz, a zip or a tar in a folder or archive. Such files come out
	// below the archive's name. Open and OpenAt find them where the packed file's own name ends as such names do; see Unfold.
	Inside bool
}

// File is an entry handed to a visitor. It is valid during the visit only; what is not read is skipped.
// Reading ends early, with io.EOF, where the input is cut or damaged: End and Omissions tell.
type File struct {
	Name string     // true name without the top folder
	Size int64      // plain bytes as the archive says; -1 when unknown
	Info *EntryInfo // nil when no manifest is known (yet) and the entry has no label either
	// Redacted counts what was hidden in the entry by rule, where its label was met: in a file that is read as a stream.
	Redacted map[string]int64
	io.Reader
}

// WriteTo implements io.WriterTo: what comes out of a stream is lent to w block by block.
func (f *File) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, f.Reader) }

// learn takes from the entry's own label what no manifest has told; that is all but the sum.
func (f *File) learn(l *label, at time.Time) {
	f.Redacted = l.Redacted
	if f.Info == nil {
		f.Info = &EntryInfo{Name: f.Name, Size: f.Size, Time: at, Source: l.Source, Truncated: l.Truncated, Attrs: l.Attrs}
	}
}

// Visit takes one entry. worker counts from 0 and is never used by two visits at a time. An error ends the reading.
type Visit func(worker int, f *File) error

// Reader reads one input. Each and Open must not be called at the same time as Each or Close.
type Reader struct {
	path string
	way  way
	book *book

	deep  bool   // entries are looked into
	only  bool   // there is a single entry, whose files stand for the input's
	alone string // that entry, if it is packed by its name
}

// way is a way into an input.
type way interface {
	each(ctx context.Context, workers int, visit Visit) error
	open(name string) (io.ReadCloser, error)
	io.Closer
}

// offsetWay is a way that can enter an entry anywhere.
type offsetWay interface {
	openAt(name string, offset int64) (io.ReadCloser, error)
}

// Open tells by content what path is: a bundle, tar, tar.gz, tar.zst, zip, a directory, one plain file (also .gz or .zst of
// one), or "-" for standard input. What cannot be read at all is an *InputError with a hint; a bundle of a newer format is a
// *NewerError.
func Open(path string, o ReadOptions) (*Reader, error) {
	r := &Reader{path: path, book: newBook(o.Limits), deep: o.Inside}
	way, err := r.find(o)
	if err != nil {
		var newer *NewerError
		if errors.As(err, &newer) {
			return nil, &InputError{Path: path, Err: err, Hint: "use a newer imbundle to read it"}
		}
		var in *InputError
		if errors.As(err, &in) {
			return nil, err
		}
		return nil, fmt.Errorf("opening %q: %w", path, err)
	}
	r.way = way
	r.single()
	return r, nil
}

func (r *Reader) find(o ReadOptions) (way, error) {
	if r.path == "-" {
		in := o.Stdin
		if in == nil {
			in = os.Stdin
		}
		return newPipe(in, r.book)
	}
	f, err := os.Open(r.path)
	if err != nil {
		return nil, err
	}
	way, err := r.findFile(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return way, nil
}

// findFile looks at an open file; the way it returns owns f.
func (r *Reader) findFile(f *os.File) (way, error) {
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if fi.IsDir() {
		return newFolder(f, r.path, r.book)
	}
	if !fi.Mode().IsRegular() {
		return newPipe(f, r.book) // a named pipe, /dev/stdin, <(…)
	}
	if fi.Size() == 0 {
		return nil, &InputError{r.path, ErrEmpty, "did the copy or the upload finish?"}
	}
	head := make([]byte, 4)
	if n, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	} else if bytes.HasPrefix(head[:n], zipMagic) || bytes.Equal(head[:n], zipEmpty) {
		return newZip(f, fi.Size(), r.book)
	}
	x, err := newIndexed(f, fi.Size(), r.book)
	if err != nil || x != nil {
		return x, err
	}
	return newSeekable(f, r.path, r.book)
}

// Each visits every regular entry once. A bundle with an index, a zip and a directory are read by several workers at a time
// (zero means one for each CPU), in no promised order; a stream by one, whose inflating runs ahead of the visitor.
// A cut or damaged input is no error here: everything before the cut is delivered, End tells the rest.
func (r *Reader) Each(ctx context.Context, workers int, visit func(worker int, f *File) error) error {
	if workers <= 0 {
		workers = defaultWorkers()
	}
	take := Visit(visit)
	if r.deep {
		take = r.inside(r.book, visit).entry
	}
	if err := r.way.each(ctx, workers, take); err != nil {
		return fmt.Errorf("reading %q: %w", r.path, err)
	}
	return nil
}

// Open gives one entry by its true name, through the index when there is one. ErrNotFound says that it is not there; a cut or
// damaged entry ends with an error that wraps ErrCut.
func (r *Reader) Open(name string) (io.ReadCloser, error) {
	open := r.way.open
	if r.deep && r.folded(name) {
		open = r.openInside
	}
	rc, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("opening %q in %q: %w", name, r.path, err)
	}
	return rc, nil
}

// OpenAt gives one entry from an offset of its plain bytes on. A bundle with an index and a directory are entered there; anything
// else is read from the entry's beginning. Behind the end there is nothing to read. Unlike Open it never unpacks ahead of its
// reader, which makes it the one of the two for many entries at a time.
func (r *Reader) OpenAt(name string, offset int64) (io.ReadCloser, error) {
	if w, ok := r.way.(offsetWay); ok && !(r.deep && r.folded(name)) {
		rc, err := w.openAt(name, offset)
		if err != nil {
			return nil, fmt.Errorf("opening %q in %q: %w", name, r.path, err)
		}
		return rc, nil
	}
	rc, err := r.Open(name)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, rc, offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("opening %q in %q: %w", name, r.path, err), rc.Close())
	}
	return rc, nil
}

// Unchanged is ErrChanged when the file is no longer what it was when it was opened: written to, or replaced where it is read
// again for each entry. A directory is not watched.
func (r *Reader) Unchanged() error {
	w, ok := r.way.(interface{ unchanged() error })
	if !ok {
		return nil
	}
	if err := w.unchanged(); err != nil {
		return fmt.Errorf("reading %q: %w", r.path, err)
	}
	return nil
}

// Info is what the manifest says of an entry; nil when it says nothing.
func (r *Reader) Info(name string) *EntryInfo { return r.book.info[name] }

// Manifest is nil when the input has none, or before Each where it can be found only by reading on (a stream).
func (r *Reader) Manifest() *Manifest { return r.book.manifest }

// Plan is nil when the input has none; it is known from Open on when the plan is the first entry or can be looked up.
func (r *Reader) Plan() *Plan { return r.book.plan }

// Names lists the regular entries, of a stream those met by the last Each.
func (r *Reader) Names() []string { return r.book.list() }

// Direct tells whether Open goes straight to an entry and Names is known without Each: a bundle with its index, a zip, a
// directory, unless all of it lies in one packed file that is looked into. A stream is read from its beginning each time, and
// standard input only once.
func (r *Reader) Direct() bool { return !r.streamed() && r.alone == "" }

func (r *Reader) streamed() bool {
	_, is := r.way.(*stream)
	return is
}

// Omissions lists what was left out, by reason. Complete after Each.
func (r *Reader) Omissions() []Omission { return r.book.omissions() }

// End says how the reading ended. Valid after Each.
func (r *Reader) End() End { return r.book.ending() }

// Close gives the input back. A file given as path is closed, ReadOptions.Stdin is not.
func (r *Reader) Close() error { return r.way.Close() }
