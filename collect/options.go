package collect

import (
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/specs"
)

// Options are the circumstances of one run. Output and Redactor are required.
type Options struct {
	Output   string        // the file to create; it must not exist
	Window   bundle.Window // the time that is asked for; it is written into the plan
	Incident Incident      // the intake; becomes incident.yaml unless it is empty
	Attach   []string      // files that go into the bundle as attachments/<base name>, redacted like everything else

	Deadline       time.Duration // of the whole run; zero means DefaultDeadline
	SourceTimeout  time.Duration // of one source that names none; zero means the deadline of the whole
	RequestTimeout time.Duration // of one request, for sources that make any; zero means 20 seconds
	Grace          time.Duration // how long sources may take to return after the end; zero means 2 seconds
	Parallel       int           // sources at a time; zero means 8

	MaxSize    int64 // of the file, in bytes; zero means no limit
	MaxLogSize int64 // of one log, in bytes before compression; zero means 20 MB

	Redactor *redact.Redactor
	Specs    *specs.Set // its digest goes into the plan; nil leaves it out
	Tool     bundle.Tool
	Clock    []bundle.ClockOffset // of the servers that were asked, as far as known before the run
	Cluster  *bundle.Cluster      // nil when none is asked
	Scope    []string             // what the run is about, for people: "namespace openim"
	Gaps     []bundle.Gap         // known before the run: what is forbidden, and what that costs

	Resume *Earlier // the run to continue; nil for one of its own

	Closing  func() string    // the last line of the collection's log; nil: there is none
	Progress Progress         // nil: nothing is told
	Now      func() time.Time // nil: time.Now
}

// Result says what came of a run.
type Result struct {
	Path     string        `json:"path"`
	Size     int64         `json:"size"`     // of the file
	Entries  int           `json:"entries"`  // written by sources, now or in the run that was continued
	Carried  int           `json:"carried"`  // those of the run that was continued
	Bytes    int64         `json:"bytes"`    // of the entries, before compression
	Complete bool          `json:"complete"` // nothing that was promised is missing for want of time, space or luck
	Reason   string        `json:"reason"`   // why it is not complete
	Gaps     []bundle.Gap  `json:"gaps"`
	Sources  []SourceCount `json:"sources"` // in the order of the run
	Elapsed  time.Duration `json:"elapsed"`
	Best     string        `json:"best"` // the file to continue from: Path, or the earlier one when not all of it was carried
}

// SourceCount is what one source promised and delivered. Expected counts exact names, Got those of them that came;
// Entries counts everything that the source wrote.
type SourceCount struct {
	Source   string        `json:"source"`
	Expected int           `json:"expected"`
	Got      int           `json:"got"`
	Entries  int           `json:"entries"`
	Bytes    int64         `json:"bytes"` // before compression
	Started  time.Time     `json:"started,omitzero"`
	Elapsed  time.Duration `json:"elapsed"`
}

func (o Options) withDefaults() Options {
	if o.Deadline <= 0 {
		o.Deadline = DefaultDeadline
	}
	if o.SourceTimeout <= 0 {
		o.SourceTimeout = o.Deadline
	}
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 20 * time.Second
	}
	if o.Grace <= 0 {
		o.Grace = 2 * time.Second
	}
	if o.Parallel <= 0 {
		o.Parallel = 8
	}
	if o.MaxLogSize <= 0 {
		o.MaxLogSize = DefaultMaxLogSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// DefaultDeadline ends a run where nothing else is said.
const DefaultDeadline = 5 * time.Minute

// DefaultMaxLogSize bounds one log where nothing else is said.
const DefaultMaxLogSize = 20 << 20

// Quick narrows the options to a bundle of less than 20 MB in less than a minute (--profile quick).
// Limits that are already tighter stay.
func (o Options) Quick() Options {
	o.Deadline = tighter(o.Deadline, 50*time.Second)
	o.RequestTimeout = tighter(o.RequestTimeout, 10*time.Second)
	o.MaxSize = tighter(o.MaxSize, 19<<20)
	o.MaxLogSize = tighter(o.MaxLogSize, 2<<20)
	return o
}

// tighter is the lesser of two limits of which zero means none.
func tighter[T int64 | time.Duration](a, b T) T {
	if a <= 0 {
		return b
	}
	return min(a, b)
}
