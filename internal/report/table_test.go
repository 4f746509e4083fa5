package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"apigwprobe/probe"
)

func TestTable(t *testing.T) {
	for name, rep := range reports() {
		for _, width := range []int{80, 120} {
			t.Run(fmt.Sprintf("%s-%d", name, width), func(t *testing.T) {
				got := write(t, "table", Options{Width: width}, eventsOf(rep))
				golden(t, fmt.Sprintf("%s-%d", name, width), got)
				for line := range strings.Lines(got) {
					line = strings.TrimSuffix(line, "\n")
					if n := columnsOf(line); n > width {
						t.Errorf("got a line of %d columns, want at most %d: %q", n, width, line)
					}
					if strings.TrimRight(line, " ") != line {
						t.Errorf("got a line that ends in spaces: %q", line)
					}
				}
			})
		}
	}
}

func TestTableInColor(t *testing.T) {
	for _, name := range []string{"open", "pass", "hostile"} {
		t.Run(name, func(t *testing.T) {
			rep := reports()[name]
			got := write(t, "table", Options{Width: 80, Color: true}, eventsOf(rep))
			golden(t, name+"-color", got)
			for _, s := range []style{bold, dim, red, green, yellow} {
				got = strings.ReplaceAll(got, "\x1b["+string(s)+"m", "")
			}
			got = strings.ReplaceAll(got, "\x1b[0m", "")
			if want := write(t, "table", Options{Width: 80}, eventsOf(rep)); got != want {
				t.Errorf("without its colours the table says something else:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// Whatever the other side says, only visible characters reach the terminal.
func TestTableShowsNoControlCharacter(t *testing.T) {
	events := append(eventsOf(hostile()), probe.Opened{API: evil, Route: evil, Access: evil, Scenario: evil})
	for _, width := range []int{0, 20, 80} {
		for _, r := range write(t, "table", Options{Width: width}, events) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("width %d: got %U, want printable characters only", width, r)
			}
		}
	}
}

func TestHealthyAPIFitsAScreen(t *testing.T) {
	for _, width := range []int{80, 120} {
		got := write(t, "table", Options{Width: width}, eventsOf(reports()["pass"]))
		if n := strings.Count(got, "\n"); n > 24 {
			t.Errorf("width %d: got %d lines, want at most 24:\n%s", width, n, got)
		}
	}
}

// A pipe gets every result in one line, so that it can be searched.
func TestTableOfUnlimitedWidth(t *testing.T) {
	got := write(t, "table", Options{}, eventsOf(reports()["pass"]))
	want := "tampered-signature       iam-authentication                    403     iam-authentication (signature-mismatch)               likely      pass\n"
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
}

func TestOpenedIsReportedAtOnce(t *testing.T) {
	events := eventsOf(reports()["open"])
	first := slices.IndexFunc(events, func(e probe.Event) bool { _, ok := e.(probe.Opened); return ok })
	got := write(t, "table", Options{}, events[:first+1])
	want := "OPEN  unsigned on GET /orders/{id} of orders through api.example.com/orders got past, status 200\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The same failure on many routes, and what it keeps from proving anything, is told once.
func TestOneRootCauseOnce(t *testing.T) {
	got := write(t, "table", Options{}, eventsOf(reports()["control-failed"]))
	for text, want := range map[string]int{
		"FAIL ":                           1,
		"the control was refused":         1,
		"36 cases that prove nothing":     1,
		"INCONCLUSIVE control-failed":     1, // its control is accepted and stands elsewhere
		"the web ACL is being rebuilt":    1,
		"and 4 more":                      2,
		"look at the control first":       1,
		"12 failures; 37 inconclusive":    1,
		"1 of 38 gates proven":            1,
		"13 fail (1 accepted), 37 inconc": 1,
	} {
		if n := strings.Count(got, text); n != want {
			t.Errorf("got %q %d times, want %d, in\n%s", text, n, want, got)
		}
	}
}

func TestFormatsReportFailedWrites(t *testing.T) {
	full := errors.New("no space left on device")
	for _, f := range Formats() {
		sink := f.New(failing{full}, Options{})
		var errs []error
		for _, e := range eventsOf(reports()["open"]) {
			errs = append(errs, sink(e))
		}
		if err := errors.Join(errs...); !errors.Is(err, full) {
			t.Errorf("%s: got error %v, want %v", f.Name, err, full)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 0, []string{"one two three"}},
		{"one two three", 7, []string{"one two", "three"}},
		{"see https://example.com/a/long/path?q=1 now", 16, []string{"see", "https://example.", "com/a/long/path?", "q=1 now"}},
		{"abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"書籍書籍書籍", 5, []string{"書籍", "書籍", "書籍"}},
		{"書", 1, []string{"書"}},
	} {
		if got := wrap(test.text, test.width); !slices.Equal(got, test.want) {
			t.Errorf("wrap(%q, %d): got %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

// Lists are cut for people only: what differs behind the cut is not taken for the same.
func TestListsThatAreCutStayApart(t *testing.T) {
	var results []probe.Result
	for i := range 12 {
		p := at{"orders", fmt.Sprintf("GET /orders/%d", i), byDomain}
		if i != 10 {
			results = append(results, refused(p, "unsigned", probe.IAMAuthentication, "unsigned-to-iam", probe.Likely))
		}
		if i != 11 {
			results = append(results, refused(p, "wrong-method", probe.RouteLayer, "wrong-method", probe.Likely))
		}
	}
	if got := sectionsOf(results, false); len(got) != 2 {
		t.Errorf("got %d sections, want 2: %+v", len(got), got)
	}
}
