package collect

import "sync"

// Budget shares what a bundle may hold among its sources, counted in bytes before compression. The limit of the file is
// turned into such bytes with the compression seen so far. What was set aside for sources of more importance is not
// given to others until those end. A nil Budget has no limit. It is safe for concurrent use.
type Budget struct {
	mu       sync.Mutex
	limit    int64            // of the file; always > 0
	ratio    func() float64   // bytes before compression that one byte of the file holds
	spent    int64            // written so far
	granted  int64            // given out by Reserve and not yet settled
	setAside map[string]share // by source
}

type share struct {
	priority int
	bytes    int64
}

// newBudget returns nil when there is no limit.
func newBudget(limit int64, ratio func() float64) *Budget {
	if limit <= 0 {
		return nil
	}
	return &Budget{limit: limit, ratio: ratio, setAside: map[string]share{}}
}

func (b *Budget) promise(source string, priority int, bytes int64) {
	if b == nil || bytes <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// A small limit is not given away to estimates.
	b.setAside[source] = share{priority, min(bytes, int64(float64(b.limit)*b.ratio()/4))}
}

func (b *Budget) release(source string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.setAside, source)
}

// spend counts bytes that were written. What was set aside for the source shrinks by as much.
func (b *Budget) spend(source string, n int64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent += n
	if s, ok := b.setAside[source]; ok {
		s.bytes = max(0, s.bytes-n)
		b.setAside[source] = s
	}
}

// Left is what a source of a priority may still write.
func (b *Budget) Left(priority int) int64 {
	if b == nil {
		return 1 << 62
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left(priority)
}

func (b *Budget) left(priority int) int64 {
	left := int64(float64(b.limit)*b.ratio()) - b.spent - b.granted
	for _, s := range b.setAside {
		if s.priority > priority {
			left -= s.bytes
		}
	}
	return max(0, left)
}

// Grant is a part of the budget that one stream may use. A nil Grant has no limit.
type Grant struct {
	Bytes  int64 // granted
	left   int64
	budget *Budget
}

// Reserve grants a stream at most want bytes: the part of what is left that its weight deserves among the weights of
// all streams still to come, its own included. A part of less than least is of no use to anybody: those that come first
// get so much then, as long as there is any. Settle must be called when the stream has ended.
func (b *Budget) Reserve(priority int, least, want int64, weight, weights float64) *Grant {
	if b == nil {
		return &Grant{Bytes: want}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.left(priority)
	part := min(left, max(least, int64(float64(left)*weight/max(weight, weights))))
	g := &Grant{Bytes: min(want, part), budget: b}
	g.left = g.Bytes
	b.granted += g.left
	return g
}

// use turns granted bytes into spent ones.
func (g *Grant) use(n int64) {
	if g == nil || g.budget == nil {
		return
	}
	g.budget.mu.Lock()
	defer g.budget.mu.Unlock()
	n = min(n, g.left)
	g.left -= n
	g.budget.granted -= n
}

// Settle gives back what was not used.
func (g *Grant) Settle() {
	if g != nil {
		g.use(g.left)
	}
}
