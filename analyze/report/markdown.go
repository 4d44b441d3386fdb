package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
	"github.com/imbundle/imbundle/specs"
)

// Markdown writes the report for a ticket or a wiki: everything that the wide screen has, as headings, lists and tables.
// Of the options only the language counts. The first error of w ends it.
func Markdown(w io.Writer, r *analyze.Report, o Options) error {
	p := newPaper(w, o)
	p.title("md.title", r)
	p.facts(r)
	p.heading("path")
	p.hops(r.Pipeline)
	p.causes(r.Verdict.Causes)
	p.benign(r.Benign)
	p.muted(r.Muted)
	p.unnamed(r.Unnamed)
	p.outcomes(r.Outcomes)
	p.changes(r.Changes)
	p.lacking(r)
	return p.flush()
}

// paper writes Markdown; words and language are those of the screen.
type paper struct {
	*screen
	md *bufio.Writer
}

func newPaper(w io.Writer, o Options) *paper {
	o.Color, o.Wide = false, true
	s := newScreen(w, o)
	return &paper{screen: s, md: s.w}
}

// escaper keeps text of a bundle from being taken for markup.
var escaper = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "|", `\|`, "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`, "#", `\#`)

// plain is text from a bundle or the specs within a line of Markdown.
func (p *paper) plain(text string) string { return escaper.Replace(typeset.Clean(text)) }

func (p *paper) text(t specs.Text) string { return p.plain(t.In(p.o.Lang)) }

// code is a name, command or line as it is.
func code(text string) string {
	text = typeset.Clean(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}

func (p *paper) printf(format string, args ...any) { fmt.Fprintf(p.md, format, args...) }

func (p *paper) title(l label, r *analyze.Report) {
	v := r.Verdict
	rest := ""
	if v.Hop != "" {
		rest = p.say("at", p.hopTitle(r.Pipeline, v.Hop))
	}
	p.printf("# %s%s%s%s\n\n%s\n", p.say(l), p.say("colon"), p.say(label("status."+v.Status)), escaper.Replace(rest), p.text(v.Why))
}

func (p *paper) heading(l label) { p.printf("\n## %s\n\n", p.say(l)) }

// item is one line of a list with its name; an empty text writes nothing.
func (p *paper) item(l label, text string) {
	if text != "" {
		p.printf("- **%s**%s%s\n", p.say(l), p.say("colon"), text)
	}
}

// facts says what was read and reported.
func (p *paper) facts(r *analyze.Report) {
	p.printf("\n")
	p.item("input", code(r.Bundle.Name)+" · "+p.say("input.size", r.Stats.Entries, bytes(r.Stats.Bytes), r.Stats.Lines))
	if r.Bundle.Cut != "" {
		p.item("input.cut", p.plain(p.say("input.cutAt", r.Bundle.CutAt, r.Bundle.Cut)))
	}
	p.item("window", p.plain(p.window(r.Bundle)))
	p.item("versions", p.plain(p.versions(r.Bundle)))
	p.item("incident", p.plain(p.incident(r.Incident)))
	if r.Verdict.Intake != nil {
		p.item("intake", p.text(*r.Verdict.Intake))
	}
}

// row writes one row of a table; its cells are Markdown already.
func (p *paper) row(cells ...string) { p.printf("| %s |\n", strings.Join(cells, " | ")) }

func (p *paper) head(labels ...label) {
	names, rule := make([]string, len(labels)), make([]string, len(labels))
	for i, l := range labels {
		names[i], rule[i] = p.say(l), "---"
	}
	p.row(names...)
	p.row(rule...)
}

func (p *paper) hops(hops []analyze.HopState) {
	p.head("col.hop", "col.state", "col.why")
	for _, h := range hops {
		p.row(p.plain(p.hopTitle(hops, h.Hop)), marks[h.State].sign+" "+p.say(label("state."+h.State)), p.text(h.Why))
	}
}

func (p *paper) causes(all []analyze.CauseResult) {
	if len(all) == 0 {
		p.heading("leading")
		p.printf("%s\n", p.say("nothing"))
		return
	}
	for i, c := range all {
		switch i {
		case 0:
			p.heading("leading")
		case 1:
			p.heading("other")
		}
		p.cause(c)
	}
}

func (p *paper) cause(c analyze.CauseResult) {
	p.printf("### %s (%s)\n\n", p.text(c.Title), code(c.Cause))
	p.item("weight", p.say(label("severity."+c.Severity))+" · "+p.say(label("confidence."+c.Confidence))+" · "+p.say("guide", p.plain(c.Guide)))
	p.item("since", p.plain(p.span(c)))
	p.item("subject", p.plain(c.Subject))
	p.item("means", p.text(c.Means))
	if c.ExplainedBy != "" {
		p.item("explainedBy", code(c.ExplainedBy))
	}
	p.proofs(c.Evidence)
	p.item("fix", p.text(c.Fix))
	p.item("dont", p.text(c.Dont))
	for _, out := range c.RuledOut {
		p.item("ruledOut", p.text(out.Title)+" — "+p.text(out.Because))
	}
	p.item("lacks", p.plain(p.join(c.Lacks)))
	p.printf("\n")
}

// proofs lists the sightings of a cause.
func (p *paper) proofs(all []analyze.Sighting) {
	for _, e := range all {
		line := p.text(e.Says)
		if occasion := p.occasion(e); occasion != "" {
			line += " · " + p.plain(occasion)
		}
		line += " · " + code(place(e))
		p.item("proof", line)
		if e.Text != "" {
			p.printf("  - %s\n", code(e.Text))
		}
	}
}

// join lists texts in one line.
func (p *paper) join(all []specs.Text) string {
	words := make([]string, len(all))
	for i, t := range all {
		words[i] = t.In(p.o.Lang)
	}
	return strings.Join(words, p.say("comma"))
}
