package bundle

import (
	"errors"
	"io"
	"sync"
)

const (
	aheadBlock  = 256 << 10
	aheadBlocks = 5
)

// ahead reads from a source in a goroutine of its own, so that inflating overlaps with what is done with the bytes.
type ahead struct {
	full chan filled
	free chan []byte
	stop chan struct{}
	gone sync.WaitGroup
	once sync.Once
	cur  []byte // rest of the block in use
	buf  []byte // that block
	err  error
}

type filled struct {
	buf []byte
	n   int
	err error
}

// newAhead starts reading src.
func newAhead(src io.Reader) *ahead {
	a := &ahead{full: make(chan filled, aheadBlocks), free: make(chan []byte, aheadBlocks), stop: make(chan struct{})}
	for range aheadBlocks {
		a.free <- nil // made when it is needed: most inputs are short
	}
	a.gone.Add(1)
	go a.run(src)
	return a
}

func (a *ahead) run(src io.Reader) {
	defer a.gone.Done()
	defer close(a.full)
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.stop:
			return
		}
		if buf == nil {
			buf = make([]byte, aheadBlock)
		}
		n, err := fill(src, buf)
		a.full <- filled{buf, n, err} // never blocks: there is a place for every block
		if err != nil {
			return
		}
	}
}

// fill reads until buf is full or the source ends; unlike io.ReadFull it keeps the source's own error.
func fill(src io.Reader, buf []byte) (int, error) {
	n := 0
	for empty := 0; n < len(buf); {
		k, err := src.Read(buf[n:])
		n += k
		if err != nil {
			return n, err
		}
		if empty++; k > 0 {
			empty = 0
		} else if empty > 100 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.cur) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		if a.buf != nil {
			a.free <- a.buf // never blocks: there is a place for every block
			a.buf = nil
		}
		f, ok := <-a.full
		if !ok {
			return 0, errors.New("reading after the end")
		}
		a.buf, a.cur, a.err = f.buf, f.buf[:f.n], f.err
	}
	n := copy(p, a.cur)
	a.cur = a.cur[n:]
	return n, nil
}

// end stops the goroutine; wait says whether its current read is sure to return.
func (a *ahead) end(wait bool) {
	a.once.Do(func() { close(a.stop) })
	if wait {
		a.gone.Wait()
	}
}
