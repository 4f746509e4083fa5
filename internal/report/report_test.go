package report

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	names := []string{"table", "json", "jsonl", "junit", "sarif", "har", "markdown", "github", "tap", "html"}
	for i, name := range names {
		f, err := Find(name)
		if err != nil || f.Name != name || f.Help == "" {
			t.Errorf("Find(%q): got %q, %q, %v", name, f.Name, f.Help, err)
		}
		if got := Formats()[i].Name; got != name {
			t.Errorf("format %d: got %q, want %q", i, got, name)
		}
	}
	_, err := Find("xml")
	if want := `choosing format: got "xml", want one of ` + strings.Join(names, ", "); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}
