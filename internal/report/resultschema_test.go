package report

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"apigwprobe/probe"
)

// The schema is that of the structs as they are.
func TestResultSchema(t *testing.T) {
	const path = "schema/result.json"
	text, err := json.MarshalIndent(newDescriber(t).document(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// Whatever is written as JSON fits the schema, a line of jsonl its part of it, and what is wrong does not.
func TestResultsFitTheirSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(ResultSchema)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(base+"result.json", document); err != nil {
		t.Fatal(err)
	}
	whole, err := c.Compile(base + "result.json")
	if err != nil {
		t.Fatal(err)
	}
	check := func(schema *jsonschema.Schema, text string) error {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(document)
	}
	for name, rep := range allReports() {
		if name == "hostile" {
			continue // whose layers are none
		}
		if err := check(whole, write(t, "json", Options{}, eventsOf(rep))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if check(whole, `{"version":1}`) == nil {
		t.Error("what is wrong got past the check, so it checks nothing")
	}
	line, err := c.Compile(base + "result.json#/$defs/Result")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for text := range strings.Lines(write(t, "jsonl", Options{}, eventsOf(contract()))) {
		lines++
		for _, wrong := range []string{"", `"verdict"`, `"at"`, `"pass"`} {
			changed := strings.Replace(text, wrong, `"x"`, 1)
			if wrong == "" {
				changed = text
			}
			if err := check(line, changed); (err == nil) != (changed == text) {
				t.Errorf("with %s replaced: got %v\n%s", wrong, err, changed)
			}
		}
	}
	if lines < 3 {
		t.Errorf("got %d lines, want those of the contract", lines)
	}
}

// describer makes a schema of types, with what the source says of them.
type describer struct {
	comments map[string]string   // of types, and of fields as Type.Field
	words    map[string][]string // of string types, their constants
	defs     map[string]any
}

// newDescriber reads the source of package probe.
func newDescriber(t *testing.T) *describer {
	t.Helper()
	d := &describer{make(map[string]string), make(map[string][]string), make(map[string]any)}
	files, err := filepath.Glob("../../probe/*.go")
	if err != nil || len(files) < 40 {
		t.Fatalf("finding package probe: got %d files, %v", len(files), err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, declared := range file.Decls {
			if g, ok := declared.(*ast.GenDecl); ok {
				for _, spec := range g.Specs {
					d.read(g, spec)
				}
			}
		}
	}
	return d
}

func (d *describer) read(g *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		d.comments[spec.Name.Name] = said(spec.Doc, g.Doc)
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					d.comments[spec.Name.Name+"."+name.Name] = said(f.Comment, f.Doc)
				}
			}
		}
	case *ast.ValueSpec:
		kind, ok := spec.Type.(*ast.Ident)
		for _, value := range spec.Values {
			if literal, isText := value.(*ast.BasicLit); ok && isText && literal.Kind == token.STRING && g.Tok == token.CONST {
				word, _ := strconv.Unquote(literal.Value) // the parser has read it
				d.words[kind.Name] = append(d.words[kind.Name], word)
			}
		}
	}
}

// said is the first of the comments that says anything, on one line.
func said(comments ...*ast.CommentGroup) string {
	for _, c := range comments {
		if text := strings.Join(strings.Fields(c.Text()), " "); text != "" {
			return text
		}
	}
	return ""
}

func (d *describer) document() map[string]any {
	top := d.object(reflect.TypeFor[probe.Report]())
	top["$schema"], top["$defs"] = "https://json-schema.org/draft/2020-12/schema", d.defs
	top["title"] = "Result of probe run"
	return top
}

// object describes a struct. Fields may be added to it, which readers ignore.
func (d *describer) object(t reflect.Type) map[string]any {
	properties, required := make(map[string]any), []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		property := d.value(f.Type, options == "")
		if comment := d.comments[t.Name()+"."+f.Name]; comment != "" {
			property["description"] = comment
		}
		properties[name] = property
		if options == "" {
			required = append(required, name)
		}
	}
	return map[string]any{"type": "object", "description": d.comments[t.Name()], "properties": properties, "required": required}
}

// value describes a type; one that may be missing stands as null only where it always stands.
func (d *describer) value(t reflect.Type, always bool) map[string]any {
	words := append([]string{""}, d.words[t.Name()]...)
	switch {
	case t.Kind() == reflect.Pointer && always:
		return map[string]any{"anyOf": []any{d.value(t.Elem(), true), map[string]any{"type": "null"}}}
	case t.Kind() == reflect.Pointer:
		return d.value(t.Elem(), true)
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[probe.Facets]():
		return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}}
	case t.Kind() == reflect.Struct:
		if d.defs[t.Name()] == nil {
			d.defs[t.Name()] = true // while it is described, it may occur in itself
			d.defs[t.Name()] = d.object(t)
		}
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": d.value(t.Elem(), true)}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": d.value(t.Elem(), true)}
	case t.Kind() == reflect.String && len(words) > 1:
		return map[string]any{"type": "string", "enum": words}
	}
	kinds := map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int64: "integer", reflect.Float64: "number",
	}
	kind, ok := kinds[t.Kind()]
	if !ok {
		panic("no schema of " + t.String() + ", only of " + strings.Join(slices.Sorted(maps.Values(kinds)), ", "))
	}
	return map[string]any{"type": kind}
}
