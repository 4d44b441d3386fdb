package specs

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// Unmarshal decodes somebody else's YAML: unknown keys are ignored, the error is the decoder's.
func Unmarshal(b []byte, into any) error { return yaml.Unmarshal(b, into) }

// DecodeYAML decodes our own YAML strictly: an unknown key, a second document or a value of the wrong kind is a mistake.
// The error is a *Problems with every mistake as "file:line: message". An empty file leaves into as it was.
func DecodeYAML(file string, b []byte, into any) error {
	root, problems := parse(file, b)
	if root != nil {
		problems = append(problems, decodeNode(file, root, into)...)
	}
	return problems.err()
}

// parse returns the root value of the only document, nil when the file is empty or not YAML.
func parse(file string, b []byte) (*yaml.Node, Problems) {
	var problems Problems
	var doc, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, yamlProblems(file, 1, err)
	}
	if err := d.Decode(&second); err == nil {
		problems.add(Position{file, second.Line}, "a second document; one file holds one")
	} else if !errors.Is(err, io.EOF) {
		problems = append(problems, yamlProblems(file, 1, err)...)
	}
	if len(doc.Content) == 0 {
		return nil, problems
	}
	return doc.Content[0], problems
}

// decodeNode decodes a value after looking for keys that its type does not know.
func decodeNode(file string, n *yaml.Node, into any) Problems {
	var problems Problems
	unknownKeys(file, n, reflect.TypeOf(into), &problems)
	if err := n.Decode(into); err != nil {
		problems = append(problems, yamlProblems(file, n.Line, err)...)
	}
	return problems
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:unmarshal errors: )?line (\d+): (.*)$`)

// yamlProblems splits the decoder's error; line is used where the decoder names none.
func yamlProblems(file string, line int, err error) Problems {
	texts := []string{err.Error()}
	if typed := (*yaml.TypeError)(nil); errors.As(err, &typed) {
		texts = typed.Errors
	}
	var problems Problems
	for _, text := range texts {
		at := Position{file, line}
		if m := yamlLine.FindStringSubmatch(text); m != nil {
			at.Line, _ = strconv.Atoi(m[1])
			text = m[2]
		}
		problems.add(at, "%s", strings.TrimPrefix(text, "yaml: "))
	}
	return problems
}

var unmarshaler = reflect.TypeFor[yaml.Unmarshaler]()

// unknownKeys walks a value beside the type that it is decoded into.
func unknownKeys(file string, n *yaml.Node, t reflect.Type, problems *Problems) {
	for t.Kind() == reflect.Pointer && !t.Implements(unmarshaler) {
		t = t.Elem()
	}
	if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind == yaml.SequenceNode && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		for _, item := range n.Content {
			unknownKeys(file, item, t.Elem(), problems)
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Map:
		for i := 1; i < len(n.Content); i += 2 {
			unknownKeys(file, n.Content[i], t.Elem(), problems)
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		known := fieldsOf(t)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if field, ok := known[key.Value]; ok {
				unknownKeys(file, n.Content[i+1], field, problems)
			} else if key.Value != "<<" {
				problems.add(Position{file, key.Line}, "unknown key %q%s", key.Value, suggest(key.Value, known))
			}
		}
	}
}

// knownFields are the answers of fieldsOf by type: thousands of values are of a dozen types.
var knownFields sync.Map

// fieldsOf returns the types of a struct's fields by their YAML names; the map is not to be changed.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	known, ok := knownFields.Load(t)
	if !ok {
		known, _ = knownFields.LoadOrStore(t, readFields(t))
	}
	return known.(map[string]reflect.Type)
}

func readFields(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if strings.Contains(options, "inline") && f.Type.Kind() == reflect.Struct {
			for k, v := range fieldsOf(f.Type) {
				fields[k] = v
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if name != "-" && f.IsExported() {
			fields[name] = f.Type
		}
	}
	return fields
}
