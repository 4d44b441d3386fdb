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
	imbundle, tsanalyze, cache string
	rounds                     int
	limit                      time.Duration
}

func main() {
	var b bench
	flag.StringVar(&b.imbundle, "imbundle", "bin/imbundle", "program to measure")
	flag.StringVar(&b.tsanalyze, "tsanalyze", "", "program of the peer; left out when empty")
	flag.StringVar(&b.cache, "cache", "", "folder with c100, c1000, their .tgz files and patterns.txt")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds")
	flag.DurationVar(&b.limit, "limit", 400*time.Second, "for one run; what takes longer is stopped and counted as that long")
	flag.Parse()
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func (b bench) run() error {
	fmt.Printf("%s, %d rounds, medians; MB are 10^6 bytes of logs, RSS in MiB\n\n", machine(), b.rounds)
	large, err := b.inflating()
	if err != nil {
		return err
	}
	small, err := b.rivals(large)
	if err != nil {
		return err
	}
	return b.memory(append(large[0].runs, small...))
}

func (b bench) analyze(file string) command {
	args := []string{b.imbundle, "analyze", filepath.Join(b.cache, file), "-o", "json", "--fail-on", "never"}
	return command{name: "imbundle analyze " + file, args: args, ok: []int{0, 3}, limit: b.limit}
}

// inflating compares with programs that only inflate and count lines.
func (b bench) inflating() ([]series, error) {
	file := filepath.Join(b.cache, "c1000.tgz")
	all := []series{
		{command: b.analyze("c1000.tgz")},
		{command: command{name: "pigz -dc | wc -l", args: shell("pigz -dc %q | wc -l", file), limit: b.limit}},
		{command: command{name: "igzip -dc | wc -l", args: shell("igzip -dc %q | wc -l", file), limit: b.limit}},
	}
	if err := rounds(all, b.rounds); err != nil {
		return nil, err
	}
	fmt.Println("1 GB of logs in a .tgz, all built-in rules (more than 200)")
	for _, s := range all {
		s.print(1000)
	}
	fmt.Printf("\n  %-52s %6.2f   target <= 1.0\n", "wall time, imbundle / (pigz -dc | wc -l)", ratio(all[0], all[1]))
	fmt.Printf("  %-52s %6.2f   stretch <= 1.0\n\n", "wall time, imbundle / (igzip -dc | wc -l)", ratio(all[0], all[2]))
	return all, nil
}

// rivals compares with troubleshoot's analyzers, which read an extracted folder.
func (b bench) rivals(large []series) ([]run, error) {
	ours := []series{{command: b.analyze("c100.tgz")}}
	if err := rounds(ours, b.rounds); err != nil {
		return nil, err
	}
	fmt.Println("100 MB of logs; troubleshoot v0.133.0 reads them extracted and looks for the first n of our rules, one run each")
	ours[0].print(100)
	if b.tsanalyze == "" {
		return ours[0].runs, nil
	}
	peer := func(rules int, dir string) (series, error) {
		s := []series{{command: command{
			name: fmt.Sprintf("troubleshoot, %d rules, %s", rules, dir), limit: b.limit,
			args: []string{b.tsanalyze, "-rules", fmt.Sprint(rules), "-patterns", filepath.Join(b.cache, "patterns.txt"), filepath.Join(b.cache, dir)},
		}}}
		err := rounds(s, 1)
		return s[0], err
	}
	var two series
	for _, n := range []int{10, 50, 200} {
		s, err := peer(n, "c100")
		if err != nil {
			return nil, err
		}
		s.print(100)
		two = s
	}
	fifty, err := peer(50, "c1000")
	if err != nil {
		return nil, err
	}
	fifty.print(1000)
	fmt.Printf("\n  %-52s %6.0fx%s  target >= 150x\n", "wall time at 200 rules on 100 MB, against ours", two.wall()/ours[0].wall(), two.atLeast())
	fmt.Printf("  %-52s %6.0fx%s\n", "CPU time of the same", two.cpu()/ours[0].cpu(), two.atLeast())
	fmt.Printf("  %-52s %6.0fx%s  target >= 30x\n", "wall time at 50 rules on 1 GB, against all of ours", fifty.wall()/large[0].wall(), fifty.atLeast())
	fmt.Printf("  %-52s %6.0fx%s\n\n", "CPU time of the same", fifty.cpu()/large[0].cpu(), fifty.atLeast())
	return ours[0].runs, nil
}

// memory compares the peaks with that of a start without work.
func (b bench) memory(runs []run) error {
	idle := []series{{command: command{name: "imbundle version", args: []string{b.imbundle, "version"}, limit: b.limit}}}
	if err := rounds(idle, b.rounds); err != nil {
		return err
	}
	peak := int64(0)
	for _, r := range runs {
		peak = max(peak, r.rss)
	}
	start := idle[0].rss()
	fmt.Printf("memory: start-up %.0f MiB, highest peak of analyze %.0f MiB\n", start, mib(peak))
	fmt.Printf("  %-52s %6.0f   target <= 64, stretch <= 32\n", "MiB above start-up", mib(peak)-start)
	return nil
}
