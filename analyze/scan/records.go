package scan

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// Block is one record with all its physical lines: both halves of a split record, the stack trace and other lines without a
// time of their own that follow it. It is valid until the next call of Next.
type Block struct {
	Time     time.Time // UTC; zero when no line so far had one
	TimeFrom TimeSource
	Level    Level
	Service  string // compose or kubectl prefix
	Line     int64  // 1-based number of its first line
	Lines    int
	Text     []byte // as written, prefixes included, without colours and the last line's end
}

// Bounds of a block; what goes on beyond them is a block of its own with a carried time.
const (
	maxBlock      = 256 << 10
	maxBlockLines = 2000
	blockBuffer   = 32 << 10
	sameBreath    = int64(time.Second) // a trace is written within this of its record
)

// Records reads a log record by record, by the same parser as Scanner. It is not safe for concurrent use.
type Records struct {
	in      *bufio.Reader
	options Options
	heads   heads
	again   heads
	before  before

	line   []byte // read ahead
	head   head   // of line
	number int64  // of line
	held   bool   // line begins the next block
	plain  []byte // scratch for a line without its colours

	block  Block
	first  int  // where the second line of the block begins in Text; 0 when it has one line only
	split  bool // the second line is the other half of the first
	leads  bool // lines without a time belong to the block
	prefix int64
	record Record
	err    error
}

// NewRecords reads the log r, whose lines are cut to Options.MaxLine bytes.
func NewRecords(r io.Reader, o Options) *Records {
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	return &Records{
		in: bufio.NewReaderSize(r, blockBuffer), options: o, heads: heads{year: o.Year}, again: heads{year: o.Year},
	}
}

// Next gives the next record; io.EOF after the last.
func (r *Records) Next() (*Block, error) {
	if !r.held && !r.fetch() {
		return nil, r.err
	}
	r.held = false
	r.begin()
	for r.fetch() {
		if !r.goesOn() {
			r.held = true
			break
		}
		r.join()
	}
	return &r.block, nil
}

// Record takes the block of the last Next apart. It is valid as long as the block.
func (r *Records) Record() *Record {
	line, rest := r.block.Text, []byte(nil)
	if r.first > 0 {
		line, rest = r.block.Text[:r.first-1], r.block.Text[r.first:]
	}
	h := r.again.read(line)
	rec := &r.record
	*rec = Record{
		Time: r.block.Time, TimeFrom: r.block.TimeFrom, Prefix: timeOf(h.prefix), Service: r.block.Service, Level: r.block.Level,
	}
	rec.fill(line[h.body:], &h)
	if r.split {
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			rest = rest[:i]
		}
		h = r.again.read(rest)
		rec.fill(rest[h.body:], &h)
	}
	return rec
}

// fetch reads the head of one more line; false at the end.
func (r *Records) fetch() bool {
	if r.err != nil {
		return false
	}
	if !r.readLine() {
		return false
	}
	r.number++
	if bytes.IndexByte(r.line, escape) >= 0 {
		var plain []byte
		plain, r.plain = strip(r.line, r.plain)
		r.line = append(r.line[:0], plain...)
	}
	r.head = r.heads.read(r.line)
	return true
}

// readLine fills line, cut to its bound; false at the end, with err set.
func (r *Records) readLine() bool {
	r.line = r.line[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		if room := r.options.MaxLine - len(r.line); room > 0 {
			r.line = append(r.line, part[:min(room, len(part))]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			r.err = io.EOF
			return len(r.line) > 0
		case err != nil:
			r.err = fmt.Errorf("reading the log: %w", err)
			return false
		}
		r.line = bytes.TrimSuffix(bytes.TrimSuffix(r.line, []byte("\n")), []byte("\r"))
		return true
	}
}

// begin makes the line in hand the first of a block.
func (r *Records) begin() {
	h := &r.head
	at, from, _ := r.before.place(h, r.options.Location)
	body := r.line[h.body:]
	r.block = Block{
		Time: timeOf(at), TimeFrom: from, Level: h.level, Service: string(h.service),
		Line: r.number, Lines: 1, Text: append(r.block.Text[:0], r.line...),
	}
	r.first, r.split, r.prefix = 0, false, h.prefix
	r.leads = from == TimeRecord
	if level := outcry(body); level != LevelUnknown && h.level == LevelUnknown {
		r.block.Level, r.leads = level, true
	}
	r.before.open = false
	if from == TimeRecord || from == TimePrefix {
		r.before.at = at
	}
	if h.columns != nil && h.columns.open {
		r.before.open, r.before.service = true, r.block.Service
	}
}

// goesOn tells whether the line in hand belongs to the block.
func (r *Records) goesOn() bool {
	h := &r.head
	if h.second && r.before.open && r.before.service == alias(h.service) {
		return true
	}
	body := r.line[h.body:]
	switch {
	case h.at.nanos != 0, h.level != LevelUnknown, h.second, alias(h.service) != r.block.Service:
		return false
	case len(r.block.Text)+len(r.line) > maxBlock, r.block.Lines >= maxBlockLines, h.prefix-r.prefix > sameBreath:
		return false
	case len(body) == 0, body[0] == ' ', body[0] == '\t':
		return true
	}
	return r.leads && outcry(body) == LevelUnknown
}

// join adds the line in hand to the block.
func (r *Records) join() {
	r.split = r.split || r.head.second
	r.before.open = false
	r.block.Text = append(r.block.Text, '\n')
	if r.first == 0 {
		r.first = len(r.block.Text)
	}
	r.block.Text = append(r.block.Text, r.line...)
	r.block.Lines++
	r.prefix = max(r.prefix, r.head.prefix)
}

// outcry recognises what a dying process says without time and level, which is no part of the record before it.
func outcry(body []byte) Level {
	for _, o := range outcries {
		if bytes.HasPrefix(body, o.begins) {
			return o.level
		}
	}
	return LevelUnknown
}

var outcries = []struct {
	begins []byte
	level  Level
}{
	{[]byte("panic: "), LevelPanic},
	{[]byte("fatal error: "), LevelFatal},
	{[]byte("Error: "), LevelError},
	{[]byte("error: "), LevelError},
	{[]byte("Traceback (most recent call last)"), LevelError},
	{[]byte("Exception in thread "), LevelError},
}
