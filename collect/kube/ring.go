package kube

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

// chunkSize is the unit in which a log is held and dropped.
const chunkSize = 256 << 10

// chunk is a piece of a log, compressed or not.
type chunk struct {
	data   []byte
	size   int // before compression
	packed bool
}

// keeper holds the head and the newest bytes of a stream that may be longer than its limit. The zero value is not usable.
type keeper struct {
	unit       int // size of a chunk
	heads      int // how many chunks the head has
	tails      int // how many chunks the tail may have
	head, tail []chunk
	fill       []byte // the chunk being filled
	total      int64
	dropped    int64
	lines      int64
	held       int64 // bytes in memory of the chunks
}

// newKeeper keeps at most limit bytes, a tenth of them from the beginning.
func newKeeper(limit int64) *keeper {
	unit := int(max(1<<10, min(chunkSize, limit/20)))
	all := max(2, int(limit)/unit)
	heads := max(1, all/10)
	return &keeper{unit: unit, heads: heads, tails: max(1, all-heads)}
}

// Write never fails.
func (k *keeper) Write(p []byte) (int, error) {
	n := len(p)
	k.total += int64(n)
	k.lines += int64(bytes.Count(p, []byte{'\n'}))
	for len(p) > 0 {
		if k.fill == nil {
			k.fill = k.buffer(len(p))
		}
		room := min(k.unit-len(k.fill), len(p))
		k.fill = append(k.fill, p[:room]...)
		p = p[room:]
		if len(k.fill) == k.unit {
			k.put()
		}
	}
	return n, nil
}

// buffer is room for a chunk of which n bytes are known already: a short log does not take a whole one.
func (k *keeper) buffer(n int) []byte {
	if k.unit == chunkSize && n > chunkSize/8 {
		return (*buffers.Get().(*[]byte))[:0]
	}
	return make([]byte, 0, min(k.unit, max(4<<10, n)))
}

// buffers are chunks that can be used again.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, chunkSize)
	return &b
}}

func reuse(b []byte) {
	if cap(b) == chunkSize {
		b = b[:chunkSize]
		buffers.Put(&b)
	}
}

// put moves the full chunk to the head, or to the tail, whose oldest chunk then gives way.
func (k *keeper) put() {
	if len(k.head) < k.heads {
		k.head = append(k.head, k.hold(k.fill))
		k.fill = nil
		return
	}
	k.tail = append(k.tail, k.hold(k.fill))
	k.fill = nil
	for len(k.tail) > k.tails {
		k.drop()
	}
}

// hold makes a chunk of data, which it keeps: as it is while memory is there, compressed otherwise.
func (k *keeper) hold(data []byte) chunk {
	c := chunk{data: data, size: len(data)}
	if !memory.takePlain(cap(data)) {
		c = pack(data)
		memory.take(cap(c.data))
	}
	k.held += int64(cap(c.data))
	return c
}

// giveUp frees a chunk's memory; the chunk is empty afterwards.
func (k *keeper) giveUp(c *chunk) {
	if c.data == nil {
		return
	}
	n := cap(c.data)
	if !c.packed {
		reuse(c.data)
	}
	k.held -= int64(n)
	memory.give(n, !c.packed)
	*c = chunk{}
}

func (k *keeper) drop() {
	k.dropped += int64(k.tail[0].size)
	k.giveUp(&k.tail[0])
	k.tail = k.tail[1:]
}

// shrink drops the older part of the tail, so that at most so many bytes of it are left.
func (k *keeper) shrink(limit int64) {
	held := int64(len(k.fill))
	for _, c := range k.tail {
		held += int64(c.size)
	}
	for held > limit && len(k.tail) > 0 {
		held -= int64(k.tail[0].size)
		k.drop()
	}
}

// peek is the beginning of what came, at most n bytes of it.
func (k *keeper) peek(n int) []byte {
	first := k.fill
	if len(k.head) > 0 {
		data, done, err := k.head[0].bytes()
		if err != nil {
			return nil
		}
		defer done()
		first = data
	}
	return bytes.Clone(first[:min(n, len(first))])
}

// free gives up what is held.
func (k *keeper) free() {
	for _, part := range [][]chunk{k.head, k.tail} {
		for i := range part {
			k.giveUp(&part[i])
		}
	}
	reuse(k.fill)
	k.head, k.tail, k.fill = nil, nil, nil
}

// writeHead writes the head and frees it; it ends with a whole line when something behind it was dropped. It returns the bytes written.
func (k *keeper) writeHead(w io.Writer) (int64, error) {
	var n int64
	for i, c := range k.head {
		data, done, err := c.bytes()
		if err != nil {
			return n, err
		}
		if i == len(k.head)-1 && k.dropped > 0 {
			data = data[:bytes.LastIndexByte(data, '\n')+1]
		}
		memory.writes()
		m, err := w.Write(data)
		done()
		k.giveUp(&k.head[i])
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// writeTail writes what follows the head, and frees the chunks of it; it begins with a whole line when something before it was dropped.
func (k *keeper) writeTail(w io.Writer) (int64, error) {
	var n int64
	cut := k.dropped > 0
	for i, c := range append(k.tail, chunk{data: k.fill, size: len(k.fill)}) {
		data, done, err := c.bytes()
		if err != nil {
			return n, err
		}
		if cut {
			i := bytes.IndexByte(data, '\n')
			data = data[i+1:]
			if cut = i < 0; cut {
				data = nil // the rest of a line whose beginning was dropped
			}
		}
		memory.writes()
		m, err := w.Write(data)
		done()
		if i < len(k.tail) {
			k.giveUp(&k.tail[i])
		}
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // BestSpeed is a valid level
	}
	return w
}}

// pack compresses a chunk and gives data back.
func pack(data []byte) chunk {
	room := *buffers.Get().(*[]byte)
	defer reuse(room)
	b := bytes.NewBuffer(room[:0])
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(b)
	_, err := w.Write(data)
	if closeErr := w.Close(); err != nil || closeErr != nil {
		panic("writing to memory failed") // a bytes.Buffer takes everything
	}
	defer reuse(data)
	return chunk{data: bytes.Clone(b.Bytes()), size: len(data), packed: true}
}

// bytes are the chunk's content; done gives back what they take.
func (c chunk) bytes() (data []byte, done func(), err error) {
	if !c.packed {
		return c.data, func() {}, nil
	}
	room := *buffers.Get().(*[]byte)
	r := unpackers.Get().(io.ReadCloser)
	defer unpackers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(c.data), nil); err != nil {
		return nil, nil, fmt.Errorf("unpacking a piece of a log: %w", err)
	}
	if _, err := io.ReadFull(r, room[:c.size]); err != nil {
		return nil, nil, fmt.Errorf("unpacking a piece of a log: %w", err)
	}
	return room[:c.size], func() { reuse(room) }, nil
}

var unpackers = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}
