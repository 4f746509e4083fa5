package report

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// drawn are the reports whose diagrams are looked at.
var drawn = []string{"open", "ambiguous", "control-failed", "stopped", "unicode", "hostile"}

func TestDiagram(t *testing.T) {
	for _, name := range drawn {
		t.Run(name, func(t *testing.T) {
			draw := func(o Options) string {
				p := &page{Options: o}
				p.diagrams(reports()[name].Results)
				return p.String()
			}
			for _, width := range []int{80, 120} {
				got := draw(Options{Width: width})
				golden(t, "diagram/"+name+"-"+strconv.Itoa(width), got)
				for line := range strings.Lines(got) {
					line = strings.TrimSuffix(line, "\n")
					if n := columnsOf(line); n > width {
						t.Errorf("got a line of %d columns, want at most %d: %q", n, width, line)
					}
				}
				for _, r := range got {
					if r != '\n' && !unicode.IsPrint(r) {
						t.Fatalf("got %U, want printable characters only", r)
					}
				}
			}
			colored := draw(Options{Width: 80, Color: true})
			golden(t, "diagram/"+name+"-color", colored)
			for _, s := range []style{bold, dim, red, green, yellow} {
				colored = strings.ReplaceAll(colored, "\x1b["+string(s)+"m", "")
			}
			colored = strings.ReplaceAll(colored, "\x1b[0m", "")
			if want := draw(Options{Width: 80}); colored != want {
				t.Errorf("without its colours the diagram says something else:\n%s\nwant:\n%s", colored, want)
			}
		})
	}
}

func TestDiagramsAreUsed(t *testing.T) {
	files, err := filepath.Glob("testdata/diagram/*.golden")
	if want := 3 * len(drawn); err != nil || len(files) != want {
		t.Errorf("finding golden files: got %d, %v, want %d", len(files), err, want)
	}
}
