package scan

// plan is how the patterns of a set are looked for. Which texts are rare differs from log to log, so each Scanner makes a plan of
// its own once it has seen some. A plan decides about speed only, never about results.
type plan struct {
	index  *index
	always []int32 // patterns without a literal that could be looked for
}

// plan chooses what to look for by what is rare.
func (s *Set) plan(r *rarity) *plan {
	p := &plan{}
	chosen, proofs := make([][]literal, len(s.patterns)), make([]bool, len(s.patterns))
	for i := range s.patterns {
		chosen[i], proofs[i] = s.patterns[i].choose(r)
		if chosen[i] == nil {
			p.always = append(p.always, int32(i))
		}
	}
	p.index = newIndex(chosen, proofs, r)
	return p
}

// choose picks the set of literals of which one is in every line that the pattern describes, nil when there is none. proof
// tells that any of them, found whole, is all that the pattern asks of a line apart from its level.
func (p *pattern) choose(r *rarity) (set []literal, proof bool) {
	sets := p.needs
	if len(p.any) > 0 {
		sets = append(sets[:len(sets):len(sets)], p.any)
	}
	set = cheapest(sets, r.cost)
	for _, l := range set {
		if len(searchable(l.text)) < shortest {
			return nil, false
		}
	}
	if p.unless != nil || len(p.any) > 0 && p.match != nil {
		return set, false
	}
	return set, p.match == nil || p.texts != nil && len(set) == len(p.texts) && &set[0] == &p.texts[0]
}

// What a Scanner looks at before it makes a plan of its own.
const (
	sampleEach  = 8 // chunks
	sampleBytes = 16 << 10
	sampleCount = 24
)

// learn samples some chunks of the logs, and plans anew when there are enough.
func (sc *Scanner) learn(chunk []byte) {
	if sc.chunks++; sc.rarity == nil || sc.chunks%sampleEach != 0 {
		return
	}
	sc.rarity.add(chunk[:min(len(chunk), sampleBytes)])
	if sc.chunks >= sampleCount*sampleEach {
		sc.plan, sc.rarity = sc.set.plan(sc.rarity), nil
	}
}
