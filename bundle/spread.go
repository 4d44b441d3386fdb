package bundle

import (
	"context"
	"errors"
	"io"
	"sync"
)

const (
	relayBlock  = 256 << 10
	relayBlocks = 24 // of all entries together
)

// spread hands the entries of a stream to several visitors. The stream itself is read here, in order, into lent blocks; the
// next entry is read while the ones before it are still being visited, as far as the blocks last.
func (p *pass) spread(ctx context.Context, workers int, visit Visit) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	entries := make(chan *File, 1)
	var gone sync.WaitGroup
	for worker := range workers {
		gone.Go(func() {
			for f := range entries {
				err := visit(worker, f)
				f.Reader.(*relay).drain()
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	err := p.feed(ctx, entries)
	close(entries)
	gone.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// feed reads the stream to its end.
func (p *pass) feed(ctx context.Context, entries chan<- *File) error {
	free := make(chan []byte, relayBlocks)
	for range relayBlocks {
		free <- nil // made when it is needed: most inputs are short
	}
	for ctx.Err() == nil {
		file, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r := &relay{full: make(chan filled, relayBlocks), free: free}
		handed := *file
		handed.Reader = r
		select {
		case entries <- &handed:
			r.take(ctx, file)
		case <-ctx.Done():
		}
	}
	return nil
}

// relay is an entry on its way from the goroutine that reads the stream to a visitor.
type relay struct {
	full chan filled
	free chan []byte
	cur  []byte // rest of the block in use
	buf  []byte // that block
	err  error
}

// take reads all of src, or until ctx ends.
func (r *relay) take(ctx context.Context, src io.Reader) {
	defer close(r.full)
	for {
		var buf []byte
		select {
		case buf = <-r.free:
		case <-ctx.Done():
			return
		}
		if buf == nil {
			buf = make([]byte, relayBlock)
		}
		n, err := fill(src, buf)
		r.full <- filled{buf, n, err} // there is room for every block that exists
		if err != nil {
			return
		}
	}
}

// Read gives the entry's bytes; one that was given up in the middle ends with io.ErrUnexpectedEOF.
func (r *relay) Read(b []byte) (int, error) {
	for len(r.cur) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.next()
	}
	n := copy(b, r.cur)
	r.cur = r.cur[n:]
	return n, nil
}

// WriteTo implements io.WriterTo: w is lent the blocks.
func (r *relay) WriteTo(w io.Writer) (int64, error) {
	size := int64(0)
	for {
		n, err := w.Write(r.cur)
		size += int64(n)
		r.cur = r.cur[n:]
		switch {
		case err != nil:
			return size, err
		case r.err == io.EOF:
			return size, nil
		case r.err != nil:
			return size, r.err
		}
		r.next()
	}
}

// next gives the used block back and takes another.
func (r *relay) next() {
	if r.buf != nil {
		r.free <- r.buf
		r.buf = nil
	}
	f, ok := <-r.full
	if !ok {
		r.err = io.ErrUnexpectedEOF
		return
	}
	r.buf, r.cur, r.err = f.buf, f.buf[:f.n], f.err
}

// drain gives all blocks back, whatever the visitor left unread.
func (r *relay) drain() {
	for r.err == nil {
		r.next()
	}
	r.cur = nil
	if r.buf != nil {
		r.free <- r.buf
		r.buf = nil
	}
}
