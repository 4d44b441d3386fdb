package redact

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
)

// Rule says what to hide. Keys, a Pattern, or both may be given; what a rule hides becomes "<redacted:ID>".
type Rule struct {
	ID      string
	Keys    []string // names whose values are hidden, in any shape in which keys and values are written
	Literal []string // of which a line must hold one for Pattern to be tried; none: every line
	Pattern string   // RE2; the group "secret", or else the whole match, is hidden
}

// Redactor holds compiled rules. It may be used by several goroutines.
type Redactor struct {
	rules    []Rule
	patterns []pattern
	digest   string
}

type pattern struct {
	rule    int
	re      *regexp.Regexp
	secret  int // index of the group to hide
	literal [][]byte
}

// Compile checks the rules and prepares them.
func Compile(rules []Rule) (*Redactor, error) {
	r := &Redactor{rules: slices.Clone(rules)}
	sum := sha256.New()
	for i, rule := range rules {
		if rule.ID == "" {
			return nil, fmt.Errorf("compiling redaction rule %d: no id", i+1)
		}
		fmt.Fprintf(sum, "%q %q %q %q\n", rule.ID, rule.Keys, rule.Literal, rule.Pattern)
		if rule.Pattern != "" {
			p, err := compilePattern(i, rule.Pattern, rule.Literal)
			if err != nil {
				return nil, fmt.Errorf("compiling redaction rule %q: %w", rule.ID, err)
			}
			r.patterns = append(r.patterns, p)
		}
		for _, key := range rule.Keys {
			p, err := compilePattern(i, `(?i)`+regexp.QuoteMeta(key)+`\\*["']?\s*[:=]\s*\\*["']?(?P<secret>[^\s"'\\,}&]+)`, nil)
			if err != nil {
				return nil, fmt.Errorf("compiling redaction rule %q: key %q: %w", rule.ID, key, err)
			}
			r.patterns = append(r.patterns, p)
		}
	}
	r.digest = hex.EncodeToString(sum.Sum(nil))
	return r, nil
}

func compilePattern(rule int, expression string, literals []string) (pattern, error) {
	re, err := regexp.Compile(expression)
	if err != nil {
		return pattern{}, err
	}
	p := pattern{rule: rule, re: re, secret: max(0, re.SubexpIndex("secret"))}
	for _, l := range literals {
		p.literal = append(p.literal, []byte(l))
	}
	return p, nil
}

// Rules returns the rules in their order.
func (r *Redactor) Rules() []Rule { return slices.Clone(r.rules) }

// Digest identifies the rules: SHA-256 in hex.
func (r *Redactor) Digest() string { return r.digest }
