package kafka

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/imbundle/imbundle/bundle/record"
)

// The tables are those that kafka-consumer-groups.sh --describe --all-groups prints on a terminal, its complaints among
// them. A group of which something is unknown is left out: the tool would have failed as a whole.

// offsetsText is what the tool prints without a further option.
func offsetsText(groups []record.KafkaGroup) []byte {
	var out strings.Builder
	for _, g := range groups {
		rows := offsetRows(g)
		if !state(&out, g, len(rows)) {
			continue
		}
		widths := [...]int{width(rows, 0), width(rows, 1), 10, 15, 15, 15, width(rows, 6), width(rows, 7)}
		rows = append([]row{{"GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG", "CONSUMER-ID", "HOST", "CLIENT-ID"}}, rows...)
		for _, r := range rows {
			out.WriteByte('\n')
			for i, w := range widths {
				out.WriteString(pad(r[i], w) + " ")
			}
			out.WriteString(r[len(widths)])
		}
		out.WriteByte('\n')
	}
	return []byte(out.String())
}

// row holds the cells of one line.
type row []string

// leastWidth is that of a column whose cells are short.
const leastWidth = 15

func width(rows []row, column int) int {
	w := leastWidth
	for _, r := range rows {
		w = max(w, units(r[column]))
	}
	return w
}

// units is the length of a text as Java counts it.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

func pad(s string, w int) string { return s + strings.Repeat(" ", max(0, w-units(s))) }

// state prints what the tool says of a group's state, and tells whether a table follows.
func state(out *strings.Builder, g record.KafkaGroup, rows int) bool {
	switch g.State {
	case "Dead":
		fmt.Fprintf(out, "\nError: Consumer group '%s' does not exist.\n", g.Name)
		return false
	case "Empty":
		fmt.Fprintf(out, "\nConsumer group '%s' has no active members.\n", g.Name)
	case "PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling":
		fmt.Fprintf(out, "\nWarning: Consumer group '%s' is rebalancing.\n", g.Name)
	}
	return rows > 0
}

// offsetRows are the partitions of each member, those with most first, then those that nobody reads.
func offsetRows(g record.KafkaGroup) []row {
	byMember := make([][]record.KafkaOffset, len(g.Members)+1)
	for _, p := range g.Partitions {
		if p.Member != nil {
			byMember[*p.Member] = append(byMember[*p.Member], p)
		} else {
			byMember[len(g.Members)] = append(byMember[len(g.Members)], p)
		}
	}
	order := make([]int, len(g.Members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(g.Members[b].Assigned, g.Members[a].Assigned) })
	var rows []row
	for _, i := range append(order, len(g.Members)) {
		m := record.KafkaMember{ID: "-", Host: "-", Client: "-"}
		if i < len(g.Members) {
			m = g.Members[i]
		}
		for _, p := range byMember[i] {
			rows = append(rows, row{g.Name, p.Topic, strconv.Itoa(int(p.Partition)), number(p.Committed), number(p.End), number(p.Lag), m.ID, m.Host, m.Client})
		}
	}
	return rows
}

func number(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}

// membersText is what the tool prints with --members.
func membersText(groups []record.KafkaGroup) []byte {
	var out strings.Builder
	for _, g := range groups {
		instances := slices.ContainsFunc(g.Members, func(m record.KafkaMember) bool { return m.Instance != "" })
		var rows []row
		for _, m := range g.Members {
			rows = append(rows, row{g.Name, m.ID, m.Instance, m.Host, m.Client, strconv.Itoa(m.Assigned)})
		}
		state(&out, g, len(rows)) // the tool goes on to print the header in any case
		widths := []int{width(rows, 0), width(rows, 1), max(17, width(rows, 2)), width(rows, 3), width(rows, 4), leastWidth}
		rows = append([]row{{"GROUP", "CONSUMER-ID", "GROUP-INSTANCE-ID", "HOST", "CLIENT-ID", "#PARTITIONS"}}, rows...)
		out.WriteByte('\n')
		for _, r := range rows {
			for i, w := range widths {
				if i != 2 || instances {
					out.WriteString(pad(r[i], w) + " ")
				}
			}
			out.WriteByte('\n')
		}
	}
	return []byte(out.String())
}

// stateText is what the tool prints with --state. coordinators are addresses by broker.
func stateText(groups []record.KafkaGroup, coordinators map[int32]string) []byte {
	var out strings.Builder
	for _, g := range groups {
		if !state(&out, g, 1) {
			continue
		}
		at := fmt.Sprintf("%s  (%d)", coordinators[g.Coordinator], g.Coordinator)
		for _, r := range []row{
			{"GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"},
			{g.Name, at, cmp.Or(g.Assignor, "-"), g.State, strconv.Itoa(len(g.Members))},
		} {
			out.WriteString("\n" + pad(r[0], max(leastWidth, units(g.Name))) + " " + pad(r[1], max(25, units(at))) + " " + pad(r[2], 20) + " " + pad(r[3], 20) + " " + r[4])
		}
		out.WriteByte('\n')
	}
	return []byte(out.String())
}
