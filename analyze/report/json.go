package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/imbundle/imbundle/analyze"
)

// JSON writes the report as analyze.Schema says: two spaces of indent, lists present even when empty, text as it is
// (no HTML escapes), a line feed at the end. The same report gives the same bytes.
func JSON(w io.Writer, r *analyze.Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(filled(*r)); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// filled gives every list that a reader may count on: empty, never null. The caller's report stays as it is.
func filled(r analyze.Report) analyze.Report {
	r.Bundle.Versions = list(r.Bundle.Versions)
	r.Verdict.CollectNext = list(r.Verdict.CollectNext)
	r.Pipeline, r.Checks, r.Missing = list(r.Pipeline), list(r.Checks), list(r.Missing)
	r.Verdict.Causes = slices.Clone(list(r.Verdict.Causes))
	for i := range r.Verdict.Causes {
		r.Verdict.Causes[i].Evidence = list(r.Verdict.Causes[i].Evidence)
	}
	r.Benign = slices.Clone(list(r.Benign))
	for i := range r.Benign {
		r.Benign[i].Evidence = list(r.Benign[i].Evidence)
	}
	return r
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
