package specs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

// Set is everything that was loaded. It is read-only after Load and safe for concurrent use.
type Set struct {
	Causes     map[string]*Cause
	Rules      []*Rule // in order of file name, then of the file; a replaced stanza keeps its place
	Hops       []*Hop  // in the order in which a message meets them; those below the path last
	Roles      []*Role
	Redactions []*Redaction
	Queries    []*Query
	Baseline   Baseline
	Digest     string // SHA-256 in hex over every file that was read, embedded and overlaid
	Layers     []*Layer
	Guide      []*Step        // in the order of the guide
	Muted      []*Suppression // of overlays; the product has none

	roles map[string]*Role // by lower-case name of any kind
}

// ErrNoSpecs is an overlay without anything in it that would be read.
var ErrNoSpecs = errors.New("there is no spec file in it: rules/*.yaml, causes.yaml or suppress.yaml")

// Load reads the embedded specs, then each overlay directory in order. An error of decoding is a *Problems with every mistake
// of every file; an overlay that cannot be read is an error of its own. Load does not lint: see Lint and Test.
func Load(overlay ...string) (*Set, error) {
	layers := []fs.FS{embedded}
	names := []string{"specs"}
	for _, dir := range overlay {
		layers = append(layers, os.DirFS(dir))
		names = append(names, dir)
	}
	set := &Set{Causes: map[string]*Cause{}}
	digest := sha256.New()
	var problems Problems
	for i, layer := range layers {
		files, err := readLayer(layer, names[i], i > 0)
		if err != nil {
			return nil, fmt.Errorf("reading specs %q: %w", names[i], err)
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("reading specs %q: %w", names[i], ErrNoSpecs)
		}
		for _, f := range files {
			fmt.Fprintf(digest, "%d %s %d\n", i, f.name, len(f.body))
			digest.Write(f.body)
			problems = append(problems, f.problems...)
		}
		problems = append(problems, set.merge(files)...)
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	set.Digest = hex.EncodeToString(digest.Sum(nil))
	set.indexRoles()
	return set, nil
}

// file is one spec file and its stanzas; only one of the lists is filled.
type file struct {
	name       string // relative to its layer
	path       string // as shown to a person
	over       bool   // of an overlay
	body       []byte
	causes     []*Cause
	rules      []*Rule
	hops       []*Hop
	roles      []*Role
	redactions []*Redaction
	queries    []*Query
	baseline   Baseline
	layers     []*Layer
	steps      []*Step
	muted      []*Suppression
	problems   Problems
}

// extensions are those of files that are read; "yml" is how others end theirs.
var extensions = []string{".yaml", ".yml", ".tsv"}

// readLayer reads and decodes the files of one directory, several at a time; the result is sorted by name.
func readLayer(layer fs.FS, shown string, over bool) ([]*file, error) {
	var files []*file
	err := fs.WalkDir(layer, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !slices.Contains(extensions, path.Ext(name)) {
			return err
		}
		body, err := fs.ReadFile(layer, name)
		files = append(files, &file{name: name, path: path.Join(shown, name), over: over, body: body})
		return err
	})
	if err != nil {
		return nil, err
	}
	var work sync.WaitGroup
	for _, f := range files {
		work.Go(f.decode)
	}
	work.Wait()
	return files, nil
}

// decode fills the list that the file's name stands for.
func (f *file) decode() {
	switch {
	case path.Dir(f.name) == "rules":
		f.rules = stanzas(f, func(r *Rule, at Position) { r.At, r.Over = at, f.over })
	case f.name == "causes.yaml":
		f.decodeCauses()
	case f.name == "pipeline.yaml":
		f.hops = stanzas(f, func(h *Hop, at Position) { h.At = at })
	case f.name == "roles.yaml":
		f.roles = stanzas(f, func(r *Role, at Position) { r.At = at })
	case f.name == "redact.yaml":
		f.redactions = stanzas(f, func(r *Redaction, at Position) { r.At = at })
	case f.name == "metrics.yaml":
		f.queries = stanzas(f, func(q *Query, at Position) { q.At = at })
	case strings.HasPrefix(f.name, "baseline/"):
		f.decodeBaseline()
	case f.name == "layers.yaml":
		f.layers = stanzas(f, func(l *Layer, at Position) { l.At = at })
	case f.name == "guide.yaml":
		f.steps = stanzas(f, func(s *Step, at Position) { s.At = at })
	case f.name == "suppress.yaml":
		f.muted = stanzas(f, func(m *Suppression, at Position) { m.At = at })
	case f.name == "collect.yaml":
	default:
		known := map[string]bool{
			"causes.yaml": true, "pipeline.yaml": true, "roles.yaml": true, "redact.yaml": true, "metrics.yaml": true,
			"layers.yaml": true, "guide.yaml": true, "suppress.yaml": true, "collect.yaml": true, "rules/" + path.Base(f.name): true,
		}
		f.problems.add(Position{f.path, 1}, "unknown spec file%s (rules stand in the folder rules)", suggest(f.name, known))
	}
}

