package scan

import "slices"

// candidate is a line of the chunk and a pattern that may describe it, in the order in which hits are reported. proven tells
// that it does, apart from the level.
type candidate uint64

const provenBit candidate = 1

func newCandidate(line int, pattern int32, proven bool) candidate {
	c := candidate(line+1)<<32 | candidate(pattern)<<1 // never 0
	if proven {
		c |= provenBit
	}
	return c
}

func (c candidate) line() int    { return int(c>>32) - 1 }
func (c candidate) pattern() int { return int(c >> 1 & (1<<31 - 1)) }

// sift gathers the candidates of a chunk: the patterns of every literal found, on the line as it is where its colours are
// zap's or absent, on the stripped line otherwise; and the patterns that have no literal, for every line.
func (sc *Scanner) sift(chunk []byte) {
	sc.found = sc.found[:0]
	sc.near = 0
	sc.plan.index.each(chunk, sc.inChunk)
	sc.near = 0
	sc.plan.index.eachShort(chunk, sc.inChunk)
	for i := range sc.lines {
		if sc.lines[i].odd {
			sc.near = i
			sc.stripped = stripInto(chunk, &sc.lines[i], sc.stripped)
			sc.plan.index.each(sc.stripped, sc.inLine)
			sc.plan.index.eachShort(sc.stripped, sc.inLine)
		}
		for _, p := range sc.plan.always {
			if !sc.set.patterns[p].takes(sc.lines[i].level) {
				continue
			}
			sc.found = append(sc.found, newCandidate(i, p, false))
		}
	}
	slices.Sort(sc.found)
}

func stripInto(chunk []byte, l *line, buf []byte) []byte {
	_, buf = strip(chunk[l.start:l.end], buf)
	return buf
}

// foundInChunk files a needle found in the chunk; near is the line of the last one.
func (sc *Scanner) foundInChunk(n *needle, at int) {
	i := sc.near
	if int(sc.lines[i].start) > at {
		i = 0
	}
	for i+1 < len(sc.lines) && int(sc.lines[i+1].start) <= at {
		i++
	}
	sc.near = i
	l := &sc.lines[i]
	if at+len(n.text) > int(l.end) {
		return
	}
	sc.file(n, i, at >= int(l.start)+int(l.plain))
}

// foundInLine files a needle found in the stripped line near.
func (sc *Scanner) foundInLine(n *needle, _ int) { sc.file(n, sc.near, true) }

// file notes the patterns of a needle, unless the level of the line rules them out. intact tells that no colours could have
// fooled the search.
func (sc *Scanner) file(n *needle, line int, intact bool) {
	level := sc.lines[line].level
	for _, u := range n.users {
		c := newCandidate(line, u.pattern, u.proof && intact)
		if sc.last[u.pattern] == c || !sc.set.patterns[u.pattern].takes(level) {
			continue
		}
		sc.last[u.pattern] = c
		sc.found = append(sc.found, c)
	}
}

// match runs the patterns over a chunk.
func (sc *Scanner) match(chunk []byte) {
	sc.sift(chunk)
	for i := 0; i < len(sc.found); {
		line := sc.found[i].line()
		end := i + 1
		for end < len(sc.found) && sc.found[end].line() == line {
			end++
		}
		sc.settle(chunk, line, sc.found[i:end])
		i = end
	}
	sc.Lines += int64(len(sc.lines))
	clear(sc.last)
}

// settle decides about the candidates of one line and reports the hits.
func (sc *Scanner) settle(chunk []byte, i int, candidates []candidate) {
	l := &sc.lines[i]
	sc.current.begin(l, chunk)
	for k, c := range candidates {
		p := c.pattern()
		if k+1 < len(candidates) && candidates[k+1].pattern() == p { // the same again, perhaps proven
			continue
		}
		if c&provenBit == 0 && !sc.set.patterns[p].describes(sc.text(), l.level) {
			continue
		}
		sc.report(p, i)
	}
}
