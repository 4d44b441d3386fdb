package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/specs"
)

// component is one value of --component.
type component struct {
	text string
	role string // the role that is called so exactly; else empty
}

// cast knows which logs and records belong to the components that were asked for, and who else was there.
type cast struct {
	specs *specs.Set
	parts []component

	mu    sync.Mutex
	logs  []analyze.LogName
	met   map[string]bool // components that something belongs to
	known map[string]bool // what could be asked for
}

func newCast(s *specs.Set, names []string) *cast {
	c := &cast{specs: s, met: map[string]bool{}, known: map[string]bool{}}
	for _, name := range names {
		part := component{text: strings.ToLower(name)}
		if r := s.Role(name); r != nil && calledExactly(r, part.text) {
			part.role = r.ID
		}
		c.parts = append(c.parts, part)
	}
	return c
}

func calledExactly(r *specs.Role, name string) bool {
	return r.ID == name || slices.Contains(slices.Concat(r.Names, r.Images, r.Modules), name)
}

// note remembers a log that is shown.
func (c *cast) note(l analyze.LogName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.logs, func(o analyze.LogName) bool { return o.Entry == l.Entry }) {
		c.logs = append(c.logs, l)
	}
}

// admit tells whether a log may hold records of the components: all of it (parts nil), or those that name one of parts.
func (c *cast) admit(l analyze.LogName) (parts []component, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[cmp.Or(l.Role, l.Pod.Container, l.Stem)] = true
	if len(c.parts) == 0 {
		return nil, true
	}
	for _, p := range c.parts {
		if p.names(l) {
			c.met[p.text] = true
			ok = true
		}
	}
	switch {
	case ok:
		return nil, true
	case l.Role == "": // a log of several services, or with a name that says nothing
		return c.parts, true
	}
	return nil, false
}

// names tells whether a component is the log's, by its name.
func (p component) names(l analyze.LogName) bool {
	pod, container := strings.ToLower(l.Pod.Pod), strings.ToLower(l.Pod.Container)
	full := strings.ToLower(l.Pod.Namespace) + "/" + pod
	switch p.text {
	case strings.ToLower(l.Entry), container, l.Stem, pod + "/" + container, full + "/" + container:
		return true
	}
	return p.role != "" && p.role == l.Role || pod != "" && (strings.HasPrefix(pod, p.text) || strings.HasPrefix(full, p.text))
}

// speaks tells whether the record in hand names one of parts itself.
func (c *cast) speaks(rec *scan.Record, parts []component) bool {
	role := analyze.RoleOfRecord(c.specs, rec)
	service, module := strings.ToLower(rec.Service), strings.ToLower(rec.Module)
	for _, p := range parts {
		if p.role != "" && p.role == role || p.text == service || p.text == module {
			c.meet(p)
			return true
		}
	}
	if role != "" {
		c.mu.Lock()
		c.known[role] = true
		c.mu.Unlock()
	}
	return false
}

func (c *cast) meet(p component) {
	c.mu.Lock()
	c.met[p.text] = true
	c.mu.Unlock()
}

// missing names a component that nothing belongs to.
func (c *cast) missing() error {
	for _, p := range c.parts {
		if !c.met[p.text] {
			return &UnknownError{What: "component", Name: p.text, Known: slices.Sorted(maps.Keys(c.known))}
		}
	}
	return nil
}

// labels are short names that tell logs apart, in the order of logs.
func labels(logs []analyze.LogName) map[string]string {
	count := map[string]int{}
	for _, l := range logs {
		for _, name := range forms(l) {
			count[name]++
		}
	}
	out := map[string]string{}
	for _, l := range logs {
		for _, name := range forms(l) {
			out[l.Entry] = name
			if count[name] == 1 {
				break
			}
		}
	}
	return out
}

// forms are the names of a log, the shortest first; the last is its own alone. All but that one can stand before a line like the
// prefixes of compose, so that what was shown can be analyzed again.
func forms(l analyze.LogName) []string {
	all := []string{l.Pod.Container, l.Stem, l.Pod.Pod, l.Pod.Pod + "." + l.Pod.Container, l.Pod.Namespace + "." + l.Pod.Pod + "." + l.Pod.Container}
	if l.Pod.Container == "" {
		all = []string{l.Role, l.Stem, l.Pod.Pod}
	}
	var out []string
	for _, name := range all {
		if name == "" || name[0] == '.' || slices.Contains(out, name) {
			continue
		}
		out = append(out, name)
	}
	if l.Previous {
		for i := range out {
			out[i] += ".previous"
		}
	}
	return append(out, l.Entry)
}
