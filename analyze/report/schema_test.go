package report_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/imbundle/imbundle/analyze"
	"github.com/imbundle/imbundle/analyze/report"
)

const schemaFile = "../../docs/report.schema.json"

// The published schema is printed from the types and their comments; a difference fails.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	s := schema{defs: map[string]any{}, docs: comments(t, "../result.go", "../../specs/types.go")}
	root := s.object(reflect.TypeFor[analyze.Report]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = analyze.Schema
	root["title"] = "Report of imbundle analyze -o json. Fields are only added, never renamed or removed."
	root["$defs"] = s.defs
	root["properties"].(map[string]any)["schema"] = map[string]any{"const": analyze.Schema}

	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s differs from the types (rewrite with -update)", filepath.Base(schemaFile))
	}
}

// What is printed has exactly the keys of the published schema: none unknown, none of the required ones absent.
func TestJSONHasTheKeysOfTheSchema(t *testing.T) {
	b, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(b, &root); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*analyze.Report{"broken": broken(), "unknown": unknown(), "zero": {}} {
		var out bytes.Buffer
		if err := report.JSON(&out, r); err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		conforms(t, name, root, root, doc)
	}
}

// conforms compares the keys of doc with the part of the schema that describes it.
func conforms(t *testing.T, at string, root, part map[string]any, doc any) {
	t.Helper()
	if ref, ok := part["$ref"].(string); ok {
		part = root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	switch doc := doc.(type) {
	case map[string]any:
		known, described := part["properties"].(map[string]any)
		if !described {
			return
		}
		for _, key := range part["required"].([]any) {
			if _, ok := doc[key.(string)]; !ok {
				t.Errorf("%s: required key %q is absent", at, key)
			}
		}
		for key, v := range doc {
			sub, ok := known[key].(map[string]any)
			if !ok {
				t.Errorf("%s: key %q is not in the schema", at, key)
				continue
			}
			conforms(t, at+"."+key, root, sub, v)
		}
	case []any:
		if part["type"] != "array" {
			t.Errorf("%s: a list, but the schema says %v", at, part["type"])
			return
		}
		for _, v := range doc {
			conforms(t, at+"[]", root, part["items"].(map[string]any), v)
		}
	case nil:
		t.Errorf("%s: null", at)
	}
}

// schema collects the definitions of the types that it meets.
type schema struct {
	defs map[string]any
	docs map[string]string // "Type" and "Type.Field"
}

func (s schema) of(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem())
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": s.of(t.Elem())}
	case t.Kind() == reflect.Struct:
		if _, done := s.defs[t.Name()]; !done {
			s.defs[t.Name()] = nil
			s.defs[t.Name()] = s.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return map[string]any{"type": "integer"}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object"}
	}
	return map[string]any{}
}

func (s schema) object(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		p := s.of(f.Type)
		if doc := s.docs[t.Name()+"."+f.Name]; doc != "" {
			p["description"] = doc
		}
		properties[name] = p
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	o := map[string]any{"type": "object", "properties": properties, "required": required}
	if doc := s.docs[t.Name()]; doc != "" {
		o["description"] = doc
	}
	return o
}

// comments reads the comments of types and fields from source files.
func comments(t *testing.T, paths ...string) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				return true
			}
			typ := decl.Specs[0].(*ast.TypeSpec)
			docs[typ.Name.Name] = flat(decl.Doc)
			if fields, ok := typ.Type.(*ast.StructType); ok {
				for _, f := range fields.Fields.List {
					for _, name := range f.Names {
						docs[typ.Name.Name+"."+name.Name] = strings.TrimSpace(flat(f.Doc) + " " + flat(f.Comment))
					}
				}
			}
			return true
		})
	}
	return docs
}

func flat(c *ast.CommentGroup) string { return strings.Join(strings.Fields(c.Text()), " ") }
