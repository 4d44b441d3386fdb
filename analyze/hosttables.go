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
		Entry: t.src.Entry, Line: t.src.at(t.line), Text: line, Node: t.src.Node, Device: f[0], Mount: f[len(f)-1],
		Inodes: t.kind == "df-i", Percent: percent(f[len(f)-2]),
	}
	return fs, fs.Percent >= 0
}

// hostMemoryRow tells the row that counts.
func hostMemoryRow(f []string) bool {
	return len(f) > 0 && (f[0] == "Mem:" || f[0] == "内存：" || f[0] == "内存:")
}

func (t *table) memory(line string) (Memory, bool) {
	f := strings.Fields(line)
	if len(f) < 7 || !hostMemoryRow(f) {
		return Memory{}, false
	}
	return t.memoryOf(line, f[1], f[6])
}

// oldMemory reads free as it was before "available": free, buffers and cached add up to it.
func (t *table) oldMemory(line string) (Memory, bool) {
	f := strings.Fields(line)
	if len(f) < 7 || !hostMemoryRow(f) {
		return Memory{}, false
	}
	m, ok := t.memoryOf(line, f[1], f[3])
	for _, part := range f[5:7] {
		m.Available += max(0, quantity(strings.TrimSuffix(part, "B")))
	}
	return m, ok
}

func (t *table) memoryOf(line, total, available string) (Memory, bool) {
	m := Memory{Entry: t.src.Entry, Line: t.src.at(t.line), Text: line, Node: t.src.Node}
	m.Total, m.Available = quantity(strings.TrimSuffix(total, "B")), quantity(strings.TrimSuffix(available, "B"))
	return m, m.Total > 0 && m.Available >= 0
}
