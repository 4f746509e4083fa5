package config

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scenarios stands in for the catalogue.
var scenarios = []string{"unsigned", "sigv4", "outsider", "default-endpoint", "missing-api-key", "expired-signature"}

// memory reads the given text as probe.yaml, and every other file from testdata.
func memory(text string) Options {
	return Options{Scenarios: scenarios, ReadFile: func(path string) ([]byte, error) {
		if path == "probe.yaml" {
			return []byte(text), nil
		}
		return os.ReadFile(filepath.Join("testdata", path))
	}}
}

func load(t *testing.T, text string) *File {
	t.Helper()
	f, err := Load("probe.yaml", memory(text))
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return f
}

// golden compares got with the file, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestMistakes holds, for each rule, a configuration that breaks it and everything that is said of it.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("finding configurations: got %d, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load("probe.yaml", memory(string(text)))
			var mistakes *Error
			if !errors.As(err, &mistakes) || len(mistakes.Mistakes) == 0 {
				t.Fatalf("loading: got %v, want an *Error", err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load("testdata/nowhere.yaml", Options{})
	if got, want := errorText(err), "testdata/nowhere.yaml: reading the configuration: no such file or directory"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = Load("probe.yaml", Options{ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist }})
	if got, want := errorText(err), "probe.yaml: reading the configuration: no such file"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
