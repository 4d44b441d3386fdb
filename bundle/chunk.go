package bundle

import (
	"runtime"
	"sync"
)

const (
	chunkSize     = 64 << 10 // plain bytes are gathered in chunks of this size
	chunkBudget   = 384      // chunks that all streams together may hold (24 MiB) before they flush part members
	maxMemberSize = 16 << 20
	window        = 32 << 10 // of deflate: what a later part of a member may refer back to
)

func defaultWorkers() int { return min(8, max(2, runtime.GOMAXPROCS(0))) }

// chunks lends buffers to streams. A stream that is alone fills whole members in memory and compresses each at once; with many
// open streams the budget is used up and each flushes after a chunk or two, into its still open member.
type chunks struct {
	mu   sync.Mutex
	free [][]byte
	lent int
}

// get lends a chunk. The first of a stream is always granted, another one only within the budget.
func (c *chunks) get(first bool) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !first && c.lent >= chunkBudget {
		return nil
	}
	c.lent++
	if n := len(c.free); n > 0 {
		b := c.free[n-1]
		c.free = c.free[:n-1]
		return b[:0]
	}
	return make([]byte, 0, chunkSize)
}

func (c *chunks) put(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent--
	c.free = append(c.free, b)
}
