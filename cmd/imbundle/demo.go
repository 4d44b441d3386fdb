package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/bundle/replay"
	"github.com/imbundle/imbundle/collect/kube"
)

// demoFiles are bundles that were collected from real servers with a fault in them (testdata/rig), one for each scenario.
//
//go:embed demo/*.tgz
var demoFiles embed.FS

// demoScenarios are the sample clusters, the one that is shown first unless another is named.
var demoScenarios = []string{"kafka-down", "redis-lost", "msgtransfer-oom"}

// demoFlags are the circumstances of a demonstration.
type demoFlags struct {
	analyzeFlags
	scenario string
	keep     string
}

func newDemo(s streams) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "Collect from a sample cluster with a fault in it, and analyze the result, without any cluster",
		Long: `Serves a sample cluster on a port of this machine, runs ` + "`imbundle collect`" + ` against it over HTTP as against a real
one, and then ` + "`imbundle analyze`" + ` on the bundle. The samples were collected from real servers and hold OpenIM's real logs:

  kafka-down        the brokers are gone: three components cannot start, the API fails
  redis-lost        Redis was away for half a minute and came back without its data
  msgtransfer-oom   msgtransfer runs into its memory limit again and again

The exit code is that of the report, except that the fault itself is fine here: --fail-on is "never" unless given.`,
		Args: exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("fail-on") {
				f.failOn = "never"
			}
			return runDemo(c.Context(), s, f)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.scenario, "scenario", demoScenarios[0], "sample cluster: "+strings.Join(demoScenarios, ", "))
	c.Flags().StringVar(&f.keep, "keep", "", "file to leave the collected bundle in; must not exist")
	f.add(c)
	return c
}

func runDemo(ctx context.Context, s streams, f demoFlags) (err error) {
	if err := errors.Join(f.validate(s), oneOf("--scenario", f.scenario, demoScenarios...)); err != nil {
		return err
	}
	if err := mustNotExist(f.keep); err != nil {
		return withHint(err, "a bundle is never overwritten: choose another name with --keep")
	}
	dir, err := os.MkdirTemp("", "imbundle-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	output := f.keep
	if output == "" {
		output = filepath.Join(dir, f.scenario+".tgz")
	}
	if err := f.collect(ctx, s, dir, output); err != nil {
		return err
	}
	fmt.Fprintf(s.err, "\n$ imbundle analyze %s\n", filepath.Base(output))
	err = runAnalyze(ctx, s, f.analyzeFlags, output)
	if f.keep == "" {
		fmt.Fprintln(s.err, "\nthe collected bundle goes with the demo; --keep FILE leaves it, --scenario shows another fault")
	}
	return err
}

// collect serves the sample and collects from it.
func (f *demoFlags) collect(ctx context.Context, s streams, dir, output string) error {
	sample := filepath.Join(dir, "sample.tgz")
	text, err := demoFiles.ReadFile("demo/" + f.scenario + ".tgz")
	if err != nil {
		return fmt.Errorf("opening the sample cluster: %w", err)
	}
	if err := os.WriteFile(sample, text, 0o600); err != nil {
		return err
	}
	r, err := bundle.Open(sample, bundle.ReadOptions{})
	if err != nil {
		return err
	}
	defer r.Close()
	cluster, err := replay.Open(ctx, r)
	if err != nil {
		return err
	}
	server, err := replay.Listen(cluster, 0)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx) }()
	err = f.collectFrom(ctx, s, server, r.Plan(), cluster, dir, output)
	cancel()
	return errors.Join(err, <-served)
}

// collectFrom runs the real command, with the window and the intake that the sample was collected with: its present is past.
func (f *demoFlags) collectFrom(ctx context.Context, s streams, server *replay.Server, plan *bundle.Plan, cluster *replay.Cluster, dir, output string) error {
	namespaces := cluster.Namespaces()
	config, err := server.Kubeconfig(namespaces[0])
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, config, 0o600); err != nil {
		return err
	}
	c := collectFlags{kube: kube.Options{Flags: kube.NewFlags(), Namespaces: namespaces, Samples: 1}, output: output, profile: "standard", lang: f.lang}
	c.kube.Flags.KubeConfig = &kubeconfig
	c.window.From, c.window.To = plan.Window.From.Format(time.RFC3339), plan.Window.To.Format(time.RFC3339)
	said := func(key string) string { text, _ := plan.Incident[key].(string); return text }
	c.scope, c.intakeFlags.scenario, c.note = said("scope"), said("scenario"), said("note")
	fmt.Fprintf(s.err, "serving the sample cluster %s on %s\n\n$ imbundle collect -n %s --from %s --to %s\n",
		f.scenario, server.URL, strings.Join(namespaces, ","), c.window.From, c.window.To)
	s.out = io.Discard // the temporary file's name
	err = runCollect(ctx, s, c)
	var incomplete *failure
	if errors.As(err, &incomplete) && incomplete.code == exitIncomplete {
		return nil // as incomplete as the sample is; the analysis says what is missing
	}
	return err
}
