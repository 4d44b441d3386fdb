package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// members tells what the boundaries of gzip members cost in size, and what they give: one entry of a large bundle at once.
func (b bench) members() error {
	one, err := b.size("16")
	if err != nil {
		return err
	}
	many, err := b.size("1")
	if err != nil {
		return err
	}
	fmt.Println("a bundle of 1500 logs, 5 GB")
	var slowest float64
	for _, nth := range []string{"8", "750", "1500"} {
		s, err := b.alone(b.command("open entry "+nth, b.gen, "-read", b.file("own5000.tgz"), "-nth", nth), b.rounds)
		if err != nil {
			return err
		}
		s.print(0)
		slowest = max(slowest, s.wall())
	}
	target("members of 1 MiB against 16 MiB, size", (many/one-1)*100, " %", "<= 1.5")
	target("one entry of a 5 GB bundle, slowest of three", slowest*1000, " ms", "<= 300")
	return nil
}

// size is that of a bundle of 100 MB of logs with such members.
func (b bench) size(mib string) (float64, error) {
	dir, err := os.MkdirTemp(b.cache, "members-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "imbundle-members.tgz")
	if _, err := b.alone(b.command("gen -bundle", b.gen, "-bundle", file, "-mb", "100", "-files", "6", "-member", mib), 1); err != nil {
		return 0, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()), nil
}
