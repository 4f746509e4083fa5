package report

import (
	"encoding/xml"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"apigwprobe/probe"
)

// injections try to be more than a text in one of the formats.
var injections = []string{
	"[click](https://evil.example) ![see](https://evil.example/x.png) <https://evil.example> [ref]: https://evil.example",
	"https://evil.example www.evil.example me@evil.example @everyone #1",
	"<img src=x onerror=alert(1)></details><script>alert(1)</script><!--",
	"`code` ``more`` ~~~ *bold* _it_ | cell | cell",
	"# head", "- item", "1. item", "> quote", "---", "===", "```",
	"\n\n# head\n\n- item\n\n    code\n",
	"%0A::error::own::error title=x,file=y::z ::stop-commands::x ##[error]x",
	"]]></failure><testcase/> &lt; &#0; \x00\ufffe",
	"ok 1 # SKIP not ok # TODO \\# Bail out!", "\"\n  ...\nok 99\n",
	"{0} {{1}} [link](1) \\",
}

// What comes from elsewhere stays a text in Markdown as GitHub reads it: it makes no link, no picture, no tag, and
// neither a heading nor a row of its own.
func TestMarkdownInjection(t *testing.T) {
	shape := func(s string) []string {
		source := []byte(write(t, "markdown", Options{}, eventsOf(hostileBy(s))))
		var kinds []string
		err := ast.Walk(goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source)),
			func(n ast.Node, entering bool) (ast.WalkStatus, error) {
				switch {
				case !entering || n.Kind() == ast.KindText || n.Kind() == ast.KindString:
				case n.Kind() == ast.KindHTMLBlock:
					kinds = append(kinds, "HTML "+string(n.Lines().Value(source)))
				default:
					kinds = append(kinds, n.Kind().String())
				}
				return ast.WalkContinue, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		return kinds
	}
	want := shape("harmless")
	if !slices.Contains(want, "Heading") || !slices.Contains(want, "TableRow") || slices.Contains(want, "Link") {
		t.Fatalf("got %v, want headings, tables and no link", want)
	}
	for _, s := range injections {
		if got := shape(s); !slices.Equal(got, want) {
			t.Errorf("%q changes the document:\n%v\nwant\n%v", s, got, want)
		}
	}
}

var annotationLine = regexp.MustCompile(`^::(error|warning|notice) (file=[^:,\n]+,line=[0-9]+,)?title=[^:,\n]+::[^\n]+\n$`)

// Each line is one command of the runner, and there are no more than it shows.
func TestGitHubInjection(t *testing.T) {
	for _, s := range injections {
		for line := range strings.Lines(write(t, "github", Options{Where: declared(s)}, eventsOf(hostileBy(s)))) {
			if !annotationLine.MatchString(line) {
				t.Errorf("%q: got %q, want an annotation", s, line)
			}
		}
	}
	for name, rep := range allReports() {
		seen := make(map[string]int)
		for line := range strings.Lines(write(t, "github", Options{}, eventsOf(rep))) {
			level, _, _ := strings.Cut(line, " ")
			if seen[level]++; seen[level] > mostAnnotations {
				t.Errorf("%s: got more than %d of %s", name, mostAnnotations, level)
			}
		}
	}
}

var (
	tapPoint = regexp.MustCompile(`^(ok|not ok) (\d+) - (?:[^#\\]|\\[#\\])*( # (SKIP|TODO) (?:[^#\\]|\\[#\\])*)?$`)
	tapValue = regexp.MustCompile(`^  [a-z_0-9]+: (\[?"(?:[^"\\]|\\.)*"(, )?)+\]?$`)
)

// Each line is what TAP 14 knows, and the tests are as many as the plan says.
func TestTAPInjection(t *testing.T) {
	check := func(name, document string) {
		lines := strings.Split(strings.TrimSuffix(document, "\n"), "\n")
		if lines[0] != "TAP version 14" {
			t.Errorf("%s: got %q, want the version", name, lines[0])
		}
		points := 0
		for _, line := range lines[2:] {
			if m := tapPoint.FindStringSubmatch(line); m != nil {
				points++
				if m[2] != strconv.Itoa(points) {
					t.Errorf("%s: got test %s, want %d", name, m[2], points)
				}
			} else if line != "  ---" && line != "  ..." && !strings.HasPrefix(line, "# ") && !tapValue.MatchString(line) {
				t.Errorf("%s: got %q, want a line of TAP", name, line)
			}
		}
		if want := "1.." + strconv.Itoa(points); lines[1] != want {
			t.Errorf("%s: got the plan %q, want %q", name, lines[1], want)
		}
	}
	for name, rep := range allReports() {
		check(name, write(t, "tap", Options{}, eventsOf(rep)))
	}
	for _, s := range injections {
		check(s, write(t, "tap", Options{}, eventsOf(hostileBy(s))))
	}
}

// What is in a SARIF message is no placeholder and no link.
func TestSARIFInjection(t *testing.T) {
	for give, want := range map[string]string{"[a](b) {0}": "[a] (b) {{0}}", "a\x1bb\nc": `a\u001bb` + "\nc"} {
		if got := sarifText(give).Text; got != want {
			t.Errorf("sarifText(%q): got %q, want %q", give, got, want)
		}
	}
}

// What comes from elsewhere adds no element to JUnit XML.
func TestJUnitInjection(t *testing.T) {
	for _, s := range injections {
		rep := hostileBy(s)
		var got junitSuites
		if err := xml.Unmarshal([]byte(write(t, "junit", Options{}, eventsOf(rep))), &got); err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if want := (junitCounts{Tests: len(rep.Results) + 1, Failures: 1, Errors: 3}); got.junitCounts != want || len(got.Suites[0].Cases) != len(rep.Results) {
			t.Errorf("%q: got %+v, %d in the first suite, want %+v", s, got.junitCounts, len(got.Suites[0].Cases), want)
		}
	}
}

// GitHub shows no job summary of more than a mebibyte.
func TestMarkdownFitsASummary(t *testing.T) {
	var results []probe.Result
	long := strings.Repeat("/very-long-segment", 10)
	for i := range 4000 {
		p := at{"api" + strconv.Itoa(i%1000), "GET " + long + strconv.Itoa(i), byDomain}
		results = append(results, opened(p, "unsigned", probe.IAMAuthentication), refused(p, "outsider", probe.IAMAuthorization, "iam-implicit-deny", probe.Certain),
			acceptedFor(opened(p, "missing-api-key", probe.APIKeyLayer), long, ""), skipped(p, "wrong-stage", long))
	}
	rep := reportOf(results...)
	drift := probe.Compare(reportOf(), rep)
	rep.Drift = &drift
	if n := len(write(t, "markdown", Options{}, eventsOf(rep))); n > 1<<20 || n < 100_000 {
		t.Errorf("got %d bytes, want at most a mebibyte", n)
	}
}
