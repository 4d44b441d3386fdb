package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/analyze/report"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
	"github.com/imbundle/imbundle/specs"
)

// analyzeFlags are shared by the commands that end in a report.
type analyzeFlags struct {
	output  string
	lang    string
	failOn  string
	specs   []string
	workers int

	// What was reported, where the bundle does not say it or says it otherwise.
	asScope, asScenario string
}

// formats are the values of --output.
var formats = []string{"table", "wide", "json", "markdown", "postmortem"}

// failLevels are the values of --fail-on, weakest last; at "never" no cause changes the exit code.
var failLevels = []string{analyze.Critical, analyze.Error, analyze.Warning, analyze.Info, "never"}

func newAnalyze(s streams) *cobra.Command {
	var f analyzeFlags
	c := &cobra.Command{
		Use:   "analyze FILE|DIR|-",
		Short: "Say what broke first, why, what proves it, what to do and what must not be done",
		Long: `Reads a bundle, another tool's bundle, any tar or zip, packed by gzip, zstd, bzip2 or xz, a folder of loose files, one log, or
standard input ("-"), and says which hop of the message path broke first. Needs no cluster and changes nothing.`,
		Example: `  imbundle analyze imbundle-prod-20260702T021500Z.tgz
  kubectl logs deploy/openim-api | imbundle analyze -
  imbundle analyze logs/ -o json | jq .verdict.causes[0].cause`,
		Args: exactly("FILE|DIR|-"),
		RunE: func(c *cobra.Command, args []string) error {
			return runAnalyze(c.Context(), s, f, args[0])
		},
	}
	f.add(c)
	c.Flags().StringVar(&f.asScope, "scope", "", "who is affected, instead of what the bundle says: all users or some")
	c.Flags().StringVar(&f.asScenario, "scenario", "", "what is wrong, instead of what the bundle says: history (when logging in) or realtime (delivery)")
	return c
}

func (f *analyzeFlags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.output, "output", "o", "table", "form of the result: "+strings.Join(formats, ", "))
	c.Flags().StringVar(&f.lang, "lang", "", "language of the result: zh, en (default from LC_ALL, LC_MESSAGES, LANG)")
	c.Flags().StringVar(&f.failOn, "fail-on", analyze.Critical, "exit with 4 when a cause is at least this bad: "+strings.Join(failLevels, ", "))
	c.Flags().StringArrayVar(&f.specs, "specs", nil, "folder of rules and causes to add to the built-in ones (repeatable)")
	c.Flags().IntVar(&f.workers, "workers", 0, "entries read at a time (default: one per CPU)")
}

func (f *analyzeFlags) validate(s streams) error {
	if err := oneOf("--output", f.output, formats...); err != nil {
		return err
	}
	if err := oneOf("--fail-on", f.failOn, failLevels...); err != nil {
		return err
	}
	if err := (collect.Incident{Scope: f.asScope, Scenario: f.asScenario}).Validate(); err != nil {
		return usagef("", "%w", err)
	}
	if f.workers < 0 {
		return usagef("leave it out for one per CPU", "--workers %d is negative", f.workers)
	}
	var err error
	f.lang, err = s.language(f.lang)
	return err
}

// oneOf refuses a value that is none of the allowed ones, naming the nearest.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	hint := "use one of " + strings.Join(allowed, ", ")
	if near := nearest(value, allowed); near != "" {
		hint = "did you mean `" + flag + " " + near + "`?"
	}
	return usagef(hint, "%s %q is not known", flag, value)
}

func runAnalyze(ctx context.Context, s streams, f analyzeFlags, path string) error {
	if err := f.validate(s); err != nil {
		return err
	}
	if path == "-" && terminal(s.in) != nil {
		return usagef("pipe a bundle or a log into it", "standard input is a terminal")
	}
	set, err := loadSpecs(f.specs)
	if err != nil {
		return err
	}
	r, err := bundle.Open(path, bundle.ReadOptions{Stdin: s.in, Inside: true})
	if err != nil {
		return err
	}
	rep, err := judge(ctx, r, set, f, inputName(path))
	if err != nil {
		return err
	}
	return f.render(s, rep)
}

// inputName is how the report calls what was read.
func inputName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return filepath.Base(path)
}

// judge reads r once, closes it and returns the verdict.
func judge(ctx context.Context, r *bundle.Reader, set *specs.Set, f analyzeFlags, name string) (*analyze.Report, error) {
	boundMemory(40 << 20)
	redactor, err := newRedactor(set)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	rep, err := analyze.Run(ctx, r, set, analyze.Options{
		Checks: checks.All(), Workers: f.workers, Tool: toolVersion(), Name: name, Now: time.Now(),
		Redact:   redactor.String,
		Incident: (collect.Incident{Scope: f.asScope, Scenario: f.asScenario}).Map(),
	})
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return rep, err
}

// render prints the report and returns what the exit code says about it.
func (f *analyzeFlags) render(s streams, r *analyze.Report) error {
	var err error
	o := report.Options{Lang: f.lang, Wide: f.output == "wide", Color: s.colors(s.out), Width: width(s.out)}
	switch f.output {
	case "json":
		err = report.JSON(s.out, r)
	case "markdown":
		err = report.Markdown(s.out, r, o)
	case "postmortem":
		err = report.Postmortem(s.out, r, o)
	default:
		err = report.Table(s.out, r, o)
	}
	if err != nil {
		return err
	}
	return exits(f.exitCode(r))
}

func (f *analyzeFlags) exitCode(r *analyze.Report) int {
	least := slices.Index(failLevels, f.failOn)
	for _, c := range r.Verdict.Causes {
		if level := slices.Index(failLevels, c.Severity); f.failOn != "never" && level >= 0 && level <= least {
			return exitCause
		}
	}
	if r.Verdict.Status == "unknown" {
		return exitIncomplete
	}
	return exitFine
}
