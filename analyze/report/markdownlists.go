package report

import (
	"fmt"

	"github.com/imbundle/imbundle/analyze"
)

// The lists behind the causes, as Markdown.

func (p *paper) benign(all []analyze.BenignResult) {
	if len(all) == 0 {
		return
	}
	p.heading("benign")
	for _, b := range all {
		p.printf("- %s (%s) %s — %s\n", p.text(b.Title), code(b.Cause), p.say("times", b.Count), p.plain(p.say("benign.is", b.Why.In(p.o.Lang))))
	}
}

func (p *paper) muted(all []analyze.Muted) {
	if len(all) == 0 {
		return
	}
	p.heading("muted")
	for _, m := range all {
		p.printf("- %s\n", p.plain(p.mutedLine(m)))
	}
}

func (p *paper) unnamed(all []analyze.Unnamed) {
	if len(all) == 0 {
		return
	}
	p.heading("unnamed")
	p.head("col.count", "col.level", "col.role", "col.text", "col.first", "col.example")
	for _, u := range all {
		p.row(fmt.Sprint(u.Count), p.plain(u.Level), p.plain(u.Role), code(u.Text), p.plain(when(&u.First)), code(fmt.Sprintf("%s:%d", u.Entry, u.Line)))
	}
}

func (p *paper) outcomes(all []analyze.Outcome) {
	if len(all) == 0 {
		return
	}
	p.heading("outcomes")
	p.head("col.request", "col.code", "col.count", "col.name")
	for _, o := range all {
		p.row(p.plain(o.Request), fmt.Sprint(o.Code), fmt.Sprint(o.Count), p.plain(o.Name))
	}
}

func (p *paper) changes(all []analyze.Change) {
	if len(all) == 0 {
		return
	}
	p.heading("changes")
	p.head("col.time", "col.object", "col.what")
	for _, c := range all {
		p.row(p.plain(when(&c.Time)), code(c.Object), p.text(c.What))
	}
}

// lacking names the data that is missing and the commands that would get it.
func (p *paper) lacking(r *analyze.Report) {
	if len(r.Missing) > 0 {
		p.heading("missing")
		for _, m := range r.Missing {
			p.printf("- %s (%s) — %s\n", code(m.What), p.say(label("reason."+m.Reason)), p.text(m.Costs))
		}
	}
	p.next(r.Verdict.CollectNext)
}

func (p *paper) next(commands []string) {
	if len(commands) == 0 {
		return
	}
	p.heading("next")
	for _, c := range commands {
		p.printf("- %s\n", code(c))
	}
}
