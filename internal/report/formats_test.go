package report

import (
	"testing"
	"unicode"
)

// files are the formats that are written when the run ends, for other programs.
var files = []string{"junit", "sarif", "har", "markdown", "github", "tap"}

// looked are the reports of which each of these formats has a golden file.
var looked = []string{"contract", "accepted", "hostile", "nothing", "flaky", "compared"}

func TestFiles(t *testing.T) {
	for _, format := range files {
		for _, name := range looked {
			t.Run(format+"-"+name, func(t *testing.T) {
				golden(t, name+"."+format, write(t, format, Options{Where: declared("conf/probe.yaml")}, eventsOf(allReports()[name])))
			})
		}
	}
}

// Whatever the other side says, only visible characters are written.
func TestFilesShowNoControlCharacter(t *testing.T) {
	for _, format := range files {
		for _, r := range write(t, format, Options{}, eventsOf(hostile())) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%s: got %U, want printable characters only", format, r)
			}
		}
	}
}

// declared plays a configuration in which routes stand below their APIs; "": there is none.
func declared(file string) func(api, route string) (string, int) {
	if file == "" {
		return nil
	}
	return func(api, route string) (string, int) { return file, 1 + 10*len(api) + len(route) }
}
