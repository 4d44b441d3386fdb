package main

import (
	"fmt"
	"strings"
	"time"

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
	reasons := map[string]int{}
	for _, g := range res.Gaps {
		reasons[g.Reason]++
	}
	for _, g := range res.Gaps {
		if n := reasons[g.Reason]; n > 0 {
			fmt.Fprintf(s.err, "missing: %d × %s\n", n, g.Reason)
			reasons[g.Reason] = 0
		}
		if g.Costs != "" {
			fmt.Fprintf(s.err, "  %s: %s\n", strings.TrimSpace(g.Source+" "+g.Entry), g.Costs)
		}
	}
	if !res.Complete {
		fmt.Fprintf(s.err, "incomplete: %s\nnext: imbundle collect --resume %s  (asks only for what is missing)\n", res.Reason, res.Best)
	}
	fmt.Fprintf(s.err, "next: imbundle analyze %s\n", res.Path)
}
