package collect

import (
	"sync"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// Progress is told what happens during a run. Calls come one at a time from one goroutine; a renderer that is slow
// loses events rather than holding up the run.
type Progress interface {
	Report(Event)
}

// Kind says what an Event is about.
type Kind int

// The kinds of events.
const (
	SourceStarted  Kind = iota // Source
	SourceFinished             // Source, Err, Done, Expected, Bytes (of the source)
	EntryClosed                // Source, Entry, Bytes (of the entry), Done, Expected
	GapRecorded                // Source, Gap
	Note                       // Source, Text: something that a person may want to know
	Finishing                  // Text: why the run ends; the manifest is being written
)

// Event is one step of a run.
type Event struct {
	Kind     Kind
	Time     time.Time
	Source   string
	Entry    string
	Bytes    int64 // before compression
	Done     int   // entries that the source has closed, or that it has no need to ask for
	Expected int   // entries that the source promised by exact name
	Gap      bundle.Gap
	Err      error
	Text     string
}

// courier hands events to a Progress without ever making a source wait for a terminal.
type courier struct {
	to     Progress
	events chan Event
	done   chan struct{}
	close  sync.Once
	mu     sync.RWMutex
	closed bool
}

func newCourier(to Progress) *courier {
	c := &courier{to: to, events: make(chan Event, 1024), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for e := range c.events {
			if c.to != nil {
				c.to.Report(e)
			}
		}
	}()
	return c
}

func (c *courier) send(e Event) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return
	}
	select {
	case c.events <- e:
	default: // the renderer hangs (a terminal that was stopped, say)
	}
}

// stop delivers what is queued, but waits no longer than patience for it.
func (c *courier) stop(patience time.Duration) {
	c.close.Do(func() {
		c.mu.Lock()
		c.closed = true
		close(c.events)
		c.mu.Unlock()
	})
	select {
	case <-c.done:
	case <-time.After(patience):
	}
}
