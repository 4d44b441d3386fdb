package settings

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	deepest  = 64
	longest  = 1000 // name of a key, with those above it
	mostKeys = 20_000
	mostRead = 4 * mostKeys // values: aliases of aliases are many without being keys
)

// reader flattens one file.
type reader struct {
	file, where string
	found       []*Setting
	errs        []error
	read        int
	full        bool // nothing more is read
}

// read flattens a file of YAML, or JSON, which is YAML.
func read(file, where string, text []byte) ([]*Setting, []error) {
	r := &reader{file: file, where: where}
	var doc yaml.Node
	if err := parse(text, &doc); err != nil {
		line, text := lineOf(err)
		r.fail(line, "", text)
		return nil, r.errs
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		r.fail(root.Line, "", "keys with values were expected")
		return nil, r.errs
	}
	r.mapping(root, "", 0)
	return r.found, r.errs
}

// parse turns a panic of the parser, which foreign files have provoked in the past, into an error.
func parse(text []byte, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it is no YAML: %v", p)
		}
	}()
	return yaml.Unmarshal(text, into)
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// yamlAnchor is the only piece of a file that the parser quotes: a password that begins with * or & passes for one.
var yamlAnchor = regexp.MustCompile(`anchor '[^']*'`)

// lineOf splits the parser's error, and leaves out what it quotes of the file.
func lineOf(err error) (line int, text string) {
	first, _, _ := strings.Cut(err.Error(), "\n")
	m := yamlLine.FindStringSubmatch(first)
	line, _ = strconv.Atoi(m[1])
	return line, yamlAnchor.ReplaceAllString(m[2], "anchor")
}

func (r *reader) fail(line int, key, text string) {
	r.errs = append(r.errs, &Error{File: r.file, Where: r.where, Line: line, Key: shortened(key), Text: text})
}

// enter counts a value, and refuses it when there were too many, or it lies too deep.
func (r *reader) enter(line int, key string, depth int) bool {
	r.read++
	switch {
	case r.full:
		return false
	case r.read > mostRead || len(r.found) >= mostKeys:
		r.full = true
		r.fail(line, "", fmt.Sprintf("more than %d keys: the rest was not read", mostKeys))
		return false
	case depth > deepest || len(key) > longest:
		r.full = true
		r.fail(line, key, "is nested too deep: it was not read, nor what follows")
		return false
	}
	return true
}

func (r *reader) add(line int, key string, list bool, values []string) {
	r.found = append(r.found, &Setting{File: r.file, Key: key, Value: Value{Values: values, List: list, Origin: Origin{r.where, line}}})
}

func (r *reader) value(n *yaml.Node, key string, line, depth int) {
	if !r.enter(line, key, depth) {
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		r.value(n.Alias, key, line, depth+1)
	case yaml.MappingNode:
		r.mapping(n, key, depth)
	case yaml.SequenceNode:
		r.sequence(n, key, line, depth)
	case yaml.ScalarNode:
		r.add(line, key, false, scalar(n))
	}
}

// scalar is empty for null and for an empty text.
func scalar(n *yaml.Node) []string {
	if n.Tag == "!!null" || n.Value == "" {
		return nil
	}
	return []string{n.Value}
}

// mapping reads the pairs of a mapping. One whose key stands there twice stops OpenIM from starting, so it is told.
func (r *reader) mapping(n *yaml.Node, prefix string, depth int) {
	if len(n.Content) == 0 && prefix != "" {
		r.add(n.Line, prefix, false, nil)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if name.Tag == "!!merge" {
			r.merge(value, prefix, depth)
			continue
		}
		if line, twice := seen[name.Value]; twice {
			r.fail(name.Line, name.Value, fmt.Sprintf("stands in line %d already", line))
		}
		seen[name.Value] = name.Line
		r.value(value, joined(prefix, name.Value), name.Line, depth+1)
	}
}

// merge reads what "<<" takes over as if it stood here.
func (r *reader) merge(n *yaml.Node, prefix string, depth int) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if !r.enter(n.Line, prefix, depth) {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		r.mapping(n, prefix, depth+1)
	case yaml.SequenceNode:
		for _, one := range n.Content {
			r.merge(one, prefix, depth+1)
		}
	}
}

// sequence keeps a list of scalars together; of other lists each element has its index as a level.
func (r *reader) sequence(n *yaml.Node, key string, line, depth int) {
	values := []string{}
	for _, one := range n.Content {
		if one.Kind == yaml.AliasNode {
			one = one.Alias
		}
		if one.Kind != yaml.ScalarNode {
			values = nil
			break
		}
		values = append(values, one.Value)
	}
	if values != nil {
		r.add(line, key, true, values)
		return
	}
	for i, one := range n.Content {
		r.value(one, joined(key, strconv.Itoa(i)), one.Line, depth+1)
	}
}

func joined(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// shortened keeps a message one line whatever a file's key is.
func shortened(key string) string {
	if len(key) > 60 {
		return key[:60] + "…"
	}
	return key
}
