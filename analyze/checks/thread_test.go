package checks

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

// leastWithoutOwnRules is the share of cases whose leading cause must come out right without the rules that only they feed, in percent.
const leastWithoutOwnRules = 55

// TestLeaveOneThreadOut measures how much of the diagnosis carries over to trouble that nobody wrote a rule for: for every case
// below IMBUNDLE_CASES the rules are switched off whose text was met in the thread of that case only.
func TestLeaveOneThreadOut(t *testing.T) {
	root := os.Getenv("IMBUNDLE_CASES")
	if root == "" {
		t.Skip("IMBUNDLE_CASES names no folder of cases")
	}
	type oneCase struct {
		id, thread string
		want       caseFile
		files      []file
		right      bool
	}
	var all []*oneCase
	threads := map[string]map[string]bool{} // of each rule
	for _, path := range stories(t, root) {
		c := &oneCase{id: filepath.Base(filepath.Dir(path)), files: filesOf(t, filepath.Dir(path))}
		c.want = wanted(t, path)
		c.thread = c.want.From
		if !strings.Contains(c.thread, "#") {
			c.thread = c.id
		}
		facts, report := examined(t, load(t), c.files)
		c.right = rightFor(report, c.want)
		for _, e := range facts.Evidence {
			if threads[e.Check] == nil {
				threads[e.Check] = map[string]bool{}
			}
			threads[e.Check][c.thread] = true
		}
		all = append(all, c)
	}
	right := 0
	var lost []string
	for _, c := range all {
		without := *load(t)
		without.Rules = slices.DeleteFunc(slices.Clone(without.Rules), func(r *specs.Rule) bool {
			return len(threads[r.ID]) == 1 && threads[r.ID][c.thread]
		})
		_, report := examined(t, &without, c.files)
		if rightFor(report, c.want) {
			right++
		} else if c.right {
			lost = append(lost, fmt.Sprintf("%s: want %s, leads with %q", c.id, strings.Join(c.want.Expect, "|"), leadIn(report)))
		}
	}
	t.Logf("%d of %d right without the rules that only their thread feeds; lost by it:\n%s", right, len(all), strings.Join(lost, "\n"))
	if right*100 < len(all)*leastWithoutOwnRules {
		t.Errorf("only %d of %d are right", right, len(all))
	}
}

// rightFor judges a verdict: a fault by its leading cause, a false alarm by its name and by silence.
func rightFor(r *analyze.Report, want caseFile) bool {
	if len(want.Expect) > 0 {
		return len(r.Verdict.Causes) > 0 && slices.Contains(want.Expect, r.Verdict.Causes[0].Cause)
	}
	return leadIn(r) == "" && (len(want.Benign) == 0 ||
		slices.ContainsFunc(r.Benign, func(b analyze.BenignResult) bool { return b.Cause == want.Benign[0] }))
}
