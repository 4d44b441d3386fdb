package main

import "fmt"

func (b bench) analyze(file string) command {
	c := b.command("imbundle analyze "+file, b.imbundle, "analyze", b.file(file), "-o", "json", "--fail-on", "never")
	c.ok = []int{0, 3}
	return c
}

// analyzing compares with programs that only inflate and count lines, and tells the memory that the size of the input takes.
func (b bench) analyzing() error {
	foreign := b.file("c1000.tgz")
	all := []series{
		{command: b.analyze("c1000.tgz")},
		{command: b.analyze("own1000.tgz")},
		{command: b.command("pigz -dc c1000.tgz | wc -l", shell("pigz -dc %q | wc -l", foreign)...)},
		{command: b.command("igzip -dc c1000.tgz | wc -l", shell("igzip -dc %q | wc -l", foreign)...)},
	}
	if err := rounds(all, b.rounds); err != nil {
		return err
	}
	fmt.Println("1 GB of logs in a foreign .tgz and in a bundle of ours, all built-in rules (more than 200)")
	for _, s := range all {
		s.print(1000)
	}
	large, err := b.alone(b.analyze("own5000.tgz"), 1)
	if err != nil {
		return err
	}
	large.print(5000)
	start, err := b.startUp(b.imbundle, "version")
	if err != nil {
		return err
	}
	target("foreign: wall time, imbundle / (pigz -dc | wc -l)", ratio(all[0], all[2]), "x", "<= 1.0")
	target("foreign: wall time, imbundle / (igzip -dc | wc -l)", ratio(all[0], all[3]), "x", "<= 1.0 (stretch)")
	target("ours: wall time, imbundle / (pigz -dc | wc -l)", ratio(all[1], all[2]), "x", "<= 1.0")
	target("ours: wall time, imbundle / (igzip -dc | wc -l)", ratio(all[1], all[3]), "x", "<= 1.0 (stretch)")
	for _, s := range []series{all[0], all[1], large} {
		target("highest peak of "+s.name+" above start-up", s.peak()-start, " MiB", "<= 64, stretch 32")
	}
	return nil
}

// rivals compares with troubleshoot's analyzers, which read an extracted folder.
func (b bench) rivals() error {
	if b.peers == "" {
		fmt.Println("troubleshoot is left out")
		return nil
	}
	small, err := b.alone(b.analyze("c100.tgz"), b.rounds)
	if err != nil {
		return err
	}
	large, err := b.alone(b.analyze("c1000.tgz"), 3)
	if err != nil {
		return err
	}
	fmt.Println("troubleshoot v0.133.0 reads the logs extracted and looks for the first n of our rules, one run each")
	small.print(100)
	large.print(1000)
	var two series
	for _, n := range []int{10, 50, 200} {
		if two, err = b.alone(b.peer(n, "c100"), 1); err != nil {
			return err
		}
		two.print(100)
	}
	fifty, err := b.alone(b.peer(50, "c1000"), 1)
	if err != nil {
		return err
	}
	fifty.print(1000)
	target("wall time at 200 rules on 100 MB, against all of ours", two.wall()/small.wall(), "x"+two.atLeast(), ">= 150x")
	target("CPU time of the same", two.cpu()/small.cpu(), "x"+two.atLeast(), "none")
	target("wall time at 50 rules on 1 GB, against all of ours", fifty.wall()/large.wall(), "x"+fifty.atLeast(), ">= 30x")
	target("CPU time of the same", fifty.cpu()/large.cpu(), "x"+fifty.atLeast(), "none")
	return nil
}

func (b bench) peer(rules int, dir string) command {
	return b.command(fmt.Sprintf("troubleshoot, %d rules, %s", rules, dir),
		b.peers+"/tsanalyze", "-rules", fmt.Sprint(rules), "-patterns", b.file("patterns.txt"), b.file(dir))
}
