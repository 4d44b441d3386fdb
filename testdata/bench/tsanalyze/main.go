// Command tsanalyze runs the analyzer library of the troubleshoot project over an extracted bundle: one textAnalyze for each
// of the first -rules expressions of a file, over every log.
//
//	tsanalyze -rules 200 -patterns patterns.txt DIR
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"os"

	analyzer "github.com/replicatedhq/troubleshoot/pkg/analyze"
	"github.com/replicatedhq/troubleshoot/pkg/apis/troubleshoot/v1beta2"
)

func main() {
	rules := flag.Int("rules", 200, "number of rules")
	patterns := flag.String("patterns", "", "file with one expression a line")
	flag.Parse()
	if err := run(*patterns, *rules, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "tsanalyze:", err)
		os.Exit(1)
	}
}

func run(patterns string, rules int, dir string) error {
	expressions, err := readLines(patterns, rules)
	if err != nil {
		return err
	}
	var analyzers []*v1beta2.Analyze
	for i, e := range expressions {
		analyzers = append(analyzers, &v1beta2.Analyze{TextAnalyze: &v1beta2.TextAnalyze{
			AnalyzeMeta:  v1beta2.AnalyzeMeta{CheckName: fmt.Sprintf("rule %d", i+1)},
			FileName:     "cluster-resources/pods/logs/openim/*/*.log",
			RegexPattern: e,
			Outcomes: []*v1beta2.Outcome{
				{Fail: &v1beta2.SingleOutcome{When: "true", Message: "found"}},
				{Pass: &v1beta2.SingleOutcome{When: "false", Message: "not found"}},
			},
		}})
	}
	results, err := analyzer.AnalyzeLocal(context.Background(), dir, analyzers, nil)
	if err != nil {
		return err
	}
	found := 0
	for _, r := range results {
		if r.IsFail {
			found++
		}
	}
	fmt.Printf("%d rules, %d results, %d found\n", len(expressions), len(results), found)
	if len(results) < len(expressions)*2 {
		return fmt.Errorf("%d results: were the logs found?", len(results))
	}
	return nil
}

// readLines reads the first n lines of a file.
func readLines(name string, n int) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	for s := bufio.NewScanner(f); len(lines) < n; {
		if !s.Scan() {
			return nil, fmt.Errorf("%q has only %d lines: %w", name, len(lines), s.Err())
		}
		lines = append(lines, s.Text())
	}
	return lines, nil
}
