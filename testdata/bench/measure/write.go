package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// collecting runs imbundle collect against an API that serves the logs of a gigabyte as fast as they are taken; what serving
// costs is not in the CPU time, but takes the same processors.
func (b bench) collecting() error {
	fmt.Println("imbundle collect from a local API, start to end: 300 logs of 3.7 MB at full speed, 200 logs of 1 MB slowly; no metrics, so no wait between samples")
	start, err := b.startUp(b.imbundle, "version")
	if err != nil {
		return err
	}
	fast, mb, err := b.collect("imbundle collect c1000", "c1000", 0, min(3, b.rounds))
	if err != nil {
		return err
	}
	fast.print(mb)
	slow, slowMB, err := b.collect("imbundle collect c200, slowly", "c200", 100*time.Millisecond, 1)
	if err != nil {
		return err
	}
	slow.print(slowMB)
	target("collect with redaction", mb/fast.wall(), " MB/s", ">= 125")
	target("peak at full speed above start-up", fast.peak()-start, " MiB", "none")
	target("peak with 200 slow pods above start-up", slow.peak()-start, " MiB", "<= 128")
	return nil
}

// collect runs whole collections and tells the megabytes of logs of one. pause slows every stream down.
func (b bench) collect(name, corpus string, pause time.Duration, n int) (s series, mb float64, err error) {
	dir, err := os.MkdirTemp(b.cache, "collect-")
	if err != nil {
		return s, 0, err
	}
	defer os.RemoveAll(dir)
	for i := range n {
		a := newAPI(b.file(corpus), pause)
		s.command = b.command(name, b.imbundle, "collect", "--server", a.URL, "-n", "openim", "-q",
			"--max-log-size", "64MB", "-f", filepath.Join(dir, fmt.Sprintf("imbundle-%d.tgz", i)))
		s.ok = []int{0, 3}
		r, err := s.once()
		a.Close()
		if err != nil {
			return s, 0, err
		}
		s.runs, mb = append(s.runs, r), float64(a.sent.Load())/1e6
	}
	return s, mb, nil
}

// streams has more entries open at once than a collection ever has.
func (b bench) streams() error {
	fmt.Println("the Writer alone, with the product's redactions: two entries at a time, and 200 slow ones")
	dir, err := os.MkdirTemp(b.cache, "streams-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	press := func(name, mb, files, open, pause string) (series, error) {
		file := filepath.Join(dir, "imbundle-"+name+".tgz")
		return b.alone(b.command("gen -bundle, "+name, b.gen, "-bundle", file, "-mb", mb, "-files", files, "-open", open, "-pause", pause), 1)
	}
	start, err := press("empty", "0", "1", "1", "0")
	if err != nil {
		return err
	}
	for _, c := range [][]string{{"fast", "200", "200", "2", "0"}, {"slow", "200", "200", "200", "100ms"}} {
		s, err := press(c[0], c[1], c[2], c[3], c[4])
		if err != nil {
			return err
		}
		s.print(200)
		target(c[3]+" open entries, peak above start-up", s.peak()-start.peak(), " MiB", "<= 128")
	}
	return nil
}

// passes is how often ours redacts the sample, so that its start does not count.
const passes = 20

// redacting compares with troubleshoot's default redactors on the same sample.
func (b bench) redacting() error {
	if b.peers == "" {
		fmt.Println("troubleshoot's redactors are left out")
		return nil
	}
	sample := b.file("sample.log")
	info, err := os.Stat(sample)
	if err != nil {
		return err
	}
	mb := float64(info.Size()) / 1e6
	ours, err := b.alone(b.command(fmt.Sprintf("gen -redact, %d times", passes), b.gen, "-redact", sample, "-times", fmt.Sprint(passes)), b.rounds)
	if err != nil {
		return err
	}
	theirs, err := b.alone(b.command("troubleshoot, default redactors", b.peers+"/tsredact", sample), min(3, b.rounds))
	if err != nil {
		return err
	}
	fmt.Printf("redaction of %.0f MB of logs\n", mb)
	ours.print(passes * mb)
	theirs.print(mb)
	target("redaction, CPU time of troubleshoot / ours", theirs.cpu()/(ours.cpu()/passes), "x"+theirs.atLeast(), ">= 50x")
	target("redaction, wall time of troubleshoot / ours", theirs.wall()/(ours.wall()/passes), "x"+theirs.atLeast(), ">= 50x")
	return nil
}
