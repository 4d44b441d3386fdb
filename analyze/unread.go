package analyze

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/imbundle/imbundle/bundle"
)

// Reasons why an entry, or a part of it, told nothing.
const (
	UnreadEmpty   = "empty"
	UnreadBinary  = "binary"       // no text
	UnreadUnknown = "unrecognised" // a text that is no log, table, object or configuration that is known
	UnreadDamaged = "damaged"      // read as far as it goes
	UnreadPacked  = "packed"       // in a way, or so deep, that it is not unpacked
	UnreadOmitted = "left-out"     // links, devices, names that lead out of the archive
)

// unreadReason tells why an entry that was read said nothing; empty where that needs no word.
func unreadReason(src source, head []byte) string {
	if src.Form == formSkip {
		return src.Reason
	}
	if sort := bundle.Sort(src.Entry); sort != bundle.SortOther && sort != bundle.SortAttached || configures(head) {
		return ""
	}
	return UnreadUnknown
}

var setting = regexp.MustCompile(`(?m)^[ \t]*(?:- )?[A-Za-z_][\w.\-]*(?:: |:\r?$|\s?=)|^[ \t]*(?:#|\[[\w.\- ]+\]\r?$|- |}|$)`)

// configures tells whether most lines of a text are those of a configuration: YAML, properties, ini, environment.
func configures(head []byte) bool {
	lines, hits := 0, len(setting.FindAllIndex(head, -1))
	for _, c := range head {
		if c == '\n' {
			lines++
		}
	}
	return lines > 1 && hits*10 >= lines*9
}

// unread lists what told nothing, what the reader left out included.
func (f *Facts) takeUnread(r *bundle.Reader) {
	for _, o := range r.Omissions() {
		if reason := unreadOf(o.Reason); reason != "" {
			f.Unread = append(f.Unread, Unread{Entry: o.Example, Reason: reason, Detail: o.Reason, Count: o.Count})
		}
	}
	slices.SortStableFunc(f.Unread, func(a, b Unread) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Detail, b.Detail))
	})
	f.Unread = slices.Compact(f.Unread)
}

// unreadOf is the reason for what a reader left out; empty for what nobody misses.
func unreadOf(omission string) string {
	switch omission {
	case bundle.OmitJunk, bundle.OmitDuplicate:
		return ""
	case bundle.OmitDamaged, bundle.OmitSize, bundle.OmitUnread:
		return UnreadDamaged
	case bundle.OmitMethod, bundle.OmitInside, bundle.OmitHeld, bundle.OmitPacked:
		return UnreadPacked
	}
	return UnreadOmitted
}
