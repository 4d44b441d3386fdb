// Command actor is the only program in the rig's containers. It plays a component: it prints a real log in real time,
// with the log's own times moved to now, and then does what the scene asks for.
//
//	actor play [-speed N] [-at TIME] [-then idle|again|exit:CODE|eat|fill:PATH] FILE
//	actor pause                                     (also without arguments)
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] == "pause" {
		pause()
		return
	}
	if err := act(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "actor:", err)
		os.Exit(125)
	}
}

func act(args []string) error {
	if args[0] != "play" {
		return fmt.Errorf("cannot %q", args[0])
	}
	flags := flag.NewFlagSet("play", flag.ContinueOnError)
	speed := flags.Float64("speed", 1, "how many seconds of the log pass in one")
	at := flags.String("at", "", "the time of the log that stands for now, as 2006-01-02 15:04:05 (default that of its first line)")
	then := flags.String("then", "idle", "what comes after the log: idle, again, exit:CODE, eat, fill:PATH")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	first := time.Time{}
	if *at != "" {
		var err error
		if first, err = time.Parse(time.DateTime, *at); err != nil {
			return err
		}
	}
	for {
		if flags.NArg() > 0 {
			if err := playFile(os.Stdout, flags.Arg(0), *speed, first); err != nil {
				return err
			}
		}
		what, arg, _ := strings.Cut(*then, ":")
		switch what {
		case "again":
		case "idle":
			pause()
			return nil
		case "exit":
			code, err := strconv.Atoi(arg)
			if err != nil {
				return err
			}
			os.Exit(code)
		case "eat":
			eat()
		case "fill":
			return fill(arg)
		default:
			return fmt.Errorf("cannot %q", *then)
		}
	}
}

// pause waits for the order to end, which a process with id 1 gets only if it asks for it, and takes in orphans.
func pause() {
	orders := make(chan os.Signal, 1)
	signal.Notify(orders, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for sig := range orders {
		if sig != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}

func playFile(w io.Writer, name string, speed float64, first time.Time) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return play(w, f, speed, first, time.Now, time.Sleep)
}

// play prints every line when its time has come; first stands for now, and is that of the first line where it is zero. A line without a time of its own follows the one before at once.
func play(w io.Writer, r io.Reader, speed float64, first time.Time, now func() time.Time, sleep func(time.Duration)) error {
	began := now()
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		if s := find(line); s.layout != "" {
			if first.IsZero() {
				first = s.at
			}
			due := began.Add(time.Duration(float64(s.at.Sub(first)) / speed))
			if wait := due.Sub(now()); wait > 0 {
				sleep(wait)
			}
			line = s.move(line, due)
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// stamp is a time in a line and where it stands.
type stamp struct {
	layout     string
	begin, end int
	at         time.Time
}

// layouts of OpenIM and of the backends whose logs are played; each begins after its prefix.
var layouts = []struct{ prefix, layout string }{
	{"", "2006-01-02 15:04:05.000"},
	{`"ts":"`, "2006-01-02T15:04:05.000000Z"},
	{":M ", "02 Jan 2006 15:04:05.000"},
	{":C ", "02 Jan 2006 15:04:05.000"},
}

func find(line []byte) stamp {
	for _, l := range layouts {
		i := 0
		if l.prefix != "" {
			if i = bytes.Index(line[:min(len(line), 48)], []byte(l.prefix)); i < 0 {
				continue
			}
			i += len(l.prefix)
		}
		if len(line) < i+len(l.layout) {
			continue
		}
		if at, err := time.Parse(l.layout, string(line[i:i+len(l.layout)])); err == nil {
			return stamp{l.layout, i, i + len(l.layout), at}
		}
	}
	return stamp{}
}

// move puts another time in the place of the line's own; the container's local time is UTC.
func (s stamp) move(line []byte, to time.Time) []byte {
	return fmt.Appendf(nil, "%s%s%s", line[:s.begin], to.UTC().Format(s.layout), line[s.end:])
}

// eat takes memory until the kernel ends it.
func eat() {
	var held [][]byte
	for {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = byte(i)
		}
		held = append(held, b)
		if len(held)%64 == 0 {
			fmt.Printf("holding %d MiB\n", len(held))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// fill writes to a file, four MiB in a second, until the kubelet ends it.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	chunk := bytes.Repeat([]byte("spool"), 4<<20/5)
	for range 1024 {
		if _, err := f.Write(chunk); err != nil {
			return err
		}
		time.Sleep(time.Second)
	}
	return nil
}
