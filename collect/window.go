package collect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// DefaultSince is how far back a collection looks where nothing else is said.
const DefaultSince = 2 * time.Hour

// defaultAround is the half width of --around where the user gives none.
const defaultAround = 15 * time.Minute

// TimeHelp lists the accepted ways to write a time, for help texts.
const TimeHelp = `now · 15:04 · 15:04:05 (the latest such time) · 2006-01-02 · "2006-01-02 15:04[:05]" · 2006-01-02T15:04:05Z07:00 · 1700000000 (Unix seconds) · -90m (that long ago); without a zone: the local one`

// WindowFlags are the ways in which a user may bound the time. At most one of Since, From/To and Around is meant;
// all empty means the last two hours.
type WindowFlags struct {
	Since  time.Duration // the last so long; zero is unset
	From   string        // any time of TimeHelp
	To     string        // any time of TimeHelp; empty with From set means now
	Around string        // a time, or a time ± a duration: "14:30±20m", "14:30+-20m"; the duration defaults to 15m
}

// Window resolves the flags at a moment. Times without a zone are taken in now's location.
func (f WindowFlags) Window(now time.Time) (bundle.Window, error) {
	set := 0
	for _, is := range []bool{f.Since != 0, f.From != "" || f.To != "", f.Around != ""} {
		if is {
			set++
		}
	}
	if set > 1 {
		return bundle.Window{}, fmt.Errorf("reading the window: --since, --from/--to and --around exclude each other")
	}
	w, err := f.resolve(now)
	if err != nil {
		return bundle.Window{}, err
	}
	if !w.From.Before(w.To) {
		return bundle.Window{}, fmt.Errorf("reading the window: it ends at %s, before it begins at %s",
			w.To.Format(time.RFC3339), w.From.Format(time.RFC3339))
	}
	w.Text = f.text()
	if w.From.After(now) {
		return bundle.Window{}, fmt.Errorf("reading the window: it begins at %s, in the future", w.From.Format(time.RFC3339))
	}
	return w, nil
}

// text is what the user wrote, as flags.
func (f WindowFlags) text() string {
	var words []string
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag+" "+value)
		}
	}
	if f.Since > 0 {
		add("--since", f.Since.String())
	}
	add("--from", f.From)
	add("--to", f.To)
	add("--around", f.Around)
	return strings.Join(words, " ")
}

func (f WindowFlags) resolve(now time.Time) (bundle.Window, error) {
	switch {
	case f.Around != "":
		return around(f.Around, now)
	case f.From != "" || f.To != "":
		return between(f.From, f.To, now)
	case f.Since < 0:
		return bundle.Window{}, fmt.Errorf("reading the window: --since %s is negative", f.Since)
	case f.Since > 0:
		return bundle.Window{From: now.Add(-f.Since), To: now}, nil
	}
	return bundle.Window{From: now.Add(-DefaultSince), To: now}, nil
}

func between(from, to string, now time.Time) (w bundle.Window, err error) {
	w.To = now
	if to != "" {
		if w.To, err = ParseTime(to, now); err != nil {
			return w, fmt.Errorf("reading --to: %w", err)
		}
	}
	w.From = w.To.Add(-DefaultSince)
	if from != "" {
		if w.From, err = ParseTime(from, now); err != nil {
			return w, fmt.Errorf("reading --from: %w", err)
		}
	}
	return w, nil
}

func around(s string, now time.Time) (bundle.Window, error) {
	at, half := s, defaultAround
	for _, sign := range []string{"±", "+/-", "+-"} {
		t, d, found := strings.Cut(s, sign)
		if !found {
			continue
		}
		var err error
		if half, err = time.ParseDuration(strings.TrimSpace(d)); err != nil || half <= 0 {
			return bundle.Window{}, fmt.Errorf("reading --around: %q is no duration like 20m", d)
		}
		at = t
		break
	}
	t, err := ParseTime(strings.TrimSpace(at), now)
	if err != nil {
		return bundle.Window{}, fmt.Errorf("reading --around: %w", err)
	}
	w := bundle.Window{From: t.Add(-half), To: t.Add(half)}
	if w.To.After(now) && w.From.Before(now) {
		w.To = now
	}
	return w, nil
}

// ParseTime reads a time as a user writes it; see TimeHelp.
func ParseTime(s string, now time.Time) (time.Time, error) {
	s = strings.TrimSpace(s)
	if s == "now" {
		return now, nil
	}
	if d, err := time.ParseDuration(s); err == nil && strings.HasPrefix(s, "-") {
		return now.Add(d), nil
	}
	if sec, err := strconv.ParseInt(s, 10, 64); err == nil && len(s) >= 9 {
		return time.Unix(sec, 0).In(now.Location()), nil
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 Z0700",
		"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02",
		"2006/01/02 15:04:05", "2006/01/02 15:04",
	} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return lastTime(t, now), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write one of: %s", s, TimeHelp)
}

// lastTime is the latest moment not after now at which a clock showed what t shows.
func lastTime(t, now time.Time) time.Time {
	y, m, d := now.Date()
	at := time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
	if at.After(now) {
		at = time.Date(y, m, d-1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
	}
	return at
}
