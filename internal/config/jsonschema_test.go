package config

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled is the schema as an editor reads it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(JSONSchema(Options{Scenarios: scenarios}))
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("config.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("config.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// configurations are all that the project has, good and bad, by where they stand.
func configurations(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, pattern := range []string{"testdata/*/*.yaml", "../../config.example.yaml", "../cli/testdata/script/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("finding %s: got %d, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) != ".txtar" {
				found[file] = string(text)
				continue
			}
			for _, f := range txtar.Parse(text).Files {
				if filepath.Ext(f.Name) == ".yaml" {
					found[file+" "+f.Name] = string(f.Data)
				}
			}
		}
	}
	return found
}

// tooMuch matches what is said of keys and kinds that are nowhere right, which a schema can say, too.
var tooMuch = regexp.MustCompile(`unknown key|got (a list|a mapping|nothing|a string), want (a mapping|a list|a single|\{)`)

// TestJSONSchema holds the schema to the loader: it takes every configuration that loads, and refuses those in which the
// loader finds unknown keys or values of the wrong kind.
func TestJSONSchema(t *testing.T) {
	schema := compiled(t)
	good, bad := 0, 0
	all := configurations(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		wrong := new(notes)
		document := source{path: name, text: []byte(all[name])}.parse(wrong)
		if document == nil {
			continue // no YAML
		}
		opts := memory(all[name])
		opts.Scenarios = nil
		_, err := Load("probe.yaml", opts)
		said := schema.Validate(asJSON(document))
		var mistakes *Error
		switch {
		case err == nil && said != nil:
			t.Errorf("%s loads, and the schema refuses it: %v", name, said)
		case err == nil:
			good++
		case errors.As(err, &mistakes) && tooMuch.MatchString(err.Error()):
			bad++
			if said == nil {
				t.Errorf("the schema takes %s, of which the loader says %v", name, err)
			}
		}
	}
	if good < 10 || bad < 15 {
		t.Errorf("got %d good and %d bad configurations, want more", good, bad)
	}
}

// asJSON is a value as JSON has it.
func asJSON(v *value) any {
	switch v.kind {
	case nothing:
		return nil
	case boolean:
		return strings.EqualFold(v.text, "true")
	case number:
		if json.Valid([]byte(v.text)) {
			return json.Number(v.text)
		}
		return json.Number("0") // such as 007, which only JSON has no word for
	case list:
		items := []any{}
		for _, item := range v.items {
			items = append(items, asJSON(item))
		}
		return items
	case mapping:
		fields := make(map[string]any)
		for _, f := range v.fields {
			fields[f.name] = asJSON(f.value)
		}
		return fields
	default:
		return v.text
	}
}

// TestJSONSchemaRefuses holds the schema to what it says of scalars.
func TestJSONSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	const good = `{"version": 1, "environments": {"prod": {"apis": [{"name": "orders", "id": "a1b2c3d4e5", "region": "eu-west-1", "stage": "prod",
"type": "REST", "waf": true, "rate": 5, "routes": [{"request": "GET /orders", "authorization": "NONE", "success": 200, "query": {"a": ["1"]},
"headers": {"X-A": {"env": "A"}, "X-B": "b"}, "expect": {"unsigned": {"layer": "route", "status": [404]}}}]}]}}}`
	check := func(text string) error {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(document)
	}
	if err := check(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{`"version": 1`, `"version": 2`}, {`"REST"`, `"rest"`}, {`"waf": true`, `"waf": "yes"`}, {`"rate": 5`, `"rate": 0`},
		{`"rate": 5`, `"rate": "5"`}, {`"NONE"`, `"OPEN"`}, {`200`, `99`}, {`200`, `200.5`}, {`200`, `[]`}, {`"eu-west-1"`, `"Dublin"`},
		{`"stage": "prod"`, `"stages": "prod"`}, {`"layer": "route"`, `"layer": "router"`}, {`"unsigned"`, `"unsinged"`},
		{`{"env": "A"}`, `{"environment": "A"}`}, {`{"env": "A"}`, `["A"]`}, {`"prod": {`, `"p r o d": {`}, {`, "authorization": "NONE"`, ``},
	} {
		if text := strings.Replace(good, c[0], c[1], 1); text == good || check(text) == nil {
			t.Errorf("got %s in place of %s past the schema", c[1], c[0])
		}
	}
}

// TestKeysHaveHelp holds every key to being explained.
func TestKeysHaveHelp(t *testing.T) {
	for _, k := range schema {
		if k.help == "" || strings.HasSuffix(k.help, ".") {
			t.Errorf("key %q: got the help %q, want a few words", k.name, k.help)
		}
	}
}
