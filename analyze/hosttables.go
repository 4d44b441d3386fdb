package analyze

import "strings"

// The tables of hosts: df and free.

// unbroken puts together a row of df that was broken behind a long device.
func (t *table) unbroken(line string) string {
	device := t.device
	t.device = ""
	switch f := strings.Fields(line); {
	case len(f) == 1:
		t.device = f[0]
	case len(f) == 5 && device != "":
		return device + " " + strings.TrimSpace(line)
	}
	return line
}

func (t *table) filesystem(line string) (Filesystem, bool) {
	f := strings.Fields(line)
	if len(f) < 6 {
		return Filesystem{}, false
	}
	fs := Filesystem{
		Entry: t.src.Entry, Line: t.line, Text: line, Node: t.src.Node, Device: f[0], Mount: f[len(f)-1],
		Inodes: t.kind == "df-i", Percent: percent(f[len(f)-2]),
	}
	return fs, fs.Percent >= 0
}

func (t *table) memory(line string) (Memory, bool) {
	f := strings.Fields(line)
	if len(f) < 7 || f[0] != "Mem:" {
		return Memory{}, false
	}
	m := Memory{Entry: t.src.Entry, Line: t.line, Text: line, Node: t.src.Node, Total: quantity(strings.TrimSuffix(f[1], "B")), Available: quantity(strings.TrimSuffix(f[6], "B"))}
	return m, m.Total > 0 && m.Available >= 0
}
