package bundle

import (
	"errors"
	"io"
	"sync"
)

// membersAhead unpacks the members of one long entry by several goroutines and gives their bytes in order.
type membersAhead struct {
	file   io.ReaderAt
	size   int64 // plain bytes of a member
	slots  chan chan unpacked
	free   chan []byte
	stop   chan struct{}
	gone   sync.WaitGroup
	cur    []byte
	buf    []byte
	failed error
}

type unpacked struct {
	buf   []byte
	plain []byte
	err   error
}

func newMembersAhead(f io.ReaderAt, s span, memberSize int64, workers int) *membersAhead {
	m := &membersAhead{
		file: f, size: memberSize, stop: make(chan struct{}),
		slots: make(chan chan unpacked, workers), free: make(chan []byte, workers+1),
	}
	for range workers + 1 {
		m.free <- nil
	}
	m.gone.Add(1)
	go m.run(s)
	return m
}

// run starts one goroutine for each free buffer, so their number is bounded by those.
func (m *membersAhead) run(s span) {
	defer m.gone.Done()
	defer close(m.slots)
	at, left := s.Offset+s.Header, s.Size
	for _, packed := range s.Members {
		var buf []byte
		select {
		case buf = <-m.free:
		case <-m.stop:
			return
		}
		slot := make(chan unpacked, 1)
		select {
		case m.slots <- slot:
		case <-m.stop:
			return
		}
		m.gone.Add(1)
		go m.unpack(buf, at, packed, min(left, m.size), slot)
		at, left = at+packed, left-m.size
	}
}

var decoders = sync.Pool{New: func() any { return newDecoder() }}

// unpack reads one member of exactly plain bytes.
func (m *membersAhead) unpack(buf []byte, at, packed, plain int64, slot chan<- unpacked) {
	defer m.gone.Done()
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	if int64(cap(buf)) < m.size+1 {
		buf = make([]byte, m.size+1)
	}
	out := buf[:plain+1] // one byte more shows a member that lies
	d.buf.Reset(io.NewSectionReader(m.file, at, packed))
	err := d.gz.Reset(d.buf)
	n := 0
	if err == nil {
		n, err = fill(d.gz, out)
	}
	switch {
	case err == nil || errors.Is(err, io.EOF) && int64(n) != plain:
		err = errors.New("a member's length differs from the index")
		n = min(n, int(plain))
	case errors.Is(err, io.EOF):
		err = nil
	}
	slot <- unpacked{buf, out[:n], err}
}

// Read implements io.Reader.
func (m *membersAhead) Read(p []byte) (int, error) {
	for len(m.cur) == 0 {
		if m.failed != nil {
			return 0, m.failed
		}
		if m.buf != nil {
			m.free <- m.buf
			m.buf = nil
		}
		slot, ok := <-m.slots
		if !ok {
			m.failed = io.EOF
			continue
		}
		u := <-slot
		m.buf, m.cur, m.failed = u.buf, u.plain, u.err
	}
	n := copy(p, m.cur)
	m.cur = m.cur[n:]
	return n, nil
}

// end stops the goroutines and waits for them; Read is not called again.
func (m *membersAhead) end() {
	close(m.stop)
	m.gone.Wait()
}
