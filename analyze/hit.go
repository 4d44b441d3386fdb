package analyze

import "github.com/imbundle/imbundle/specs"

// Hit is a line that a rule matched. Its text is kept packed: of very many hits few are shown.
type Hit struct {
	rule  *specs.Rule
	entry string
	mark
}

// sighting is the hit as shown to a person, without its text.
func (h *Hit) sighting() Sighting {
	out := Sighting{Check: h.rule.ID, Says: h.rule.Says, Entry: h.entry, Line: h.line, Count: 1}
	if at := stamp(h.at); !at.IsZero() {
		out.Time = &at
	}
	return out
}

// sighting is what stands in place i for a piece of evidence, hits of rules first. The text of a hit is left out and returned
// apart, to be read when it is shown.
func (e *Evidence) sighting(i int) (s Sighting, text quote) {
	if i < len(e.Hits) {
		return e.Hits[i].sighting(), e.Hits[i].text
	}
	return e.Samples[i-len(e.Hits)], quote{}
}

// earliest orders unix nanoseconds, unknown last.
func earliest(a, b int64) int {
	return compareTimes(stamp(a), stamp(b))
}
