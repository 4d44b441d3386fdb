package node

import (
	"bytes"
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// withOffset adds how far the host's clock is from the collector's.
func withOffset(h host, body []byte) []byte {
	return append(append(bytes.TrimRight(body, "\n"), '\n'), h.offset+"\n"...)
}

// ofHost keeps of df what is the host's: in a pod that looks into its folder, the rows below that, with their own names. Rows
// that busybox breaks behind a long device are put together.
func ofHost(h host, body []byte) []byte {
	var out []byte
	device := ""
	for line := range bytes.Lines(body) {
		row := string(bytes.TrimRight(line, "\n"))
		if len(strings.Fields(row)) == 1 {
			device = row
			continue
		}
		if row[0] == ' ' {
			row = device + row
		}
		device = ""
		if strings.HasPrefix(row, "Filesystem") || h.root == "" {
			out = append(out, row+"\n"...)
			continue
		}
		at := strings.LastIndexByte(row, ' ') + 1
		if mount, below := strings.CutPrefix(row[at:], h.root); below && (mount == "" || mount[0] == '/') {
			out = append(out, row[:at]+cmp.Or(mount, "/")+"\n"...)
		}
	}
	return out
}

// lastTop keeps the last of top's pictures, whose shares are those of the second before it, and its busiest processes, by name:
// busybox prints their arguments too.
func lastTop(_ host, body []byte) []byte {
	const most = 45
	for _, head := range []string{"\ntop - ", "\nMem: "} {
		if i := bytes.LastIndex(body, []byte(head)); i >= 0 {
			body = body[i+1:]
			break
		}
	}
	var out []byte
	n, command := 0, -1
	for line := range bytes.Lines(body) {
		if n++; n > most {
			break
		}
		if command > 0 && len(line) > command {
			name, _, _ := bytes.Cut(bytes.TrimRight(line[command:], "\n"), []byte(" "))
			line = append(bytes.Clone(line[:command]), append(bytes.Clone(name), '\n')...)
		}
		if bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("PID ")) {
			command = bytes.Index(line, []byte("COMMAND"))
		}
		out = append(out, line...)
	}
	return out
}

var sinceBoot = regexp.MustCompile(`^\[\s*(\d+)\.\d+\] `)

// ofWindow gives lines of dmesg, which count from the boot, the time of day as dmesg -T writes it, and leaves out those outside
// of the window. Lines of the journal have both already.
func ofWindow(h host, body []byte) []byte {
	booted := h.now.Add(-h.uptime)
	var out []byte
	for line := range bytes.Lines(body) {
		m := sinceBoot.FindSubmatch(line)
		if m == nil {
			out = append(out, line...)
			continue
		}
		seconds, err := strconv.ParseInt(string(m[1]), 10, 64)
		at := booted.Add(time.Duration(seconds) * time.Second)
		if err != nil || at.Before(h.window.From) || at.After(h.window.To.Add(time.Minute)) {
			continue
		}
		out = append(out, at.Format("[Mon Jan _2 15:04:05 2006] ")...)
		out = append(out, line[len(m[0]):]...)
	}
	return out
}
