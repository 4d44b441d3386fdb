// Command gen writes what the benchmarks read: a folder of OpenIM-like logs as a bundle holds them, and the product's own
// rules as plain expressions, so that a peer looks for the same.
//
//	go run ./testdata/gen -o DIR -mb 1000 -files 300
//	go run ./testdata/gen -rules FILE       # one expression per line, in the order of the rules' ids
//
// The same flags give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/imbundle/imbundle/specs"
	"github.com/imbundle/imbundle/testdata/gen/corpus"
)

func main() {
	out := flag.String("o", "", "write a corpus to this folder, which must not exist")
	mb := flag.Int("mb", 100, "megabytes of logs")
	files := flag.Int("files", 60, "number of logs")
	seed := flag.Uint64("seed", 1, "another seed gives another corpus")
	rules := flag.String("rules", "", "write the expressions of the built-in rules to this file")
	flag.Parse()
	if err := run(*out, *rules, corpus.Options{Bytes: int64(*mb) * 1_000_000, Files: *files, Seed: *seed}); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out, rules string, o corpus.Options) error {
	if out == "" && rules == "" {
		return fmt.Errorf("neither -o nor -rules is given")
	}
	if rules != "" {
		if err := writeExpressions(rules); err != nil {
			return err
		}
	}
	if out == "" {
		return nil
	}
	return corpus.Write(out, o)
}

func writeExpressions(file string) error {
	set, err := specs.Load()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, r := range set.Rules {
		expr := r.Match
		if expr == "" {
			quoted := make([]string, len(r.Any))
			for i, text := range r.Any {
				quoted[i] = regexp.QuoteMeta(text)
			}
			expr = strings.Join(quoted, "|")
		}
		fmt.Fprintln(&b, expr)
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
