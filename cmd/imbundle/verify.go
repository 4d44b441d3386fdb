package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/bundle"
)

func newVerify(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "verify FILE",
		Short: "Check that a bundle is whole and that its content is what was collected",
		Long: `Reads every entry of a bundle and compares it with the manifest: names, sizes, SHA-256. A cut bundle is read as far as
it goes, and what its plan still promised is listed. Exits with 1 when something is wrong with the file, and with 3 when
the file is sound but the collection itself ended early.`,
		Args: exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error { return runVerify(c.Context(), s, args[0]) },
	}
}

func runVerify(ctx context.Context, s streams, path string) error {
	r, err := bundle.Verify(ctx, path, bundle.ReadOptions{Stdin: s.in})
	if err != nil {
		return err
	}
	if err := printVerify(s.out, r); err != nil {
		return err
	}
	switch {
	case !r.OK:
		return withHint(fmt.Errorf("%q is not whole: %d problems", path, len(r.Problems)), "`imbundle analyze` reads what there is; copy the file again to get the rest")
	case !r.Complete:
		return exits(exitIncomplete)
	}
	return nil
}

func printVerify(w io.Writer, r bundle.VerifyReport) error {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "problem: %s\n", printable(p.String()))
	}
	for _, name := range r.Known {
		fmt.Fprintf(&b, "missing, with a reason: %s\n", printable(name))
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap: %s\n", printable(strings.Join(strings.Fields(g.Source+" "+g.Entry+" ("+g.Reason+") "+g.Detail), " ")))
	}
	fmt.Fprintf(&b, "%s: %d entries, %s", r.Path, r.Entries, humanBytes(r.Bytes))
	if r.ContentDigest != "" {
		fmt.Fprintf(&b, ", content sha256:%s", r.ContentDigest)
	}
	switch {
	case !r.OK:
		fmt.Fprintf(&b, ", %d problems\n", len(r.Problems))
	case !r.Complete:
		b.WriteString(", sound; the collection ended early\n")
	default:
		b.WriteString(", sound and complete\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
