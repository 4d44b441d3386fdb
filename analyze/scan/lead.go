package scan

import "regexp/syntax"

// leadOf lists texts with one of which every match begins, nil when they are not known or short. Conditions on what stands
// before a match (\b, ^) rule it out, so that a line may be searched from the first of the texts on.
func leadOf(re *syntax.Regexp) []literal {
	switch re.Op {
	case syntax.OpCapture, syntax.OpPlus:
		return leadOf(re.Sub[0])
	case syntax.OpAlternate:
		var union []literal
		for _, sub := range re.Sub {
			lead := leadOf(sub)
			if lead == nil || len(union)+len(lead) > maxUnion {
				return nil
			}
			union = append(union, lead...)
		}
		return union
	case syntax.OpConcat:
		return leadOfConcat(re.Sub)
	}
	return worthwhile(shapeOf(re, fewest).exact)
}

// fewest is a cost for when only exact texts are asked for.
func fewest(set []literal) float64 { return float64(len(set)) }

func leadOfConcat(subs []*syntax.Regexp) []literal {
	current := []literal{{}}
	for i, sub := range subs {
		s := shapeOf(sub, fewest)
		product, ok := multiply(current, s.exact)
		switch {
		case s.exact != nil && s.plain && ok:
			current = product
			continue
		case i == 0:
			return leadOf(sub)
		}
		break
	}
	return worthwhile(current)
}

// worthwhile is the set if every text is long enough to be worth a search.
func worthwhile(set []literal) []literal {
	if !usable(set) {
		return nil
	}
	return set
}
