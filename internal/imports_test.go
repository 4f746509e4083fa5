// Package internal holds no code of its own; this test holds the architecture.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says which of our packages each package may import, and why. What is not here is not allowed, also in
// tests.
var allowed = map[string]struct {
	imports []string
	because string
}{
	"probe":             {nil, "the library stands alone: others import it without our commands, files and formats"},
	"scenarios":         {[]string{"probe"}, "a scenario is a value of the library"},
	"internal/causes":   {[]string{"probe"}, "pages are written for the library's causes"},
	"internal/secrets":  {[]string{"probe"}, "it resolves what a plan refers to"},
	"internal/config":   {[]string{"probe"}, "it makes plans; scenario names come as an argument"},
	"internal/capture":  {[]string{"probe"}, "it turns transcripts into observations"},
	"internal/diagram":  {[]string{"probe"}, "it draws results"},
	"internal/store":    {[]string{"probe"}, "it keeps what runs tell"},
	"internal/metrics":  {[]string{"probe"}, "it counts what runs tell"},
	"internal/alert":    {[]string{"probe"}, "it reads reports; where its state is kept is its caller's business"},
	"internal/manifest": {[]string{"probe"}, "it writes files from plans"},
	"internal/report":   {[]string{"probe", "internal/causes", "internal/diagram", "internal/capture", "internal/browsertest"}, "it writes events and reads nothing else"},
	"internal/discover": {[]string{"probe", "internal/config", "internal/secrets"}, "it writes the configuration that an account has"},
	"internal/evidence": {[]string{"probe", "internal/capture", "internal/secrets"}, "it turns logs and settings of an account into evidence"},
	"internal/logging":  {[]string{"probe", "internal/capture", "internal/evidence"}, "it plans the logs that an account needs; what the account has, evidence tells"},
	"internal/doctor":   {[]string{"probe", "internal/causes", "internal/evidence", "internal/report"}, "it makes a diagnosis of what runs and accounts told; sheets and quoting are the reports'"},
	"internal/daemon": {[]string{"probe", "internal/store", "internal/metrics", "internal/alert", "internal/diagram", "internal/causes", "internal/browsertest"},
		"it runs what it is given and shows what was kept; configurations and formats come as functions"},
	"internal/browsertest": {nil, "it opens pages in the tests of those that write them"},
	"internal/sandbox":     {nil, "if it shared the fingerprints, the tests would prove the table against itself"},
	"internal/cli": {[]string{
		"probe", "scenarios", "internal/causes", "internal/secrets", "internal/config", "internal/capture", "internal/diagram",
		"internal/store", "internal/metrics", "internal/alert", "internal/manifest", "internal/report", "internal/discover",
		"internal/evidence", "internal/doctor", "internal/logging", "internal/daemon", "internal/sandbox",
	}, "it joins everything, and is the only one that joins the sandbox with the prober"},
	"cmd/probe": {[]string{"internal/cli"}, "main calls the command line and does nothing else"},
	"internal":  {nil, "only this test is here"},
}

const module = "apigwprobe/"

func TestImports(t *testing.T) {
	root := ".."
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		rule, ok := allowed[pkg]
		if !ok {
			t.Errorf("%s: package %q is not in the table of imports", rel, pkg)
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		for _, i := range parsed.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			ours, found := strings.CutPrefix(name, module)
			// A test of the package from outside imports the package itself.
			if !found || slices.Contains(rule.imports, ours) || ours == pkg && strings.HasSuffix(file, "_test.go") {
				continue
			}
			t.Errorf("%s: imports %q, but %q may import only %v: %s", rel, ours, pkg, rule.imports, rule.because)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 40 {
		t.Fatalf("walking the project: got %d Go files, want at least 40", seen)
	}
}
