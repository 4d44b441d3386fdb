package view

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/imbundle/imbundle/analyze/typeset"
)

// columns is a table for a person or for cut and awk: a heading, cells two blanks apart, the last as long as it is.
type columns struct {
	head []string
	rows [][]string
	cut  map[int]int // widest the column may get; what is longer is cut
}

func (c *columns) add(cells ...string) {
	for i := range cells {
		cells[i] = typeset.Clean(cells[i])
		if most := c.cut[i]; most > 0 {
			cells[i] = typeset.Cut(cells[i], most)
		}
	}
	c.rows = append(c.rows, cells)
}

func (c *columns) write(w *bufio.Writer, s Screen) {
	widths := make([]int, len(c.head))
	for _, row := range append([][]string{c.head}, c.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], typeset.Columns(cell))
		}
	}
	for i, row := range append([][]string{c.head}, c.rows...) {
		var b strings.Builder
		for j, cell := range row {
			if j < len(row)-1 {
				cell = typeset.Pad(cell, widths[j]) + "  "
			}
			b.WriteString(cell)
		}
		line := strings.TrimRight(b.String(), " ")
		if i == 0 {
			line = s.paint(bold, line)
		}
		fmt.Fprintln(w, line)
	}
}

// size prints bytes the way ls -h does.
func size(n int64) string {
	if n < 0 {
		return "?"
	}
	if n < 1024 {
		return fmt.Sprint(n)
	}
	v, i := float64(n)/1024, 0
	for v >= 1024 && i < 4 {
		v, i = v/1024, i+1
	}
	return fmt.Sprintf("%.1f%c", v, "KMGTP"[i])
}
