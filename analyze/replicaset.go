package analyze

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/imbundle/imbundle/bundle/record"
)

// rs.status() as mongosh and the older mongo shell print it.

var (
	setStatus = regexp.MustCompile(`(?m)^\s*"?members"?\s*:\s*\[`)
	setState  = regexp.MustCompile(`"?stateStr"?\s*:\s*["']`)
	setField  = regexp.MustCompile(`"?\b(set|name|health|stateStr|optimeDate|lastHeartbeatMessage)"?\s*:\s*(?:ISODate\()?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(\d+))`)
)

// isReplicaSet recognises rs.status() by what each of its members has, and a list of its members that somebody has picked out.
func isReplicaSet(text []byte) bool {
	states := len(setState.FindAllIndex(text, 2))
	return states > 0 && (states > 1 || setStatus.Match(text))
}

// readReplicaSet adds the members of a set as the one that was asked sees them.
func (s *snapshots) readReplicaSet(r io.Reader, entry string) error {
	set := &record.MongoSet{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTableLine)
	for lines.Scan() {
		for _, m := range setField.FindAllStringSubmatch(lines.Text(), -1) {
			setMember(set, m[1], m[2]+m[3]+m[4])
		}
	}
	if len(set.Members) > 0 {
		s.told++
		s.Mongos = append(s.Mongos, MongoServer{Entry: entry, MongoServer: record.MongoServer{Set: set}})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading rs.status(): %w", err)
	}
	return nil
}

// setMember takes over a field; a name begins the next member.
func setMember(set *record.MongoSet, field, value string) {
	switch field {
	case "set":
		set.Name = value
		return
	case "name":
		set.Members = append(set.Members, record.MongoSetView{Name: value})
		return
	}
	if len(set.Members) == 0 {
		return
	}
	switch m := &set.Members[len(set.Members)-1]; field {
	case "health":
		m.Health = value == "1"
	case "stateStr":
		m.State = value
	case "lastHeartbeatMessage":
		m.Says = value
	case "optimeDate":
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			m.Optime = at
		}
	}
}
