package bundle

import (
	"slices"
	"strings"
	"time"
)

// Format is the number of the bundle format that this package writes and the newest that it reads.
const Format = 1

// Tool names the program that wrote a bundle.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
}

// Window is the time that a collection covers. A zero time is an open end.
type Window struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	Text string    `json:"text,omitempty"` // as the user wrote it: "--since 2h"
}

// Plan is the first entry of a bundle: what was about to be collected. A cut bundle knows from it what it lacks.
type Plan struct {
	Format     int            `json:"format"` // set by Create
	Tool       Tool           `json:"tool"`   // set by Create from Options when empty
	Started    time.Time      `json:"started"`
	Window     Window         `json:"window"`
	Incident   map[string]any `json:"incident,omitempty"` // strings in it pass the redactor
	Clock      []ClockOffset  `json:"clock,omitempty"`
	SpecDigest string         `json:"specDigest,omitempty"`
	Scope      []string       `json:"scope,omitempty"` // namespaces and switches, one sentence or word each
	Expect     []Expect       `json:"expect,omitempty"`
	Cluster    *Cluster       `json:"cluster,omitempty"`   // nil when none was asked
	Continues  []EarlierRun   `json:"continues,omitempty"` // oldest first; empty for a run of its own
}

// Cluster is where a collection looks, and what tells that cluster from another.
type Cluster struct {
	Server     string            `json:"server"` // address of the API server, as the configuration has it
	Namespaces []string          `json:"namespaces,omitempty"`
	Workloads  map[string]string `json:"workloads,omitempty"` // UIDs of what was recognised, by namespace/kind/name
}

// EarlierRun is a run of which a bundle carries the entries on.
type EarlierRun struct {
	Started       time.Time `json:"started"`
	Finished      time.Time `json:"finished,omitzero"` // zero when it was cut
	ContentDigest string    `json:"contentDigest"`     // of its entries that were whole; see ContentDigest
	Carried       int       `json:"carried"`           // entries
}

// Expect is what one source promised to bring.
type Expect struct {
	Source   string   `json:"source"`
	Entries  []string `json:"entries"`            // exact names, or patterns in which * stands for any characters, / too
	Priority int      `json:"priority,omitempty"` // higher is spent first from the budget
}

// ClockOffset is how far a subject's clock stood from the collector's.
type ClockOffset struct {
	Subject     string        `json:"subject"`       // node/NAME, apiserver
	Offset      time.Duration `json:"offset"`        // subject minus collector, nanoseconds
	Uncertainty time.Duration `json:"uncertainty"`   // half width, nanoseconds
	At          time.Time     `json:"at,omitzero"`   // when it was measured
	How         string        `json:"how,omitempty"` // "Date header", "kubelet prefix"
}

// Meta describes an entry at its creation.
type Meta struct {
	Source    string
	Time      time.Time         // of the content; becomes the tar header's; zero means the plan's start
	Truncated *Truncation       // nil when whole
	Attrs     map[string]string // restarts, container kind, node, …
	Redacted  map[string]int64  // replacements made before, in content that comes from another bundle, by rule
}

// Truncation says what an entry lacks.
type Truncation struct {
	Reason  string `json:"reason"`            // max-log-size, window, interrupted, budget, …
	Head    int64  `json:"head,omitempty"`    // bytes kept from the beginning
	Tail    int64  `json:"tail,omitempty"`    // bytes kept from the end
	Dropped int64  `json:"dropped,omitempty"` // bytes known to be left out; 0 when unknown
	Note    string `json:"note,omitempty"`
}

// Reasons of a Truncation, Budget beside them.
const (
	TooLong  = "max-log-size"
	OfWindow = "window"
	Uneven   = "list" // the pages of a list are of different moments
	CutShort = "interrupted"
)

// stillOpen notes an entry whose source had not closed it.
const stillOpen = "its source was still writing when the bundle was finished"

// Meant tells whether the entry is all that its source wanted to write: whole, or limited on purpose.
func (t *Truncation) Meant() bool {
	if t == nil {
		return true
	}
	return slices.Contains([]string{TooLong, OfWindow, Uneven, Budget}, t.Reason) && !strings.Contains(t.Note, stillOpen)
}

// Reasons of a Gap.
const (
	Forbidden  = "forbidden"
	Timeout    = "timeout"
	NotFound   = "not-found"
	Budget     = "budget"
	Failed     = "error"
	Redaction  = "redaction" // the redactor or its leak gate objected; the bytes were dropped
	NotStarted = "interrupted"
)

// Gap is evidence that is missing, and why.
type Gap struct {
	Entry  string `json:"entry,omitempty"`
	Source string `json:"source,omitempty"`
	Reason string `json:"reason"`
	Detail string `json:"detail,omitempty"`
	Costs  string `json:"costs,omitempty"` // what cannot be told without it
}

// Count compares what a source promised with what it brought.
type Count struct {
	Expected int `json:"expected"`
	Got      int `json:"got"`
}

// Timing is how long a source took.
type Timing struct {
	Source  string        `json:"source"`
	Started time.Time     `json:"started"`
	Took    time.Duration `json:"took"` // nanoseconds
	Note    string        `json:"note,omitempty"`
}

// Final is what is known when a collection ends.
type Final struct {
	Complete bool             // false when a signal, a deadline or an error ended it early
	Reason   string           // why it is not complete
	Counts   map[string]Count // by source; nil lets the Writer compare the plan with the entries
	Clock    []ClockOffset    // added to the plan's
	Timings  []Timing
	Log      []byte // the collection's own log; becomes part of imbundle/collect.log
}
