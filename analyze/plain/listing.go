package plain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
)

// Lists of lines that a log service gives as text, mostly the newest first: "TIME, tab, line" and "NANOSECONDS, tab, TIME, tab, line"
// of Grafana, "TIME {labels} line" of logcli.
var (
	listed = regexp.MustCompile(`^(?:\d{10,19}\t)?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))(?:\t| (\{\w+="[^{}]*\}) +)(.*)$`)
	label  = regexp.MustCompile(`(\w+)="([^"]*)"`)
	common = []byte("Common labels: {") // what Grafana writes first
)

// isListing recognises a list by a line of it that holds a record with a time of its own.
func isListing(head []byte) bool {
	for i, line := range bytes.SplitN(head, []byte("\n"), 12) {
		if m := listed.FindSubmatch(trimEnd(line)); m != nil && i < 11 && ownTime.Match(m[3]) {
			return true
		}
	}
	return false
}

// readListing reads the records of a list; a line without a time goes on with the one before.
func readListing(in *bufio.Reader, add func(record) error) error {
	var held []byte
	var r record
	known := map[string]string{}
	for n := int64(1); ; n++ {
		line, err := readLine(in, &held)
		switch m := listed.FindSubmatch(line); {
		case m != nil:
			if wrong := add(r); wrong != nil {
				return wrong
			}
			fields := maps.Clone(known)
			for _, pair := range label.FindAllSubmatch(m[2], -1) {
				fields[string(pair[1])] = string(pair[2])
			}
			fields["time"], fields["line"] = string(m[1]), string(m[3])
			r = recordOf(fields)
			r.line = n
		case r.text != "" && len(r.text) < maxLine && len(line) > 0:
			r.text += "\n" + string(line)
		case bytes.HasPrefix(line, common):
			if json.Unmarshal(line[len(common)-1:], &known) != nil {
				known = map[string]string{}
			}
		}
		if errors.Is(err, io.EOF) {
			return add(r)
		}
		if err != nil {
			return fmt.Errorf("reading a list of lines: %w", err)
		}
	}
}
