package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/bundle/redact"
	"github.com/imbundle/imbundle/specs"
)

// specsFlags are shared by the sub-commands of specs.
type specsFlags struct {
	lang string
	dirs []string
}

func newSpecs(s streams) *cobra.Command {
	var f specsFlags
	c := &cobra.Command{
		Use:   "specs",
		Short: "List, explain and judge the rules and causes, and make new ones",
		Args:  unknownCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringArrayVar(&f.dirs, "specs", nil, "folder of rules and causes to add to the built-in ones (repeatable)")
	c.PersistentFlags().StringVar(&f.lang, "lang", "", "language of the result: zh, en (default from LC_ALL, LC_MESSAGES, LANG)")
	c.AddCommand(newSpecsList(s, &f), newSpecsExplain(s, &f), newSpecsLint(s, &f), newSpecsTest(s, &f),
		newSpecsCoverage(s, &f), newSpecsSuggest(s, &f), newSpecsCase(s, &f), newSpecsScript(s))
	return c
}

// load reads the specs and settles the language.
func (f *specsFlags) load(s streams) (*specs.Set, error) {
	var err error
	if f.lang, err = s.language(f.lang); err != nil {
		return nil, err
	}
	return specs.Load(f.dirs...)
}

// loadSpecs reads the specs for work. What overlays get wrong is an error with every mistake: a rule that means nothing, or two
// that contradict each other, would make the verdict worth nothing.
func loadSpecs(dirs []string) (*specs.Set, error) {
	set, err := specs.Load(dirs...)
	if err != nil || len(dirs) == 0 {
		return set, err
	}
	problems := specs.Problems(slices.Concat(specs.Lint(set), specs.Test(set), specs.Contradictions(set)))
	if len(problems) > 0 {
		return nil, &problems
	}
	return set, nil
}

var specKinds = []string{"causes", "rules", "checks", "hops", "roles", "redactions"}

func newSpecsList(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:       "list [causes|rules|checks|hops|roles|redactions]",
		Short:     "List ids and titles",
		ValidArgs: specKinds,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return exactly("KIND")(c, args)
			}
			if len(args) == 1 && !slices.Contains(specKinds, args[0]) {
				return usagef("use one of "+fmt.Sprint(specKinds), "%q is no kind of spec", args[0])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				args = specKinds
			}
			return listSpecs(s.out, set, args, f.lang)
		},
	}
}

func listSpecs(w io.Writer, set *specs.Set, kinds []string, lang string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "KIND\tID\tGUIDE\tTITLE")
	row := func(kind, id, guide, title string) {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", kind, id, cmp.Or(guide, "-"), title)
	}
	for _, kind := range kinds {
		switch kind {
		case "causes":
			for _, slug := range slices.Sorted(maps.Keys(set.Causes)) {
				row("cause", slug, set.Causes[slug].Guide, set.Causes[slug].Title.In(lang))
			}
		case "rules":
			for _, r := range set.Rules {
				row("rule", r.ID, r.Guide, r.Says.In(lang))
			}
		case "checks":
			for _, c := range checks.All() {
				row("check", c.ID, c.Guide, c.Title.In(lang))
			}
		case "hops":
			for _, h := range set.Hops {
				row("hop", h.ID, "", h.Title.In(lang))
			}
		case "roles":
			for _, r := range set.Roles {
				row("role", r.ID, "", fmt.Sprint(r.Images))
			}
		case "redactions":
			for _, r := range set.Redactions {
				row("redaction", r.ID, "", r.Says.In(lang))
			}
		}
	}
	return t.Flush()
}

func newSpecsLint(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "Judge ids, references, expressions, texts and examples of the rules and causes",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			return tellProblems(s.out, append(specs.Lint(set), specs.Contradictions(set)...), "linted", set)
		},
	}
}

func newSpecsTest(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "test",
		Short: "Run every rule and redaction over its own hit and miss lines",
		Args:  exactly(),
		RunE: func(*cobra.Command, []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			redactor, err := newRedactor(set)
			if err != nil {
				return err
			}
			problems := append(specs.Test(set), specs.TestRedactions(set, redactor.String)...)
			return tellProblems(s.out, problems, "tested", set)
		},
	}
}

// tellProblems prints each problem and then how much was looked at.
func tellProblems(w io.Writer, problems []specs.Problem, done string, set *specs.Set) error {
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
	_, err := fmt.Fprintf(w, "%s %d causes, %d rules, %d redactions: %d problems\n", done, len(set.Causes), len(set.Rules), len(set.Redactions), len(problems))
	if err == nil && len(problems) > 0 {
		return exits(exitError)
	}
	return err
}

// newRedactor compiles the redactions of a set.
func newRedactor(set *specs.Set) (*redact.Redactor, error) {
	if len(set.Redactions) == 0 {
		return nil, errors.New("no redactions are loaded: nothing could be collected safely")
	}
	rules := make([]redact.Rule, len(set.Redactions))
	for i, r := range set.Redactions {
		rules[i] = redact.Rule{ID: r.ID, Keys: r.Keys, Literal: r.Literal, Pattern: r.Pattern}
	}
	r, err := redact.Compile(rules)
	if err != nil {
		return nil, fmt.Errorf("compiling the redactions: %w", err)
	}
	return r, nil
}
