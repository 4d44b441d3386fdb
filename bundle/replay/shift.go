package replay

import (
	"regexp"
	"strings"
	"time"
)

// stamps are the times in an object: kubectl reckons ages from them, by the clock of the machine that it runs on.
var stamps = regexp.MustCompile(`"(\w*(?:Time|Timestamp|At))":\s*"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"`)

// micro is the one form that both kinds of times in the API take: whole seconds are not enough to keep an age steady.
const micro = "2006-01-02T15:04:05.000000Z07:00"

// shift moves the times of objects, so that code which reckons with the present finds ages as of the snapshot, and moves the
// times in what such code has printed back. A nil shift leaves everything as it is. It is not safe for concurrent use.
type shift struct {
	at, now time.Time
	printed []string // pairs: a moved time as it is printed, and what it was
	seen    map[string]bool
}

// newShift moves the snapshot's time to now.
func newShift(at, now time.Time) *shift {
	return &shift{at: at, now: now, seen: map[string]bool{}}
}

// move gives a copy of an object with its times moved.
func (s *shift) move(raw []byte) []byte {
	if s == nil {
		return raw
	}
	out := make([]byte, 0, len(raw)+256)
	last := 0
	for _, m := range stamps.FindAllSubmatchIndex(raw, -1) {
		out = append(out, raw[last:m[4]]...)
		out = append(out, s.moved(string(raw[m[4]:m[5]]))...)
		last = m[5]
	}
	return append(out, raw[last:]...)
}

func (s *shift) moved(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	whole := t.Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	to := s.now.Add(-s.at.Sub(whole).Truncate(time.Second)) // an age in whole seconds is not about to turn
	if to.After(s.now) && !t.After(s.at.Add(time.Minute)) {
		to = s.now // written while the lists were being read: it is no future
	}
	moved := to.UTC().Format(micro)
	if !s.seen[text] {
		s.seen[text] = true
		s.printed = append(s.printed,
			to.Local().Format(time.RFC1123Z), t.Local().Format(time.RFC1123Z), // as kubectl describe prints it
			moved, text)
	}
	return moved
}

// back gives a printed text with the times as they were.
func (s *shift) back(text string) string { return strings.NewReplacer(s.printed...).Replace(text) }
