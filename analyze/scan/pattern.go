package scan

// describes tells whether the pattern matches a stripped line.
func (p *pattern) describes(text []byte, level Level) bool {
	return p.takes(level) && (len(p.any) == 0 || anyIn(p.any, text)) && p.matches(text) && !p.barred(text)
}

// takes tells whether lines of a level are of interest.
func (p *pattern) takes(level Level) bool {
	return p.level.Has(level) && (!p.known || level != LevelUnknown)
}

// matches tells whether Match matches, by its literals as far as they go.
func (p *pattern) matches(text []byte) bool {
	switch {
	case p.match == nil:
		return true
	case p.texts != nil:
		return anyIn(p.texts, text)
	}
	for _, set := range p.needs {
		if !anyIn(set, text) {
			return false
		}
	}
	if p.chain != nil {
		return p.chain.matches(text)
	}
	from := first(p.lead, text)
	return from >= 0 && p.match.regexp().Match(text[from:])
}

// first is where in a text that begins with one of lead may begin at the earliest, -1 for nowhere; 0 when lead is unknown.
func first(lead []literal, text []byte) int {
	if lead == nil {
		return 0
	}
	least := -1
	for i := range lead {
		if at := lead[i].index(text); at >= 0 && (least < 0 || at < least) {
			least = at
		}
	}
	return least
}

// barred tells whether Unless matches.
func (p *pattern) barred(text []byte) bool {
	if p.unless == nil || p.bars != nil && !anyIn(p.bars, text) {
		return false
	}
	return p.barTexts || p.unless.regexp().Match(text)
}

func anyIn(literals []literal, text []byte) bool {
	for i := range literals {
		if literals[i].index(text) >= 0 {
			return true
		}
	}
	return false
}
