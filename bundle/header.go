package bundle

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"sync"
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

// paddings makes the members that fill the last block of a body. The level used for bodies would store so few zeros as they are;
// the highest one packs them, and each length is made once.
type paddings struct {
	mu    sync.Mutex
	press *press
	made  map[int][]byte
}

// after gives the member that follows a body of size bytes; nil when that ends a block.
func (p *paddings) after(size int64) ([]byte, error) {
	n := int((tarBlock - size%tarBlock) % tarBlock)
	p.mu.Lock()
	defer p.mu.Unlock()
	if n == 0 || p.made[n] != nil {
		return p.made[n], nil
	}
	if p.press == nil {
		press, err := newPress(9)
		if err != nil {
			return nil, err
		}
		p.press, p.made = press, map[int][]byte{}
	}
	m, err := wholeCopy(p.press, tarEnd[:n])
	p.made[n] = m
	return m, err
}

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
