package main

import (
	"errors"
	"fmt"
	"io"
)

// Exit codes of every command. Where several apply the first of 2, 1, 4, 3, 0 is given.
const (
	exitFine       = 0
	exitError      = 1
	exitUsage      = 2
	exitIncomplete = 3
	exitCause      = 4
)

// exitHelp stands at the end of every help text and in the README.
const exitHelp = `Exit codes:
  0  fine
  1  error
  2  wrong usage
  3  incomplete: something that the plan of a collection promised is missing, or the verdict of an analysis is unknown
  4  a cause at or above --fail-on was found (default critical)
  Where several apply, the first of 2, 1, 4, 3, 0 is given.
`

// failure is an error that knows its exit code and, apart from what went wrong, what to do about it.
type failure struct {
	code int
	err  error  // nil: the code says it all and nothing is printed
	hint string // empty: nothing to advise
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit code %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// usagef is a mistake in the command line.
func usagef(hint, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}

// withHint adds advice to err.
func withHint(err error, hint string) error {
	return &failure{code: exitError, err: err, hint: hint}
}

// exits ends the command with code after its results have been printed; 0 is no error.
func exits(code int) error {
	if code == exitFine {
		return nil
	}
	return &failure{code: code}
}

// tell prints err as "error: …" and "hint: …" and returns the exit code that it stands for.
func tell(w io.Writer, err error) int {
	if err == nil {
		return exitFine
	}
	f := &failure{code: exitError, err: err}
	errors.As(err, &f)
	if f.err == nil {
		return f.code
	}
	if f.hint == "" {
		f.hint = advice(err)
	}
	fmt.Fprintf(w, "error: %s\n", firstLine(err))
	if f.hint != "" {
		fmt.Fprintf(w, "hint: %s\n", f.hint)
	}
	return f.code
}
