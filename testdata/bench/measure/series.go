package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// command is one thing to time.
type command struct {
	name  string
	args  []string
	ok    []int // exit codes that count as success; none means 0
	limit time.Duration
}

// run is what one run took.
type run struct {
	wall, cpu time.Duration
	rss       int64 // KiB, highest of the process and its children
	stopped   bool
}

// series is a command and its runs.
type series struct {
	command
	runs []run
}

func shell(form string, args ...any) []string {
	return []string{"sh", "-c", fmt.Sprintf(form, args...)}
}

// rounds runs every command n times, alternately.
func rounds(all []series, n int) error {
	for range n {
		for i := range all {
			r, err := all[i].once()
			if err != nil {
				return err
			}
			all[i].runs = append(all[i].runs, r)
		}
	}
	return nil
}

// once runs the command. Its group of processes is stopped at the limit.
func (c command) once() (run, error) {
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.Discard, &complaint
	start := time.Now()
	err := cmd.Run()
	r := run{wall: time.Since(start), stopped: ctx.Err() != nil}
	var exit *exec.ExitError
	if err != nil && !r.stopped && !(errors.As(err, &exit) && slices.Contains(c.ok, exit.ExitCode())) {
		return r, fmt.Errorf("%s: %w: %s", strings.Join(c.args, " "), err, strings.TrimSpace(complaint.String()))
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.rss = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	return r, nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func (s series) of(f func(run) float64) float64 {
	var values []float64
	for _, r := range s.runs {
		values = append(values, f(r))
	}
	return median(values)
}

func (s series) wall() float64 { return s.of(func(r run) float64 { return r.wall.Seconds() }) }
func (s series) cpu() float64  { return s.of(func(r run) float64 { return r.cpu.Seconds() }) }
func (s series) rss() float64  { return s.of(func(r run) float64 { return mib(r.rss) }) }

// atLeast marks figures that a stopped run only bounds from below.
func (s series) atLeast() string {
	for _, r := range s.runs {
		if r.stopped {
			return " or more (stopped)"
		}
	}
	return ""
}

// print shows the medians and the best wall time, and rates for so many megabytes unless they are 0.
func (s series) print(mb float64) {
	best := s.runs[0].wall
	for _, r := range s.runs {
		best = min(best, r.wall)
	}
	rates := ""
	if mb > 0 {
		rates = fmt.Sprintf("   %6.1f MB/s %6.1f MB/CPU-s", mb/s.wall(), mb/s.cpu())
	}
	fmt.Printf("  %-34s wall %7.2f s (best %6.2f)   cpu %7.2f s   RSS %5.0f%s%s\n",
		s.name, s.wall(), best.Seconds(), s.cpu(), s.rss(), rates, s.atLeast())
}

// ratio is the median over the rounds of the wall time of a to that of b.
func ratio(a, b series) float64 {
	var values []float64
	for i := range a.runs {
		values = append(values, a.runs[i].wall.Seconds()/b.runs[i].wall.Seconds())
	}
	return median(values)
}

// peak is the highest of all runs, in MiB.
func (s series) peak() float64 {
	var most int64
	for _, r := range s.runs {
		most = max(most, r.rss)
	}
	return mib(most)
}

func mib(kib int64) float64 { return float64(kib) / 1024 }

// machine names the processor and the load, without which no figure means anything.
func machine() string {
	name := "unknown processor"
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for _, l := range strings.Split(string(info), "\n") {
			if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == "model name" {
				name = strings.TrimSpace(v)
				break
			}
		}
	}
	load := "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load, _, _ = strings.Cut(string(text), " ")
	}
	return fmt.Sprintf("%s, %d CPUs, load %s", name, runtime.NumCPU(), load)
}
