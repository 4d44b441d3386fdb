package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/imbundle/imbundle/collect"
)

// progress tells a person how a collection goes, on standard error. close must be called before anything else is printed there.
type progress interface {
	collect.Progress
	close()
}

// newProgress is a live view on a terminal, plain lines elsewhere, nothing when quiet.
func newProgress(s streams, quiet bool) progress {
	switch {
	case quiet:
		return silent{}
	case terminal(s.err) != nil && s.getenv("TERM") != "dumb":
		return newLive(s.err, func() int { return width(s.err) })
	}
	return &lines{w: s.err}
}

type silent struct{}

func (silent) Report(collect.Event) {}
func (silent) close()               {}

// lines prints one line for each source that ends, each gap and each note, with the time in front.
type lines struct{ w io.Writer }

func (l *lines) close() {}

func (l *lines) Report(e collect.Event) {
	if text := sentence(e); text != "" {
		fmt.Fprintf(l.w, "%s %s\n", e.Time.Format("15:04:05"), printable(text))
	}
}

// sentence is an event in words; empty for those too small to mention.
func sentence(e collect.Event) string {
	switch e.Kind {
	case collect.SourceStarted:
		return e.Source + ": started"
	case collect.SourceFinished:
		if e.Err != nil {
			return fmt.Sprintf("%s: ended early after %s, %s: %v", e.Source, share(e), humanBytes(e.Bytes), e.Err)
		}
		return fmt.Sprintf("%s: done, %s, %s", e.Source, share(e), humanBytes(e.Bytes))
	case collect.GapRecorded:
		return e.Source + ": missing " + gapText(e)
	case collect.Note:
		return strings.TrimPrefix(e.Source+": "+e.Text, ": ")
	case collect.Finishing:
		if e.Text != "" {
			return "writing the manifest: " + e.Text
		}
		return "writing the manifest"
	}
	return ""
}

// share is "12 of 40 entries", or "12 entries" where nothing was promised by name.
func share(e collect.Event) string {
	if e.Expected > 0 {
		return fmt.Sprintf("%d of %d entries", e.Done, max(e.Done, e.Expected))
	}
	return fmt.Sprintf("%d entries", e.Done)
}

func gapText(e collect.Event) string {
	text := e.Gap.Reason
	if e.Gap.Entry != "" {
		text = e.Gap.Entry + " (" + e.Gap.Reason + ")"
	}
	if e.Gap.Detail != "" {
		text += ": " + e.Gap.Detail
	}
	return text
}

// live redraws one row for each source. Its goroutine lives from newLive to close.
type live struct {
	w       io.Writer
	columns func() int
	mu      sync.Mutex
	rows    []*row
	notes   []string // printed above the rows at the next drawing
	drawn   int      // rows on the screen
	stop    chan struct{}
	done    sync.WaitGroup
	once    sync.Once
}

// row is one source.
type row struct {
	source   string
	began    time.Time
	took     time.Duration
	done     int
	expected int
	bytes    int64
	gaps     int
	last     string // entry that was closed last, or the error
	ended    bool
	failed   bool
}

func newLive(w io.Writer, columns func() int) *live {
	l := &live{w: w, columns: columns, stop: make(chan struct{})}
	l.done.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.draw()
			case <-l.stop:
				return
			}
		}
	})
	return l
}

func (l *live) close() {
	l.once.Do(func() {
		close(l.stop)
		l.done.Wait()
		l.draw()
	})
}

func (l *live) Report(e collect.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Kind == collect.Note || e.Kind == collect.Finishing {
		l.notes = append(l.notes, sentence(e))
		return
	}
	r := l.row(e)
	switch e.Kind {
	case collect.EntryClosed:
		r.done, r.expected, r.last = e.Done, e.Expected, e.Entry
		r.bytes += e.Bytes
	case collect.GapRecorded:
		r.gaps++
	case collect.SourceFinished:
		r.done, r.expected, r.bytes, r.ended, r.took, r.last = e.Done, e.Expected, e.Bytes, true, e.Time.Sub(r.began), ""
		if e.Err != nil {
			r.failed, r.last = true, e.Err.Error()
		}
	}
}

func (l *live) row(e collect.Event) *row {
	for _, r := range l.rows {
		if r.source == e.Source {
			return r
		}
	}
	r := &row{source: e.Source, began: e.Time}
	l.rows = append(l.rows, r)
	return r
}

// draw moves back to the first row and prints everything anew, so that a narrower terminal mends itself.
func (l *live) draw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	if l.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", l.drawn)
	}
	most := l.columns()
	if most <= 0 {
		most = 80
	}
	for _, n := range l.notes {
		b.WriteString("\x1b[2K" + clip(n, most) + "\n")
	}
	for _, r := range l.rows {
		b.WriteString("\x1b[2K" + clip(r.text(time.Now()), most) + "\n")
	}
	l.notes, l.drawn = nil, len(l.rows)
	io.WriteString(l.w, b.String()) // a view that cannot be shown must not end the collection
}

func (r *row) text(now time.Time) string {
	sign, took := "…", now.Sub(r.began)
	switch {
	case r.failed:
		sign, took = "✗", r.took
	case r.ended:
		sign, took = "✓", r.took
	}
	text := fmt.Sprintf("%s %-14s %18s %10s %5s", sign, r.source, share(collect.Event{Done: r.done, Expected: r.expected}), humanBytes(r.bytes), took.Round(time.Second))
	if r.gaps > 0 {
		text += fmt.Sprintf("  %d missing", r.gaps)
	}
	if r.last != "" {
		text += "  " + r.last
	}
	return text
}

// clip keeps a row on one line of the terminal.
func clip(s string, most int) string {
	runes := []rune(printable(s))
	if len(runes) < most {
		return string(runes)
	}
	return string(runes[:max(most-2, 0)]) + "…"
}

// printable makes control characters visible: names and errors come from servers.
func printable(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`), `\\`, `\`)
}
