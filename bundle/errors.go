package bundle

import (
	"errors"
	"fmt"
	"syscall"
)

// Errors of writing, for errors.Is.
var (
	ErrBudget    = errors.New("the bundle's size limit is reached")
	ErrDuplicate = errors.New("an entry of this name exists already")
	ErrName      = errors.New("not a valid entry name")
	ErrFinished  = errors.New("the bundle is finished")
	ErrAborted   = errors.New("the entry was given up")
)

// Errors of reading, for errors.Is.
var (
	ErrEmpty     = errors.New("the input is empty")
	ErrFormat    = errors.New("neither an archive nor text")
	ErrNotFound  = errors.New("no such entry")
	ErrReadTwice = errors.New("standard input can be read only once")
	ErrCut       = errors.New("the input ends early")
	ErrLimit     = errors.New("a limit was reached")
	ErrChanged   = errors.New("the file has changed since it was opened")
)

// errNoEnd is a tar that stops behind a whole entry.
var errNoEnd = errors.New("the archive has no end marker")

// WriteError is a failed write to the bundle or its spool. The bundle stays valid up to the last finished entry.
type WriteError struct {
	Op    string // "spooling", "appending", "writing the manifest of"
	Path  string // of the bundle
	Entry string // empty when no entry is concerned
	Err   error
}

func (e *WriteError) Error() string {
	if e.Entry == "" {
		return fmt.Sprintf("%s %q: %v", e.Op, e.Path, e.Err)
	}
	return fmt.Sprintf("%s %q for %q: %v", e.Op, e.Entry, e.Path, e.Err)
}

func (e *WriteError) Unwrap() error { return e.Err }

// NoSpace tells whether err comes from a full disk, a quota or a file size limit.
func NoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// InputError is an input that cannot be read at all. Hint says what to do.
type InputError struct {
	Path string
	Err  error
	Hint string
}

func (e *InputError) Error() string { return fmt.Sprintf("reading %q: %v", e.Path, e.Err) }
func (e *InputError) Unwrap() error { return e.Err }

// NewerError is a bundle of a format that this program does not know yet.
type NewerError struct{ Format int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("the bundle has format %d, this program reads up to %d", e.Format, Format)
}
