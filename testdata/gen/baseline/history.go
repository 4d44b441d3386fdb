package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/imbundle/imbundle/specs"
)

// flatten reads YAML into keys with dots and values as text; members of a list are joined with a comma.
func flatten(body string) (map[string]string, error) {
	var root any
	if err := specs.Unmarshal([]byte(body), &root); err != nil {
		return nil, err
	}
	flat := map[string]string{}
	walk(flat, "", root)
	return flat, nil
}

func walk(flat map[string]string, key string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			walk(flat, strings.TrimPrefix(key+"."+k, "."), inner)
		}
	case []any:
		var words []string
		for _, member := range v {
			if _, deep := member.(map[string]any); deep {
				return // no setting of ours lies in a list of maps
			}
			words = append(words, fmt.Sprint(member))
		}
		flat[key] = strings.Join(words, ",")
	case nil:
		flat[key] = ""
	default:
		flat[key] = fmt.Sprint(v)
	}
}

// setting names a key of a file.
type setting struct{ file, key string }

// run is a default that holds from one release to another, by their positions.
type run struct {
	value       string
	first, last int
}

// histories are the runs of each key, oldest first. Releases are added in their order.
type histories map[setting][]run

func (h histories) add(file, key, value string, release int) {
	s := setting{file, key}
	runs := h[s]
	if n := len(runs) - 1; n >= 0 && runs[n].value == value && runs[n].last == release-1 {
		runs[n].last = release
		return
	}
	h[s] = append(runs, run{value, release, release})
}

const heading = "# Written by `go run ./testdata/gen/baseline CHECKOUT` from the tags and the branch main of openimsdk/open-im-server; do not edit.\n"

// print writes a line of five fields between tabs for each run: file, key, value, first and last release.
func (h histories) print(releases []release) []byte {
	var out bytes.Buffer
	out.WriteString(heading)
	out.WriteString("# file, key, default, since, until: the last release with this default, nothing where it still holds on main\n")
	order := slices.SortedFunc(maps.Keys(h), func(a, b setting) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.key, b.key)) })
	for _, s := range order {
		for _, r := range h[s] {
			until := ""
			if r.last < len(releases)-1 {
				until = releases[r.last].name
			}
			fmt.Fprintf(&out, "%s\t%s\t%s\t%s\t%s\n", s.file, s.key, r.value, releases[r.first].name, until)
		}
	}
	return out.Bytes()
}

func printReleases(releases []release) []byte {
	var out bytes.Buffer
	out.WriteString(heading)
	for _, r := range releases {
		fmt.Fprintf(&out, "- {release: %s, date: %s, commit: %s}\n", r.name, r.date, r.commit)
	}
	return out.Bytes()
}
