//go:build !unix

package bundle

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"
)

var errLocked = errors.New("locked by a running process")

// lockDir holds a file open in the folder: on Windows such a folder cannot be removed by another process.
func lockDir(path string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// ownDir goes by age, as there is no lock to ask: no collection lasts a day.
func ownDir(path string) bool {
	fi, err := os.Lstat(path)
	return err == nil && fi.IsDir() && time.Since(fi.ModTime()) > 24*time.Hour
}
