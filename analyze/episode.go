package analyze

import (
	"cmp"
	"path"
	"slices"
	"sort"
	"time"

	"github.com/imbundle/imbundle/specs"
)

// episode is all hits of one rule about one subject without a pause of more than ten minutes.
type episode struct {
	rule    *compiledRule
	subject Subject
	count   int
	severe  int       // hits in lines at WARN and above, or of unknown level
	first   time.Time // zero when no hit has a time
	last    time.Time
	quiet   time.Duration // how long the subject's text goes on after the last hit; 0 when unknown
	final   bool          // no later episode of the same rule and subject
	attrs   Attrs         // those of the subject
	hits    []Hit
}

// subjectKey tells the texts of one subject from those of others: replicas of a component are subjects of their own, the
// current and the previous log of a container are one.
type subjectKey struct {
	rule         int32
	role         int16
	name, target string
}

// subjectHits is everything that one rule found about one subject.
type subjectHits struct {
	rule    *compiledRule
	subject Subject
	minutes []minute
	count   int
	untimed int
	severe  int
	ends    time.Time // when the subject's text ends
	attrs   Attrs     // the least value of each named group
	hits    []Hit
}

// subjectsOf joins the cells of all entries by rule and subject, sorted by rule, role and name. The cells are let go.
func subjectsOf(texts []*textHits, m *matcher, versions []string) []*subjectHits {
	all := map[subjectKey]*subjectHits{}
	ends := endsOf(texts)
	for _, t := range texts {
		for i := range t.cells {
			key, c := &t.cells[i].cellKey, &t.cells[i].cell
			rule := &m.rules[key.rule]
			if !rule.fitsVersion(t.Version, versions) {
				continue
			}
			id := subjectKey{key.rule, key.role, t.subjectName(), key.target}
			s := all[id]
			if s == nil {
				s = &subjectHits{rule: rule, subject: Subject{Role: m.roleID(key.role), Namespace: t.Pod.Namespace, Pod: t.Pod.Pod, Target: key.target}, ends: ends[t.subjectName()]}
				if s.subject.Role == "" {
					s.subject.Role = t.Role
				}
				all[id] = s
			}
			s.join(t, c)
		}
		t.cells = nil
	}
	keys := make([]subjectKey, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b subjectKey) int {
		return cmp.Or(cmp.Compare(a.rule, b.rule), cmp.Compare(a.role, b.role), cmp.Compare(a.name, b.name), cmp.Compare(a.target, b.target))
	})
	out := make([]*subjectHits, 0, len(keys))
	for _, k := range keys {
		s := all[k]
		s.tidy()
		out = append(out, s)
	}
	return out
}

// endsOf is the last time seen in the texts of each subject.
func endsOf(texts []*textHits) map[string]time.Time {
	ends := map[string]time.Time{}
	for _, t := range texts {
		if name := t.subjectName(); t.Last.After(ends[name]) {
			ends[name] = t.Last
		}
	}
	return ends
}

func (t *textHits) subjectName() string {
	if t.Pod.Pod != "" {
		return t.Pod.Namespace + "/" + t.Pod.Pod + "/" + t.Pod.Container
	}
	return path.Dir(t.Entry) + "/" + stem(t.Entry)
}

// fitsVersion judges a rule's range by the version that the text itself names, or by any that the input names.
func (r *compiledRule) fitsVersion(own string, all []string) bool {
	if r.Versions == "" {
		return true
	}
	if own = CleanVersion(own); own != "" || len(all) == 0 {
		return VersionFits(own, r.Versions)
	}
	return slices.ContainsFunc(all, func(v string) bool { return VersionFits(v, r.Versions) })
}

func (s *subjectHits) join(t *textHits, c *cell) {
	s.minutes = append(s.minutes, c.minutes...)
	s.count += c.count
	s.untimed += c.untimed
	s.severe += c.severe
	for i, values := range c.attrs {
		for _, v := range values {
			s.attrs = s.attrs.least(s.rule.groups[i], v)
		}
	}
	for _, x := range c.samples {
		s.hits = append(s.hits, Hit{s.rule.Rule, t.Entry, x})
	}
}

// least takes in a value unless a smaller one is there.
func (a Attrs) least(name, value string) Attrs {
	for i := range a {
		if a[i].Name == name {
			a[i].Value = min(a[i].Value, value)
			return a
		}
	}
	return append(a, Attr{name, value})
}

