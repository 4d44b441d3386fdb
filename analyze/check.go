package analyze

import (
	"time"

	"github.com/imbundle/imbundle/specs"
)

// Status of a check.
const (
	Pass    = "pass"
	Fail    = "fail"
	Warn    = "warn"
	Unknown = "unknown"
	NA      = "na"
)

// Confidences, weakest first.
const (
	Possible = "possible"
	Likely   = "likely"
	Certain  = "certain"
)

// Severities, weakest first.
const (
	Info     = "info"
	Warning  = "warning"
	Error    = "error"
	Critical = "critical"
)

// Check is a judgement that needs code: it reads facts and answers with a finding. Its manual is part of it.
type Check struct {
	ID      string     // kebab-case, stable for ever
	Guide   string     // section of the troubleshooting guide
	Title   specs.Text // what is checked, as a heading
	Doc     specs.Text // what it looks at, what it concludes, what it cannot see
	Needs   []string   // the data that it reads, by entry name or kind
	Collect string     // the command that gets the data
	Run     func(*Facts) Finding
}

// Finding is the answer of a check. Status unknown names what is missing in Needs (nil: everything that the check needs).
type Finding struct {
	Status   string
	Needs    []string
	Evidence []Evidence
	Refutes  []Refutation
}

// Refutation says that the lines of rules taken for a cause cannot mean it. They stay, as merely possible.
type Refutation struct {
	Cause   string
	Target  string // only evidence about this target; empty for all
	By      string // the cause of the finding that speaks against it; empty: every one
	Because specs.Text
}

// Evidence is one observation about one subject: the hits of a rule in one episode, or a check's finding.
type Evidence struct {
	Check      string // rule or check id
	Cause      string // slug
	Guide      string
	Confidence string
	Severity   string // overrides the cause's own; empty: as the cause says
	Subject    Subject
	Hops       []string // places on the path where it shows, its own first; nil: that of the topic or group it is about, else its cause's
	Count      int
	Since      time.Time // zero when unknown
	Until      time.Time
	Recovered  bool          // the log goes on without it, or the present state is sound
	Quiet      time.Duration // how long the text goes on after the last hit
	Standing   bool          // a present state that shows itself late: what it brings down may have gone before Since
	Says       specs.Text
	Because    specs.Text // why a benign cause is no fault
	Instead    string     // the cause that was recast into this one; empty for none
	Attrs      Attrs      // shared between episodes: not to be changed
	Hits       []Hit      // lines that a rule matched, earliest first; shared like Attrs
	Samples    []Sighting // what else shows it
}

// Attrs are named values from the lines of a rule, in the order of its groups.
type Attrs []Attr

// Attr is one of them.
type Attr struct{ Name, Value string }

// Get is the value of a name, empty for none.
func (a Attrs) Get(name string) string {
	for _, x := range a {
		if x.Name == name {
			return x.Value
		}
	}
	return ""
}

// Subject is what a piece of evidence is about. Empty fields are unknown.
type Subject struct {
	Role      string
	Namespace string
	Pod       string
	Node      string
	Target    string // address, topic, group, user, …
}

// String is the shortest name that a person would use.
func (s Subject) String() string {
	switch {
	case s.Pod != "" && s.Namespace != "":
		return s.Namespace + "/" + s.Pod
	case s.Pod != "":
		return s.Pod
	case s.Node != "":
		return s.Node
	case s.Role != "":
		return s.Role
	}
	return s.Target
}
