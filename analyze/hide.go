package analyze

import "slices"

// What others send was not redacted on the way: secrets in the lines that a report shows are hidden here.

// longestLook bounds what of a long line is looked at for secrets; beyond it the surroundings of what gave the line away are.
const longestLook = 8 << 10

// excerpt shows a line. Secrets of a line that has to be cut are hidden before: a cut could part one from what gives it away.
func (m *matcher) excerpt(line []byte, telling func([]byte) int) string {
	end := telling(line)
	if m.hide == nil || len(line) <= maxText {
		return excerpt(line, end)
	}
	if len(line) > longestLook && end <= longestLook/2 {
		line = line[:edge(line, longestLook)]
	} else if len(line) > longestLook {
		head, from := edge(line, headText), edge(line, end-longestLook/2)
		line = slices.Concat(line[:head], []byte(ellipsis), line[from:edge(line, min(len(line), end+longestLook/2))])
	}
	line = []byte(m.hide(string(line)))
	return excerpt(line, telling(line))
}

// redact hides secrets in every text of the report that shows what the input holds.
func (r *Report) redact(hide func(string) string) {
	all := func(list []Sighting) {
		for i := range list {
			list[i].Text = hide(list[i].Text)
		}
	}
	for i := range r.Verdict.Causes {
		all(r.Verdict.Causes[i].Evidence)
	}
	for i := range r.Benign {
		all(r.Benign[i].Evidence)
	}
	for i := range r.Outcomes {
		if e := r.Outcomes[i].Example; e != nil {
			e.Text = hide(e.Text)
		}
	}
	for i := range r.Unnamed {
		r.Unnamed[i].Example = hide(r.Unnamed[i].Example) // its text was made without secrets
	}
}
