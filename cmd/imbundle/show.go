package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/analyze/view"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// showFlags are shared by the sub-commands of show.
type showFlags struct {
	noPager bool
	lang    string
	specs   []string
}

func newShow(s streams) *cobra.Command {
	var f showFlags
	c := &cobra.Command{
		Use:   "show",
		Short: "Look into a bundle: its list, entries, logs merged by time, events, the incident, one operation",
		Long: `Looks into a bundle without unpacking it. FILE is a bundle, another tool's bundle, any tar or zip, packed by gzip, zstd, bzip2 or xz, a
folder of loose files, one log, or standard input ("-"). What is packed within it is shown as if it were not: the files of a zip below
its name. A cut file is shown as far as it goes. Of a bundle with its index
only what is shown is read, whatever its size.

On a terminal the output goes through $PAGER (default ` + defaultPager + `). Colours of logs are taken off and other control
characters are made visible, so that text from a bundle cannot steer the terminal.`,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	p := c.PersistentFlags()
	p.BoolVar(&f.noPager, "no-pager", false, "write to the terminal directly")
	p.StringVar(&f.lang, "lang", "", "language of the product's own words: zh, en (default from LC_ALL, LC_MESSAGES, LANG)")
	p.StringArrayVar(&f.specs, "specs", nil, "folder of rules, causes and roles to add to the built-in ones (repeatable)")
	c.AddCommand(
		newShowLs(s, &f), newShowCat(s, &f), newShowLogs(s, &f), newShowDescribe(s, &f), newShowEvents(s, &f),
		newShowTimeline(s, &f), newShowOperation(s, &f), newShowWhatLeaves(s, &f),
	)
	return c
}

// showing is what a sub-command renders with.
type showing struct {
	view.Input
	view.Screen
	out      io.Writer
	terminal bool
}

// show opens path, hands it to render with the pager behind it, and says at the end where a cut input ended.
func (f *showFlags) show(ctx context.Context, s streams, path string, render func(showing) error) error {
	lang, err := s.language(f.lang)
	if err != nil {
		return err
	}
	if path == "-" && terminal(s.in) != nil {
		return usagef("pipe a bundle or a log into it", "standard input is a terminal")
	}
	set, err := loadSpecs(f.specs)
	if err != nil {
		return err
	}
	boundMemory(96 << 20)
	r, err := bundle.Open(path, bundle.ReadOptions{Stdin: s.in, Inside: true})
	if err != nil {
		return err
	}
	if err := r.Unfold(ctx); err != nil {
		return errors.Join(err, r.Close())
	}
	in := view.Input{Reader: r, Specs: set, Checks: checks.All(), Name: path, Now: time.Now()}
	pager := s.pagerOf(f.noPager)
	err = paged(ctx, s, pager, func(w io.Writer) error {
		return render(showing{
			Input: in, out: w, terminal: terminal(s.out) != nil,
			Screen: view.Screen{Lang: lang, Color: s.colors(s.out) && !strangePager(pager), Width: width(s.out)},
		})
	})
	if cut := in.Ended(); cut != nil {
		fmt.Fprintf(s.err, "warning: %s\n", printable(cut.Error()))
	}
	return errors.Join(err, r.Close())
}

// strangePager tells whether a pager may show colours as text.
func strangePager(command string) bool { return command != "" && !strings.Contains(command, "less") }

// atLeast demands FILE and so many more arguments; "-" may be given once.
func atLeast(more int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		hint := "usage: " + c.UseLine()
		switch {
		case len(args) == 0:
			return usagef(hint, "FILE is missing")
		case len(args) < 1+more:
			return usagef(hint, "%s is missing", names)
		case slices.Contains(args[1:], "-"):
			return usagef(hint, `standard input ("-") can be given once, as FILE`)
		}
		return nil
	}
}

// recordFlags choose records by time and text.
type recordFlags struct {
	since, until, grep string
}

func (f *recordFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.since, "since", "", `from this time on: 10m (before the snapshot's end), "2026-07-02 10:15", 10:15; without a zone: UTC`)
	c.Flags().StringVar(&f.until, "until", "", "up to this time, in the same forms")
	c.Flags().StringVar(&f.grep, "grep", "", "only what this regular expression (RE2) matches; (?i) ignores case")
}

// filter resolves the flags against the input.
func (f *recordFlags) filter(ctx context.Context, in view.Input) (o view.Filter, err error) {
	if o.Grep, err = expression(f.grep); err != nil {
		return o, err
	}
	if o.From, err = when(ctx, in, "--since", f.since); err != nil {
		return o, err
	}
	if o.To, err = when(ctx, in, "--until", f.until); err != nil {
		return o, err
	}
	if !o.From.IsZero() && !o.To.IsZero() && o.To.Before(o.From) {
		return o, usagef("times without a zone are UTC, as they are shown", "--until %s is before --since %s", o.To.Format(time.RFC3339), o.From.Format(time.RFC3339))
	}
	return o, nil
}

// check finds mistakes of the command line before anything is opened.
func (f *recordFlags) check() error {
	if _, err := expression(f.grep); err != nil {
		return err
	}
	for flag, text := range map[string]string{"--since": f.since, "--until": f.until} {
		if _, _, err := reading(flag, text); err != nil {
			return err
		}
	}
	return nil
}

func expression(text string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, nil
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, usagef(`put \ before ( ) [ ] { } . * + ? | ^ $ to mean the character itself`, "--grep %q is no regular expression: %s", text, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// reading takes a time apart: at tells it for a given end of the snapshot, absolute says that it does not depend on that.
func reading(flag, text string) (at func(end time.Time) time.Time, absolute bool, err error) {
	if text == "" {
		return nil, true, nil
	}
	if d, err := time.ParseDuration(strings.TrimPrefix(text, "-")); err == nil {
		return func(end time.Time) time.Time { return end.Add(-d) }, false, nil
	}
	early, late := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), time.Date(2002, 3, 4, 15, 16, 17, 0, time.UTC)
	a, err := collect.ParseTime(text, early)
	if err != nil {
		return nil, false, usagef("as 10m, 10:15, \"2026-07-02 10:15\" or 2026-07-02T10:15:00+08:00", "reading %s: %q is no time", flag, text)
	}
	b, err := collect.ParseTime(text, late)
	return func(end time.Time) time.Time {
		at, _ := collect.ParseTime(text, end) // the text was understood before
		return at
	}, err == nil && a.Equal(b), nil
}

// when is the time that a flag means, zero for an empty one.
func when(ctx context.Context, in view.Input, flag, text string) (time.Time, error) {
	at, absolute, err := reading(flag, text)
	if err != nil || at == nil {
		return time.Time{}, err
	}
	var end time.Time
	if !absolute {
		if end, err = in.End(ctx); err != nil {
			return time.Time{}, err
		}
	}
	return at(end).UTC(), nil
}
