package report

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaOf compiles a published schema of the test data, and those that it refers to.
func schemaOf(t *testing.T, pattern, main string) *jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "schema", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("finding schemas: got %d, %v", len(files), err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, file := range files {
		text, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		document, err := jsonschema.FileLoader{}.Load("file://" + filepath.ToSlash(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+filepath.Base(file), document); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile(base + main)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

const base = "https://schemas.test/"

// valid checks every report in a format against a schema, and that the schema refuses what is wrong.
func valid(t *testing.T, schema *jsonschema.Schema, format, wrong string) {
	t.Helper()
	check := func(text string) error {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			return fmt.Errorf("reading %s: %w", format, err)
		}
		return schema.Validate(document)
	}
	for name, rep := range allReports() {
		for _, config := range []string{"", "conf/probe.yaml"} {
			t.Run(name+config, func(t *testing.T) {
				if err := check(write(t, format, Options{Where: declared(config)}, eventsOf(rep))); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if check(wrong) == nil {
		t.Error("what is wrong got past the check, so it checks nothing")
	}
}

func TestSARIFSchema(t *testing.T) {
	valid(t, schemaOf(t, "sarif-*.json", "sarif-schema-2.1.0.json"), "sarif", `{"version":"2.1.0","runs":[{"tool":{}}]}`)
}

func TestHARSchema(t *testing.T) {
	valid(t, schemaOf(t, "har/*.json", "har.json"), "har", `{"log":{"version":"1.2","creator":{"name":"probe","version":"1"},"entries":[{}]}}`)
}
