package bundle

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path"

	"github.com/klauspost/compress/zip"
)

// zip visits the files of a zip. in is f without the bytes that were looked at.
func (u *inside) zip(worker int, f *File, in io.Reader, depth int) error {
	if depth >= insideDepth {
		u.book.omit(OmitInside, f.Name)
		return nil
	}
	at, size, err := whole(f, in)
	if err != nil {
		u.book.omit(OmitHeld, f.Name)
		return nil
	}
	if err := checkZipFolder(at, size); err != nil {
		u.book.omit(OmitDamaged, f.Name)
		return nil
	}
	z, err := zip.NewReader(at, size)
	if err != nil {
		u.book.omit(OmitDamaged, f.Name)
		return nil
	}
	into := u.folder(f.Name)
	for _, file := range z.File {
		if err := u.zipped(worker, into, file, depth); err != nil {
			return err
		}
	}
	return nil
}

func (u *inside) zipped(worker int, into *outlet, file *zip.File, depth int) error {
	switch mode := file.Mode(); {
	case mode.IsDir():
		return nil
	case !mode.IsRegular():
		u.book.omit(OmitLink, path.Join(into.name, file.Name))
		return nil
	case file.Flags&locked != 0:
		u.book.omit(OmitLocked, path.Join(into.name, file.Name))
		return nil
	case file.Method != zip.Store && file.Method != zip.Deflate:
		u.book.omit(OmitMethod, path.Join(into.name, file.Name))
		return nil
	}
	rc, err := file.Open()
	if err != nil {
		u.book.omit(OmitUnread, path.Join(into.name, file.Name))
		return nil
	}
	raw := &count{r: rc, n: int64(min(file.CompressedSize64, 1<<62))}
	body := &unpackedBody{u: u, src: rc, raw: raw, name: path.Join(into.name, file.Name)}
	return errors.Join(u.child(worker, into, zipName(file), int64(min(file.UncompressedSize64, 1<<62)), body, depth), rc.Close())
}

// whole gives access to any byte of an entry: in its file where it lies in a folder, else held in memory.
func whole(f *File, in io.Reader) (io.ReaderAt, int64, error) {
	var loose *os.File
	switch in := in.(type) {
	case *looseBody:
		loose = in.f
	case *os.File:
		loose = in
	}
	if loose != nil {
		fi, err := loose.Stat()
		if err != nil {
			return nil, 0, err
		}
		return loose, fi.Size(), nil
	}
	held, err := io.ReadAll(io.LimitReader(f.Reader, insideHeld+1))
	if err != nil {
		return nil, 0, err
	}
	if len(held) > insideHeld {
		return nil, 0, ErrLimit
	}
	return bytes.NewReader(held), int64(len(held)), nil
}
