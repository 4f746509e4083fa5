package config

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad holds Load to saying what is wrong with whatever it gets, and a configuration that it lets pass to having
// plans.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*/*.yaml", "../../config.example.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("finding seeds in %s: got %d, %v", pattern, len(files), err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Load("probe.yaml", Options{Scenarios: scenarios, ReadFile: func(path string) ([]byte, error) {
			if path == "probe.yaml" {
				return text, nil
			}
			return nil, fs.ErrNotExist
		}})
		if err != nil {
			var mistakes *Error
			if !errors.As(err, &mistakes) || len(mistakes.Mistakes) == 0 {
				t.Fatalf("loading: got %v, want an *Error", err)
			}
			return
		}
		if len(file.Environments()) == 0 {
			t.Fatal("environments: got none, want at least one")
		}
		for _, environment := range file.Environments() {
			var mistakes *Error
			p, err := file.Plan(environment)
			if err != nil && !errors.As(err, &mistakes) || err == nil && len(p.APIs) == 0 {
				t.Fatalf("planning: got %d apis, %v", len(p.APIs), err)
			}
			if err := file.Print(io.Discard, environment); err != nil {
				t.Fatal(err)
			}
		}
	})
}
