package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/checks"
	"github.com/imbundle/imbundle/specs"
)

func newSpecsExplain(s streams, f *specsFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Print all that is known of a cause, rule, check, hop, role or redaction",
		Args:  exactly("ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := f.load(s)
			if err != nil {
				return err
			}
			return explain(s.out, set, args[0], f.lang)
		},
	}
}

// explain prints every thing of that id: a hop and a role may share one.
func explain(w io.Writer, set *specs.Set, id, lang string) error {
	p := page{w: w, lang: lang}
	names := slices.Collect(maps.Keys(set.Causes))
	if c := set.Causes[id]; c != nil {
		p.cause(c, set)
	}
	for _, r := range set.Rules {
		names = append(names, r.ID)
		if r.ID == id {
			p.rule(r)
		}
	}
	for _, c := range checks.All() {
		names = append(names, c.ID)
		if c.ID == id {
			p.check(c)
		}
	}
	for _, h := range set.Hops {
		names = append(names, h.ID)
		if h.ID == id {
			p.hop(h)
		}
	}
	for _, r := range set.Roles {
		names = append(names, r.ID)
		if r.ID == id {
			p.role(r)
		}
	}
	for _, r := range set.Redactions {
		names = append(names, r.ID)
		if r.ID == id {
			p.redaction(r)
		}
	}
	if p.items > 0 {
		return p.err
	}
	slices.Sort(names)
	hint := "run `imbundle specs list` for the ids"
	if near := nearest(id, names); near != "" {
		hint = "did you mean `" + near + "`?"
	}
	return usagef(hint, "nothing is called %q", id)
}

// page prints "name: value" fields; the first error of writing is kept.
type page struct {
	w     io.Writer
	lang  string
	items int
	err   error
}

func (p *page) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *page) head(kind, id string) {
	if p.items++; p.items > 1 {
		p.printf("\n")
	}
	p.printf("%s %s\n", kind, id)
}

// field prints one value, or one line for each; empty ones are left out.
func (p *page) field(name string, values ...string) {
	for _, v := range values {
		if v = strings.TrimSpace(v); v != "" {
			p.printf("  %-12s %s\n", name, v)
			name = ""
		}
	}
}

func (p *page) text(name string, t specs.Text) { p.field(name, t.In(p.lang)) }

func (p *page) cause(c *specs.Cause, set *specs.Set) {
	kind := "cause"
	if c.Benign {
		kind = "false alarm"
	}
	p.head(kind, c.Slug)
	p.text("title", c.Title)
	p.text("means", c.Means)
	p.field("severity", c.Severity)
	p.field("hop", c.Hop)
	p.field("layer", c.Layer)
	p.field("guide", c.Guide)
	p.field("explains", strings.Join(c.Explains, ", "))
	p.field("not", c.Not)
	layer := set.Layer(c.Layer)
	for _, name := range set.Wants(c) {
		if title, ok := analyze.WantTitle(name, set); ok {
			p.text("evidence", title)
		}
	}
	p.text("fix", c.Fix)
	p.text("don't", c.Dont)
	p.text("reproduce", layer.Reproduce)
	p.text("verify", layer.Verify)
	p.text("prevent", layer.Prevent)
	for _, r := range set.Rules {
		if r.Cause == c.Slug {
			p.field("rule", r.ID)
		}
	}
	p.field("from", c.At.String())
}

func (p *page) rule(r *specs.Rule) {
	p.head("rule", r.ID)
	p.text("says", r.Says)
	p.field("cause", r.Cause)
	p.field("guide", r.Guide)
	p.field("hop", r.Hop)
	p.field("confidence", r.Confidence)
	p.field("any", r.Any...)
	p.field("match", r.Match)
	p.field("unless", r.Unless)
	p.field("level", strings.Join(r.Level, ", "))
	p.field("roles", strings.Join(r.Roles, ", "))
	p.field("versions", r.Versions)
	if r.Count > 0 {
		p.field("count", fmt.Sprintf("%d within %s", r.Count, time.Duration(r.Within)))
	}
	for _, c := range r.Recast {
		p.field("recast", c.Cause+": "+c.Because.In(p.lang))
	}
	p.field("source", r.Source)
	p.field("hit", r.Hit...)
	p.field("miss", r.Miss...)
	p.field("from", r.At.String())
}

func (p *page) check(c analyze.Check) {
	p.head("check", c.ID)
	p.text("title", c.Title)
	p.text("doc", c.Doc)
	p.field("guide", c.Guide)
	p.field("needs", strings.Join(c.Needs, ", "))
	p.field("collect", c.Collect)
}

func (p *page) hop(h *specs.Hop) {
	p.head("hop", h.ID)
	p.text("title", h.Title)
	p.field("roles", strings.Join(h.Roles, ", "))
	p.field("topic", strings.Join(h.Topic, ", "))
	p.field("group", strings.Join(h.Group, ", "))
	p.field("reads", h.Reads)
	p.field("progress", h.Progress...)
	p.field("from", h.At.String())
}

func (p *page) role(r *specs.Role) {
	p.head("role", r.ID)
	p.field("images", strings.Join(r.Images, ", "))
	p.field("modules", strings.Join(r.Modules, ", "))
	p.field("names", strings.Join(r.Names, ", "))
	p.field("files", strings.Join(r.Files, ", "))
	p.field("from", r.At.String())
}

func (p *page) redaction(r *specs.Redaction) {
	p.head("redaction", r.ID)
	p.text("says", r.Says)
	p.field("keys", strings.Join(r.Keys, ", "))
	p.field("literal", r.Literal...)
	p.field("pattern", r.Pattern)
	p.field("from", r.At.String())
}
