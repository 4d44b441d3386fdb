package view

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
)

// EventOptions choose events.
type EventOptions struct {
	Filter            // From, To, Grep
	Types    []string // Normal, Warning; in any case, empty means both
	For      *Object  // the object they are about
	Absolute bool     // show times instead of ages
}

// Events writes the events in the columns of `kubectl events`, the oldest first; ages are those at the time of the snapshot.
func (in Input) Events(ctx context.Context, w io.Writer, o EventOptions, s Screen) error {
	f, err := in.facts(ctx, notLog)
	if err != nil {
		return err
	}
	if len(f.Events) == 0 {
		return &UnknownError{What: "event", Name: in.Name}
	}
	t := columns{head: []string{"LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"}}
	several := severalNamespaces(f.Events)
	if several {
		t.head = slices.Insert(t.head, 0, "NAMESPACE")
	}
	for _, e := range f.Events {
		if !o.wantsEvent(e) {
			continue
		}
		row := []string{seen(e, f.Collected, o.Absolute), e.Type, e.Reason, e.Object, e.Message}
		if several {
			row = slices.Insert(row, 0, e.Namespace)
		}
		t.add(row...)
	}
	out := bufio.NewWriter(w)
	t.write(out, s)
	return out.Flush()
}

func severalNamespaces(events []analyze.Event) bool {
	first := ""
	return slices.ContainsFunc(events, func(e analyze.Event) bool {
		first = cmp.Or(first, e.Namespace)
		return e.Namespace != "" && e.Namespace != first
	})
}

func (o *EventOptions) wantsEvent(e analyze.Event) bool {
	text := e.Type + " " + e.Reason + " " + e.Object + " " + e.Message
	switch {
	case len(o.Types) > 0 && !slices.ContainsFunc(o.Types, func(t string) bool { return strings.EqualFold(t, e.Type) }):
		return false
	case o.For != nil && !o.For.is(e.Namespace, e.Object):
		return false
	case o.Grep != nil && !o.Grep.MatchString(text):
		return false
	}
	return o.within(e.Last) || o.within(e.First)
}

// seen is kubectl's LAST SEEN.
func seen(e analyze.Event, now time.Time, absolute bool) string {
	switch {
	case e.Last.IsZero():
		return "<unknown>"
	case absolute && e.Count > 1:
		return fmt.Sprintf("%s (x%d since %s)", clock(e.Last), e.Count, e.First.Format("15:04:05Z"))
	case absolute:
		return clock(e.Last)
	case e.Count > 1:
		return fmt.Sprintf("%s (x%d over %s)", age(now.Sub(e.Last)), e.Count, age(now.Sub(e.First)))
	}
	return age(now.Sub(e.Last))
}

// age prints a duration the way kubectl prints ages.
func age(d time.Duration) string {
	const day, year = 24 * time.Hour, 365 * 24 * time.Hour
	two := func(unit time.Duration, name string, small time.Duration, smallName string) string {
		if rest := d % unit / small; rest > 0 {
			return fmt.Sprintf("%d%s%d%s", d/unit, name, rest, smallName)
		}
		return fmt.Sprintf("%d%s", d/unit, name)
	}
	switch {
	case d < 0:
		return "0s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < 10*time.Minute:
		return two(time.Minute, "m", time.Second, "s")
	case d < 3*time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 8*time.Hour:
		return two(time.Hour, "h", time.Minute, "m")
	case d < 2*day:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d < 8*day:
		return two(day, "d", time.Hour, "h")
	case d < 2*year:
		return fmt.Sprintf("%dd", d/day)
	case d < 8*year:
		return two(year, "y", day, "d")
	}
	return fmt.Sprintf("%dy", d/year)
}
