package view

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/typeset"
	"github.com/imbundle/imbundle/specs"
)

// OperationJSON writes an operation for programs.
func OperationJSON(w io.Writer, o *Operation) error { return writeJSON(w, o) }

// Write shows an operation: a line for each step, then which hops were seen, what failed, and where it ended. wide adds the
// place and the fields of every step.
func (o *Operation) Write(w io.Writer, set *specs.Set, wide bool, s Screen) error {
	t := columns{head: []string{"TIME", "SINCE", "COMPONENT", "LEVEL", "CALLER", "MESSAGE"}, cut: map[int]int{2: widestLabel, 4: 40}}
	if wide {
		t.head = []string{"TIME", "SINCE", "COMPONENT", "LEVEL", "AT", "CALLER", "MESSAGE"}
		t.cut = nil
	}
	first := o.first()
	for _, step := range o.Steps {
		row := []string{clockTime(step.Time), since(first, step.Time), step.Component, step.Level, step.Caller, step.says(wide)}
		if wide {
			row = slices.Insert(row, 4, fmt.Sprintf("%s:%d", step.Entry, step.Line))
		}
		t.add(row...)
	}
	out := bufio.NewWriter(w)
	t.write(out, s)
	o.sumUp(out, set, first, s)
	return out.Flush()
}

// says is the message with what failed and how many shared it.
func (s Step) says(wide bool) string {
	text := strings.TrimSpace(s.Message + " " + s.Method)
	if s.Batch > 1 {
		text += fmt.Sprintf(" [batch of %d]", s.Batch)
	}
	switch {
	case wide && s.Fields != "":
		text += "  " + s.Fields
	case s.Error != "":
		text += " — " + untraced(s.Error)
	}
	return text
}

// untraced cuts the calls off that OpenIM prints behind an error.
func untraced(text string) string {
	text, _, _ = strings.Cut(text, " | -> ")
	return text
}

func (s Step) failed() bool {
	return s.Level == "error" || s.Level == "panic" || s.Level == "fatal" || s.Error != ""
}

// first is the earliest time of a step.
func (o *Operation) first() time.Time {
	for _, step := range o.Steps {
		if !step.Time.IsZero() {
			return step.Time
		}
	}
	return time.Time{}
}

func (o *Operation) sumUp(w io.Writer, set *specs.Set, first time.Time, s Screen) {
	fmt.Fprintln(w)
	s.hang(w, "op.path", "", o.path(set, s))
	var failed []Step
	for _, step := range o.Steps {
		if step.failed() {
			failed = append(failed, step)
		}
	}
	if len(failed) > 0 {
		s.hang(w, "op.failed", red, fmt.Sprintf("%d× · %s", len(failed), failed[0].line(first)))
	}
	s.hang(w, "op.ended", "", o.Steps[len(o.Steps)-1].line(first))
	if o.More > 0 {
		fmt.Fprintln(w, s.say("op.more", o.More))
	}
}

// hang writes text behind a word, wrapped below its own beginning.
func (s Screen) hang(w io.Writer, lead word, attr, text string) {
	const column = 8
	first := typeset.Pad(s.say(lead), column)
	for _, line := range typeset.Wrap(text, s.width()-column) {
		fmt.Fprintln(w, first+s.paint(attr, line))
		first = strings.Repeat(" ", column)
	}
}

// line names a step in a sentence.
func (s Step) line(first time.Time) string {
	return clean(strings.Join(strings.Fields(since(first, s.Time)+" "+s.Component+" "+s.Caller+" "+s.says(false)), " "))
}

// path shows the hops of the path: those seen, and those between and behind them that were not.
func (o *Operation) path(set *specs.Set, s Screen) string {
	var parts []string
	for _, hop := range set.Hops {
		name := clean(hop.Title.In(s.Lang))
		switch is := slices.Contains(o.Hops, hop.ID); {
		case is:
			parts = append(parts, "✓ "+name)
		case !hop.Below && hop.ID != "client" && hop.ID != "edge" && hop.ID != "pull":
			parts = append(parts, "? "+name)
		}
	}
	return strings.Join(parts, " → ")
}

// clockTime is a time of day to the millisecond.
func clockTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("15:04:05.000")
}

// since is how long after first a time is.
func since(first, t time.Time) string {
	if first.IsZero() || t.IsZero() {
		return "-"
	}
	d := t.Sub(first)
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("+%dms", d.Milliseconds())
	case d < time.Hour:
		return "+" + d.Round(100*time.Millisecond).String()
	}
	return "+" + d.Round(time.Second).String()
}
