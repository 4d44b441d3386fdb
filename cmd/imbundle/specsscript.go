package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/specs"
)

func newSpecsScript(s streams) *cobra.Command {
	var namespace, since string
	c := &cobra.Command{
		Use:   "script",
		Short: "Print a shell script that collects with the guide's own commands, for where no foreign program may run",
		Long: `Prints a POSIX shell script that needs kubectl, and df, du, free of the machine it runs on. It writes a folder and packs it;
either is an input of imbundle analyze. It only reads, never asks for Secrets and masks nothing, which it says.`,
		Example: "  imbundle specs script --namespace openim > collect.sh\n  sh collect.sh -s 6h",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			text, err := specs.Script(namespace, since)
			if err != nil {
				return usagef("use the name of a namespace, and a time such as 2h", "%v", err)
			}
			_, err = io.WriteString(s.out, text)
			return err
		},
	}
	c.Flags().StringVarP(&namespace, "namespace", "n", "openim", "namespace of OpenIM that the script starts from")
	c.Flags().StringVar(&since, "since", "2h", "how far back its logs go")
	return c
}
