package specs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a spec file.
type Problem struct {
	At      Position
	Message string
}

// String returns "file:line: message".
func (p Problem) String() string { return p.At.String() + ": " + p.Message }

// Problems is every mistake that was found, as one error.
type Problems []Problem

// Error lists the problems, one a line, in order of file and line.
func (ps *Problems) Error() string {
	lines := make([]string, len(*ps))
	for i, p := range *ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// add notes a mistake at a position.
func (ps *Problems) add(at Position, format string, args ...any) {
	*ps = append(*ps, Problem{At: at, Message: fmt.Sprintf(format, args...)})
}

// sorted orders the problems by file and line, as a person mends them.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line))
	})
	return ps
}

// err returns the problems as an error, nil when there are none.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	ps = ps.sorted()
	return &ps
}
