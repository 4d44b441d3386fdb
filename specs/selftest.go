package specs

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Test runs every rule over its own hit and miss lines, and over their JSON as log shippers write it anew. Level and role are judged where the example line shows them, as
// the analyzer does; version, count and recasts are not. Redactions are tested by TestRedactions.
func Test(s *Set) []Problem {
	var problems Problems
	for _, r := range s.Rules {
		m, err := newMatcher(s, r)
		if err != nil {
			problems.add(r.At, "rule %q: %v", r.ID, err)
			continue
		}
		for _, example := range r.Hit {
			for _, line := range append(rewritten(example), example) {
				if why := m.misses(line); why != "" {
					problems.add(r.At, "rule %q does not match its hit line %q: %s", r.ID, line, why)
				}
			}
		}
		for _, example := range r.Miss {
			for _, line := range append(rewritten(example), example) {
				if m.match(line) {
					problems.add(r.At, "rule %q matches its miss line %q", r.ID, line)
				}
			}
		}
	}
	return problems.sorted()
}

// TestRedactions gives every example line of the redactions to redact, which applies all of them: a hit line has to change,
// a miss line has to stay as it is.
func TestRedactions(s *Set, redact func(string) string) []Problem {
	var problems Problems
	for _, r := range s.Redactions {
		for _, line := range r.Hit {
			if redact(line) == line {
				problems.add(r.At, "redaction %q leaves its hit line %q as it is", r.ID, line)
			}
		}
		for _, line := range r.Miss {
			if changed := redact(line); changed != line {
				problems.add(r.At, "redaction %q: its miss line %q becomes %q", r.ID, line, changed)
			}
		}
	}
	return problems.sorted()
}

// matcher is one rule with its expressions compiled, for single lines.
type matcher struct {
	set           *Set
	rule          *Rule
	wanted, other *regexp.Regexp
}

func newMatcher(s *Set, r *Rule) (*matcher, error) {
	m := &matcher{set: s, rule: r}
	var err error
	if m.wanted, err = regexp.Compile(r.Match); err != nil {
		return nil, err
	}
	if r.Unless != "" {
		m.other, err = regexp.Compile(r.Unless)
	}
	return m, err
}

// match reports whether the rule holds for a line.
func (m *matcher) match(line string) bool { return m.misses(line) == "" }

// misses says why the rule does not hold for a line; empty where it does.
func (m *matcher) misses(line string) string {
	line = colour.ReplaceAllString(line, "")
	contains := func(literal string) bool { return strings.Contains(line, literal) }
	level, module := columns(line)
	role := m.set.Role(module)
	switch {
	case len(m.rule.Any) > 0 && !slices.ContainsFunc(m.rule.Any, contains):
		return "none of any is in it"
	case !m.wanted.MatchString(line):
		return "match does not match it"
	case m.other != nil && m.other.MatchString(line):
		return "unless matches it"
	case level != "" && len(m.rule.Level) > 0 && !slices.Contains(m.rule.Level, level):
		return "its level is " + level
	case role != nil && len(m.rule.Roles) > 0 && !slices.Contains(m.rule.Roles, role.ID):
		return "it is of " + role.ID
	}
	return ""
}

// rewritten is a line of JSON as serialisers write it: without blanks, with a blank after colons and commas, and in the order of
// its keys; nothing of any other line.
func rewritten(line string) []string {
	var compact bytes.Buffer
	if !strings.HasPrefix(line, "{") || json.Compact(&compact, []byte(line)) != nil {
		return nil
	}
	blank := jsonToken.ReplaceAllStringFunc(compact.String(), func(token string) string {
		if token == ":" || token == "," {
			return token + " "
		}
		return token
	})
	forms := []string{compact.String(), blank}
	var fields map[string]any
	if json.Unmarshal(compact.Bytes(), &fields) == nil {
		sorted, _ := json.Marshal(fields) // what was read as JSON can be written so
		forms = append(forms, string(sorted))
	}
	return forms
}

var (
	colour    = regexp.MustCompile("\x1b\\[[0-9;]*m")
	jsonToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[:,]`)
	jsonField = regexp.MustCompile(`"(level|logger)": ?"([^"]*)"`)
)

// columns finds level and module of a log line of OpenIM, console or JSON; what it does not show is empty.
func columns(line string) (level, module string) {
	fields := strings.Split(line, "\t")
	for i, f := range fields[:min(len(fields), 3)] {
		if level = strings.ToLower(strings.TrimSpace(f)); !levels[level] {
			level = ""
			continue
		}
		for _, f := range fields[i+1 : min(len(fields), i+4)] {
			if f = strings.TrimSpace(f); f != "" && !strings.HasPrefix(f, "[") {
				return level, f
			}
		}
		return level, ""
	}
	for _, m := range jsonField.FindAllStringSubmatch(line, -1) {
		if m[1] == "level" {
			level = strings.ToLower(m[2])
		} else {
			module = m[2]
		}
	}
	return level, module
}
