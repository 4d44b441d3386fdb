package analyze

import (
	"time"

	"github.com/imbundle/imbundle/specs"
)

// Schema names the JSON form of Report. Within one number fields are only added.
const Schema = "imbundle/report/1"

// Report is the answer of an analysis. Its JSON form is stable; every slice is sorted, so the same input gives the same bytes.
type Report struct {
	Schema      string         `json:"schema"`
	Tool        Tool           `json:"tool"`
	Bundle      Input          `json:"bundle"`
	Incident    map[string]any `json:"incident,omitempty"` // incident.yaml as it was written at collection
	Fingerprint string         `json:"fingerprint"`        // of the leading cause and its subject; equal for the same fault in two bundles
	Verdict     Verdict        `json:"verdict"`
	Pipeline    []HopState     `json:"pipeline"`
	Checks      []CheckResult  `json:"checks"`
	Benign      []BenignResult `json:"benign"`
	Muted       []Muted        `json:"muted,omitempty"`    // suppressions of the overlays
	Unnamed     []Unnamed      `json:"unnamed,omitempty"`  // what logs say at WARN or above and no rule names
	Outcomes    []Outcome      `json:"outcomes,omitempty"` // guide 2.1: logins and sends by errCode
	Changes     []Change       `json:"changes,omitempty"`  // what changed before the onset, newest first
	Release     *Release       `json:"release,omitempty"`  // how old OpenIM is, and what was fixed since; absent where no log and no image tells
	Missing     []Missing      `json:"missing"`
	Unread      []Unread       `json:"unread,omitempty"` // what in the input told nothing
	Stats       Stats          `json:"stats"`
}

// Tool says who wrote the report.
type Tool struct {
	Version string `json:"version"`
	Specs   string `json:"specs"` // digest of the rules and causes in use
}

// Input says what was read.
type Input struct {
	Name             string       `json:"name"`
	Complete         bool         `json:"complete"`        // false when the file was cut, or the plan promised more than is there
	Cut              string       `json:"cut,omitempty"`   // where and why reading ended early
	CutAt            int64        `json:"cutAt,omitempty"` // byte of the input at which reading ended; only with Cut
	Window           Window       `json:"window"`
	ClockUncertainty string       `json:"clockUncertainty"` // Go duration; within it two onsets are a tie
	ClockNote        *specs.Text  `json:"clockNote,omitempty"`
	Warnings         []specs.Text `json:"warnings,omitempty"` // what must be known before the verdict is believed
	Versions         []string     `json:"versions"`           // OpenIM versions seen
	Line             string       `json:"line,omitempty"`     // a, b or empty (openim-facts §12)
}

// Window is the time that the input covers; zero times are unknown.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Verdict is the judgement. Status is broken, degraded, healthy or unknown; healthy needs data of every hop of the path.
type Verdict struct {
	Status      string        `json:"status"`
	Hop         string        `json:"hop,omitempty"`    // first broken hop
	Why         specs.Text    `json:"why"`              // one sentence on the status
	Causes      []CauseResult `json:"causes"`           // leading cause first
	Leads       *specs.Text   `json:"leads,omitempty"`  // why the first cause stands first
	Intake      *specs.Text   `json:"intake,omitempty"` // how what was reported decided over the order
	CollectNext []string      `json:"collectNext"`
}

// CauseResult is a diagnosed cause with what proves it.
type CauseResult struct {
	Cause       string       `json:"cause"`
	Title       specs.Text   `json:"title"`
	Means       specs.Text   `json:"means"`
	Severity    string       `json:"severity"`
	Confidence  string       `json:"confidence"` // certain, likely, possible
	Hop         string       `json:"hop"`
	Layer       string       `json:"layer"`
	Guide       string       `json:"guide"`
	Subject     string       `json:"subject"`
	Since       *time.Time   `json:"since,omitempty"`
	Until       *time.Time   `json:"until,omitempty"`
	Count       int          `json:"count"`
	ExplainedBy string       `json:"explainedBy,omitempty"` // slug of the cause that this one follows from
	Explains    []string     `json:"explains,omitempty"`
	RuledOut    []RuledOut   `json:"ruledOut,omitempty"`
	Lacks       []specs.Text `json:"lacks,omitempty"` // data that would make it certain and is not there
	Evidence    []Sighting   `json:"evidence"`
	Fix         specs.Text   `json:"fix"`
	Dont        specs.Text   `json:"dont"`
	Reproduce   specs.Text   `json:"reproduce"` // how to see it again
	Verify      specs.Text   `json:"verify"`    // what shows that a change has helped
	Prevent     specs.Text   `json:"prevent"`
}

