package main

import (
	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze/view"
)

func newShowEvents(s streams, f *showFlags) *cobra.Command {
	var r recordFlags
	var o view.EventOptions
	var object, namespace string
	c := &cobra.Command{
		Use:   "events FILE",
		Short: "Print events in the columns of `kubectl events`",
		Long: `Prints the events of the bundle, the oldest first. LAST SEEN is as of the snapshot, like on the day; --times prints the
time itself.`,
		Example: `  imbundle show events FILE --for deploy/openim-push
  imbundle show events FILE --types Warning --since 30m`,
		Args: exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := r.check(); err != nil {
				return err
			}
			if object != "" {
				about, err := view.ParseObject([]string{object}, namespace)
				if err != nil {
					return usagef("as --for pod/openim-push-0", "reading --for: %s", err)
				}
				o.For = &about
			}
			for _, t := range o.Types {
				if err := oneOf("--types", t, "Normal", "Warning"); err != nil {
					return err
				}
			}
			return f.show(c.Context(), s, args[0], func(v showing) (err error) {
				if o.Filter, err = r.filter(c.Context(), v.Input); err != nil {
					return err
				}
				return v.Events(c.Context(), v.out, o, v.Screen)
			})
		},
	}
	r.add(c)
	c.Flags().StringVar(&object, "for", "", "only events about this object, as KIND/NAME")
	c.Flags().StringVarP(&namespace, "namespace", "n", "", "namespace of that object")
	c.Flags().StringSliceVar(&o.Types, "types", nil, "only events of this type: Normal, Warning")
	c.Flags().BoolVar(&o.Absolute, "times", false, "print times instead of ages")
	return c
}

func newShowTimeline(s streams, f *showFlags) *cobra.Command {
	var r recordFlags
	o := view.TimelineOptions{Max: 150}
	var components []string
	output := "table"
	c := &cobra.Command{
		Use:   "timeline FILE",
		Short: "Tell the incident in one view",
		Long: `Analyzes the bundle and tells what happened, a line for each thing: the causes (● the leading one) and what was found of
them, events, starts and ends of containers, rollouts and other changes, conditions of nodes, and what the logs say again
and again at WARN and above, with its count, end and peak. When there is too much, what weighs least is left out, what is
far from the leading cause first.`,
		Example: `  imbundle show timeline FILE
  imbundle show timeline FILE --component msgtransfer --since 15m -o wide`,
		Args: exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("--output", output, "table", "wide"); err != nil {
				return err
			}
			if o.Max < 0 {
				return usagef("0 shows all", "--max %d is negative", o.Max)
			}
			if err := r.check(); err != nil {
				return err
			}
			o.Wide = output == "wide"
			return f.show(c.Context(), s, args[0], func(v showing) (err error) {
				if o.Filter, err = r.filter(c.Context(), v.Input); err != nil {
					return err
				}
				o.Components = components
				return v.Timeline(c.Context(), v.out, o, v.Screen)
			})
		},
	}
	r.add(c)
	c.Flags().StringSliceVar(&components, "component", nil, "only what concerns this role, pod, container, node or object (repeatable)")
	c.Flags().IntVar(&o.Max, "max", o.Max, "most lines to show; 0 shows all")
	c.Flags().StringVarP(&output, "output", "o", output, "form of the result: table, wide (lines as long as they are)")
	return c
}

func newShowWhatLeaves(s streams, f *showFlags) *cobra.Command {
	output := "table"
	c := &cobra.Command{
		Use:   "what-leaves FILE",
		Short: "Say what a file gives away, for whoever has to allow that it leaves",
		Long: `Says what is in a file by sort and size, what redaction hid in it and where, which entries were dropped because the
redactor could not vouch for them, which identifiers stay (counted by their shape, which is an aid and no proof), and
what is never asked for. Reads the whole file.`,
		Example: `  imbundle show what-leaves imbundle-prod-20260702T021500Z.tgz --lang zh`,
		Args:    exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("--output", output, "table", "json"); err != nil {
				return err
			}
			return f.show(c.Context(), s, args[0], func(v showing) error {
				l, err := v.WhatLeaves(c.Context())
				if err != nil {
					return err
				}
				if output == "json" {
					return view.LeavesJSON(v.out, l)
				}
				return l.Write(v.out, inputName(args[0]), v.Screen)
			})
		},
	}
	c.Flags().StringVarP(&output, "output", "o", output, "form of the result: table, json")
	return c
}
