package scan

import "bytes"

// prefixes reads what collecting tools put before a record: kubectl's [pod/NAME/CONTAINER], compose's "service  | " and the
// kubelet's time.
func (r *heads) prefixes(line []byte, h *head) {
	if len(line) == 0 {
		return
	}
	if c := line[0] | 0x20; c >= 'a' && c <= 'z' {
		h.service, h.body = composePrefix(line)
	} else if line[0] == '[' && bytes.HasPrefix(line, podMark) {
		h.service, h.body = podPrefix(line)
	}
	b := line[h.body:]
	if len(b) > 27 && b[10] == 'T' && b[19] == '.' {
		at, n := r.kubelet.iso(b)
		if at.zoned && n < len(b) && b[n] == ' ' && (n >= 33 || n >= 28 && b[n-1] == 'Z') { // seven digits or more are the kubelet's
			h.prefix = at.nanos
			h.body += n + 1
		}
	}
}

var podMark = []byte("[pod/")

// podPrefix reads "[pod/NAME/CONTAINER] ".
func podPrefix(line []byte) (service []byte, size int) {
	end := bytes.Index(line, []byte("] "))
	if end < 0 || end > 300 {
		return nil, 0
	}
	parts := bytes.Split(line[len(podMark):end], []byte("/"))
	if len(parts) != 2 {
		return nil, 0
	}
	return parts[1], end + 2
}

// composePrefix reads "service  | ".
func composePrefix(line []byte) (service []byte, size int) {
	i := 0
	for i < len(line) && i < 80 && nameByte[line[i]] {
		i++
	}
	name := i
	for i < len(line) && i < 120 && line[i] == ' ' {
		i++
	}
	if i == name || i+1 >= len(line) || line[i] != '|' || line[i+1] != ' ' {
		return nil, 0
	}
	return line[:name], i + 2
}

// nameByte are the bytes of container names.
var nameByte = func() (set [256]bool) {
	for c := range set {
		set[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.'
	}
	return set
}()
