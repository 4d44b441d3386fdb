package corpus

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp/syntax"
	"strings"
)

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

// quote escapes what RE2 and YAML's single quotes would take for syntax.
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

// WriteRules writes dir/rules/bench.yaml, an overlay for --specs, and dir/patterns.txt with one expression per line.
func WriteRules(dir string) error {
	rules := Rules()
	if err := writeFile(filepath.Join(dir, "rules", "bench.yaml"), func(w io.Writer) (int64, error) {
		return 0, writeStanzas(w, rules)
	}); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "patterns.txt"), func(w io.Writer) (int64, error) {
		for _, r := range rules {
			if _, err := fmt.Fprintln(w, r.Expression()); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

func writeStanzas(w io.Writer, rules []Rule) error {
	for i, r := range rules {
		condition := fmt.Sprintf("any: [%s]", single(r.Literal))
		if r.Literal == "" {
			condition = "match: " + single(r.Match)
		}
		_, err := fmt.Fprintf(w, "- id: bench-%03d\n  cause: rpc-service-down\n  guide: \"2.2\"\n  confidence: possible\n  %s\n  says: {zh: '基准', en: 'benchmark'}\n  source: 'benchmark'\n  hit: [%s]\n  miss: ['nothing of it']\n\n",
			i+1, condition, single(example(r)))
		if err != nil {
			return err
		}
	}
	return nil
}

func single(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// example is a text that the rule matches: every repetition as short as it may be, every choice its first branch.
func example(r Rule) string {
	if r.Literal != "" {
		return r.Literal
	}
	re, err := syntax.Parse(r.Match, syntax.Perl)
	if err != nil {
		panic(err) // the table below is wrong
	}
	return shortest(re.Simplify())
}

func shortest(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		for _, c := range "a1 x" {
			for i := 0; i < len(re.Rune); i += 2 {
				if re.Rune[i] <= c && c <= re.Rune[i+1] {
					return string(c)
				}
			}
		}
		return string(re.Rune[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "x"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return shortest(re.Sub[0])
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(shortest(sub))
		}
		return b.String()
	}
	return ""
}
