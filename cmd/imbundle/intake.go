package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/collect"
)

// intakeFlags is what the reporter knows of the fault, and the time that the collection is about.
type intakeFlags struct {
	users, groups, conversations, platforms, attach []string
	scenario, scope, note                           string
	window                                          collect.WindowFlags
	ask                                             bool
	now                                             func() time.Time
}

func (f *intakeFlags) add(c *cobra.Command) {
	flags := c.Flags()
	flags.DurationVar(&f.window.Since, "since", 0, "collect the last so long, as 30m or 6h (default 2h)")
	flags.StringVar(&f.window.From, "from", "", "collect from this time on, as 15:04, \"2006-01-02 15:04\" or -90m")
	flags.StringVar(&f.window.To, "to", "", "collect up to this time (default now)")
	flags.StringVar(&f.window.Around, "around", "", "collect around this time, as 14:30 or 14:30±20m (default ±15m)")
	flags.StringSliceVar(&f.users, "user", nil, "affected OpenIM user id (repeatable)")
	flags.StringSliceVar(&f.groups, "group", nil, "affected group id (repeatable)")
	flags.StringSliceVar(&f.conversations, "conversation", nil, "affected conversation id (repeatable)")
	flags.StringSliceVar(&f.platforms, "platform", nil, "kind of client, as ios, android, web (repeatable)")
	flags.StringVar(&f.scenario, "scenario", "", "what is wrong: history (when logging in) or realtime (delivery)")
	flags.StringVar(&f.scope, "scope", "", "who is affected: all users or some")
	flags.StringVar(&f.note, "note", "", "anything else that support should know")
	flags.StringArrayVar(&f.attach, "attach", nil, "file to put into the bundle, redacted like everything else (repeatable)")
	flags.BoolVar(&f.ask, "ask", false, "ask for what no flag says, on the terminal")
}

// intake settles what was reported and which time it is about, asking where that was wanted.
func (f *intakeFlags) intake(ctx context.Context, s streams, lang string) (collect.Incident, bundle.Window, error) {
	if f.now == nil {
		f.now = time.Now
	}
	incident := f.incident()
	if err := incident.Validate(); err != nil {
		return incident, bundle.Window{}, usagef("", "%w", err)
	}
	if f.ask {
		if terminal(s.in) == nil {
			return incident, bundle.Window{}, usagef("give the answers as flags: --scope, --scenario, --user, …", "--ask needs a terminal to ask on")
		}
		if err := askUntil(ctx, s, lang, f); err != nil {
			return incident, bundle.Window{}, err
		}
		incident = f.incident()
	}
	now := f.now()
	window, err := f.window.Window(now)
	if err != nil {
		return incident, window, usagef("times are written as "+collect.TimeHelp, "%w", err)
	}
	if f.window != (collect.WindowFlags{}) {
		incident.From, incident.To = window.From, window.To
	}
	window.Text = f.windowText()
	return incident, window, nil
}

// askUntil lets a signal end the questions: a read from the terminal cannot be interrupted.
func askUntil(ctx context.Context, s streams, lang string, f *intakeFlags) error {
	answered := make(chan error, 1)
	go func() { answered <- ask(s.in, s.err, lang, f) }()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return errors.New("interrupted before the collection began")
	}
}

func (f *intakeFlags) incident() collect.Incident {
	return collect.Incident{
		Users: f.users, Groups: f.groups, Conversations: f.conversations, Platforms: f.platforms,
		Scenario: f.scenario, Scope: f.scope, Around: f.window.Around, Note: f.note,
	}
}

// windowText is the window as it was asked for.
func (f *intakeFlags) windowText() string {
	var parts []string
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+" "+value)
		}
	}
	if f.window.Since != 0 {
		add("--since", f.window.Since.String())
	}
	add("--from", f.window.From)
	add("--to", f.window.To)
	add("--around", f.window.Around)
	return strings.Join(parts, " ")
}
