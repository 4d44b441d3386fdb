package analyze

import (
	"maps"
	"strings"

	"github.com/imbundle/imbundle/analyze/scan"
)

// textHits is one entry read line by line, with what matched in it.
type textHits struct {
	Text
	roleID    int16 // role by name of the entry; -1 unknown
	tool      bool  // kubectl or another tool printed it: its lines are of no component that they do not name
	rules     map[cellKey]*cell
	cells     []entryCell   // rules, once the entry is read
	targeted  map[int32]int // by rule: hits whose target was looked at
	targets   int           // cells
	hops      map[hopKey]*progress
	answers   map[answerKey]*answerCell
	waits     map[waitKey]*wait
	seqs      []seqJump
	lastSeqs  map[string]seqMark
	templates templates // of all lines at WARN and above, where they are asked for
	unnamed   templates // of those that no rule names
	named     int64     // last line that a rule named
	modules   map[string]int64
	versions  map[string]int64
}

// cellKey tells the cells of one entry apart. target is what the line is about where the rule names it: an address, a topic, a
// group.
type cellKey struct {
	rule   int32
	role   int16
	target string
}

type entryCell struct {
	cellKey
	cell
}

// rest gives back what is of use only while the entry is read: a bundle may have thousands of them.
func (t *textHits) rest() {
	t.cells = make([]entryCell, 0, len(t.rules))
	for key, c := range t.rules {
		c.rest()
		t.cells = append(t.cells, entryCell{key, *c})
	}
	maps.DeleteFunc(t.waits, func(_ waitKey, w *wait) bool { return !w.open() })
	t.rules, t.lastSeqs, t.targeted, t.hops, t.answers = nil, nil, nil, nil, nil
}

// take copies what the scanner counted.
func (t *textHits) take(stats scan.Stats) {
	t.Lines, t.Bytes, t.First, t.Last = stats.Lines, stats.Bytes, stats.First, stats.Last
	t.Starts, t.Silence, t.Offset = stats.Starts, stats.Longest, stats.OffsetPrefix
	t.Untimed, t.Back = stats.First.IsZero(), stats.Back
	for level, n := range stats.Levels {
		t.Levels[level] += n
	}
	t.modules, t.versions = stats.Modules, stats.Versions
}

// hit files one match; it is called for every line that a rule or probe matches, so it allocates only for samples.
func (p *pass) hit(h scan.Hit) {
	p.hits++
	if p.lineOf != nil {
		h.Line = p.lineOf(h.Line)
	}
	kind, i := p.shared.pattern(h.Pattern)
	if kind == patternTemplate {
		p.templateHit(h)
		return
	}
	role := p.current.roleID
	if r := p.shared.lineRole(h.Speaker()); r >= 0 {
		role = r
	}
	switch kind {
	case patternRule:
		p.ruleHit(i, role, h)
	case patternHop:
		p.hopHit(i, role, h)
	case patternAnswer:
		p.answerHit(role, h)
	case patternSeq:
		p.seqHit(h)
	}
}

// templateHit files a line at WARN or above, after all that rules have said of it.
func (p *pass) templateHit(h scan.Hit) {
	hide := p.shared.hide
	if hide == nil {
		hide = asItIs
	}
	rec := h.Rec()
	if p.shared.templates {
		p.current.templates.hit(h, templateText(rec.Message), false, func() string { return templateText(hide(rec.Message)) })
	}
	if p.current.named != h.Line {
		p.current.unnamed.hit(h, unnamedText(rec, asItIs), p.shared.templates, func() string { return unnamedText(rec, hide) })
	}
}

func (p *pass) ruleHit(rule int, role int16, h scan.Hit) {
	if r := &p.shared.rules[rule]; !r.allowsRole(role) || p.current.tool && role < 0 && r.roles != nil {
		return
	}
	p.current.named = h.Line
	c := p.current.cell(rule, role, h, p.shared.rules[rule].target)
	p.minutes += c.add(h, p.minutes < maxMinutes, p.shared, &p.shared.rules[rule], &p.notes)
}

// cell finds the counter for a hit. Past the bounds hits go to the counter without a target.
func (t *textHits) cell(rule int, role int16, h scan.Hit, group string) *cell {
	key := cellKey{rule: int32(rule), role: role}
	bare := t.rules[key]
	if group != "" && t.targeted[key.rule] < maxTargeted {
		t.targeted[key.rule]++
		key.target = h.Group(group)
	}
	c := t.rules[key]
	if c == nil && key.target != "" && t.targets >= maxTargets {
		key.target, c = "", bare
	}
	if c == nil {
		c = &cell{}
		key.target = strings.Clone(key.target)
		t.rules[key] = c
		t.targets++
	}
	return c
}
