// Command imbundle collects the evidence of an OpenIM installation into one file and says, from that file, which hop of
// the message path broke first, why, what proves it, what to do and what must not be done.
//
// Each command is one file: it parses flags, makes one call into the packages below and renders the answer. Results go
// to standard output, everything else to standard error; only main ends the process.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker; empty means that the build did not say.
var version string

func main() {
	// The first signal ends the sources and still writes the manifest; a second one ends the process at once.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}, os.Args[1:]))
}