func (s *subjectHits) tidy() {
	slices.SortFunc(s.minutes, func(a, b minute) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last)) })
	slices.SortFunc(s.hits, func(a, b Hit) int {
		return cmp.Or(earliest(a.at, b.at), cmp.Compare(a.entry, b.entry), cmp.Compare(a.line, b.line))
	})
}

// enough tells whether the rule's count within its span is reached anywhere.
func (s *subjectHits) enough() bool {
	need := max(1, s.rule.Count)
	within := time.Duration(s.rule.Within)
	if s.count < need {
		return false
	}
	if within == 0 || need == 1 || s.untimed >= need {
		return true
	}
	sum, from := 0, 0
	for i := range s.minutes {
		sum += int(s.minutes[i].count)
		for s.minutes[i].first-s.minutes[from].last > int64(within) {
			sum -= int(s.minutes[from].count)
			from++
		}
		if sum >= need {
			return true
		}
	}
	return false
}

// episodes splits the hits at pauses. Hits without a time make one episode without times.
func (s *subjectHits) episodes() []*episode {
	var out []*episode
	var cur *episode
	for _, m := range s.minutes {
		if cur == nil || m.first-cur.last.UnixNano() > int64(episodeGap) {
			cur = &episode{rule: s.rule, subject: s.subject, attrs: s.attrs, first: stamp(m.first), last: stamp(m.last)}
			out = append(out, cur)
		}
		cur.count += int(m.count)
		if last := stamp(m.last); last.After(cur.last) {
			cur.last = last
		}
	}
	if s.untimed > 0 && len(out) == 0 {
		out = append(out, &episode{rule: s.rule, subject: s.subject, attrs: s.attrs})
	}
	if s.untimed > 0 {
		out[len(out)-1].count += s.untimed
	}
	for i, e := range out {
		e.final = i == len(out)-1
		e.severe = s.severe
		if !e.last.IsZero() && s.ends.After(e.last) {
			e.quiet = s.ends.Sub(e.last)
		}
		if !e.final {
			e.quiet = min(e.quiet, out[i+1].first.Sub(e.last))
		}
		e.pick(s.hits)
	}
	return out
}

// shownSamples is how many lines stand for an episode.
const shownSamples = 5

// pick takes the first hits of the episode's time; those without a time go to every episode and stand last. Most episodes share
// the memory of all.
func (e *episode) pick(all []Hit) {
	from, to := 0, len(all)
	if !e.first.IsZero() {
		from = sort.Search(len(all), func(i int) bool { return all[i].at == 0 || !stamp(all[i].at).Before(e.first) })
		to = sort.Search(len(all), func(i int) bool { return all[i].at == 0 || stamp(all[i].at).After(e.last) })
	}
	untimed := max(to, sort.Search(len(all), func(i int) bool { return all[i].at == 0 }))
	end := min(to, from+shownSamples)
	e.hits = all[from:end:end]
	e.hits = append(e.hits, all[untimed:min(len(all), untimed+shownSamples-len(e.hits))]...)
}

// confidence is the rule's own, likely where it states none.
func (e *episode) confidence() string { return cmp.Or(e.rule.Confidence, Likely) }

// evidence states what an episode means when nothing speaks against it.
func (e *episode) evidence() Evidence {
	ev := Evidence{
		Check: e.rule.ID, Cause: e.rule.Cause, Guide: e.rule.Guide, Confidence: e.confidence(), Subject: e.subject, Count: e.count,
		Since: e.first, Until: e.last, Quiet: e.quiet, Says: e.rule.Says, Attrs: e.attrs, Hits: e.hits,
	}
	if e.rule.Hop != "" {
		ev.Hops = []string{e.rule.Hop}
	}
	if e.severe == 0 && e.count == 1 {
		ev.Severity = Warning
	}
	for _, name := range []string{"addr", "target", "host", "topic", "group", "service", "svc", "user"} {
		if v := ev.Attrs.Get(name); v != "" && ev.Subject.Target == "" {
			ev.Subject.Target = v
		}
	}
	return ev
}

// recastBy returns the first recast of the rule whose conditions all hold, nil for none.
func (e *episode) recastBy(c *circumstances) *specs.Recast {
	for i := range e.rule.Recast {
		if r := &e.rule.Recast[i]; c.holds(e, r) {
			return r
		}
	}
	return nil
}
