package redact

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
)

// Rule says what to hide. Keys, a Pattern, or both are given; what a rule hides becomes "<redacted:ID>".
//
// A key is compared without regard to case, "_" and "-". A leading "*" stands for any beginning, a leading "_" for a word's
// beginning ("_pass" is found in redisPass and db_pass, not in bypass), a leading "!" excepts a key. A trailing "~" leaves
// words of prose ("token: signature is invalid") alone, a trailing "?" hides only the query of an address, a trailing "{}" hides objects and lists as a whole, and a trailing
// "={}" hides only a Go value printed with "=" ("conf={{{…}}}").
//
// A pattern is applied to each line that holds one of the literals (to every line if there are none). Its groups whose
// names begin with "secret", or else the whole match, are hidden. An empty group at its end says that the secret goes on: "pem" up to a line with -----END,
// "next" with the value on the next line.
type Rule struct {
	ID      string
	Keys    []string
	Literal []string
	Pattern string // RE2
}

// Redactor holds compiled rules. It may be used by several goroutines.
type Redactor struct {
	rules    []Rule
	marks    [][]byte // "<redacted:ID>" by rule
	keys     keyTable
	patterns []pattern
	probe    probe
	known    atomic.Pointer[known]
	digest   string
}

// Compile checks the rules and prepares them. It reports every rule that is wrong.
func Compile(rules []Rule) (*Redactor, error) {
	r := &Redactor{rules: slices.Clone(rules)}
	sum := sha256.New()
	var errs []error
	for i, rule := range rules {
		fmt.Fprintf(sum, "%q %q %q %q\n", rule.ID, rule.Keys, rule.Literal, rule.Pattern)
		r.marks = append(r.marks, []byte("<redacted:"+rule.ID+">"))
		if err := r.add(i, rule); err != nil {
			errs = append(errs, fmt.Errorf("compiling redaction rule %q: %w", rule.ID, err))
		}
	}
	r.marks = append(r.marks, []byte("<redacted:known-secret>"))
	r.digest = hex.EncodeToString(sum.Sum(nil))
	return r, errors.Join(errs...)
}

func (r *Redactor) add(i int, rule Rule) error {
	if rule.ID == "" {
		return errors.New("it has no id")
	}
	if len(rule.Keys) == 0 && rule.Pattern == "" {
		return errors.New("it has neither keys nor a pattern")
	}
	for _, name := range rule.Keys {
		if err := r.keys.add(i, name); err != nil {
			return err
		}
	}
	if rule.Pattern == "" {
		return nil
	}
	p, err := newPattern(i, rule)
	if err != nil {
		return err
	}
	r.probe.add(len(r.patterns), p.words(rule))
	r.patterns = append(r.patterns, p)
	return nil
}

// Rules returns the rules in their order.
func (r *Redactor) Rules() []Rule { return slices.Clone(r.rules) }

// Digest identifies the rules: SHA-256 in hex.
func (r *Redactor) Digest() string { return r.digest }