// RuledOut is a look-alike that was considered and dropped.
type RuledOut struct {
	Cause   string     `json:"cause"`
	Title   specs.Text `json:"title"`
	Because specs.Text `json:"because"`
}

// Sighting is one piece of evidence as shown to a person. Line is 1-based; 0 means the entry as a whole.
type Sighting struct {
	Check string     `json:"check"` // rule or check id
	Says  specs.Text `json:"says"`
	Entry string     `json:"entry"`
	Line  int64      `json:"line"`
	Time  *time.Time `json:"time,omitempty"`
	Text  string     `json:"text"` // the line, colours stripped, at most 300 bytes
	Count int        `json:"count"`
}

// HopState is one row of the message path. State is ok, broken, degraded or unknown ("not observed").
type HopState struct {
	Hop   string     `json:"hop"`
	Title specs.Text `json:"title"`
	Below bool       `json:"below,omitempty"`
	State string     `json:"state"`
	Why   specs.Text `json:"why"`
}

// CheckResult is what one check (or one rule pack) answered. Status is pass, fail, warn, unknown or na.
type CheckResult struct {
	Check   string     `json:"check"`
	Title   specs.Text `json:"title"`
	Guide   string     `json:"guide"`
	Status  string     `json:"status"`
	Needs   []string   `json:"needs,omitempty"`   // missing data, when unknown
	Collect string     `json:"collect,omitempty"` // the command that would get it
	Cause   string     `json:"cause,omitempty"`
	Count   int        `json:"count,omitempty"`
}

// BenignResult is a recognised false alarm.
type BenignResult struct {
	Cause    string     `json:"cause"`
	Title    specs.Text `json:"title"`
	Why      specs.Text `json:"why"`
	Count    int        `json:"count"`
	Evidence []Sighting `json:"evidence"`
}

// Outcome counts the answers of one kind of request by error code (0 is success).
type Outcome struct {
	Request string    `json:"request"` // login, send, pull, connect
	Code    int       `json:"code"`
	Name    string    `json:"name,omitempty"`
	Count   int       `json:"count"`
	Example *Sighting `json:"example,omitempty"`
}

// Change is something that was altered in the cluster.
type Change struct {
	Time   time.Time  `json:"time"`
	Object string     `json:"object"` // kind/namespace/name
	What   specs.Text `json:"what"`
	Entry  string     `json:"entry"`
}

// Missing is data that a sound verdict would need and that is not there.
type Missing struct {
	What   string     `json:"what"`
	Reason string     `json:"reason"` // forbidden, timeout, not-found, budget, error, redaction, not-collected, cut
	Detail string     `json:"detail,omitempty"`
	Costs  specs.Text `json:"costs"`
}

// Unread is something in the input that told nothing, or not all.
type Unread struct {
	Entry  string `json:"entry"`
	Reason string `json:"reason"` // empty, binary, picture, document, unrecognised, refusal, damaged, too-large, packed, locked, left-out, closed
	Detail string `json:"detail,omitempty"`
	Count  int64  `json:"count,omitempty"` // above 1 where several entries share the reason; Entry is the first
}

// Stats says how much was read.
type Stats struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"`
	Lines   int64 `json:"lines"`
	Rules   int   `json:"rules"`
}

// Unnamed is what logs say at WARN or above and no rule names.
type Unnamed struct {
	Why       string    `json:"why"` // frequent, risen (most of its lines in one minute), newest (first seen last)
	Level     string    `json:"level"`
	Role      string    `json:"role,omitempty"`
	Caller    string    `json:"caller,omitempty"`
	Text      string    `json:"text"` // message and error, each run with a digit in it as #
	Count     int       `json:"count"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`
	Peak      time.Time `json:"peak"` // its fullest minute in one log
	PeakCount int       `json:"peakCount"`
	Entry     string    `json:"entry"` // of the first
	Line      int64     `json:"line"`
	Example   string    `json:"-"` // the line of Entry, where Options.Templates asks for it
}

// Muted is a suppression and what it kept out of the verdict, or would have: an expired one mutes nothing.
type Muted struct {
	ID      string     `json:"id"`
	What    string     `json:"what"` // rule, check or cause
	Title   specs.Text `json:"title"`
	Subject string     `json:"subject,omitempty"`
	Reason  string     `json:"reason"`
	Until   string     `json:"until"`
	Expired bool       `json:"expired,omitempty"`
	Count   int        `json:"count"`
}
