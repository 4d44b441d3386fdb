package view

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// ListOptions choose and shape the list of entries.
type ListOptions struct {
	Patterns []string // of which one fits the name; see matchName
	Missing  bool     // list what is not there instead
	Output   string   // table, wide, json
}

// Listed is one entry.
type Listed struct {
	Name      string             `json:"name"`
	Size      int64              `json:"size"` // plain bytes, -1 unknown
	Time      time.Time          `json:"time,omitzero"`
	Source    string             `json:"source,omitempty"`
	Truncated *bundle.Truncation `json:"truncated,omitempty"`
	Sort      string             `json:"sort"`
	SHA256    string             `json:"sha256,omitempty"`
	Attrs     map[string]string  `json:"attrs,omitempty"`
}

// List writes the names of entries with what is known of them. Asking for patterns that nothing fits is an *UnknownError.
func (in Input) List(ctx context.Context, w io.Writer, o ListOptions, s Screen) error {
	all, err := in.entries(ctx)
	if err != nil {
		return err
	}
	if o.Missing {
		return in.writeMissing(w, o, s)
	}
	var chosen []Listed
	for _, pattern := range o.Patterns {
		if !slices.ContainsFunc(all, func(e Listed) bool { return matchName(pattern, e.Name) }) {
			return unknownEntry(pattern, all)
		}
	}
	for _, e := range all {
		if len(o.Patterns) == 0 || slices.ContainsFunc(o.Patterns, func(p string) bool { return matchName(p, e.Name) }) {
			chosen = append(chosen, e)
		}
	}
	if o.Output == "json" {
		return writeJSON(w, chosen)
	}
	return writeList(w, chosen, o.Output == "wide", s)
}

func unknownEntry(name string, all []Listed) error {
	e := &UnknownError{What: "entry", Name: name}
	for _, l := range all {
		e.Known = append(e.Known, l.Name)
	}
	return e
}

// entries lists all entries by name. Only a stream is read for it.
func (in Input) entries(ctx context.Context) ([]Listed, error) {
	var out []Listed
	m := in.Reader.Manifest()
	if m == nil || !in.Reader.Direct() {
		err := in.Reader.Each(ctx, 1, func(_ int, f *bundle.File) error {
			e := Listed{Name: f.Name, Size: f.Size, Sort: bundle.Sort(f.Name)}
			if f.Size < 0 {
				n, err := io.Copy(io.Discard, f)
				if e.Size = n; err != nil {
					return err
				}
			}
			out = append(out, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
		m = in.Reader.Manifest()
	} else {
		for _, name := range in.Reader.Names() {
			out = append(out, Listed{Name: name, Size: -1, Sort: bundle.Sort(name)})
		}
	}
	slices.SortFunc(out, func(a, b Listed) int { return strings.Compare(a.Name, b.Name) })
	if m != nil {
		join(out, m)
	}
	return out, in.measure(out)
}

// measure finds the sizes that nothing tells: of the manifest itself.
func (in Input) measure(list []Listed) error {
	for i := range list {
		if list[i].Size >= 0 {
			continue
		}
		rc, err := in.Reader.Open(list[i].Name)
		if err != nil {
			return err
		}
		list[i].Size, err = io.Copy(io.Discard, rc)
		if err := errors.Join(err, rc.Close()); err != nil {
			return err
		}
	}
	return nil
}

// join adds what the manifest says of the entries, which are sorted.
func join(list []Listed, m *bundle.Manifest) {
	for _, info := range m.Entries {
		i, found := slices.BinarySearchFunc(list, info.Name, func(e Listed, name string) int { return strings.Compare(e.Name, name) })
		if !found {
			continue
		}
		e := &list[i]
		e.Time, e.Source, e.Truncated, e.SHA256, e.Attrs = info.Time, info.Source, info.Truncated, info.SHA256, info.Attrs
		if e.Size < 0 {
			e.Size = info.Size
		}
	}
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func writeList(w io.Writer, list []Listed, wide bool, s Screen) error {
	t := columns{head: []string{"SIZE", "TIME", "SOURCE", "NAME"}}
	if wide {
		t.head = []string{"SIZE", "TIME", "SOURCE", "SORT", "CUT", "SHA256", "NAME"}
	}
	for _, e := range list {
		cut := truncation(e.Truncated)
		if wide {
			t.add(size(e.Size), clock(e.Time), cmp.Or(e.Source, "-"), e.Sort, cmp.Or(cut, "-"), cmp.Or(e.SHA256[:min(12, len(e.SHA256))], "-"), e.Name)
			continue
		}
		name := e.Name
		if cut != "" {
			name += "  (" + cut + ")"
		}
		t.add(size(e.Size), clock(e.Time), cmp.Or(e.Source, "-"), name)
	}
	out := bufio.NewWriter(w)
	t.write(out, s)
	return out.Flush()
}

// truncation says in a few words what an entry lacks.
func truncation(t *bundle.Truncation) string {
	switch {
	case t == nil:
		return ""
	case t.Dropped > 0:
		return fmt.Sprintf("cut: %s, %s left out", t.Reason, size(t.Dropped))
	}
	return "cut: " + t.Reason
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// writeMissing lists gaps, what the plan promised in vain, and where a cut file ends.
func (in Input) writeMissing(w io.Writer, o ListOptions, s Screen) error {
	gaps := in.gaps()
	if o.Output == "json" {
		return writeJSON(w, gaps)
	}
	out := bufio.NewWriter(w)
	t := columns{head: []string{"REASON", "SOURCE", "ENTRY", "DETAIL"}}
	for _, g := range gaps {
		t.add(g.Reason, cmp.Or(g.Source, "-"), cmp.Or(g.Entry, "-"), cmp.Or(g.Detail, g.Costs))
	}
	if len(gaps) == 0 {
		fmt.Fprintln(out, "nothing that was planned is missing")
	} else {
		t.write(out, s)
	}
	return out.Flush()
}

// gaps are those of the manifest, then what the plan promised and no gap explains.
func (in Input) gaps() []bundle.Gap {
	gaps := []bundle.Gap{}
	named := map[string]bool{}
	if m := in.Reader.Manifest(); m != nil {
		for _, g := range m.Gaps {
			gaps = append(gaps, g)
			named[g.Entry] = true
		}
	}
	end := in.Reader.End()
	for _, name := range end.Promised {
		if !named[name] {
			g := bundle.Gap{Entry: name, Reason: "promised", Detail: "the plan promised it"}
			if !end.Complete {
				g.Reason, g.Detail = "cut", fmt.Sprintf("the file ends at byte %d", end.Offset)
			}
			gaps = append(gaps, g)
		}
	}
	return gaps
}
