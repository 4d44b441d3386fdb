package scan

// Hit is one line that one pattern describes. It is valid during the call only. Most hits are only counted, so that what takes
// work to find out is asked for by methods.
type Hit struct {
	Pattern int   // index into the patterns of Compile
	Line    int64 // 1-based
	At      int64 // time of the line, unix nanoseconds; 0 unknown
	Level   Level
	scanner *Scanner
}

// current is the line whose hits are reported, and the pattern.
type current struct {
	line    *line
	raw     []byte // as it is in the chunk
	text    []byte // without colours; nil when nobody has asked
	record  Record
	apart   bool // record is filled
	pattern *pattern
	spans   []int // groups of the pattern; nil when nobody has asked
}

// begin makes a line of the chunk the current one.
func (c *current) begin(l *line, chunk []byte) {
	c.line, c.raw, c.text, c.apart = l, chunk[l.start:l.end], nil, false
	if l.plain == 0 {
		c.text = c.raw
	}
}

// report calls hit for a pattern, or notes a start of a process.
func (sc *Scanner) report(p, i int) {
	l := sc.current.line
	h := Hit{Pattern: p, Line: sc.Lines + int64(i) + 1, At: l.at, Level: l.level, scanner: sc}
	if p == sc.set.banner {
		name, service := h.Speaker()
		if name == "" {
			name = service
		}
		sc.start(start{at: l.at, module: string([]byte(name))})
		return
	}
	sc.current.pattern, sc.current.spans = &sc.set.patterns[p], nil
	sc.hit(h)
}

// Text is the physical line, colours stripped, prefixes included, without its end.
func (h Hit) Text() []byte { return h.scanner.text() }

func (sc *Scanner) text() []byte {
	c := &sc.current
	if c.text == nil {
		c.text, sc.stripped = strip(c.raw, sc.stripped)
	}
	return c.text
}

// Speaker is Module and Service of Rec.
func (h Hit) Speaker() (module, service string) {
	if l := h.scanner.current.line; l.owner != nil && !l.served {
		return l.owner.module, ""
	}
	rec := h.Rec()
	return rec.Module, rec.Service
}

// Rec is the line taken apart.
func (h Hit) Rec() *Record {
	c := &h.scanner.current
	if !c.apart {
		c.apart = true
		h.scanner.takeApart()
	}
	return &c.record
}

// takeApart fills the record of the current line.
func (sc *Scanner) takeApart() {
	l, text := sc.current.line, sc.text()
	h := sc.again.read(text)
	rec := &sc.current.record
	*rec = Record{
		Time: timeOf(l.at), TimeFrom: l.from, Prefix: timeOf(h.prefix), Service: alias(h.service), Level: l.level,
	}
	if l.second {
		rec.Module, rec.Version = l.owner.module, l.owner.version
	}
	rec.fill(text[h.body:], &h)
}

// Group is what a named group of Match matched in Text, empty when it did not take part; it runs the expression. Several groups
// may have one name, in different branches: the first that took part counts.
func (h Hit) Group(name string) string {
	c := &h.scanner.current
	if c.pattern.match == nil || name == "" {
		return ""
	}
	re, text := c.pattern.match.regexp(), h.Text()
	from := max(0, first(c.pattern.lead, text))
	if c.spans == nil {
		c.spans = re.FindSubmatchIndex(text[from:])
	}
	for i, n := range re.SubexpNames() {
		if n == name && c.spans != nil && c.spans[2*i] >= 0 {
			return alias(text[from+c.spans[2*i] : from+c.spans[2*i+1]])
		}
	}
	return ""
}
