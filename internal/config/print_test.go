package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	text, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := load(t, string(text)).Print(&out, "prod"); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/good/full.txt", strings.ReplaceAll(out.String(), here, "DIR"))
}
