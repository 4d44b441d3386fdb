package kube

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// plainLimit is what the logs that are being read may hold together as it came; what is beyond it is compressed.
	plainLimit = 32 << 20
	// plainRoom is what of it is there for logs in the middle of a chunk when the others have to wait.
	plainRoom = 4 << 20
	// memoryLimit is what they may hold together, compressed or not; beyond it only one of them grows.
	memoryLimit = 48 << 20
	// smallLog is what a log may hold in any case, so that small ones never wait for large ones.
	smallLog = 512 << 10
	// turns is how many logs go on growing when the others have to wait, until they are written: as many as keep two
	// processors busy.
	turns = 2
	// patience is how long after a piece of a log was written more is expected to be: waiting for the memory that this frees
	// costs less than compressing. Where the servers are slower than the writing, nobody waits.
	patience = 100 * time.Millisecond
)

// room makes logs that grow large wait for memory, with the connection's flow control holding back the server.
// One log, the first that waits, goes on in any case: its writing frees what the others wait for. They go on too when that
// takes long, compressed, until the limit is reached.
type room struct {
	plainLimit, limit int64

	mu      sync.Mutex
	plain   int64         // bytes of all keepers' chunks as they came
	held    int64         // and with those that are compressed
	turn    []*reading    // those that go on, the first of them in any case
	freed   chan struct{} // closed, and replaced, when there is room again
	writing time.Time     // when a piece of a log was written last
}

var memory = &room{plainLimit: plainLimit, limit: memoryLimit, freed: make(chan struct{})}

// wait returns whether it waited until the log may grow; it gives up when ctx ends.
func (m *room) wait(ctx context.Context, r *reading) (waited bool) {
	for !r.grown && r.kept.held > smallLog {
		freed, longest, may := m.mayGrow(r)
		if may {
			return waited
		}
		waited = true
		t := time.NewTimer(longest)
		select {
		case <-freed:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return waited
		}
		t.Stop()
	}
	return waited
}

// mayGrow tells whether a log may take more memory, and if not, what to wait for and when to ask again at the latest.
func (m *room) mayGrow(r *reading) (freed <-chan struct{}, longest time.Duration, may bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.roomy() || m.hasTurn(r) {
		return nil, 0, true
	}
	quiet := time.Since(m.writing)
	if m.held < m.limit && quiet >= patience {
		return nil, 0, true
	}
	return m.freed, max(patience-quiet, patience/10), false
}

// hasTurn reports whether a log goes on though memory is short; m.mu is held.
func (m *room) hasTurn(r *reading) bool {
	i := slices.Index(m.turn, r)
	if i < 0 && len(m.turn) < turns {
		i = len(m.turn)
		m.turn = append(m.turn, r)
	}
	return i == 0 || i > 0 && m.held < m.limit
}

// roomy reports whether logs may grow without being compressed; m.mu is held.
func (m *room) roomy() bool { return m.plain < m.plainLimit-plainRoom && m.held < m.limit }

// grown says that a log will grow no more.
func (m *room) grown(r *reading) { r.grown = true }

// left gives a log's turn to another one.
func (m *room) left(r *reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.turn, r); i >= 0 {
		m.turn = slices.Delete(m.turn, i, i+1)
		m.wake()
	}
}

// takePlain counts n more bytes as held as they came, if so many may be.
func (m *room) takePlain(n int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.plain+int64(n) > m.plainLimit {
		return false
	}
	m.plain += int64(n)
	m.held += int64(n)
	return true
}

// take counts n more bytes as held compressed.
func (m *room) take(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held += int64(n)
}

// give counts n bytes as held no more.
func (m *room) give(n int, plain bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	short, full := !m.roomy(), m.held >= m.limit
	m.held -= int64(n)
	if plain {
		m.plain -= int64(n)
	}
	if short && m.roomy() || full && m.held < m.limit {
		m.wake()
	}
}

// writes takes note of a log that is being written.
func (m *room) writes() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writing = time.Now()
}

// wake lets those that wait look again; m.mu is held.
func (m *room) wake() {
	close(m.freed)
	m.freed = make(chan struct{})
}
