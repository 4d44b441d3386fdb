package collect

import "testing"

func TestBudget(t *testing.T) {
	b := newBudget(1000, func() float64 { return 4 }) // 4000 bytes before compression
	b.promise("objects", 80, 1000)
	if got := b.Left(50); got != 3000 {
		t.Errorf("what is set aside for a higher priority is not left for a lower: %d", got)
	}
	if got := b.Left(80); got != 4000 {
		t.Errorf("a source may use what is set aside for it: %d", got)
	}
	b.spend("objects", 400)
	if got := b.Left(50); got != 3000 {
		t.Errorf("spending what was set aside takes nothing from others: %d", got)
	}
	b.release("objects")
	if got := b.Left(50); got != 3600 {
		t.Errorf("what a source did not need is free when it ends: %d", got)
	}
	g := b.Reserve(50, 10, 2000, 1, 4)
	if g.Bytes != 900 {
		t.Errorf("a quarter of the weights gets a quarter: %d", g.Bytes)
	}
	g.use(500)
	b.spend("logs", 500)
	if got := b.Left(50); got != 2700 {
		t.Errorf("granted bytes are not counted twice when they are spent: %d", got)
	}
	g.Settle()
	if got := b.Left(50); got != 3100 {
		t.Errorf("what a stream did not use flows back: %d", got)
	}
	if g := b.Reserve(50, 10, 100, 3, 3); g.Bytes != 100 {
		t.Errorf("nobody gets more than is wanted: %d", g.Bytes)
	}
	if g := b.Reserve(50, 50, 100, 1, 1000); g.Bytes != 50 {
		t.Errorf("a part too small for use is made as large as the least: %d", g.Bytes)
	}
}

func TestNoBudget(t *testing.T) {
	b := newBudget(0, nil)
	b.promise("x", 1, 1)
	b.spend("x", 1)
	b.release("x")
	g := b.Reserve(1, 10, 77, 1, 100)
	g.use(5)
	g.Settle()
	if g.Bytes != 77 || b.Left(1) < 1<<60 {
		t.Errorf("without a limit everything is granted: %d", g.Bytes)
	}
}
