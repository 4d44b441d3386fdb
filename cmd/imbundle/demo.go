package main

import (
	"context"
	"embed"
	"fmt"
	"path"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

//go:embed demo
var demoFiles embed.FS

func newDemo(s streams) *cobra.Command {
	var f analyzeFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Analyze a bundle that ships with the program",
		Long: `Analyzes a bundle that ships with the program and was collected from real servers with a fault in them, so that
the result can be seen without a cluster. The exit code is that of the report, except that the fault itself is fine here:
--fail-on is "never" unless given.`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("fail-on") {
				f.failOn = "never"
			}
			return runDemo(c.Context(), s, f)
		},
	}
	f.add(c)
	return c
}

func runDemo(ctx context.Context, s streams, f analyzeFlags) error {
	if err := f.validate(s); err != nil {
		return err
	}
	name, err := demoBundle()
	if err != nil {
		return err
	}
	set, err := specs.Load(f.specs...)
	if err != nil {
		return err
	}
	file, err := demoFiles.Open(name)
	if err != nil {
		return fmt.Errorf("opening the built-in bundle: %w", err)
	}
	defer file.Close()
	fmt.Fprintf(s.err, "analyzing the built-in bundle %s\n", path.Base(name))
	r, err := bundle.Open("-", bundle.ReadOptions{Stdin: file})
	if err != nil {
		return err
	}
	rep, err := judge(ctx, r, set, f, path.Base(name))
	if err != nil {
		return err
	}
	return f.render(s, rep)
}

// demoBundle is the path of the newest built-in bundle.
func demoBundle() (string, error) {
	files, err := demoFiles.ReadDir("demo")
	if err != nil {
		return "", fmt.Errorf("listing the built-in bundles: %w", err)
	}
	for i := len(files) - 1; i >= 0; i-- {
		if path.Ext(files[i].Name()) == ".tgz" {
			return path.Join("demo", files[i].Name()), nil
		}
	}
	return "", withHint(fmt.Errorf("this build has no built-in bundle"), "run `imbundle analyze FILE` on a bundle of your own")
}
