package bundle

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
)

// body takes an entry's redacted bytes and makes gzip members of them. Its owner holds the entry's lock.
type body struct {
	w       *Writer
	chunks  [][]byte // plain bytes not compressed yet
	room    int      // plain bytes that the open member still takes
	cur     member
	members []int64  // compressed sizes of the finished members
	early   []byte   // compressed bytes of an entry so small that it never needed a file
	spool   *os.File // nil until a part had to leave memory
	spooled int64
	size    int64 // plain bytes compressed or waiting
	sum     hash.Hash
	own     bool  // of the writer itself: the size limit has room set aside for it
	full    bool  // the bundle's size limit left no room: what comes is dropped
	dropped int64 // bytes dropped so
	err     error // of compressing or spooling; tells them from the redactor's
}

func newBody(w *Writer) *body {
	return &body{w: w, sum: sha256.New(), room: w.o.MemberSize}
}

// Write is the redactor's destination.
func (b *body) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if b.full {
			b.dropped += int64(len(p))
			return n, nil
		}
		c, err := b.chunk()
		if err != nil {
			return 0, err
		}
		if c == nil {
			continue
		}
		k := min(len(p), chunkSize-len(*c), b.room)
		*c = append(*c, p[:k]...)
		p = p[k:]
		b.room -= k
		b.size += int64(k)
		if b.room == 0 {
			if err := b.flush(true, false); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// chunk is the buffer with room for more; nil after a flush that found the bundle full.
func (b *body) chunk() (*[]byte, error) {
	if n := len(b.chunks); n > 0 && len(b.chunks[n-1]) < chunkSize {
		return &b.chunks[n-1], nil
	}
	fresh := b.w.chunks.get(len(b.chunks) == 0)
	if fresh == nil {
		if err := b.flush(false, false); err != nil || b.full {
			return nil, err
		}
		fresh = b.w.chunks.get(true)
	}
	b.chunks = append(b.chunks, fresh)
	return &b.chunks[len(b.chunks)-1], nil
}

// flush compresses what waits into the open member. last ends the member; closing says that nothing follows, so that the
// bytes need no spool if none was begun.
func (b *body) flush(last, closing bool) (err error) {
	p := <-b.w.presses
	defer func() {
		b.w.presses <- p
		b.err = err
	}()
	out, err := p.part(&b.cur, b.chunks, last)
	if err != nil {
		return fmt.Errorf("compressing: %w", err)
	}
	for _, c := range b.chunks {
		b.sum.Write(c)
	}
	b.release()
	if last {
		b.members = append(b.members, b.cur.size)
		b.cur.reset()
		b.room = b.w.o.MemberSize
	}
	if closing && b.spool == nil {
		b.early = append(b.early, out...)
		return nil
	}
	if err := b.store(out); err != nil {
		return err
	}
	b.full = !closing && !b.own && b.spooled > b.w.budget()
	return nil
}

func (b *body) store(out []byte) error {
	if b.spool == nil {
		f, err := b.w.spools.create()
		if err != nil {
			return fmt.Errorf("making a spool file: %w", err)
		}
		b.spool = f
	}
	n, err := b.spool.WriteAt(out, b.spooled)
	if err != nil {
		return fmt.Errorf("writing the spool: %w", err)
	}
	b.spooled += int64(n)
	return nil
}

// finish ends the last member.
func (b *body) finish() error {
	if b.cur.open || len(b.chunks) > 0 {
		return b.flush(true, true)
	}
	return nil
}

// compressed is the length of all members.
func (b *body) compressed() int64 {
	var n int64
	for _, m := range b.members {
		n += m
	}
	return n
}

// reader gives the members' bytes after finish.
func (b *body) reader() io.Reader {
	if b.spool == nil {
		return bytes.NewReader(b.early)
	}
	return io.NewSectionReader(b.spool, 0, b.spooled)
}

func (b *body) release() {
	for _, c := range b.chunks {
		b.w.chunks.put(c)
	}
	b.chunks = b.chunks[:0]
}

// discard gives everything back; b is not used again.
func (b *body) discard() error {
	b.release()
	b.early = nil
	if b.spool == nil {
		return nil
	}
	name := b.spool.Name()
	err := b.spool.Close()
	b.spool = nil
	_ = os.Remove(name) // gone already where an open file may lose its name
	return err
}
