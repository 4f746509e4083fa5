package config

import (
	"os"
	"regexp"
	"testing"
)

// TestExample holds the user's first file to being right and to naming every key that there is.
func TestExample(t *testing.T) {
	const path = "../../config.example.yaml"
	f, err := Load(path, Options{Scenarios: scenarios})
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 {
		t.Errorf("warnings: got %q, want none", f.Warnings)
	}
	for _, environment := range []string{"first-steps", "lab"} { // prod has a client certificate that is not there
		plan(t, f, environment)
	}
	if p := plan(t, f, "first-steps"); p.APIs[0].Name != "orders" {
		t.Errorf("api: got %q, want orders", p.APIs[0].Name)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range schema {
		if !regexp.MustCompile(`(?m)(^|[ {])` + k.name + `:( |$)`).Match(text) {
			t.Errorf("%s: got no %q, want every key of the schema", path, k.name)
		}
	}
}

// TestSchema holds the table to being unambiguous and complete.
func TestSchema(t *testing.T) {
	for o := topLevel; o <= inReference; o <<= 1 {
		if objectRules[o].name == "" {
			t.Errorf("object %b: got no name, want one for messages", o)
		}
		seen := make(map[string]bool)
		for _, k := range keysOf(o) {
			if seen[k.name] {
				t.Errorf("%s: got key %q twice, want it once", objectRules[o].name, k.name)
			}
			seen[k.name] = true
			if k.must&^k.in != 0 {
				t.Errorf("key %q: it must stand where it may not", k.name)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s: got no keys", objectRules[o].name)
		}
	}
}
