package specs

import "regexp/syntax"

// requiredLiteral is the longest run of bytes that every match of the expression contains, as found by folding its parse
// tree: runs of a concatenation are joined, of an alternation the weakest branch counts, optional parts count nothing.
func requiredLiteral(expression string) (string, error) {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return "", err
	}
	return longestLiteral(re.Simplify()), nil
}

func longestLiteral(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase == 0 {
			return string(re.Rune)
		}
	case syntax.OpCapture, syntax.OpPlus:
		return longestLiteral(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return longestLiteral(re.Sub[0])
		}
	case syntax.OpConcat:
		return longestOfConcat(re.Sub)
	case syntax.OpAlternate:
		weakest := longestLiteral(re.Sub[0])
		for _, branch := range re.Sub[1:] {
			if l := longestLiteral(branch); len(l) < len(weakest) {
				weakest = l
			}
		}
		return weakest
	}
	return ""
}

// longestOfConcat joins neighbouring literals; whatever else stands between ends the run.
func longestOfConcat(parts []*syntax.Regexp) string {
	best, run := "", ""
	for _, part := range parts {
		for part.Op == syntax.OpCapture {
			part = part.Sub[0]
		}
		if part.Op == syntax.OpLiteral && part.Flags&syntax.FoldCase == 0 {
			run += string(part.Rune)
		} else {
			run = ""
			if l := longestLiteral(part); len(l) > len(best) {
				best = l
			}
		}
		if len(run) > len(best) {
			best = run
		}
	}
	return best
}
