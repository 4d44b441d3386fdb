package analyze

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/specs"
)

// matcher is the compiled form of the specs: all patterns in one set, and the roles by number. It is read-only while entries
// are read, apart from the cache of role names.
type matcher struct {
	specs *specs.Set
	set   *scan.Set
	rules []compiledRule
	hops  []compiledHop
	roles []*specs.Role
	index map[string]int16 // role id → number
	names sync.Map         // module, service or stem → number
	only  func(entry string) bool
	hide  func(string) string // secrets in what is shown; nil leaves them

	templates bool
	cached    atomic.Int64 // names that were looked up and are not cached yet, at most maxRoleNames of them were
}

type compiledRule struct {
	*specs.Rule
	roles  []bool   // by number; nil: any
	groups []string // named groups of the expression
	target string   // the one that names what a line is about
	// telling is the end of what gave a line away.
	telling func(line []byte) int
}

// allowsRole tells whether a rule counts in lines of a role; lines of unknown role pass.
func (r compiledRule) allowsRole(role int16) bool {
	return r.roles == nil || role < 0 || r.roles[role]
}

type compiledHop struct {
	*specs.Hop
	roles []bool // by number: roles whose progress lines count; nil: any
}

// patternKind tells whose pattern a number of the set is.
type patternKind int

const (
	patternRule patternKind = iota
	patternHop
	patternAnswer
	patternSeq
	patternTemplate
)

// newMatcher compiles rules and probes, and the pattern of every line at WARN and above; templates tells that all of those are
// counted, not only the ones that no rule names.
func newMatcher(s *specs.Set, templates bool) (*matcher, error) {
	m := &matcher{templates: templates, specs: s, roles: s.Roles, index: map[string]int16{}}
	for i, r := range s.Roles {
		m.index[r.ID] = int16(i)
	}
	var patterns []scan.Pattern
	for _, r := range s.Rules {
		levels, err := scan.ParseLevels(r.Level)
		if err != nil {
			return nil, fmt.Errorf("compiling rule %q: %w", r.ID, err)
		}
		m.rules = append(m.rules, compiledRule{Rule: r, roles: m.roleSet(r.Roles), groups: groupNames(r.Match), target: targetGroup(r.Match), telling: telling(r)})
		patterns = append(patterns, scan.Pattern{Any: r.Any, Match: r.Match, Unless: r.Unless, Level: levels})
	}
	for _, h := range s.Hops {
		if len(h.Progress) > 0 {
			m.hops = append(m.hops, compiledHop{Hop: h, roles: m.roleSet(m.progressRoles(h))})
			patterns = append(patterns, scan.Pattern{Any: h.Progress})
		}
	}
	patterns = append(patterns, scan.Pattern{Any: answerTexts}, scan.Pattern{Any: []string{seqText}})
	patterns = append(patterns, scan.Pattern{Level: warnings, Known: true}) // the last: hits of a line come in this order
	set, err := scan.Compile(patterns)
	if err != nil {
		return nil, fmt.Errorf("compiling rules: %w", err)
	}
	m.set = set
	return m, nil
}

// pattern tells what number i of the set is, and its index among its kind.
func (m *matcher) pattern(i int) (patternKind, int) {
	switch n := len(m.rules); {
	case i < n:
		return patternRule, i
	case i < n+len(m.hops):
		return patternHop, i - n
	case i == n+len(m.hops):
		return patternAnswer, 0
	case i == n+len(m.hops)+1:
		return patternSeq, 0
	}
	return patternTemplate, 0
}

var namedGroup = regexp.MustCompile(`\(\?P?<([A-Za-z][A-Za-z0-9_]*)>`)

func groupNames(expr string) []string {
	var names []string
	for _, g := range namedGroup.FindAllStringSubmatch(expr, -1) {
		if !contains(names, g[1]) {
			names = append(names, g[1])
		}
	}
	return names
}

// targetGroup is the named group that tells one subject of a rule from another within one log.
func targetGroup(expr string) string {
	names := groupNames(expr)
	for _, name := range []string{"addr", "target", "topic", "group", "service"} {
		if contains(names, name) {
			return name
		}
	}
	return ""
}

func (m *matcher) roleSet(ids []string) []bool {
	if len(ids) == 0 {
		return nil
	}
	set := make([]bool, len(m.roles))
	for _, id := range ids {
		if i, ok := m.index[id]; ok {
			set[i] = true
		}
	}
	return set
}

// progressRoles are the roles of a hop, and those of other hops that print one of the same texts: msgtransfer's "msg arrived
// channel" also proves the topic before it.
func (m *matcher) progressRoles(h *specs.Hop) []string {
	if len(h.Roles) == 0 {
		return nil
	}
	roles := append([]string(nil), h.Roles...)
	for _, other := range m.specs.Hops {
		for _, text := range other.Progress {
			if other != h && contains(h.Progress, text) {
				roles = append(roles, other.Roles...)
			}
		}
	}
	return roles
}

// lineRole is the role of what a line names as its speaker: its module column or its compose prefix; -1 when it names none.
func (m *matcher) lineRole(module, service string) int16 {
	if module != "" {
		if r := m.role(module); r >= 0 {
			return r
		}
	}
	if service != "" {
		return m.role(service)
	}
	return -1
}

// roleOf is the role that the name of an entry speaks for.
func (m *matcher) roleOf(src source) int16 {
	for _, name := range []string{src.Pod.Container, src.Pod.Pod, src.Stem} {
		if r := m.role(name); name != "" && r >= 0 {
			return r
		}
	}
	return -1
}

// maxRoleNames bounds the cache, should a text be full of different modules.
const maxRoleNames = 4096

func (m *matcher) role(name string) int16 {
	if v, ok := m.names.Load(name); ok {
		return v.(int16)
	}
	number := int16(-1)
	if id := roleNamed(m.specs, name); id != "" {
		number = m.index[id]
	}
	if m.cached.Add(1) <= maxRoleNames {
		m.names.Store(strings.Clone(name), number)
	}
	return number
}

// A name of a component has no more than this; what is longer is some text, and looking for a role in it costs too much.
const (
	maxRoleName  = 256
	maxRoleParts = 24
)

// roleNamed is the id of the role that a name stands for, empty for none.
func roleNamed(s *specs.Set, name string) string {
	if name == "" || len(name) > maxRoleName || strings.Count(name, "-")+strings.Count(name, ".")+strings.Count(name, "_") > maxRoleParts {
		return ""
	}
	if r := s.Role(name); r != nil {
		return r.ID
	}
	return ""
}

// RoleOf is the id of the role that the name of a pod, container, image or workload stands for, empty for none.
func (f *Facts) RoleOf(name string) string { return roleNamed(f.Specs, name) }

// roleID is the id of a role number, empty for -1.
func (m *matcher) roleID(i int16) string {
	if i < 0 || int(i) >= len(m.roles) {
		return ""
	}
	return m.roles[i].ID
}

var podName = regexp.MustCompile(`-(?:[0-9a-z]{6,10}-[0-9a-z]{5}|[0-9]{1,3})$`)

// looksLikePod tells whether a file stem is the name of a pod.
func looksLikePod(stem string) bool { return podName.MatchString(stem) }
