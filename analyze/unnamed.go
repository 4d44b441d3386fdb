package analyze

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/specs"
)

// unnamedText is what a line says that no rule names: its message, and the error behind it, which tells more.
func unnamedText(rec *scan.Record, hide func(string) string) string {
	text := templateText(hide(rec.Message))
	if wrapped := rec.Field("error"); wrapped != "" {
		text += " · " + templateText(hide(innermost(wrapped)))
	}
	return text
}

// asItIs hides nothing.
func asItIs(text string) string { return text }

// innermost cuts the trail of functions that errors of OpenIM carry behind their text.
func innermost(text string) string {
	text, _, _ = strings.Cut(text, " | -> ")
	return strings.TrimSuffix(strings.TrimPrefix(text, "Error: "), " |")
}

// Bounds of what is shown of lines that no rule names.
const (
	mostFrequent = 6
	mostRecent   = 3
	mostRisen    = 3
	// A text has risen sharply when most of its lines fall into its fullest minute, and there are enough of them.
	leastRisen = 20
	// Stores warn about themselves at every start; what one says less often than this at WARN is not shown.
	leastOfBackend = 5
)

func backend(s *specs.Set, role string) bool {
	r := s.Role(role)
	return r != nil && r.Backend
}

// unnamedOf picks, from all entries together, the texts at WARN and above that no rule names: the most frequent, then those
// that were first seen last, then those that rose sharply.
func unnamedOf(texts []*textHits, s *specs.Set) []Unnamed {
	all := slices.DeleteFunc(mergeUnnamed(texts), func(u *Unnamed) bool { return u.Level == "warn" && u.Count < leastOfBackend && backend(s, u.Role) })
	slices.SortFunc(all, func(a, b *Unnamed) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Role, b.Role), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Caller, b.Caller))
	})
	var out []Unnamed
	pick := func(why string, most int, from []*Unnamed, fits func(*Unnamed) bool) {
		for _, u := range from {
			if most > 0 && u.Why == "" && fits(u) {
				u.Why = why
				out = append(out, *u)
				most--
			}
		}
	}
	pick("frequent", mostFrequent, all, func(*Unnamed) bool { return true })
	pick("risen", mostRisen, all, func(u *Unnamed) bool { return u.Count >= leastRisen && 2*u.PeakCount > u.Count })
	newest := slices.Clone(all)
	slices.SortStableFunc(newest, func(a, b *Unnamed) int { return b.First.Compare(a.First) })
	pick("newest", mostRecent, newest, func(*Unnamed) bool { return true })
	return out
}

// mergeUnnamed adds up what the logs of one role say.
func mergeUnnamed(texts []*textHits) []*Unnamed {
	type key struct{ role, level, caller, text string }
	known := map[key]*Unnamed{}
	var out []*Unnamed
	for _, t := range texts {
		for k, c := range t.unnamed {
			first, last := stamp(c.first), stamp(c.last)
			id := key{t.Role, k.level.String(), k.caller, k.text}
			u := known[id]
			if u == nil {
				u = &Unnamed{Role: t.Role, Level: id.level, Caller: k.caller, Text: c.shown, First: first, Last: last, Entry: t.Entry, Line: c.line, Example: c.example}
				known[id] = u
				out = append(out, u)
			}
			u.Count += c.count
			if c.peakCount > u.PeakCount {
				u.PeakCount, u.Peak = c.peakCount, time.Unix(c.peak*60, 0).UTC()
			}
			if first.Before(u.First) || first.Equal(u.First) && t.Entry < u.Entry {
				u.First, u.Entry, u.Line, u.Example = first, t.Entry, c.line, c.example
			}
			u.Last = later(u.Last, last)
		}
		t.unnamed = nil // used up
	}
	return out
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
