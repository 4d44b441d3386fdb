package analyze

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"path"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze/plain"
	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
	"github.com/imbundle/imbundle/specs/settings"
)

// maxMinutes bounds the minute counters of one worker; beyond it hits are added to the nearest minute of their cell.
const maxMinutes = 150_000

// pass is what one worker gathers. It is not safe for concurrent use; passes are merged when all entries were read.
type pass struct {
	shared  *matcher
	scanner *scan.Scanner
	in      *bufio.Reader // over the entry that is being read; its beginning tells how
	year    int
	zone    *time.Location

	snapshots
	seen    work
	texts   []*textHits
	current *textHits
	lineOf  func(int64) int64 // of the lines of current in its entry; nil when they are the same
	hits    int               // of rules and probes
	notes   notebook
	minutes int // minute counters in use
	entries int
	bytes   int64
	lines   int64
}

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

// Bounds on telling targets apart: hits of a rule in an entry that are looked at for it, and cells of an entry.
const (
	maxTargeted = 20_000
	maxTargets  = 512
)

func newPass(m *matcher, year int, zone *time.Location) *pass {
	return &pass{shared: m, scanner: m.set.NewScanner(), in: bufio.NewReaderSize(nil, 64<<10), year: year, zone: zone, seen: newWork(m)}
}

// read takes in one entry. Only the loss of the input itself is an error; what is malformed is noted.
func (p *pass) read(f *bundle.File) error {
	if p.shared.only != nil && !p.shared.only(f.Name) {
		return nil
	}
	p.entries++
	p.in.Reset(&counted{r: f, n: &p.bytes})
	defer p.in.Reset(nil)
	in, err := plain.Decode(p.in)
	if err != nil {
		return fmt.Errorf("reading %q: %w", f.Name, err)
	}
	head, err := in.Peek(in.Size())
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return fmt.Errorf("reading %q: %w", f.Name, err)
	}
	if _, ours := bundle.ParsePodLog(f.Name); ours || plain.Wrapping(head) == "" {
		src := classify(f.Name, head[:min(len(head), sniffSize)])
		if !p.readText(in, src) {
			p.unread(f.Name, unreadReason(src, head))
		}
		return nil
	}
	told := p.told + p.hits
	if wrong := plain.Sections(in, func(s plain.Section) error { return p.section(f.Name, s, 0) }); wrong != nil {
		p.Malformed = append(p.Malformed, Malformed{Entry: f.Name, Detail: wrong.Error()})
	} else if p.told+p.hits == told {
		p.unread(f.Name, UnreadUnknown)
	}
	return nil
}

func (p *pass) unread(entry, reason string) {
	if reason != "" {
		p.Unread = append(p.Unread, Unread{Entry: entry, Reason: reason})
	}
}

// readText reads an entry, or a section of one, of which the kind is known. It tells whether that said anything, be it that it is
// malformed or no log.
func (p *pass) readText(in io.Reader, src source) bool {
	told := p.told + p.hits
	if wrong := p.readForm(in, src); wrong != nil {
		p.Malformed = append(p.Malformed, Malformed{Entry: src.Entry, Detail: wrong.Error()})
		return true
	}
	return p.told+p.hits > told
}

// readForm reads an entry by its form. Tables and describe output are scanned as lines too: rules may know their texts.
func (p *pass) readForm(in io.Reader, src source) error {
	switch src.Form {
	case formLog:
		return p.scanText(in, src)
	case formObjects, formMetrics:
		err := readObjects(in, src.Entry, func(o *object) error {
			p.addObject(src.Entry, o)
			return nil
		})
		if err == nil {
			p.told++ // be it that there are none
		}
		return err
	case formYAML:
		return p.readYAMLOrText(in, src)
	case formIncident:
		return p.readIncident(in, src.Entry)
	case formKubelet, formKafka, formRecord, formSeries:
		p.told++
		return p.readOwn(in, src)
	case formHost:
		p.told++
		return p.both(in, src, func(held []byte) error { return p.readHost(bytes.NewReader(held), src) })
	case formText:
		return p.both(in, src, func(held []byte) error {
			if file := settings.File(path.Base(src.Entry), held); file != "" {
				p.addConfigFile(src.Entry, file, string(held[:min(len(held), mostConfig)]))
				return nil
			}
			return p.readSnapshot(held, src)
		})
	case formNoLog:
		return nil
	case formScript:
		p.told++
		return p.readScript(in)
	case formTable, formDescribe, formRedis:
		return p.both(in, src, func(held []byte) error { return p.readSnapshot(held, src) })
	}
	return nil
}

// readOwn reads what the collector asked of others than the API server.
func (p *pass) readOwn(in io.Reader, src source) error {
	switch src.Form {
	case formKubelet:
		return p.readKubelet(in, src)
	case formKafka:
		return p.kafka.read(in, src.Entry)
	case formRecord:
		return p.readRecord(in, src.Entry)
	}
	if id, is := bundle.ParsePrometheusQuery(src.Entry); is {
		return p.readRanges(in, src.Entry, id)
	}
	return p.readMetrics(in, src.Entry)
}

// maxSnapshot bounds a table or describe output, which is held while it is read twice.
const maxSnapshot = 4 << 20

func (p *pass) both(in io.Reader, src source, parse func([]byte) error) error {
	held, err := io.ReadAll(io.LimitReader(in, maxSnapshot))
	if err != nil {
		return err
	}
	if err := p.scanText(io.MultiReader(bytes.NewReader(held), in), src); err != nil {
		return err
	}
	return parse(held)
}

func (p *pass) readIncident(in io.Reader, entry string) error {
	body, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return err
	}
	return specs.DecodeYAML(entry, body, &p.Incident)
}

// scanText runs the rules and probes over every line of an entry.
func (p *pass) scanText(in io.Reader, src source) error {
	t := &textHits{
		Text:   Text{Entry: src.Entry, Log: src.Form == formLog, Pod: src.Pod, Previous: src.Previous},
		roleID: p.shared.roleOf(src), tool: src.Form == formTable || src.Form == formDescribe, rules: map[cellKey]*cell{}, targeted: map[int32]int{}, hops: map[hopKey]*progress{}, answers: map[answerKey]*answerCell{}, waits: map[waitKey]*wait{},
	}
	if src.Pod.Pod == "" && looksLikePod(src.Stem) {
		t.Pod.Pod = src.Stem
	}
	p.current, p.lineOf = t, src.lineOf
	stats, err := p.scanner.Scan(in, scan.Options{Year: p.year, Location: p.zone}, p.hit)
	p.lines += stats.Lines
	t.take(stats)
	if !t.Untimed || len(t.modules) > 0 {
		p.told++
	}
	p.seen.add(t)
	t.rest()
	p.texts = append(p.texts, t)
	return err
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
	if h.Rec != nil {
		if r := p.shared.lineRole(h.Rec); r >= 0 {
			role = r
		}
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
	if p.shared.templates {
		p.current.templates.hit(h, templateText(h.Rec.Message), false, func() string { return templateText(hide(h.Rec.Message)) })
	}
	if p.current.named != h.Line {
		p.current.unnamed.hit(h, unnamedText(h.Rec, asItIs), p.shared.templates, func() string { return unnamedText(h.Rec, hide) })
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
		key.target = h.Groups(group)
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

// counted counts the bytes that pass.
type counted struct {
	r io.Reader
	n *int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	*c.n += int64(n)
	return n, err
}
