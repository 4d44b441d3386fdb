// Package report renders an analysis: Table for a person at a terminal, Markdown for a ticket, Postmortem for the time after, JSON
// for a program. One file is one format.
//
// The flow is one way: a finished analyze.Report goes in, bytes come out; nothing is judged here. The words that do not
// come from the report itself stand in labels.go, in both languages. Everything that came out of a bundle is shown with
// its control characters made visible, so that a log line cannot steer the reader's terminal.
package report

import (
	"io"

	"github.com/imbundle/imbundle/analyze"
)

// Options of Table. The zero value is English, without colours, 100 columns wide.
type Options struct {
	Lang  string // zh or en; anything else is English
	Wide  bool   // all evidence, every hop's reason, all checks
	Color bool   // ANSI colours
	Width int    // columns of the terminal; zero means 100, less than 40 counts as 40
}

// Table writes the screen: verdict, path, causes with their proof and fix, false alarms, outcomes, changes, gaps.
// The first error of w ends it.
func Table(w io.Writer, r *analyze.Report, o Options) error {
	s := newScreen(w, o)
	s.verdict(r)
	s.path(r.Pipeline)
	s.causes(r.Verdict)
	s.benign(r.Benign)
	s.muted(r.Muted)
	s.unnamed(r.Unnamed)
	s.outcomes(r.Outcomes)
	s.changes(r.Changes)
	s.release(r.Release)
	s.checks(r.Checks)
	s.missing(r)
	s.unread(r.Unread)
	return s.flush()
}
