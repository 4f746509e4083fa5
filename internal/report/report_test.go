package report

import "testing"

func TestFind(t *testing.T) {
	for i, name := range []string{"table", "json", "jsonl", "junit"} {
		f, err := Find(name)
		if err != nil || f.Name != name || f.Help == "" {
			t.Errorf("Find(%q): got %q, %q, %v", name, f.Name, f.Help, err)
		}
		if got := Formats()[i].Name; got != name {
			t.Errorf("format %d: got %q, want %q", i, got, name)
		}
	}
	_, err := Find("xml")
	if want := `choosing format: got "xml", want one of table, json, jsonl, junit`; err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}
