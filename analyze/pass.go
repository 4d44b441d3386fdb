package analyze

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"path"
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
		whole, err := readObjects(in, src.Entry, func(o *object) error {
			p.addObject(src.Entry, o)
			return nil
		})
		if err == nil {
			p.told++ // be it that there are none
		}
		if whole {
			p.Lists = append(p.Lists, src.Entry)
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

// WriteTo implements io.WriterTo, so that blocks are lent to who can take them.
func (c *counted) WriteTo(w io.Writer) (int64, error) {
	n, err := io.Copy(w, c.r)
	*c.n += n
	return n, err
}
