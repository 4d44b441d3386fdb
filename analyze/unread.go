package analyze

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/bundle"
)

// Reasons why an entry, or a part of it, told nothing.
const (
	UnreadEmpty    = "empty"
	UnreadBinary   = "binary"       // no text
	UnreadPicture  = "picture"      // a screenshot, a film
	UnreadDocument = "document"     // a text that only another program opens
	UnreadUnknown  = "unrecognised" // a text that is no log, table, object or configuration that is known
	UnreadRefusal  = "refusal"      // what a tool said instead of an answer
	UnreadDamaged  = "damaged"      // read as far as it goes
	UnreadTooLarge = "too-large"    // read up to a limit: it expands too far
	UnreadPacked   = "packed"       // in a way, or so deep, that it is not unpacked
	UnreadLocked   = "locked"       // encrypted
	UnreadOmitted  = "left-out"     // links, devices, names that lead out of the archive
	UnreadClosed   = "closed"       // it could not be opened
)

// unreadReason tells why an entry that was read said nothing; empty where that needs no word.
func unreadReason(src source, head []byte) string {
	switch {
	case src.Form == formSkip && src.Reason == UnreadBinary:
		return binaryReason(head)
	case src.Form == formSkip:
		return src.Reason
	case src.Form == formNoLog && (src.Previous || nothingFound.Match(head)):
		return "" // a container that never ended, a kind without objects
	case src.Form == formNoLog:
		return UnreadRefusal
	case beside(src.Entry):
		return ""
	}
	if sort := bundle.Sort(src.Entry); sort != bundle.SortOther && sort != bundle.SortAttached || configures(head) {
		return ""
	}
	return UnreadUnknown
}

// beside tells what goes along with an input of other tools and holds nothing of the installation: the inner files of an Office
// document, what the tools of troubleshoot say of themselves.
func beside(entry string) bool { return besides.MatchString(entry) }

var besides = regexp.MustCompile(`(?:^|/)(?:\[Content_Types\]\.xml|_rels/.*|docProps/.*|customXml/.*|(?:word|xl|ppt)/.*\.(?:xml|rels|bin)|` +
	`cluster-info/cluster_version\.json|cluster-resources/.*-errors\.json|cluster-resources/auth-cani-list/.*|analysis\.json|version\.yaml|` +
	`execution-data/summary\.txt|collector-errors/.*|skipped-collectors\.json)$`)

var nothingFound = regexp.MustCompile(`^No resources found`)

// binaries are files of other programs by their first bytes.
var binaries = []struct{ magic, reason string }{
	{"\x89PNG", UnreadPicture},
	{"\xff\xd8\xff", UnreadPicture},
	{"GIF8", UnreadPicture},
	{"BM", UnreadPicture},
	{"RIFF", UnreadPicture},
	{"\x00\x00\x00\x18ftyp", UnreadPicture},
	{"\x00\x00\x00\x1cftyp", UnreadPicture},
	{"\x00\x00\x00\x20ftyp", UnreadPicture},
	{"%PDF-", UnreadDocument},
	{"\xd0\xcf\x11\xe0", UnreadDocument},
}

func binaryReason(head []byte) string {
	for _, b := range binaries {
		if bytes.HasPrefix(head, []byte(b.magic)) {
			return b.reason
		}
	}
	return UnreadBinary
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
	spoiled := map[string]bool{}
	for _, u := range f.Unread {
		spoiled[u.Entry] = spoiled[u.Entry] || u.Reason == UnreadDamaged || u.Reason == UnreadTooLarge
	}
	f.Unread = slices.DeleteFunc(f.Unread, func(u Unread) bool {
		return spoiled[u.Entry] && (u.Reason == UnreadEmpty || u.Reason == UnreadBinary || u.Reason == UnreadUnknown)
	})
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
	case bundle.OmitDamaged, bundle.OmitSize:
		return UnreadDamaged
	case bundle.OmitBomb:
		return UnreadTooLarge
	case bundle.OmitUnread:
		return UnreadClosed
	case bundle.OmitInside, bundle.OmitHeld:
		return UnreadPacked
	}
	switch {
	case strings.HasPrefix(omission, "encrypted"):
		return UnreadLocked
	case strings.HasPrefix(omission, "packed"):
		return UnreadPacked
	}
	return UnreadOmitted
}
