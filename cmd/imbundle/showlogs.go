package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/analyze/view"
)

// logFlags choose records of logs.
type logFlags struct {
	recordFlags
	components []string
	level      string
	previous   bool
	tail       int
}

// levels that may be asked for, the most severe first.
var levels = []string{"fatal", "panic", "error", "warn", "info", "debug"}

func newShowLogs(s streams, f *showFlags) *cobra.Command {
	var l logFlags
	c := &cobra.Command{
		Use:   "logs FILE [COMPONENT…]",
		Short: "Print logs, several merged by time",
		Long: `Prints the records of logs as they are, merged by time. Each line of several logs stands behind the name of its component,
in the form of docker compose, so that the output can be analyzed again. A COMPONENT is a role (push, rpc-msg, kafka), a
pod or the beginning of its name, a container, or an entry; without one all logs are shown. Logs of containers that ended
are merged in (.previous) unless --previous asks for them alone.

A record is shown with all its lines: both halves of those that v3.8.3 splits, and stack traces. Times are those of the
records, aligned by the kubelet's where it put one before them; a record without a time stays behind the one before it.`,
		Example: `  imbundle show logs FILE push msgtransfer --since 10m
  imbundle show logs FILE --level error --since 10:15 --until 10:20
  imbundle show logs FILE openim-api-545fb994c9-9jgqz --tail 50
  kubectl logs deploy/openim-push --timestamps | imbundle show logs - --grep 'consume err'`,
		Args: atLeast(0, ""),
		RunE: func(c *cobra.Command, args []string) error { return runShowLogs(c.Context(), s, f, l, args) },
	}
	l.recordFlags.add(c)
	c.Flags().StringSliceVar(&l.components, "component", nil, "only this component, as COMPONENT (repeatable)")
	c.Flags().StringVar(&l.level, "level", "", "only records at least this severe: fatal, panic, error, warn, info, debug")
	c.Flags().BoolVarP(&l.previous, "previous", "p", false, "only logs of containers that ended before the snapshot")
	c.Flags().IntVar(&l.tail, "tail", 0, "only the last so many records of each log")
	return c
}

func runShowLogs(ctx context.Context, s streams, f *showFlags, l logFlags, args []string) error {
	level, err := l.check()
	if err != nil {
		return err
	}
	return f.show(ctx, s, args[0], func(v showing) error {
		o, err := l.filter(ctx, v.Input)
		if err != nil {
			return err
		}
		o.Components = append(args[1:len(args):len(args)], l.components...)
		o.Level, o.Previous, o.Tail = level, l.previous, l.tail
		return v.Logs(ctx, v.out, &o, v.Screen)
	})
}

// check finds mistakes of the command line before anything is opened.
func (l *logFlags) check() (scan.Level, error) {
	if l.tail < 0 {
		return 0, usagef("leave it out for all", "--tail %d is negative", l.tail)
	}
	if err := l.recordFlags.check(); err != nil {
		return 0, err
	}
	if l.level == "" {
		return scan.LevelUnknown, nil
	}
	if err := oneOf("--level", l.level, levels...); err != nil {
		return 0, err
	}
	for i, name := range levels {
		if name == l.level {
			return scan.LevelFatal + scan.Level(i), nil
		}
	}
	return scan.LevelUnknown, nil
}

func newShowOperation(s streams, f *showFlags) *cobra.Command {
	var r recordFlags
	var components []string
	output := "table"
	c := &cobra.Command{
		Use:   "operation FILE ID",
		Short: "Follow one operationID through all components",
		Long: `Prints every record with that operationID, by time: its own, those of batches in which it was handled together with
others (msgtransfer joins their IDs with $), and those of groups. At the end it says which hops of the message path were
seen, what failed, and where the operation ended. Exits with 1 when nothing has that ID.`,
		Example: `  imbundle show operation FILE 1745112233445566
  imbundle show operation FILE 1745112233445566 -o json | jq -r .hops[]`,
		Args: exactly("FILE", "ID"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneOf("--output", output, "table", "wide", "json"); err != nil {
				return err
			}
			if args[1] == "" || args[1] == "-" {
				return usagef("usage: "+c.UseLine(), "ID is missing")
			}
			if err := r.check(); err != nil {
				return err
			}
			return f.show(c.Context(), s, args[0], func(v showing) error {
				o, err := r.filter(c.Context(), v.Input)
				if err != nil {
					return err
				}
				o.Components = components
				return operation(c.Context(), v, args[1], &o, output)
			})
		},
	}
	r.add(c)
	c.Flags().StringSliceVar(&components, "component", nil, "only records of this role, pod or container (repeatable)")
	c.Flags().StringVarP(&output, "output", "o", output, "form of the result: table, wide (with places and fields), json")
	return c
}

func operation(ctx context.Context, v showing, id string, f *view.Filter, output string) error {
	op, err := v.Follow(ctx, id, f)
	if err != nil {
		return err
	}
	if output == "json" {
		return view.OperationJSON(v.out, op)
	}
	return op.Write(v.out, v.Specs, output == "wide", v.Screen)
}
