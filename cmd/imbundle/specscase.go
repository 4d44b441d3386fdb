package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/analyze/ticket"
	"github.com/imbundle/imbundle/bundle"
)

func newSpecsCase(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "case FILE DIR",
		Short: "Make a pseudonymised regression case of a solved ticket",
		Long: `Writes the entries of FILE that carry the evidence to the new folder DIR, names replaced (the same name by the same
pseudonym everywhere), and a case.yaml that says what the analysis must find. The case is analyzed before it is kept: it
gives the same leading cause, or nothing is written. Texts of messages are not known to be such: read the case before it
leaves the house.`,
		Example: "  imbundle specs case FILE cases/kafka-stopped",
		Args:    exactly("FILE", "DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			if err := mustNotExist(args[1]); err != nil {
				return withHint(err, "a case is never overwritten: choose another folder")
			}
			redactor, err := newRedactor(set)
			if err != nil {
				return err
			}
			m := ticket.Maker{Specs: set, Checks: checks.All(), Redact: redactor.String}
			made, err := m.Make(c.Context(), func() (*bundle.Reader, error) { return bundle.Open(args[0], bundle.ReadOptions{Inside: true}) }, args[1])
			var different *ticket.DifferentError
			if errors.As(err, &different) {
				return withHint(err, "the verdict rests on a name that was replaced or on more than one entry shows; make the case by hand")
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.out, "%s: %s, %s, %d entries\n%s\n", args[1], orNone(made.Lead), made.Status, len(made.Entries), strings.Join(made.Entries, "\n"))
			return err
		},
	}
}

func orNone(slug string) string {
	if slug == "" {
		return "no cause"
	}
	return slug
}
