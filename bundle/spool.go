package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const spoolPrefix = ".imbundle-spool-"

// spoolDir is the private folder of a running Writer. It is locked while its process lives, so that a later run can tell a
// leftover from a folder in use.
type spoolDir struct {
	path string
	lock io.Closer
}

// newSpoolDir makes a folder in parent and removes those that dead processes left there.
func newSpoolDir(parent string) (*spoolDir, error) {
	removeLeftovers(parent)
	for range 10 {
		path, err := os.MkdirTemp(parent, spoolPrefix)
		if err != nil {
			return nil, fmt.Errorf("making a spool folder: %w", err)
		}
		lock, err := lockDir(path)
		if err == nil {
			return &spoolDir{path: path, lock: lock}, nil
		}
		if !errors.Is(err, errLocked) && !errors.Is(err, fs.ErrNotExist) {
			_ = os.Remove(path)
			return nil, fmt.Errorf("locking the spool folder: %w", err)
		}
		// Another run took the folder for a leftover between its making and its locking.
	}
	return nil, fmt.Errorf("making a spool folder in %q: other runs keep removing it", parent)
}

// create opens a spool file and takes its name away where the system allows that: then not a byte is left after a crash.
func (d *spoolDir) create() (*os.File, error) {
	f, err := os.CreateTemp(d.path, "entry-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // refused on Windows, where remove does it at the end
	return f, nil
}

// reserveSize is held back on the disk for the manifest, so that a disk that fills up does not cost the index.
const reserveSize = 256 << 10

// reserve occupies n bytes of the disk; nil where they are not to be had.
func (d *spoolDir) reserve(n int) *os.File {
	f, err := d.create()
	if err != nil {
		return nil
	}
	noise := make([]byte, n) // zeros might be stored as a hole
	for i := range noise {
		noise[i] = byte(i*7 + i>>8)
	}
	if _, err := f.Write(noise); err != nil {
		_ = f.Truncate(0)
	}
	return f
}

// release gives the reserve back to the disk.
func (d *spoolDir) release(f *os.File) {
	if f != nil {
		_ = f.Truncate(0) // without room the manifest fails with an error of its own
		_ = f.Close()
	}
}

func (d *spoolDir) remove() error {
	return errors.Join(os.RemoveAll(d.path), d.lock.Close())
}

// removeLeftovers deletes spool folders whose process is gone. What it cannot delete it leaves: another user's run may own it.
func removeLeftovers(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // the folder's own error shows when the spool folder is made
	}
	for _, e := range entries {
		path := filepath.Join(parent, e.Name())
		if !e.IsDir() || !strings.HasPrefix(e.Name(), spoolPrefix) || !ownDir(path) {
			continue
		}
		lock, err := lockDir(path)
		if err != nil {
			continue
		}
		_ = os.RemoveAll(path) // a leftover that stays does no harm to this run
		_ = lock.Close()
	}
}
