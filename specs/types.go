package specs

import (
	"fmt"
	"time"
)

// Position is where a stanza was written; Line is 1-based, zero when the stanza was not read from a file.
type Position struct {
	File string
	Line int
}

// String returns "file:line".
func (p Position) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Text is a sentence for users in both languages of the product. Neither may be empty.
type Text struct {
	ZH string `yaml:"zh" json:"zh"`
	EN string `yaml:"en" json:"en"`
}

// In returns the text in lang ("zh" or "en"; anything else is English).
func (t Text) In(lang string) string {
	if lang == "zh" {
		return t.ZH
	}
	return t.EN
}

// Rule is one stanza of specs/rules/*.yaml: a log line to recognise and what it means.
// The line that is matched is one physical line of a log, colours stripped, container and compose prefixes included.
type Rule struct {
	ID    string `yaml:"id"`    // kebab-case, stable for ever
	Cause string `yaml:"cause"` // slug of causes.yaml; one of kind benign makes the hit a recognised false alarm
	Guide string `yaml:"guide"` // section of the troubleshooting guide, e.g. "2.3"
	// Hop that the line shows broken, where it is not that of Cause: a cause may strike at several.
	Hop string `yaml:"hop,omitempty"`
	// Confidence that a hit lends to Cause: certain, likely (the default) or possible.
	Confidence string `yaml:"confidence,omitempty"`
	// Any holds literals of which one must occur; Match is an RE2 expression. At least one of both is set; a line must satisfy each that is.
	// Named groups of Match become attributes of the evidence (topic, group, addr, code, target, …).
	Any    []string `yaml:"any,omitempty"`
	Match  string   `yaml:"match,omitempty"`
	Unless string   `yaml:"unless,omitempty"` // RE2; a line that it matches is no hit
	// Level, Roles and Versions restrict where the line counts; empty means anywhere. A line whose level or role is unknown passes.
	Level    []string `yaml:"level,omitempty"`    // fatal panic error warn info debug
	Roles    []string `yaml:"roles,omitempty"`    // ids of roles.yaml
	Versions string   `yaml:"versions,omitempty"` // ">=3.8.0 <3.8.4", "line-a", "line-b"; judged when the version is known
	// Count hits of one subject within Within make the evidence; fewer are kept as context only. Zero means 1 hit, any time.
	Count  int      `yaml:"count,omitempty"`
	Within Duration `yaml:"within,omitempty"`
	// Recast lists circumstances in which the same text means another cause (mostly a false alarm); the first that holds wins.
	Recast []Recast `yaml:"recast,omitempty"`
	Says   Text     `yaml:"says"`   // what a hit means, one sentence
	Source string   `yaml:"source"` // where the text stands: code at a tag or commit, a document, or printed lines
	Hit    []string `yaml:"hit"`    // lines that must match
	Miss   []string `yaml:"miss"`   // near misses that must not

	At   Position `yaml:"-"`
	Over bool     `yaml:"-"` // from an overlay
}

// Recast turns the evidence of a rule into that of another cause when every condition that is set holds for the episode,
// which is all hits of one rule and subject without a pause of more than ten minutes.
type Recast struct {
	Cause     string   `yaml:"cause"`
	Shorter   Duration `yaml:"shorter,omitempty"`    // the episode spans at most this
	Longer    Duration `yaml:"longer,omitempty"`     // the episode spans at least this
	Quiet     Duration `yaml:"quiet,omitempty"`      // the log goes on without hits for at least this after the last hit
	NearStart Duration `yaml:"near-start,omitempty"` // the first hit is within this of a start of the process (or of any process of the installation)
	NearBoot  Duration `yaml:"near-boot,omitempty"`  // the first hit is within this after its installation as a whole started, Kafka with it where the input shows Kafka
	NearRoll  Duration `yaml:"near-roll,omitempty"`  // the first hit is within this of a pod rebuild or rollout
	AtMost    int      `yaml:"at-most,omitempty"`    // the episode has at most so many hits
	AtLeast   int      `yaml:"at-least,omitempty"`   // the episode has at least so many hits
	Without   []string `yaml:"without,omitempty"`    // none of these causes has evidence of likely or better at the same time
	With      []string `yaml:"with,omitempty"`       // one of these causes has evidence at the same time
	Because   Text     `yaml:"because"`              // shown with the false alarm: "not a fault, because …"
}

// Cause is one entry of specs/causes.yaml.
type Cause struct {
	Slug     string   `yaml:"-"`
	Benign   bool     `yaml:"benign,omitempty"`
	Layer    string   `yaml:"layer"`
	Hop      string   `yaml:"hop"`      // id of pipeline.yaml
	Severity string   `yaml:"severity"` // critical, error, warning, info
	Guide    string   `yaml:"guide"`
	Explains []string `yaml:"explains,omitempty"` // causes that may be mere consequences of this one; the graph is acyclic
	Not      string   `yaml:"not,omitempty"`      // the look-alike that must not be concluded from the same text
	Some     bool     `yaml:"some,omitempty"`     // hits single users, conversations or devices, never everybody
	Wants    []string `yaml:"wants,omitempty"`    // kinds of data that show it; none: those of its layer
	Title    Text     `yaml:"title"`
	Means    Text     `yaml:"means"`
	Fix      Text     `yaml:"fix"`  // the smallest fix, operations and configuration before code; a benign cause: why it is no fault
	Dont     Text     `yaml:"dont"` // what must not be done

	At Position `yaml:"-"`
}

