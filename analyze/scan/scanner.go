package scan

import (
	"fmt"
	"io"
	"time"
)

// Options says how to read a log.
type Options struct {
	Year     int            // of times that are written without one (klog, syslog); zero leaves them unknown
	Location *time.Location // of times that are written without a zone; nil takes them as UTC. A kubelet prefix overrules it.
	MaxLine  int            // bytes of a line that are looked at; zero means 1 MiB
}

const (
	blockSize      = 256 << 10 // bytes asked of the reader at once
	chunkSize      = 64 << 10  // bytes of whole lines that are searched at once
	chunkLines     = 4096
	defaultMaxLine = 1 << 20
)

// Scanner runs a Set over streams, one after the other. It is not safe for concurrent use.
type Scanner struct {
	set     *Set
	options Options
	hit     func(Hit)
	buf     []byte // of readers that lend no blocks

	held     []byte // a line whose end has not come yet
	skipping bool   // the rest of a line that was cut

	plan   *plan
	rarity *rarity // of the samples so far; nil once they are enough
	chunks int

	*tally
	heads    heads
	again    heads // of lines that are taken apart, so that those of neighbours stay remembered
	coloured bool  // the chunk has colour sequences
	lines    []line
	before   before
	logger   *moduleCounts // of the last JSON record

	found   []candidate
	last    []candidate // the last candidate of each pattern
	near    int         // line of the last needle
	inChunk func(*needle, int)
	inLine  func(*needle, int)

	stripped []byte // scratch for a line without its colours
	current  current
}

// NewScanner makes a scanner for one worker.
func (s *Set) NewScanner() *Scanner {
	sc := &Scanner{set: s, plan: s.first, rarity: rarityOf(typical), buf: make([]byte, blockSize), last: make([]candidate, len(s.patterns))}
	sc.inChunk, sc.inLine = sc.foundInChunk, sc.foundInLine
	return sc
}

// Scan reads r to its end and calls hit for each line and pattern that describes it, in the order of lines, then of patterns.
// A line is what stands between line feeds, without a carriage return at its end, cut to Options.MaxLine bytes, colour
// sequences (ESC [ … m) removed. Only an error of r is returned; the Stats are those of what was read before.
func (sc *Scanner) Scan(r io.Reader, o Options, hit func(Hit)) (Stats, error) {
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	sc.options, sc.hit, sc.tally = o, hit, newTally()
	sc.heads, sc.again = heads{year: o.Year}, heads{year: o.Year}
	sc.before = before{}
	sc.logger = nil
	sc.held, sc.skipping = sc.held[:0], false
	_, err := io.Copy(intake{sc}, r)
	sc.region(sc.held)
	if err != nil && err != io.ErrUnexpectedEOF {
		return sc.tally.finish(), fmt.Errorf("reading the log: %w", err)
	}
	return sc.tally.finish(), nil
}

// region takes whole lines, the last of which may lack its line feed, in chunks.
func (sc *Scanner) region(b []byte) {
	for len(b) > 0 {
		size := sc.split(b)
		sc.match(b[:size])
		sc.learn(b[:size])
		b = b[size:]
	}
}
