package specs

import (
	"path"
	"slices"
	"strings"
)

// Baseline is what is known of OpenIM's releases: their official defaults, which of these matter and how, and their defects.
type Baseline struct {
	Releases []*Release // in the order of their numbers, main last
	Defaults []*Default // by file, key and release
	Settings []*Setting
	Defects  []*Defect
}

// Release is one of baseline/releases.yaml.
type Release struct {
	Name   string `yaml:"release"` // tag, or main
	Date   string `yaml:"date"`    // of its commit, 2006-01-02
	Commit string `yaml:"commit"`

	At Position `yaml:"-"`
}

// Default is the official value of a key from one release to another, both included, of baseline/defaults.tsv; lists are joined with a comma. An empty
// Until means that it still holds in the last release.
type Default struct {
	File  string
	Key   string // path with dots
	Value string
	Since string
	Until string

	At Position
}

// Setting is a key that is known to matter, with the values that hurt.
type Setting struct {
	File     string            `yaml:"file"`               // * stands for any run of characters
	Key      string            `yaml:"key"`                // likewise
	Was      string            `yaml:"was,omitempty"`      // the key in the one file config.yaml of 3.5 and 3.6
	Versions string            `yaml:"versions,omitempty"` // as in Rule; the release must be known where it is set
	When     When              `yaml:"when"`
	With     map[string]string `yaml:"with,omitempty"`     // other settings ("file:key", or a key beside this one) and the value that each must have
	Cause    string            `yaml:"cause,omitempty"`    // empty: config-drift
	Severity string            `yaml:"severity,omitempty"` // empty: as the cause says
	// Confidence that the value lends to Cause; empty: likely.
	Confidence string `yaml:"confidence,omitempty"`
	Says       Text   `yaml:"says"`             // the influence
	Change     Text   `yaml:"change,omitempty"` // the smallest change; empty: back to the default
	Source     string `yaml:"source"`

	At Position `yaml:"-"`
}

// When says which values hurt; exactly one field is set.
type When struct {
	Is           []string `yaml:"is,omitempty"`
	Not          []string `yaml:"not,omitempty"`
	Below        *float64 `yaml:"below,omitempty"`
	Above        *float64 `yaml:"above,omitempty"`
	BelowDefault bool     `yaml:"below-default,omitempty"`
	Missing      bool     `yaml:"missing,omitempty"` // the release has a default for the key, and the file lacks it
}

// Defect is a fault of releases: from Since (empty: before the first that is known) until Fixed (empty: none has the fix yet).
type Defect struct {
	ID     string   `yaml:"id"`
	Since  string   `yaml:"since,omitempty"`
	Fixed  string   `yaml:"fixed,omitempty"`
	NotIn  []string `yaml:"not-in,omitempty"` // releases after Fixed that lack the fix
	Cause  string   `yaml:"cause,omitempty"`  // what it looks like; empty: like nothing that is diagnosed
	Says   Text     `yaml:"says"`
	Source string   `yaml:"source"`

	At Position `yaml:"-"`
}

// Query is one range query for Prometheus, of metrics.yaml.
type Query struct {
	ID    string `yaml:"id"`    // name of its entry
	Query string `yaml:"query"` // PromQL; $namespaces is replaced by an expression that matches the namespaces of the collection
	Unit  string `yaml:"unit"`  // of the values: cores, bytes, ratio, per-second, seconds, count
	Why   Text   `yaml:"why"`

	At Position `yaml:"-"`
}

// decodeBaseline fills the list that a file of the folder baseline stands for.
func (f *file) decodeBaseline() {
	switch f.name {
	case "baseline/releases.yaml":
		f.baseline.Releases = stanzas(f, func(r *Release, at Position) { r.At = at })
	case "baseline/defaults.tsv":
		f.decodeDefaults()
	case "baseline/settings.yaml":
		f.baseline.Settings = stanzas(f, func(s *Setting, at Position) { s.At = at })
	case "baseline/defects.yaml":
		f.baseline.Defects = stanzas(f, func(d *Defect, at Position) { d.At = at })
	default:
		known := map[string]bool{"baseline/releases.yaml": true, "baseline/defaults.tsv": true, "baseline/settings.yaml": true, "baseline/defects.yaml": true}
		f.problems.add(Position{f.path, 1}, "unknown spec file%s", suggest(path.Join("baseline", path.Base(f.name)), known))
	}
}

// decodeDefaults reads defaults.tsv: there are so many that YAML would take most of the time of Load.
func (f *file) decodeDefaults() {
	n := 0
	for line := range strings.Lines(string(f.body)) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		at := Position{f.path, n}
		fields := strings.Split(line, "\t")
		if len(fields) != 5 {
			f.problems.add(at, "%d fields between tabs instead of file, key, default, since, until", len(fields))
			continue
		}
		f.baseline.Defaults = append(f.baseline.Defaults, &Default{fields[0], fields[1], fields[2], fields[3], fields[4], at})
	}
}

