package report

import (
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/imbundle/imbundle/analyze/typeset"
)

// cell is one field of a table; its text is already fit for a terminal.
type cell struct {
	text, color string
	whole       bool // never broken, however wide: a name to copy
	end         bool // when cut, the end is kept: a path whose last part tells most
}

// grid is a table without rules. Its last column is wrapped into what the others leave of the screen.
type grid struct {
	head []label // empty label: a column without a heading
	rows [][]cell
}

func (g *grid) add(cells ...cell) { g.rows = append(g.rows, cells) }

const (
	columnGap  = 2
	widestCell = 44 // columns; of any but the last column, and never over a third of the screen
)

// table renders g; a table without rows writes nothing.
func (s *screen) table(g grid) {
	if len(g.rows) == 0 {
		return
	}
	head := make([]any, len(g.head))
	for i, l := range g.head {
		head[i] = s.paint(faint, s.columnTitle(l))
	}
	var out strings.Builder
	t := tablewriter.NewTable(&out, tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
		Borders:  tw.BorderNone,
		Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
	})), tablewriter.WithConfig(plain()), tablewriter.WithEastAsian(tw.Off))
	t.Header(head...)
	last := s.lastWidth(g)
	for _, row := range g.rows {
		if err := t.Append(s.fields(row, last)); err != nil {
			s.fail(err)
			return
		}
	}
	if err := t.Render(); err != nil {
		s.fail(err)
		return
	}
	for _, row := range strings.Split(strings.TrimRight(out.String(), "\n"), "\n") {
		s.line(row)
	}
}

func (s *screen) columnTitle(l label) string {
	if l == "" {
		return ""
	}
	return s.say(l)
}

func (s *screen) widest() int { return min(widestCell, s.width/3) }

// lastWidth is what the other columns leave for the last one.
func (s *screen) lastWidth(g grid) int {
	left := s.width
	for i := range len(g.head) - 1 {
		widest := typeset.Columns(s.columnTitle(g.head[i]))
		for _, row := range g.rows {
			widest = max(widest, min(typeset.Columns(row[i].text), s.widest()))
		}
		left -= widest + columnGap
	}
	return max(left, leastWidth/4)
}

// fields colours a row, cuts its wide cells and wraps the last one.
func (s *screen) fields(row []cell, last int) []string {
	out := make([]string, len(row))
	for i, c := range row {
		if i < len(row)-1 {
			shorten := typeset.Cut
			if c.end {
				shorten = typeset.CutStart
			}
			out[i] = s.paint(c.color, shorten(c.text, s.widest()))
			continue
		}
		lines := []string{c.text}
		if !c.whole {
			lines = typeset.Wrap(c.text, last)
		}
		for j := range lines {
			lines[j] = s.paint(c.color, lines[j])
		}
		out[i] = strings.Join(lines, "\n")
	}
	return out
}

// plain is a table that neither wraps nor changes what it is given.
func plain() tablewriter.Config {
	field := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone, AutoFormat: tw.Off},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: strings.Repeat(" ", columnGap), Overwrite: true}},
	}
	return tablewriter.Config{Header: field, Row: field, Behavior: tw.Behavior{TrimSpace: tw.Off}}
}
