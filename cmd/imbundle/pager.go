package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// defaultPager shows colours, ends by itself when all fits on the screen, and leaves what was shown behind.
const defaultPager = "less -FRX"

// pagerOf is the command that pages the output, empty for none: not on a terminal, or not wanted.
func (s streams) pagerOf(none bool) string {
	if none || terminal(s.out) == nil {
		return ""
	}
	command := strings.TrimSpace(s.getenv("PAGER"))
	switch {
	case command == "" && s.getenv("TERM") != "dumb":
		command = defaultPager
	case command == "cat":
		return ""
	}
	words := strings.Fields(command)
	if len(words) == 0 {
		return ""
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return ""
	}
	return command
}

// paged gives write the pager's input, or w itself without a pager. A reader who closes it has seen enough: that is no error.
func paged(ctx context.Context, s streams, command string, write func(io.Writer) error) error {
	if command == "" {
		return quietEnd(write(s.out))
	}
	words := strings.Fields(command)
	pager := exec.CommandContext(ctx, words[0], words[1:]...)
	pager.Stdout, pager.Stderr = s.out, s.err
	if s.getenv("LESS") == "" {
		pager.Env = append(os.Environ(), "LESS=FRX")
	}
	in, err := pager.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting the pager %q: %w", command, err)
	}
	if err := pager.Start(); err != nil {
		return fmt.Errorf("starting the pager %q: %w", command, err)
	}
	err = quietEnd(write(in))
	return errors.Join(err, quietEnd(in.Close()), pager.Wait())
}

// quietEnd drops the error of writing to somebody who reads no more.
func quietEnd(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}
