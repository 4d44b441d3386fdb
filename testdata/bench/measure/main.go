// Command measure times whole processes against each other and prints the table of targets. In each round every command runs
// once, so that a busy machine hits all of them; ratios are taken inside a round, and the median of the rounds is shown.
// Memory and CPU time are those that the kernel reports for a process and its children.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// bench holds the places of everything that is run.
type bench struct {
	imbundle, gen, peers, cache string
	rounds                      int
	limit                       time.Duration
}

func main() {
	var b bench
	flag.StringVar(&b.imbundle, "imbundle", "bin/imbundle", "program to measure")
	flag.StringVar(&b.gen, "gen", "", "program that writes corpora, bundles, and redacts")
	flag.StringVar(&b.peers, "peers", "", "folder with tsanalyze and tsredact; empty leaves the peer out")
	flag.StringVar(&b.cache, "cache", "", "folder with the corpora, their archives and patterns.txt")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds")
	flag.DurationVar(&b.limit, "limit", 400*time.Second, "for one run; what takes longer is stopped and counted as that long")
	flag.Parse()
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func (b bench) run() error {
	fmt.Printf("%s, %d rounds, medians; MB are 10^6 bytes of logs, RSS in MiB\n", machine(), b.rounds)
	for _, table := range []func() error{b.analyzing, b.rivals, b.collecting, b.streams, b.redacting, b.members} {
		fmt.Println()
		if err := table(); err != nil {
			return err
		}
	}
	return nil
}

func (b bench) file(name string) string { return filepath.Join(b.cache, name) }

// command is one with the limit of every run.
func (b bench) command(name string, args ...string) command {
	return command{name: name, args: args, limit: b.limit}
}

// alone runs a command by itself.
func (b bench) alone(c command, n int) (series, error) {
	all := []series{{command: c}}
	err := rounds(all, n)
	return all[0], err
}

// startUp is the memory of a command that does no work, in MiB.
func (b bench) startUp(args ...string) (float64, error) {
	s, err := b.alone(b.command("start", args...), 3)
	return s.rss(), err
}

// target prints a figure beside what it should be.
func target(what string, figure float64, unit, want string) {
	fmt.Printf("  %-62s %8.2f%s   target %s\n", what, figure, unit, want)
}
