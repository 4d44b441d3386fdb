package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/specs"
)

func newSpecsCoverage(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "coverage FILE|DIR…",
		Short: "Say which rules and checks have evidence in a set of bundles, which never, and what no rule names",
		Long: `Analyzes every input and counts, for each rule and check, the inputs in which it has evidence. A folder whose folders hold a
case.yaml stands for all of those cases. Lines at WARN or above that no rule names come last: see imbundle specs suggest.`,
		Example: "  imbundle specs coverage tickets/*.tgz",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("usage: "+c.UseLine(), "FILE|DIR is missing")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			cov := coverage{set: set, inputs: map[string]int{}, hits: map[string]int{}, unnamed: map[string]*uncovered{}}
			if err := cov.add(c.Context(), args); err != nil {
				return err
			}
			return cov.write(s.out)
		},
	}
}

// coverage adds up evidence by rule and check over many inputs.
type coverage struct {
	set     *specs.Set
	read    int
	inputs  map[string]int // id → inputs with evidence
	hits    map[string]int // id → lines or findings
	unnamed map[string]*uncovered
}

// uncovered is a text that no rule names.
type uncovered struct {
	analyze.Unnamed
	inputs int
}

func (c *coverage) add(ctx context.Context, paths []string) error {
	for _, path := range paths {
		inputs, err := filepath.Glob(filepath.Join(path, "*", "case.yaml"))
		if err != nil {
			return err
		}
		if len(inputs) == 0 {
			inputs = []string{filepath.Join(path, "case.yaml")}
		}
		for _, input := range inputs {
			dir := filepath.Dir(input)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				dir = path
			}
			facts, rep, err := examined(ctx, dir, c.set)
			if err != nil {
				return fmt.Errorf("analyzing %q: %w", dir, err)
			}
			c.take(facts, rep)
		}
	}
	return nil
}

// take counts one input.
func (c *coverage) take(f *analyze.Facts, rep *analyze.Report) {
	c.read++
	seen := map[string]bool{}
	for _, e := range f.Evidence {
		seen[e.Check] = true
		c.hits[e.Check] += e.Count
	}
	for _, r := range rep.Checks {
		if r.Cause != "" && !c.isPack(r.Check) {
			seen[r.Check] = true
			c.hits[r.Check] += r.Count
		}
	}
	for id := range seen {
		c.inputs[id]++
	}
	for _, u := range f.Unnamed {
		key := u.Role + " " + u.Level + " " + u.Text
		if c.unnamed[key] == nil {
			c.unnamed[key] = &uncovered{Unnamed: u}
		} else {
			c.unnamed[key].Count += u.Count
		}
		c.unnamed[key].inputs++
	}
}

// isPack tells the answer for all rules of a section from that of a coded check.
func (c *coverage) isPack(id string) bool {
	return len(id) > len("rules-") && id[:len("rules-")] == "rules-"
}

func (c *coverage) write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RULE OR CHECK\tINPUTS\tCOUNT")
	ids := slices.Collect(maps.Keys(c.inputs))
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(c.inputs[b], c.inputs[a]), cmp.Compare(a, b)) })
	for _, id := range ids {
		fmt.Fprintf(t, "%s\t%d\t%d\n", id, c.inputs[id], c.hits[id])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	never := 0
	fmt.Fprintln(w, "\nNEVER")
	for _, r := range c.set.Rules {
		if c.inputs[r.ID] == 0 {
			never++
			fmt.Fprintf(w, "%s  %s\n", r.ID, r.At)
		}
	}
	fmt.Fprintln(w, "\nNAMED BY NO RULE")
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COUNT\tINPUTS\tROLE\tLEVEL\tTEXT")
	texts := slices.Collect(maps.Values(c.unnamed))
	slices.SortFunc(texts, func(a, b *uncovered) int {
		return cmp.Or(cmp.Compare(b.inputs, a.inputs), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Role, b.Role))
	})
	for _, u := range texts {
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\n", u.Count, u.inputs, cmp.Or(u.Role, "-"), u.Level, printable(u.Text))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d inputs: %d of %d rules have evidence, %d never; %d texts are named by no rule\n", c.read, len(c.set.Rules)-never, len(c.set.Rules), never, len(texts))
	return err
}