// Layer is where causes live, and what holds for all of them.
type Layer struct {
	ID        string   `yaml:"id"`
	Title     Text     `yaml:"title"`
	Wants     []string `yaml:"wants,omitempty"` // kinds of data that show its causes, the most telling first
	Reproduce Text     `yaml:"reproduce"`       // how to see the fault again
	Verify    Text     `yaml:"verify"`          // what shows that a change has helped
	Prevent   Text     `yaml:"prevent"`         // what keeps it from coming back

	At Position `yaml:"-"`
}

// Suppression mutes evidence that an installation knows and accepts (suppress.yaml of an overlay). It needs a rule or a cause.
type Suppression struct {
	ID      string `yaml:"id"`
	Rule    string `yaml:"rule,omitempty"`    // rule or check id
	Cause   string `yaml:"cause,omitempty"`   // slug
	Subject string `yaml:"subject,omitempty"` // pattern over pod, node, role or target, * for anything but /; empty: any
	Reason  string `yaml:"reason"`            // why it is accepted, in the words of who decided
	Until   string `yaml:"until"`             // last day on which it holds, as 2026-12-31

	At Position `yaml:"-"`
}

// Ends is the first moment at which the suppression does not hold any more; zero when Until is no date.
func (s *Suppression) Ends() time.Time {
	day, err := time.Parse(time.DateOnly, s.Until)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}

// Step is one sentence of the troubleshooting guide, or one row of its decision table, and what of the product does it.
type Step struct {
	Guide    string   `yaml:"guide"` // section
	Says     Text     `yaml:"says"`  // the gist of the sentence
	Checks   []string `yaml:"checks,omitempty"`
	Rules    []string `yaml:"rules,omitempty"`
	Causes   []string `yaml:"causes,omitempty"`   // diagnoses that it leads to
	Benign   []string `yaml:"benign,omitempty"`   // misconceptions that are recognised by name
	Dont     []string `yaml:"dont,omitempty"`     // causes whose "do not" says it
	Entries  []string `yaml:"entries,omitempty"`  // what is collected for it
	Commands []string `yaml:"commands,omitempty"` // commands of imbundle, as typed
	Hop      string   `yaml:"hop,omitempty"`      // of a row of the decision table: the hop that broke first when it holds
	Note     Text     `yaml:"note,omitempty"`     // where the guide's words differ from the product's

	At Position `yaml:"-"`
}

// Hop is one stage of the message path, in the order in which a message meets it.
type Hop struct {
	ID    string   `yaml:"id"`
	Title Text     `yaml:"title"`
	Roles []string `yaml:"roles,omitempty"` // roles whose log shows that the hop works
	Below bool     `yaml:"below,omitempty"` // below the path: discovery, kubernetes, node, config
	// Topic and Group list keys, as "file:key", of which one names the topic where messages wait at this hop, and the consumer
	// group that works here; Reads is the hop whose topic that group reads.
	Topic []string `yaml:"topic,omitempty"`
	Group []string `yaml:"group,omitempty"`
	Reads string   `yaml:"reads,omitempty"`
	// Progress lists literals that a component prints when the hop does its work.
	Progress []string `yaml:"progress,omitempty"`

	At Position `yaml:"-"`
}

// Role is a kind of component and the ways to recognise it (openim-facts §1).
type Role struct {
	ID      string   `yaml:"id"`      // api, msggateway, msgtransfer, push, crontask, rpc-auth … rpc-user, chat, kafka, redis, mongo, etcd, minio, ingress, dns, sdk
	Images  []string `yaml:"images"`  // image base names
	Modules []string `yaml:"modules"` // values of the log's module column
	Names   []string `yaml:"names"`   // Deployment, label, container and file name stems
	Backend bool     `yaml:"backend,omitempty"`
	// Reads are the configuration files without which it does not start, since v3.8.0.
	Reads []string `yaml:"reads,omitempty"`
	// Files are log files inside the container, for installations that do not log to stdout.
	Files []string `yaml:"files,omitempty"`

	At Position `yaml:"-"`
}

// Redaction is one stanza of specs/redact.yaml. See bundle/redact for the meaning of the fields.
type Redaction struct {
	ID      string   `yaml:"id"`
	Keys    []string `yaml:"keys,omitempty"`
	Literal []string `yaml:"literal,omitempty"`
	Pattern string   `yaml:"pattern,omitempty"`
	Says    Text     `yaml:"says"`
	Hit     []string `yaml:"hit"`  // each must change
	Miss    []string `yaml:"miss"` // each must stay as it is

	At Position `yaml:"-"`
}
