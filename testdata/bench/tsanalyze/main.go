// Command tsanalyze runs the analyzers of troubleshoot's library over an extracted bundle: the peer that `make bench`
// compares with. usage: tsanalyze RULES.yaml DIR
package main

import (
	"context"
	"fmt"
	"os"

	analyzer "github.com/replicatedhq/troubleshoot/pkg/analyze"
	"github.com/replicatedhq/troubleshoot/pkg/loader"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tsanalyze:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: tsanalyze RULES.yaml DIR")
	}
	raw, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	kinds, err := loader.LoadSpecs(context.Background(), loader.LoadOptions{RawSpec: string(raw), Strict: true})
	if err != nil {
		return fmt.Errorf("loading rules: %w", err)
	}
	analyzers := kinds.SupportBundlesV1Beta2[0].Spec.Analyzers
	results, err := analyzer.AnalyzeLocal(context.Background(), args[1], analyzers, nil)
	if err != nil {
		return fmt.Errorf("analyzing %q: %w", args[1], err)
	}
	failed := 0
	for _, r := range results {
		if r != nil && r.IsFail {
			failed++
		}
	}
	fmt.Printf("%d rules, %d results, %d found\n", len(analyzers), len(results), failed)
	return nil
}
