package kube

import (
	"fmt"
	"io"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

func (r *reading) got() bool { return r.kept != nil && r.kept.total > 0 }

func (r *reading) free() {
	defer memory.left(r)
	for _, k := range []*keeper{r.kept, r.newest} {
		if k != nil {
			k.free()
		}
	}
}

// shrink keeps only as much as can be written in the time that is left.
func (r *reading) shrink() {
	for _, k := range []*keeper{r.kept, r.newest} {
		if k != nil {
			k.shrink(interrupted)
		}
	}
}

// writeTo writes the log and says what it lacks.
func (r *reading) writeTo(w io.Writer) (*bundle.Truncation, error) {
	t := bundle.Truncation{Reason: bundle.TooLong, Dropped: r.kept.dropped}
	n, err := w.Write(r.head.Bytes())
	t.Head = int64(n)
	if err != nil {
		return &t, err
	}
	if r.head.Len() > 0 && !r.joined {
		t.Note = "more than that was left out: what lies before the last lines was not asked for"
		if err := leftOut(w, "an unknown number of bytes"); err != nil {
			return &t, err
		}
	}
	if r.head.Len() == 0 || r.joined || r.kept.dropped == 0 {
		n, err := r.kept.writeHead(w) // otherwise it is older than what was dropped, and newer than the head
		t.Head += n
		if err == nil && r.kept.dropped > 0 {
			err = leftOut(w, fmt.Sprintf("%d bytes", r.kept.dropped))
		}
		if err != nil {
			return &t, err
		}
	}
	if t.Tail, err = r.kept.writeTail(w); err != nil {
		return &t, err
	}
	return r.writeEnd(w, t)
}

// whole reports whether everything in the window was kept.
func (r *reading) whole() bool {
	return r.err == nil && r.kept.dropped == 0 && (r.head.Len() == 0 || r.joined)
}

// writeEnd adds the newest lines of a stream that was too slow, and settles what is missing.
func (r *reading) writeEnd(w io.Writer, t bundle.Truncation) (*bundle.Truncation, error) {
	if r.newest != nil && r.newest.total > 0 {
		if err := leftOut(w, "what a slow stream did not bring in time"); err != nil {
			return &t, err
		}
		n, err := r.newest.writeHead(w)
		if err == nil {
			var m int64
			m, err = r.newest.writeTail(w)
			n += m
		}
		t.Tail += n
		if err != nil {
			return &t, err
		}
	}
	if r.whole() {
		return nil, nil
	}
	if r.err != nil {
		t.Note = strings.TrimPrefix(t.Note+"; "+firstLine(r.err.Error()), "; ")
		t.Reason = bundle.CutShort // whatever else it lacks: another try may bring it
	}
	return &t, nil
}

// leftOut writes the line that stands for what is missing; no log line of any component begins like it.
func leftOut(w io.Writer, what string) error {
	_, err := fmt.Fprintf(w, "---- imbundle: %s left out here ----\n", what)
	return err
}
