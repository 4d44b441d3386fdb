// Command tsredact sends a file through the default redactors of the troubleshoot project and drops what comes out.
//
//	tsredact FILE
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/replicatedhq/troubleshoot/pkg/redact"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tsredact FILE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tsredact:", err)
		os.Exit(1)
	}
}

func run(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	out, err := redact.Redact(f, name, nil)
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, out)
	fmt.Printf("%d bytes\n", n)
	return err
}
