package analyze

import (
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/scan"
)

// Bounds of one cell, which is one rule in one entry for one role.
const (
	maxSamples  = 6
	firstOnes   = 2  // samples kept whatever their time
	maxValues   = 6  // distinct values of one attribute
	lookedInto  = 64 // hits whose groups are looked at
	episodeGap  = 10 * time.Minute
	minuteNanos = int64(time.Minute)
)

// cell counts the hits of a rule by minute and keeps the first of them and those that open an episode.
type cell struct {
	count   int
	untimed int
	severe  int      // hits in lines at WARN and above, or of unknown level
	minutes []minute // in order of time
	samples []mark
	attrs   [][]string // by named group of the rule; nil when none was seen. At rest only the least value is left
}

// minute counts hits within one minute of the log's clock.
type minute struct {
	at          int64 // unix minute
	count       int32
	first, last int64 // unix nanoseconds
}

// mark is a hit that may be shown.
type mark struct {
	line int64
	at   int64 // unix nanoseconds; 0 unknown
	text quote
}

// sample is a line that is shown for a probe.
type sample struct {
	line int64
	at   int64 // unix nanoseconds; 0 unknown
	text string
}

// add files a hit and returns how many minute counters it took.
func (c *cell) add(h scan.Hit, room bool, m *matcher, rule *compiledRule, notes *notebook) int {
	c.count++
	if len(rule.groups) > 0 && c.count <= lookedInto {
		c.note(h, rule.groups)
	}
	if !calm(h.Level) {
		c.severe++
	}
	at := h.At
	taken := 0
	opens := len(c.samples) < firstOnes
	if at == 0 {
		c.untimed++
	} else {
		opens = opens || len(c.samples) < maxSamples && at-c.newest() > int64(episodeGap)
		taken = c.tick(at, room)
	}
	if opens {
		c.samples = append(c.samples, mark{h.Line, at, notes.write(m.excerpt(h.Text(), rule.telling))})
	}
	return taken
}

// newest is the time of the newest hit so far.
func (c *cell) newest() int64 {
	if len(c.minutes) == 0 {
		return 0
	}
	return c.minutes[len(c.minutes)-1].last
}

// tick counts a hit in its minute; the minutes stay in order of time.
func (c *cell) tick(at int64, room bool) int {
	m := at / minuteNanos
	i := len(c.minutes)
	for i > 0 && c.minutes[i-1].at > m {
		i--
	}
	if i > 0 && (c.minutes[i-1].at == m || !room) {
		c.minutes[i-1].hit(at)
		return 0
	}
	if !room && len(c.minutes) > 0 {
		c.minutes[i].hit(at)
		return 0
	}
	c.minutes = append(c.minutes, minute{})
	copy(c.minutes[i+1:], c.minutes[i:])
	c.minutes[i] = minute{at: m, count: 1, first: at, last: at}
	return 1
}

func (m *minute) hit(at int64) {
	m.count++
	m.first, m.last = min(m.first, at), max(m.last, at)
}

// note keeps the values of named groups.
func (c *cell) note(h scan.Hit, groups []string) {
	for i, name := range groups {
		value := h.Group(name)
		if value == "" {
			continue
		}
		if c.attrs == nil {
			c.attrs = make([][]string, len(groups))
		}
		if len(c.attrs[i]) < maxValues && !contains(c.attrs[i], value) {
			c.attrs[i] = append(c.attrs[i], strings.Clone(value))
		}
	}
}

// rest gives back what is of use only while hits come in.
func (c *cell) rest() {
	c.minutes, c.samples = slices.Clone(c.minutes), slices.Clone(c.samples)
	for i, values := range c.attrs {
		if len(values) > 1 {
			c.attrs[i] = []string{slices.Min(values)}
		}
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
