// Command gen writes what the benchmarks read: a folder of OpenIM-like logs as a bundle holds them, and 200 rules for it.
//
//	go run ./testdata/gen -o DIR -mb 1000 -files 300
//	go run ./testdata/gen -rules DIR        # DIR/rules/bench.yaml for --specs, DIR/patterns.txt one expression per line
//
// The same flags give the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/imbundle/imbundle/testdata/gen/corpus"
)

func main() {
	out := flag.String("o", "", "write a corpus to this folder, which must not exist")
	mb := flag.Int("mb", 100, "megabytes of logs")
	files := flag.Int("files", 60, "number of logs")
	seed := flag.Uint64("seed", 1, "another seed gives another corpus")
	rules := flag.String("rules", "", "write the rules to this folder")
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
		if err := corpus.WriteRules(rules); err != nil {
			return err
		}
	}
	if out == "" {
		return nil
	}
	return corpus.Write(out, o)
}
