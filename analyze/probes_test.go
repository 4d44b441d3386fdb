package analyze

import (
	"testing"
	"time"
)

// TestTicksOfOneSecond has more lines in one second than a tick can count, before 1970 and after.
func TestTicksOfOneSecond(t *testing.T) {
	for _, at := range []int64{1_790_000_000, -3} {
		var ticks []second
		nanos := at * int64(time.Second)
		for range mostLines + 3 {
			ticks, _ = tick(ticks, nanos)
		}
		ticks, _ = tick(ticks, nanos+int64(time.Second))
		p := Progress{Roles: map[string]int64{}}
		p.join("", progress{ticks: ticks})
		p.tidy()
		want := []Tick{{at, mostLines + 3}, {at + 1, 1}}
		if len(p.Ticks) != 2 || p.Ticks[0] != want[0] || p.Ticks[1] != want[1] {
			t.Errorf("%v, want %v", p.Ticks, want)
		}
	}
}

// TestTicksOfManyEntries has entries that work in the same seconds: what is kept does not grow with their number.
func TestTicksOfManyEntries(t *testing.T) {
	p := Progress{Roles: map[string]int64{}}
	const entries, seconds = 500, 1000
	for range entries {
		var ticks []second
		for s := range int64(seconds) {
			ticks, _ = tick(ticks, s*int64(time.Second))
		}
		p.join("", progress{ticks: ticks})
	}
	if cap(p.Ticks) > 4*maxSeconds {
		t.Errorf("room for %d ticks", cap(p.Ticks))
	}
	p.tidy()
	if len(p.Ticks) != seconds || p.Ticks[7] != (Tick{7, entries}) {
		t.Errorf("%d ticks, %v", len(p.Ticks), p.Ticks[7])
	}
}
