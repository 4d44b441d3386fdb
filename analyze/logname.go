package analyze

import (
	"bytes"
	"path"
	"strings"

	"github.com/imbundle/imbundle/analyze/scan"
	"github.com/imbundle/imbundle/bundle"
	"github.com/imbundle/imbundle/specs"
)

// LogName is what the name of a log tells about it.
type LogName struct {
	Entry    string
	Role     string  // empty when the name does not say
	Pod      PodName // any part may be empty
	Stem     string  // file name without folder and suffixes
	Previous bool
}

// HeadSize is how much of an entry IsLog looks at.
const HeadSize = sniffSize

// NamedLog tells whether a name is that of a log; where it is not sure the text itself tells (IsLog).
func NamedLog(name string) (is, sure bool) {
	base := strings.ToLower(path.Base(name))
	switch bundle.Sort(name) {
	case bundle.SortLogs:
		return true, true
	case bundle.SortOther, bundle.SortAttached, bundle.SortClient:
	default:
		return false, true
	}
	switch path.Ext(base) {
	case ".json", ".yaml", ".yml", ".md", ".csv":
		return false, true
	}
	is = foreignPodLog.MatchString(name) || strings.HasSuffix(base, ".log") || strings.Contains(base, ".log.")
	return is, is
}

// IsLog tells whether the first bytes of an entry are records of a log.
func IsLog(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 || tableKind(head) != "" || isDescribe(head) {
		return false
	}
	recs := scan.NewRecords(bytes.NewReader(head), scan.Options{})
	for range 20 {
		b, err := recs.Next()
		if err != nil {
			return false
		}
		if b.TimeFrom == scan.TimeRecord || b.TimeFrom == scan.TimePrefix {
			return true
		}
	}
	return false
}

// NameLog reads the name of a log.
func NameLog(s *specs.Set, name string) LogName {
	src := classify(name, nil)
	l := LogName{Entry: name, Pod: src.Pod, Stem: src.Stem, Previous: src.Previous}
	if l.Pod.Pod == "" && looksLikePod(l.Stem) {
		l.Pod.Pod = l.Stem
	}
	for _, n := range []string{l.Pod.Container, l.Pod.Pod, l.Stem} {
		if l.Role = roleNamed(s, n); l.Role != "" {
			break
		}
	}
	return l
}

// RoleOfRecord is the id of the role that a record names itself, empty when it names none.
func RoleOfRecord(s *specs.Set, rec *scan.Record) string {
	if id := roleNamed(s, rec.Module); id != "" {
		return id
	}
	return roleNamed(s, rec.Service)
}
