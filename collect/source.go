package collect

import (
	"context"
	"time"
)

// Source gathers one kind of evidence. Collect returns when everything was written or recorded as a gap; an error
// means that the source as a whole ended early, and becomes a gap of its own. Collect must return soon after ctx ends.
type Source interface {
	Name() string // stable, kebab-case, unique within a run: "kube-logs"
	Collect(ctx context.Context, b *Batch) error
}

// Promiser is a Source that knows before it begins what it will write.
type Promiser interface {
	Promise() Promise
}

// Promise is what a source undertakes to do. The zero value promises nothing and costs nothing.
type Promise struct {
	// Entries are exact entry names, or patterns in which * stands for any run of characters. A name that is neither
	// written nor accounted for by a gap makes the bundle incomplete.
	Entries []string
	// Priority orders start and budget: higher goes first.
	Priority int
	// Bytes is an estimate of what the source will write, before compression. It is set aside for the source
	// until it ends, so that sources of lower priority cannot eat it. Zero sets nothing aside.
	Bytes int64
	// Timeout ends the source; zero means Options.SourceTimeout.
	Timeout time.Duration
}

// promiseOf asks a source for its promise.
func promiseOf(s Source) Promise {
	if p, ok := s.(Promiser); ok {
		return p.Promise()
	}
	return Promise{}
}
