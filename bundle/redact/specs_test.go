package redact_test

import (
	"testing"

	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/specs"
)

// loaded returns the rules that the product ships.
func loaded(t testing.TB) (*specs.Set, *redact.Redactor) {
	t.Helper()
	set, err := specs.Load()
	if err != nil {
		t.Fatal(err)
	}
	var rules []redact.Rule
	for _, r := range set.Redactions {
		rules = append(rules, redact.Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern})
	}
	r, err := redact.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return set, r
}

func TestShippedRulesKeepTheirExamples(t *testing.T) {
	set, r := loaded(t)
	if len(set.Redactions) == 0 {
		t.Fatal("no redactions are shipped")
	}
	for _, p := range specs.TestRedactions(set, r.String) {
		t.Error(p)
	}
}
