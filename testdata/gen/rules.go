package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/imbundle/imbundle/specs"
)

// writeRules writes the first n embedded rules as troubleshoot's textAnalyze stanzas, so that both tools look for the same.
func writeRules(path string, n int) error {
	set, err := specs.Load()
	if err != nil {
		return err
	}
	if len(set.Rules) < n {
		return fmt.Errorf("there are %d rules, not %d", len(set.Rules), n)
	}
	var b strings.Builder
	b.WriteString("apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nmetadata:\n  name: bench\nspec:\n  analyzers:\n")
	for _, r := range set.Rules[:n] {
		fmt.Fprintf(&b, "    - textAnalyze:\n        checkName: %s\n        fileName: cluster-resources/pods/logs/*/*/*.log\n        regex: %q\n", r.ID, expression(r))
		b.WriteString("        outcomes:\n          - fail:\n              when: \"true\"\n              message: found\n          - pass:\n              when: \"false\"\n              message: none\n")
	}
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// expression is the rule as one regular expression.
func expression(r *specs.Rule) string {
	if r.Match != "" {
		return r.Match
	}
	quoted := make([]string, len(r.Any))
	for i, a := range r.Any {
		quoted[i] = regexp.QuoteMeta(a)
	}
	return strings.Join(quoted, "|")
}
