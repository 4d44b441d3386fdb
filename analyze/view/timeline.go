package view

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/typeset"
)

// TimelineOptions choose what is told.
type TimelineOptions struct {
	Filter // From, To, Grep, Components
	Max    int
	Wide   bool // lines as long as they are
}

// Timeline tells the incident in one view, a line for each thing that happened: what the analysis found, events, starts and ends
// of containers, rollouts, nodes, what logs say again and again. When there are more than Max, the lightest are left out,
// those far from the leading cause first.
func (in Input) Timeline(ctx context.Context, w io.Writer, o TimelineOptions, s Screen) error {
	facts, report, err := analyze.Examine(ctx, in.Reader, in.Specs, analyze.Options{Checks: in.Checks, Now: in.Now, Templates: true})
	if err != nil {
		return err
	}
	st := &story{facts: facts, report: report, screen: s}
	st.tell()
	chosen, err := in.choose(st, o)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	left := max(0, len(chosen)-o.Max)
	if o.Max > 0 {
		chosen = heaviestOf(chosen, o.Max, onset(report, facts))
	}
	writeMoments(out, chosen, o.Wide, s)
	if left > 0 && o.Max > 0 {
		fmt.Fprintln(out, s.paint(faint, s.say("tl.cut", left)))
	}
	if len(chosen) == 0 {
		fmt.Fprintln(out, s.say("tl.none"))
	}
	return out.Flush()
}

// onset is when the leading cause began, else when the snapshot was taken.
func onset(r *analyze.Report, f *analyze.Facts) time.Time {
	for _, c := range r.Verdict.Causes {
		if c.Since != nil {
			return *c.Since
		}
	}
	return f.Collected
}

// choose applies the filter.
func (in Input) choose(st *story, o TimelineOptions) ([]moment, error) {
	c := newCast(in.Specs, o.Components)
	var out []moment
	for _, m := range st.moments {
		parts, ok := c.admit(m.about)
		if parts != nil || !ok || !o.within(m.at) {
			continue
		}
		if o.Grep != nil && !o.Grep.MatchString(st.screen.say(m.kind)+" "+m.object+" "+m.text) {
			continue
		}
		out = append(out, m)
	}
	return out, c.missing()
}

// heaviestOf keeps most of the moments, in their order.
func heaviestOf(all []moment, most int, near time.Time) []moment {
	if len(all) <= most {
		return all
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := all[i], all[j]
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.at.Sub(near).Abs(), b.at.Sub(near).Abs()))
	})
	keep := order[:most]
	slices.Sort(keep)
	out := make([]moment, 0, most)
	for _, i := range keep {
		out = append(out, all[i])
	}
	return out
}

// writeMoments writes a line for each, below a line for each day.
func writeMoments(w *bufio.Writer, all []moment, wide bool, s Screen) {
	kindWidth, objectWidth := 0, 0
	for i := range all {
		m := &all[i]
		if m.object = clean(m.object); !wide {
			m.object = short(m.object)
		}
		kindWidth = max(kindWidth, typeset.Columns(s.say(m.kind)))
		objectWidth = max(objectWidth, typeset.Columns(m.object))
	}
	if !wide {
		objectWidth = min(objectWidth, max(16, s.width()*3/10))
	}
	day := ""
	for _, m := range all {
		if d := m.at.UTC().Format("2006-01-02"); d != day {
			day = d
			fmt.Fprintln(w, s.paint(bold, day+" UTC"))
		}
		lead := hour(m.at) + "  " + typeset.Pad(s.say(m.kind), kindWidth) + "  " + typeset.Pad(typeset.CutStart(m.object, objectWidth), objectWidth) + "  "
		text := m.text
		if !wide {
			text = typeset.Cut(text, max(20, s.width()-typeset.Columns(lead)))
		}
		fmt.Fprintln(w, strings.TrimRight(s.paint(m.color, lead+text), " "))
	}
}

var podEnding = regexp.MustCompile(`-[0-9a-z]{6,10}-([0-9a-z]{5})$`)

// short is a name that fits a column: a pod without the hash of its ReplicaSet, kinds as kubectl shortens them.
func short(object string) string {
	object, more, several := strings.Cut(object, ", ")
	if kind, name, ok := strings.Cut(object, "/"); ok {
		switch forms := kinds[kind]; {
		case len(forms) > 0:
			object = forms[0] + "/" + name
		case !strings.Contains(kind, "/"):
			object = name // a namespace
		}
	}
	object = podEnding.ReplaceAllString(object, "…$1")
	if several {
		object += fmt.Sprintf(" +%d", strings.Count(more, ",")+1)
	}
	return object
}