// over puts a later layer on top: its releases replace the list, since their order matters; the rest adds to what is there or
// replaces it by id, settings by file, key and versions.
func (b *Baseline) over(o Baseline, problems *Problems) {
	if len(o.Releases) > 0 {
		b.Releases = o.Releases
	}
	b.Defaults = unique(b.Defaults, o.Defaults, func(d *Default) (string, Position) { return d.File + " " + d.Key + " " + d.Since, d.At }, problems)
	b.Settings = unique(b.Settings, o.Settings, func(s *Setting) (string, Position) { return s.File + " " + s.Key + " " + s.Versions, s.At }, problems)
	b.Defects = unique(b.Defects, o.Defects, func(d *Defect) (string, Position) { return d.ID, d.At }, problems)
}

// defaultCause is what a setting stands for that names no cause.
const defaultCause = "config-drift"

// CauseOf is the cause that the setting stands for.
func (s *Setting) CauseOf() string {
	if s.Cause == "" {
		return defaultCause
	}
	return s.Cause
}

// Covers tells whether the setting means a key of a file, by the names of today or by that in config.yaml.
func (s *Setting) Covers(file, key string) bool {
	if file == "config.yaml" || file == "config.yml" {
		return s.Was != "" && s.Was == key
	}
	return wild(s.File, file) && wild(strings.ToLower(s.Key), strings.ToLower(key))
}

// wild tells whether text fits a pattern in which * stands for any run of characters.
func wild(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	last := len(parts) - 1
	if last == 0 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) || !strings.HasSuffix(text[len(parts[0]):], parts[last]) {
		return false
	}
	text = text[len(parts[0]) : len(text)-len(parts[last])]
	for _, part := range parts[1:last] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return true
}

func (l *linter) baseline(b *Baseline) {
	position := map[string]int{}
	for i, r := range b.Releases {
		position[r.Name] = i
	}
	order := func(at Position, first, last string) {
		known(l, at, "release", first, position)
		if last != "" {
			known(l, at, "release", last, position)
		}
		if last != "" && position[last] < position[first] {
			l.problems.add(at, "%s comes before %s", last, first)
		}
	}
	for _, d := range b.Defaults {
		order(d.At, d.Since, d.Until)
	}
	for _, s := range b.Settings {
		l.setting(s)
		if !slices.ContainsFunc(b.Defaults, func(d *Default) bool { return wild(s.File, d.File) && wild(s.Key, d.Key) }) {
			l.problems.add(s.At, "no release has a default for %s %s", s.File, s.Key)
		}
	}
	for _, d := range b.Defects {
		l.id(d.At, d.ID)
		l.text(d.At, "says", d.Says)
		if d.Cause != "" {
			known(l, d.At, "cause", d.Cause, l.set.Causes)
		}
		if d.Since != "" {
			order(d.At, d.Since, d.Fixed)
		} else if d.Fixed != "" {
			order(d.At, d.Fixed, "")
		}
		for _, name := range d.NotIn {
			order(d.At, d.Fixed, name)
		}
		if d.Source == "" {
			l.problems.add(d.At, "defect %q names no source", d.ID)
		}
	}
}

func (l *linter) setting(s *Setting) {
	l.text(s.At, "says", s.Says)
	if s.Change != (Text{}) {
		l.text(s.At, "change", s.Change)
	}
	known(l, s.At, "cause", s.CauseOf(), l.set.Causes)
	l.versions(s.At, s.Versions)
	if s.Severity != "" {
		known(l, s.At, "severity", s.Severity, severities)
	}
	if s.Confidence != "" {
		known(l, s.At, "confidence", s.Confidence, certainty)
	}
	if s.Source == "" {
		l.problems.add(s.At, "the setting %s %s names no source", s.File, s.Key)
	}
	n := 0
	for _, set := range []bool{len(s.When.Is) > 0, len(s.When.Not) > 0, s.When.Below != nil, s.When.Above != nil, s.When.BelowDefault, s.When.Missing} {
		if set {
			n++
		}
	}
	if n != 1 {
		l.problems.add(s.At, "when needs exactly one condition")
	}
}

func (l *linter) query(q *Query) {
	l.id(q.At, q.ID)
	l.text(q.At, "why", q.Why)
	known(l, q.At, "unit", q.Unit, units)
	if q.Query == "" {
		l.problems.add(q.At, "query %q is empty", q.ID)
	}
}

var units = names("cores bytes ratio per-second seconds count")
