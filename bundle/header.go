package bundle

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/mholt/archiver/v3"
)

const tarBlock = 512

// tarEnd closes a tar: two empty blocks.
var tarEnd = make([]byte, 2*tarBlock)

// tarHeader gives the header blocks of a regular file, as archiver's Tar writes them before the body.
func tarHeader(path string, size int64, at time.Time) ([]byte, error) {
	var buf bytes.Buffer
	t := archiver.NewTar()
	if err := t.Create(&buf); err != nil {
		return nil, fmt.Errorf("making the header of %q: %w", path, err)
	}
	info := archiver.FileInfo{FileInfo: fileInfo{path, size, at.UTC().Truncate(time.Second)}, CustomName: path}
	if err := t.Write(archiver.File{FileInfo: info, ReadCloser: io.NopCloser(&bytes.Buffer{})}); err != nil {
		return nil, fmt.Errorf("making the header of %q: %w", path, err)
	}
	return buf.Bytes(), nil // t is not closed: the body comes from the spool, the end of the tar from Finish
}

// padding is what fills the last block of a body.
func padding(size int64) []byte { return tarEnd[:(tarBlock-size%tarBlock)%tarBlock] }

type fileInfo struct {
	name string
	size int64
	time time.Time
}

func (f fileInfo) Name() string       { return f.name }
func (f fileInfo) Size() int64        { return f.size }
func (f fileInfo) Mode() fs.FileMode  { return 0o600 }
func (f fileInfo) ModTime() time.Time { return f.time }
func (f fileInfo) IsDir() bool        { return false }
func (f fileInfo) Sys() any           { return nil }
