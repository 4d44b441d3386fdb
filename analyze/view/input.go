package view

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// Input is what is looked at.
type Input struct {
	Reader *bundle.Reader
	Specs  *specs.Set
	Checks []analyze.Check // of the timeline
	Name   string          // as it was given; "-" is standard input
	Now    time.Time       // stands in for the time of the snapshot where nothing in the input has a time

	room int // bytes of a pile; zero means pileBytes
}

// Screen says how to write. The zero value is English, without colours, 100 columns wide.
type Screen struct {
	Lang  string // zh or en
	Color bool
	Width int
}

func (s Screen) width() int {
	if s.Width <= 0 {
		return 100
	}
	return max(s.Width, 60)
}

// UnknownError is a name that nothing in the input has.
type UnknownError struct {
	What  string   // entry, component, object
	Name  string   // as it was asked for
	Known []string // what there is, sorted; may be long
}

// Error names what is unknown.
func (e *UnknownError) Error() string { return fmt.Sprintf("no %s is called %q", e.What, e.Name) }

// taken is when the snapshot was taken as far as the bundle says by itself.
func (in Input) taken() time.Time {
	if m := in.Reader.Manifest(); m != nil && !m.Finished.IsZero() {
		return m.Finished.UTC()
	}
	if p := in.Reader.Plan(); p != nil {
		return p.Started.UTC()
	}
	return time.Time{}
}

// End is when the snapshot was taken: as the bundle says, or the newest time in it, for which everything is read once.
func (in Input) End(ctx context.Context) (time.Time, error) {
	if at := in.taken(); !at.IsZero() {
		return at, nil
	}
	if !in.Reader.Direct() && in.Name == "-" {
		return time.Time{}, &OnceError{bundle.ErrReadTwice, "give a time with its date, or save it to a file and pass that"}
	}
	f, err := in.facts(ctx, nil)
	if err != nil {
		return time.Time{}, err
	}
	if f.Collected.IsZero() {
		return in.Now.UTC(), nil
	}
	return f.Collected, nil
}

// facts reads the entries that only wants.
func (in Input) facts(ctx context.Context, only func(string) bool) (*analyze.Facts, error) {
	f, _, err := analyze.Examine(ctx, in.Reader, in.Specs, analyze.Options{Only: only, Now: in.Now})
	return f, err
}

// year is that of lines which name none.
func (in Input) year() int {
	if at := in.taken(); !at.IsZero() {
		return at.Year()
	}
	return in.Now.Year()
}

// notLog wants the entries that are no logs by name.
func notLog(name string) bool {
	is, _ := analyze.NamedLog(name)
	return !is
}

// names lists the entries; a stream is read through once for it.
func (in Input) names(ctx context.Context) ([]string, error) {
	if in.Reader.Direct() {
		return in.Reader.Names(), nil
	}
	err := in.Reader.Each(ctx, 1, func(int, *bundle.File) error { return nil })
	return in.Reader.Names(), err
}

// Ended tells in one sentence that the input is cut, nil when it is whole. It is known after something was read.
func (in Input) Ended() error {
	end := in.Reader.End()
	if end.Complete {
		return nil
	}
	return fmt.Errorf("%q ends early: %w at byte %d (%s)", in.Name, bundle.ErrCut, end.Offset, end.Reason)
}

// OnceError says that standard input would have to be read again.
type OnceError struct {
	Err    error
	Advice string
}

// Error is the reader's.
func (e *OnceError) Error() string { return e.Err.Error() }

// Unwrap gives the reader's error.
func (e *OnceError) Unwrap() error { return e.Err }

// onlyOnce adds advice to the error of a second reading of standard input.
func onlyOnce(err error, advice string) error {
	if errors.Is(err, bundle.ErrReadTwice) {
		return &OnceError{err, advice}
	}
	return err
}
