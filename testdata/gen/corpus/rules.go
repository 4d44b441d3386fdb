package corpus

import "strings"

// Rule is one rule of the benchmark: a literal or an expression.
type Rule struct {
	Literal string
	Match   string
}

// Expression is the rule as a regular expression.
func (r Rule) Expression() string {
	if r.Literal != "" {
		return quote(r.Literal)
	}
	return r.Match
}

// quote escapes what RE2 would take for syntax.
func quote(s string) string {
	var b strings.Builder
	for _, c := range s {
		if strings.ContainsRune(`\.+*?()|[]{}^$`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Rules are 200 rules: 115 literals, 5 literals in any case, 65 expressions, 15 expressions in any case. The first n of them
// have about the same mix.
func Rules() []Rule {
	var rules []Rule
	literals, folded := lines(literalRules), lines(foldedLiterals)
	expressions, foldedExpressions := lines(expressionRules), lines(foldedExpressions)
	for i := 0; i < 200; i++ {
		switch {
		case i%40 == 7:
			rules = append(rules, Rule{Match: "(?i)" + quote(folded[i/40])})
		case i%5 == 1 && i%40 != 1 && i%40 != 36 && len(foldedExpressions) > 0 && i%2 == 0:
			rules = append(rules, Rule{Match: "(?i)" + foldedExpressions[0]})
			foldedExpressions = foldedExpressions[1:]
		case i%5 > 2 && len(expressions) > 0:
			rules = append(rules, Rule{Match: expressions[0]})
			expressions = expressions[1:]
		default:
			rules = append(rules, Rule{Literal: literals[0]})
			literals = literals[1:]
		}
	}
	return rules
}

func lines(s string) []string { return strings.Split(strings.Trim(s, "\n"), "\n") }
