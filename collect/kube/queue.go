package kube

import (
	"slices"
	"sync"
)

// strikes is how often in a row a node may fail to answer before it is given up.
const strikes = 3

// queue hands out logs by worth, never more than perNode of one node at a time. A node that does not answer is given up:
// what is left of it is handed out at once, to be recorded.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond
	pending []*stream
	perNode int
	busy    map[string]int
	missed  map[string]int // strikes in a row
	down    map[string]string
	stopped bool
	weights float64 // of what is pending
}

func newQueue(all []*stream, perNode int) *queue {
	q := &queue{pending: all, perNode: perNode, busy: map[string]int{}, missed: map[string]int{}, down: map[string]string{}}
	q.changed = sync.NewCond(&q.mu)
	for _, s := range all {
		q.weights += s.weight()
	}
	return q
}

// next waits for a log that may be read. It gives the weight of all that were still to come, this one included, and why
// its node was given up, if it was. It is nil when nothing is left or the queue was stopped.
func (q *queue) next() (s *stream, weights float64, down string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.stopped || len(q.pending) == 0 {
			return nil, 0, ""
		}
		i := slices.IndexFunc(q.pending, func(s *stream) bool { return q.down[s.node] != "" || q.busy[s.node] < q.perNode })
		if i < 0 {
			q.changed.Wait()
			continue
		}
		s, weights = q.pending[i], q.weights
		q.pending = slices.Delete(q.pending, i, i+1)
		q.weights -= s.weight()
		q.busy[s.node]++
		return s, weights, q.down[s.node]
	}
}

// done takes a log back. An answer of its node, whatever it said, clears the node's strikes; fault says that there was none.
func (q *queue) done(s *stream, fault string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy[s.node]--
	if fault == "" {
		q.missed[s.node] = 0
	} else if q.missed[s.node]++; q.missed[s.node] >= strikes && q.down[s.node] == "" {
		q.down[s.node] = fault
	}
	q.changed.Broadcast()
}

// stop makes next return; rest are the logs that nobody took.
func (q *queue) stop() (rest []*stream) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped = true
	rest, q.pending = q.pending, nil
	q.changed.Broadcast()
	return rest
}
