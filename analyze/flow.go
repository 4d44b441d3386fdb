package analyze

import "time"

// Flow follows messages through the path by the lines that its components print when they do their work.
type Flow struct {
	Hops map[string]*Progress // by hop id
}

// Progress is the work that a hop was seen doing.
type Progress struct {
	Count       int64
	First, Last time.Time
	Roles       map[string]int64
	Seconds     []int64 // unix seconds with at least one line, sorted; see maxSeconds
	Dropped     bool    // there were more seconds than are kept
}
