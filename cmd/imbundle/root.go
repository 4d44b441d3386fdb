package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// streams is what a command may read, write and ask of its surroundings.
type streams struct {
	in     io.Reader
	out    io.Writer
	err    io.Writer
	getenv func(string) string
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, s streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	return tell(s.err, root.ExecuteContext(ctx))
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "imbundle",
		Short: "Collect the evidence of an OpenIM installation into one file, and say from it what broke first",
		Long: `imbundle collects the evidence of an OpenIM installation into one file and says, from that file alone,
which hop of the message path broke first, why, what proves it, what to do and what must not be done.

  imbundle collect              on a machine with access to the cluster
  imbundle analyze FILE         anywhere
  imbundle show logs FILE       and what else is in it`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetHelpTemplate(root.HelpTemplate() + "\n" + exitHelp)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(
		newCollect(s), newAnalyze(s), newShow(s), newServe(s), newVerify(s), newSpecs(s), newCleanup(s), newDemo(s), newVersion(s),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	return root
}

// unknownCommand is the Args of a command that only has sub-commands.
func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	hint := "run `" + c.CommandPath() + " --help` for the commands"
	if near := nearest(args[0], names); near != "" {
		hint = "did you mean `" + c.CommandPath() + " " + near + "`?"
	}
	return usagef(hint, "unknown command %q for %q", args[0], c.CommandPath())
}

// flagError turns pflag's complaint into a usage error that names the nearest flag.
func flagError(c *cobra.Command, err error) error {
	hint := "run `" + c.CommandPath() + " --help` for the flags"
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
		if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
			hint = "did you mean `--" + near + "`?"
		}
	}
	return usagef(hint, "%s", strings.TrimSuffix(err.Error(), "."))
}

// exactly demands one argument for each name.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		want := strings.Join(names, " ")
		switch {
		case len(args) < len(names):
			return usagef("usage: "+c.UseLine(), "%s is missing", names[len(args)])
		case len(args) > len(names):
			hint := "usage: " + c.UseLine()
			if want == "" {
				return usagef(hint, "unexpected argument %q: `%s` takes none", args[0], c.CommandPath())
			}
			return usagef(hint, "unexpected argument %q: `%s` takes %s only", args[len(names)], c.CommandPath(), want)
		}
		return nil
	}
}