// stanzas decodes a file that is a list, one stanza at a time, so that one broken stanza hides no other's mistakes.
func stanzas[T any](f *file, place func(*T, Position)) []*T {
	root, problems := parse(f.path, f.body)
	f.problems = append(f.problems, problems...)
	if root == nil {
		return nil
	}
	if len(root.Tag) == 0 || root.Tag != "!!seq" {
		f.problems.add(Position{f.path, root.Line}, "a list of stanzas is wanted here, each beginning with \"- id:\"")
		return nil
	}
	list := make([]*T, 0, len(root.Content))
	for _, n := range root.Content {
		stanza := new(T)
		f.problems = append(f.problems, decodeNode(f.path, n, stanza)...)
		place(stanza, Position{f.path, n.Line})
		list = append(list, stanza)
	}
	return list
}

// decodeCauses decodes causes.yaml, a map from slug to cause.
func (f *file) decodeCauses() {
	root, problems := parse(f.path, f.body)
	f.problems = append(f.problems, problems...)
	if root == nil {
		return
	}
	if root.Tag != "!!map" {
		f.problems.add(Position{f.path, root.Line}, "a map from slug to cause is wanted here")
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		c := &Cause{Slug: key.Value, At: Position{f.path, key.Line}}
		f.problems = append(f.problems, decodeNode(f.path, value, c)...)
		f.causes = append(f.causes, c)
	}
}

// merge adds the stanzas of one layer, replacing those of earlier layers; within a layer an id may occur once.
func (s *Set) merge(files []*file) Problems {
	var problems Problems
	var causes []*Cause
	var rules []*Rule
	var hops []*Hop
	var roles []*Role
	var redactions []*Redaction
	var queries []*Query
	var layers []*Layer
	var muted []*Suppression
	for _, f := range files {
		layers, muted = append(layers, f.layers...), append(muted, f.muted...)
		s.Guide = append(s.Guide, f.steps...)
		causes = append(causes, f.causes...)
		rules = append(rules, f.rules...)
		hops = append(hops, f.hops...)
		roles = append(roles, f.roles...)
		redactions = append(redactions, f.redactions...)
		queries = append(queries, f.queries...)
		s.Baseline.over(f.baseline, &problems)
	}
	for _, c := range unique(nil, causes, func(c *Cause) (string, Position) { return c.Slug, c.At }, &problems) {
		s.Causes[c.Slug] = c
	}
	s.Rules = unique(s.Rules, rules, func(r *Rule) (string, Position) { return r.ID, r.At }, &problems)
	s.Hops = unique(s.Hops, hops, func(h *Hop) (string, Position) { return h.ID, h.At }, &problems)
	s.Roles = unique(s.Roles, roles, func(r *Role) (string, Position) { return r.ID, r.At }, &problems)
	s.Redactions = unique(s.Redactions, redactions, func(r *Redaction) (string, Position) { return r.ID, r.At }, &problems)
	s.Queries = unique(s.Queries, queries, func(q *Query) (string, Position) { return q.ID, q.At }, &problems)
	s.Layers = unique(s.Layers, layers, func(l *Layer) (string, Position) { return l.ID, l.At }, &problems)
	s.Muted = unique(s.Muted, muted, func(m *Suppression) (string, Position) { return m.ID, m.At }, &problems)
	return problems
}

// Layer is the layer of that id; the zero Layer when there is none.
func (s *Set) Layer(id string) Layer {
	for _, l := range s.Layers {
		if l.ID == id {
			return *l
		}
	}
	return Layer{}
}

// Wants lists the kinds of data that show a cause, the most telling first.
func (s *Set) Wants(c *Cause) []string {
	if len(c.Wants) > 0 {
		return c.Wants
	}
	return s.Layer(c.Layer).Wants
}

// unique puts the stanzas of a new layer over the old ones.
func unique[T any](old, layer []*T, key func(*T) (string, Position), problems *Problems) []*T {
	place := make(map[string]int, len(old))
	for i, stanza := range old {
		id, _ := key(stanza)
		place[id] = i
	}
	merged, seen := slices.Grow(slices.Clone(old), len(layer)), make(map[string]Position, len(layer))
	for _, stanza := range layer {
		id, at := key(stanza)
		if first, twice := seen[id]; twice {
			problems.add(at, "id %q is already used at %s", id, first)
			continue
		}
		seen[id] = at
		if i, replaces := place[id]; replaces {
			merged[i] = stanza
		} else {
			merged = append(merged, stanza)
		}
	}
	return merged
}
