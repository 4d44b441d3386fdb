package kube

import (
	"context"
	"sync"
	"sync/atomic"
)

const (
	// memoryLimit is what the logs that are being read may hold together; beyond it only one of them grows.
	memoryLimit = 32 << 20
	// smallLog is what a log may hold in any case, so that small ones never wait for large ones.
	smallLog = 512 << 10
)

// held counts the bytes in the memory of all keepers, compressed or not.
var held atomic.Int64

// room makes logs that grow large wait for memory, with the connection's flow control holding back the server.
// One log, the first that waits, goes on in any case until it has been read: its writing frees what the others wait for.
type room struct {
	limit int64
	mu    sync.Mutex
	one   *reading
	freed chan struct{} // closed, and replaced, when something was given back
}

var memory = &room{limit: memoryLimit, freed: make(chan struct{})}

// wait returns whether it waited until the log may grow; it gives up when ctx ends.
func (m *room) wait(ctx context.Context, r *reading) (waited bool) {
	for !r.grown && r.kept.held > smallLog {
		m.mu.Lock()
		if held.Load() < m.limit || m.one == nil || m.one == r {
			if held.Load() >= m.limit {
				m.one = r
			}
			m.mu.Unlock()
			return waited
		}
		freed := m.freed
		m.mu.Unlock()
		waited = true
		select {
		case <-freed:
		case <-ctx.Done():
			return waited
		}
	}
	return waited
}

// grown says that a log will grow no more.
func (m *room) grown(r *reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.grown = true
	if m.one == r {
		m.one = nil
		m.wake()
	}
}

// take counts n more bytes as held; fewer when n is negative.
func (m *room) take(n int) {
	before := held.Add(int64(n)) - int64(n)
	if n < 0 && before >= m.limit && before+int64(n) < m.limit {
		m.mu.Lock()
		m.wake()
		m.mu.Unlock()
	}
}

// wake lets those that wait look again; m.mu is held.
func (m *room) wake() {
	close(m.freed)
	m.freed = make(chan struct{})
}
