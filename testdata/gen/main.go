// Command gen writes what the benchmarks read: OpenIM-like logs as a bundle holds them, in a folder or in a bundle of the
// product's own, and the product's rules as plain expressions, so that a peer looks for the same. It also does by itself what
// a collection does with a log, for figures without a cluster around it.
//
//	go run ./testdata/gen -o DIR -mb 1000 -files 300
//	go run ./testdata/gen -bundle FILE -mb 1000 -files 300
//	go run ./testdata/gen -rules FILE       # one expression per line, in the order of the rules' ids
//	go run ./testdata/gen -redact FILE      # through the redactor, to nowhere
//	go run ./testdata/gen -read FILE -nth 7 # one entry of a bundle, to nowhere
//
// The same flags give the same bytes of logs.
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
	rules := flag.String("rules", "", "write the expressions of the built-in rules to this file")
	var p press
	flag.StringVar(&p.path, "bundle", "", "write a corpus through the redactor to this bundle, which must not exist")
	flag.IntVar(&p.open, "open", 2, "entries of the bundle that are written at the same time")
	flag.DurationVar(&p.pause, "pause", 0, "between two blocks of an entry of the bundle")
	flag.IntVar(&p.member, "member", 1, "MiB of a gzip member of the bundle")
	sample := flag.String("redact", "", "send this file through the redactor and drop what comes out")
	times := flag.Int("times", 1, "how often that is done")
	read := flag.String("read", "", "read one entry of this bundle")
	nth := flag.Int("nth", 1, "which, from 1")
	mb := flag.Int("mb", 100, "megabytes of logs")
	files := flag.Int("files", 60, "number of logs")
	seed := flag.Uint64("seed", 1, "another seed gives another corpus")
	flag.Parse()
	err := run(*out, *rules, p, corpus.Options{Bytes: int64(*mb) * 1_000_000, Files: *files, Seed: *seed})
	if err == nil && *sample != "" {
		err = redactFile(*sample, *times)
	}
	if err == nil && *read != "" {
		err = readEntry(*read, *nth)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(out, rules string, p press, o corpus.Options) error {
	if rules != "" {
		if err := writeExpressions(rules); err != nil {
			return err
		}
	}
	if p.path != "" {
		if err := p.write(corpus.Files(o)); err != nil {
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
