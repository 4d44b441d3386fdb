package ticket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// maxEntries bounds what a case may hold, in bytes.
const maxEntries = 16 << 20

// Maker makes cases.
type Maker struct {
	Specs  *specs.Set
	Checks []analyze.Check
	Redact func(string) string // secrets leave before names are replaced
}

// Case is what was made.
type Case struct {
	Entries []string
	Lead    string // slug of the leading cause, empty for none
	Status  string
}

// A DifferentError says that the case would not give the verdict of the bundle.
type DifferentError struct{ Got, Want string }

// Error names both.
func (e *DifferentError) Error() string {
	return fmt.Sprintf("the case leads to %q, the bundle to %q", e.Got, e.Want)
}

// Make writes the case of the bundle or folder at from to dir, which must not exist. open opens the input anew each time.
func (m *Maker) Make(ctx context.Context, open func() (*bundle.Reader, error), dir string) (*Case, error) {
	facts, want, err := m.examine(ctx, open)
	if err != nil {
		return nil, err
	}
	wanted := withEvidence(want)
	all := func(name string) bool { return bundle.Sort(name) != bundle.SortOwn || name == bundle.IncidentFile }
	takes := []func(string) bool{func(name string) bool { return name == bundle.IncidentFile || slices.Contains(wanted, name) }, all}
	var made *Case
	for i, take := range takes {
		made, err = m.attempt(ctx, open, facts, want, dir, take)
		if err == nil {
			return made, nil
		}
		var different *DifferentError
		if removed := os.RemoveAll(dir); removed != nil {
			return nil, errors.Join(err, removed)
		}
		if !errors.As(err, &different) || i == len(takes)-1 {
			return nil, err
		}
	}
	return made, err
}

func (m *Maker) examine(ctx context.Context, open func() (*bundle.Reader, error)) (*analyze.Facts, *analyze.Report, error) {
	r, err := open()
	if err != nil {
		return nil, nil, err
	}
	f, rep, err := analyze.Examine(ctx, r, m.Specs, analyze.Options{Checks: m.Checks})
	return f, rep, errors.Join(err, r.Close())
}

// withEvidence lists the entries that the verdict points at.
func withEvidence(rep *analyze.Report) []string {
	var names []string
	add := func(all []analyze.Sighting) {
		for _, s := range all {
			if !slices.Contains(names, s.Entry) {
				names = append(names, s.Entry)
			}
		}
	}
	for _, c := range rep.Verdict.Causes {
		add(c.Evidence)
	}
	for _, b := range rep.Benign {
		add(b.Evidence)
	}
	return names
}

// attempt writes the entries that take wants and analyzes what was written.
func (m *Maker) attempt(ctx context.Context, open func() (*bundle.Reader, error), f *analyze.Facts, want *analyze.Report, dir string, take func(string) bool) (*Case, error) {
	texts, err := m.read(ctx, open, take)
	if err != nil {
		return nil, err
	}
	names := newPseudonyms(f)
	order := make([]string, 0, len(texts))
	for name := range texts {
		order = append(order, name)
	}
	slices.Sort(order)
	for _, name := range order {
		names.learn(texts[name])
	}
	for _, name := range order {
		if err := write(filepath.Join(dir, filepath.FromSlash(safe(names.replace(name)))), names.replace(texts[name])); err != nil {
			return nil, err
		}
	}
	_, got, err := m.examine(ctx, func() (*bundle.Reader, error) { return bundle.Open(dir, bundle.ReadOptions{}) })
	if err != nil {
		return nil, fmt.Errorf("analyzing the case: %w", err)
	}
	if lead(got) != lead(want) {
		return nil, &DifferentError{Got: lead(got), Want: lead(want)}
	}
	if err := write(filepath.Join(dir, "case.yaml"), story(got)); err != nil {
		return nil, err
	}
	return &Case{Entries: order, Lead: lead(got), Status: got.Verdict.Status}, nil
}

// read takes the entries into memory, redacted; binary ones are left out.
func (m *Maker) read(ctx context.Context, open func() (*bundle.Reader, error), take func(string) bool) (map[string]string, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	texts, left := map[string]string{}, int64(maxEntries)
	err = r.Each(ctx, 1, func(_ int, f *bundle.File) error {
		if !take(f.Name) {
			return nil
		}
		body, err := io.ReadAll(io.LimitReader(f, left+1))
		if err != nil {
			return fmt.Errorf("reading %q: %w", f.Name, err)
		}
		if left -= int64(len(body)); left < 0 {
			return fmt.Errorf("the entries with evidence are over %d MiB together; collect a shorter window", maxEntries>>20)
		}
		if bytes.IndexByte(body[:min(len(body), 512)], 0) < 0 {
			texts[f.Name] = m.Redact(string(body))
		}
		return nil
	})
	return texts, errors.Join(err, r.Close())
}

// safe is a name below the folder of the case, whatever the entry was called.
func safe(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "case.yaml" {
		return "attached-case.yaml"
	}
	return name
}

func write(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

func lead(rep *analyze.Report) string {
	if len(rep.Verdict.Causes) == 0 {
		return ""
	}
	return rep.Verdict.Causes[0].Cause
}

// story is case.yaml: what must be found; what only a person knows is left to be filled in.
func story(rep *analyze.Report) string {
	var b strings.Builder
	list := func(key string, slugs []string) { fmt.Fprintf(&b, "%s: [%s]\n", key, strings.Join(slugs, ", ")) }
	var also, benign []string
	layer := "benign"
	for i, c := range rep.Verdict.Causes {
		if i == 0 {
			layer = c.Layer
		} else {
			also = append(also, c.Cause)
		}
	}
	for _, r := range rep.Benign {
		benign = append(benign, r.Cause)
	}
	version := ""
	if len(rep.Bundle.Versions) > 0 {
		version = rep.Bundle.Versions[0]
	}
	fmt.Fprintf(&b, "from: a ticket\nversion: %q\nlayer: %s\nsituation: \"\" # what the user saw and what was behind it\n", version, layer)
	if slug := lead(rep); slug != "" {
		list("expect", []string{slug})
	}
	if len(also) > 0 {
		list("also", also)
	}
	if len(benign) > 0 {
		list("benign", benign)
	}
	fmt.Fprintf(&b, "status: %s\nhard: false # true once a maintainer or the source has confirmed the cause\n", rep.Verdict.Status)
	return b.String()
}
