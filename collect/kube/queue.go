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
	streams int // at a time
	perNode int
	atOnce  func(streams int) int // how many of them may be read now
	reading int
	busy    map[string]int
	missed  map[string]int // strikes in a row
	down    map[string]string
	stopped bool
	onNode  map[string]int // how many of what is pending
	weights float64        // of what is pending
}

// turn is what a log is handed out with.
type turn struct {
	weights float64 // of all that were still to come, this one included
	waves   int     // how many logs have to be read one after another until all are, this one included
	down    string  // why its node was given up, if it was
}

func newQueue(all []*stream, streams, perNode int, atOnce func(int) int) *queue {
	q := &queue{pending: all, streams: streams, perNode: perNode, atOnce: atOnce, onNode: map[string]int{}, busy: map[string]int{}, missed: map[string]int{}, down: map[string]string{}}
	q.changed = sync.NewCond(&q.mu)
	for _, s := range all {
		q.weights += s.weight()
		q.onNode[s.node]++
	}
	return q
}

// next waits for a log that may be read. It is nil when nothing is left or the queue was stopped.
func (q *queue) next() (*stream, turn) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.stopped || len(q.pending) == 0 {
			return nil, turn{}
		}
		i := slices.IndexFunc(q.pending, func(s *stream) bool { return q.down[s.node] != "" || q.busy[s.node] < q.perNode })
		if i < 0 || q.reading >= q.atOnce(q.streams) {
			q.changed.Wait()
			continue
		}
		s := q.pending[i]
		t := turn{weights: q.weights, waves: q.waves(), down: q.down[s.node]}
		q.pending = slices.Delete(q.pending, i, i+1)
		q.weights -= s.weight()
		q.onNode[s.node]--
		q.busy[s.node]++
		q.reading++
		return s, t
	}
}

// waves is how many logs come one after another at the node that has most of what is pending, or in the whole.
func (q *queue) waves() int {
	streams := q.atOnce(q.streams)
	n := (len(q.pending) + streams - 1) / streams
	for node, pending := range q.onNode {
		if q.down[node] == "" {
			n = max(n, (pending+q.perNode-1)/q.perNode)
		}
	}
	return n
}

// done takes a log back. An answer of its node, whatever it said, clears the node's strikes; fault says that there was none.
func (q *queue) done(s *stream, fault string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy[s.node]--
	q.reading--
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
