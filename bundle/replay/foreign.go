package replay

import (
	"bytes"
	"encoding/json"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/imbundle/imbundle/bundle"
)

// Limits of what is kept in memory of a foreign bundle.
const (
	largestForeign = 128 << 20 // of one list
	allForeign     = 512 << 20 // of all lists
)

// foreign gathers the lists of objects of a bundle that has no layout of ours: of the troubleshoot project, of kubectl
// cluster-info dump, of a folder with the output of kubectl get -o json.
type foreign struct {
	found []foundObject
	size  int
	over  []string // entries that were too large
}

type foundObject struct {
	typed
	object
	folder string // what the entry says of the kind
}

func newForeign() *foreign { return &foreign{} }

// visit looks at one entry. Of a cut bundle of ours only the names are wanted.
func (f *foreign) visit(own bool) bundle.Visit {
	return func(_ int, file *bundle.File) error {
		if own || path.Ext(file.Name) != ".json" {
			return nil
		}
		if file.Size > largestForeign || f.size > allForeign {
			f.over = append(f.over, file.Name)
			return nil
		}
		text, err := io.ReadAll(io.LimitReader(file, largestForeign))
		if err != nil {
			return err
		}
		f.take(file.Name, text)
		return nil
	}
}

// take keeps the objects of a list. What is no list, or ends in the middle, gives what it has.
func (f *foreign) take(name string, text []byte) {
	folder := strings.TrimSuffix(path.Base(name), ".json")
	if rest, ok := strings.CutPrefix(name, "cluster-resources/"); ok && strings.Contains(rest, "/") {
		folder = path.Base(path.Dir(name))
	}
	if folder == "resources" || folder == "groups" {
		return // the troubleshoot project's discovery
	}
	_ = readList(bytes.NewReader(text), func(t typed, o object) error {
		if o.meta.Name != "" {
			f.found = append(f.found, foundObject{t, o, folder})
			f.size += len(o.raw)
		}
		return nil
	})
}

// takeForeign puts the objects on shelves by what they say of themselves; the folder's name helps where they say nothing.
func (c *Cluster) takeForeign(f *foreign) {
	for _, o := range f.found {
		res := c.foreignKind(o)
		if res == nil {
			continue
		}
		s := c.shelf(res, o.meta.Namespace)
		raw, err := withKind(o.raw, res)
		if err != nil {
			continue
		}
		o.raw = raw
		s.held = append(s.held, o.object)
	}
	for _, name := range f.over {
		c.gaps[name] = bundle.Gap{Entry: name, Reason: bundle.Budget, Detail: "the list is too large to be served from a foreign bundle"}
	}
	for _, of := range c.shelves {
		for _, s := range of {
			slices.SortStableFunc(s.held, func(a, b object) int { return strings.Compare(a.meta.Name, b.meta.Name) })
			s.held = slices.CompactFunc(s.held, func(a, b object) bool { return a.meta.Name == b.meta.Name })
		}
	}
	c.at = newest(f.found)
}

func (c *Cluster) foreignKind(o foundObject) *resource {
	if o.Kind == "" || o.Kind == "List" {
		return standardPlural(o.folder)
	}
	group, version, grouped := strings.Cut(o.APIVersion, "/")
	if !grouped {
		group, version = "", o.APIVersion
	}
	if r := standardKind(group, o.Kind); r != nil {
		return r
	}
	r := &resource{group: group, version: version, plural: pluralOf(o.Kind), kind: o.Kind, namespaced: o.meta.Namespace != ""}
	if known := c.kinds[r.key()]; known != nil {
		return known
	}
	if version == "" {
		return nil
	}
	c.kinds[r.key()] = r
	return r
}

// custom is a custom resource by the name of its folder, plural.group.
func custom(folder string, of typed, namespaced bool) *resource {
	plural, group, ok := strings.Cut(folder, ".")
	_, version, versioned := strings.Cut(of.APIVersion, "/")
	if !ok || !versioned || of.Kind == "" {
		return nil
	}
	return &resource{group: group, version: version, plural: plural, kind: of.Kind, namespaced: namespaced}
}

// withKind fills in what the elements of a list often leave out.
func withKind(raw json.RawMessage, res *resource) (json.RawMessage, error) {
	var of typed
	if json.Unmarshal(raw, &of) == nil && of.Kind != "" {
		return raw, nil
	}
	o, err := decode(raw)
	if err != nil {
		return nil, err
	}
	o["apiVersion"], o["kind"] = res.gv(), res.kind
	return json.Marshal(o)
}

// newest is the latest time that the objects tell of anything: a snapshot without a date is not older than that.
func newest(found []foundObject) time.Time {
	var at time.Time
	for _, o := range found {
		for _, m := range stamps.FindAllSubmatch(o.raw, -1) {
			if t, err := time.Parse(time.RFC3339, string(m[2])); err == nil && t.After(at) && !future[string(m[1])] {
				at = t
			}
		}
	}
	return at
}

// future are times that lie ahead of a snapshot.
var future = map[string]bool{"expirationTimestamp": true, "deletionTimestamp": true, "notAfterTime": true}
