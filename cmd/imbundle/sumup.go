package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// sumUp says what came of the run. A bundle that exists is never an error alone: it holds what was gathered.
func (f *collectFlags) sumUp(s streams, res *collect.Result, err error) error {
	if !f.quiet {
		tellResult(s, res)
	}
	if _, writeErr := fmt.Fprintln(s.out, res.Path); err == nil {
		err = writeErr
	}
	if err != nil {
		return withHint(err, fmt.Sprintf("%s holds what was gathered before; `imbundle collect --resume %s` goes on from it", res.Path, res.Best))
	}
	if !res.Complete {
		return exits(exitIncomplete)
	}
	return nil
}

func tellResult(s streams, res *collect.Result) {
	carried := ""
	if res.Carried > 0 {
		carried = fmt.Sprintf(" (%d carried from the earlier run)", res.Carried)
	}
	fmt.Fprintf(s.err, "%s: %s, %d entries%s of %s, in %s\n", res.Path, humanBytes(res.Size), res.Entries, carried, humanBytes(res.Bytes), res.Elapsed.Round(100*time.Millisecond))
	tellGaps(s.err, res.Gaps)
	if !res.Complete {
		fmt.Fprintf(s.err, "incomplete: %s\nnext: imbundle collect --resume %s  (asks only for what is missing)\n", res.Reason, res.Best)
	}
	fmt.Fprintf(s.err, "next: imbundle analyze %s\n", res.Path)
}

// tellGaps says what is missing for each reason, and what it costs: once for all entries of a source that cost the same.
func tellGaps(w io.Writer, gaps []bundle.Gap) {
	type cost struct{ reason, source, costs string }
	number, same := map[string]int{}, map[cost]int{}
	var reasons []string
	for _, g := range gaps {
		if number[g.Reason]++; number[g.Reason] == 1 {
			reasons = append(reasons, g.Reason)
		}
		same[cost{g.Reason, g.Source, g.Costs}]++
	}
	for _, reason := range reasons {
		fmt.Fprintf(w, "missing: %d × %s\n", number[reason], reason)
		for _, g := range gaps {
			c := cost{g.Reason, g.Source, g.Costs}
			if g.Reason != reason || g.Costs == "" || same[c] == 0 {
				continue
			}
			more := ""
			if n := same[c] - 1; n > 0 {
				more = fmt.Sprintf(" and %d more", n)
			}
			fmt.Fprintf(w, "  %s%s: %s\n", strings.TrimSpace(g.Source+" "+g.Entry), more, g.Costs)
			same[c] = 0
		}
	}
}
