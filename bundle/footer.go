package bundle

import "io"

func readFooter(f io.ReaderAt, size int64) (int64, bool) {
	buf := make([]byte, footerSize)
	if size < footerSize {
		return 0, false
	}
	if _, err := f.ReadAt(buf, size-footerSize); err != nil {
		return 0, false
	}
	at, ok := parseFooter(buf)
	return at, ok && at < size-footerSize
}

// maxPadding bounds the compressed bytes between two entries: fewer than 512 zeros.
const maxPadding = 64

// tile takes the index if it covers the file from its beginning to the manifest without overlap or hole, so that what it lists
// is what a stream would meet and no byte is read twice.
func (x *indexed) tile(m *Manifest, end int64, lim Limits) bool {
	if m.MemberSize < 1 || m.MemberSize > maxMemberSize || len(m.Entries) >= lim.Entries {
		return false
	}
	var at int64
	for i := range m.Entries {
		e := &m.Entries[i]
		next := end
		if i+1 < len(m.Entries) {
			next = m.Entries[i+1].Offset
		}
		if e.Offset != at || !e.sound(m.MemberSize, lim) || next < e.end() || next > e.end()+maxPadding {
			return false
		}
		at = next
		x.total += e.Size
		x.spans = append(x.spans, span{e, next})
	}
	return len(m.Entries) > 0 && lim.expansion(x.total, end) == nil
}

// sound checks what one line of the index says by itself.
func (e *EntryInfo) sound(memberSize int64, lim Limits) bool {
	name, reason := lim.tidy(e.path())
	if reason != "" || decodeName(name) != e.Name || e.Header <= 0 || e.Size < 0 {
		return false
	}
	var packed int64
	for _, m := range e.Members {
		if m <= 0 || m > 2*maxMemberSize {
			return false
		}
		packed += m
	}
	return int64(len(e.Members)) == (e.Size+memberSize-1)/memberSize && lim.expansion(e.Size, packed) == nil
}
