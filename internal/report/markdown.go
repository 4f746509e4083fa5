package report

import (
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"

	"apigwprobe/probe"
)

var markdownFormat = Format{
	Name: "markdown",
	Help: "for a job summary or a comment: the verdict, what failed, and the rest folded",
	New:  newMarkdown,
}

// GitHub shows no job summary of more than a mebibyte; these keep far below it.
const (
	mostTroubles = 50
	mostRows     = 500
)

func newMarkdown(w io.Writer, _ Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		m := &markdown{}
		m.report(finished.Report)
		_, err := io.WriteString(w, m.String())
		return err
	}
}

// markdown is a document in the dialect of GitHub. Every text that is not ours goes through prose or codeSpan.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

func (m *markdown) report(rep probe.Report) {
	words, colour := headlineWords(rep)
	m.line("## %s %s\n", map[style]string{red: "❌", yellow: "⚠️", green: "✅"}[colour], prose(rep.Run.Environment+": "+words))
	m.line("%s, started %s", prose(requestWords(rep.Run)), rep.Run.Started.UTC().Format("2006-01-02 15:04:05 UTC"))
	if w := rep.Run.Wait; w != nil {
		m.line("· %s", prose(waitWords(*w)))
	}
	for _, word := range rep.Run.LabelWords() {
		m.line("· %s", codeSpan(word))
	}
	m.line("\n| pass | fail | inconclusive | skipped | of them accepted | gates proven |\n|--:|--:|--:|--:|--:|--:|")
	s, c := rep.Summary, rep.Coverage
	m.line("| %d | %d | %d | %d | %d | %d of %d |", s.Pass, s.Fail, s.Inconclusive, s.Skipped, s.Accepted, c.Proven, c.Gates)
	for _, f := range rep.Findings {
		m.line("\n### Finding: %s\n\n%s", prose(strings.Join(nonempty(f.Kind, f.API), ", ")), prose(f.Text))
	}
	if len(rep.Run.Notes) > 0 {
		m.line("\n### Notes\n")
	}
	for _, note := range rep.Run.Notes {
		m.line("- %s", prose(note))
	}
	by := sortOut(rep.Results)
	troubles := troublesOf(by.counted)
	for i, t := range troubles {
		if i == mostTroubles {
			m.line("\n### And %d more", len(troubles)-i)
			break
		}
		m.trouble(t)
	}
	if rep.Drift != nil {
		m.drift(*rep.Drift)
	}
	m.folded("accepted, not counted", by.accepted, []string{"scenario", "where", "verdict", "why"}, func(res probe.Result) []string {
		return []string{codeSpan(res.Scenario), placeCell(res), prose(string(res.Verdict) + " " + kindWords(res)), prose(acceptedWords(res))}
	})
	m.folded("passed", by.passed, []string{"scenario", "where", "status", "rejected by", "confidence"}, func(res probe.Result) []string {
		o := outcomeOf(res)
		layer := prose(o.rejecter)
		if o.cause != "" {
			layer += " (" + prose(o.cause) + ")"
		}
		return []string{codeSpan(res.Scenario), placeCell(res), prose(o.status), layer, prose(o.confidence)}
	})
	m.folded("skipped", by.skipped, []string{"scenario", "where", "why"}, func(res probe.Result) []string {
		return []string{codeSpan(res.Scenario), placeCell(res), prose(res.Reason)}
	})
}

// drift lists what changed since the baseline, what hurts most first.
func (m *markdown) drift(d probe.Drift) {
	m.line("\n### Since %s\n", prose(runWords(d.Before)))
	if d.Empty() {
		m.line("Nothing changed.")
		return
	}
	m.line("| | scenario | where | change |\n|---|---|---|---|")
	rows := 0
	for _, part := range driftParts(d) {
		for _, c := range part.changes {
			if rows++; rows > mostRows {
				m.line("| and more |")
				return
			}
			m.line("| %s | %s | %s | %s |", prose(strings.ToLower(part.title)), codeSpan(c.Scenario),
				placeOfCase(c.Route, c.API, c.AccessID), prose(changeWords(c)))
		}
	}
}

// trouble explains a root cause once, as the table does.
func (m *markdown) trouble(t trouble) {
	first := t.shown[0]
	m.line("\n### %s %s: %s\n", map[bool]string{true: "❌ Fail", false: "⚠️ Inconclusive"}[first.Verdict == probe.Fail],
		prose(kindWords(first)), prose(list(distinct(t.shown, placeOf))))
	reasons := t.reasons()
	for i, reason := range reasons {
		if i == mostReasons {
			m.line("And %d more like these.\n", len(reasons)-i)
			break
		}
		m.line("%s\n", prose(reason))
	}
	m.fact("asked", asked(t.shown)...)
	m.fact("expected", distinct(t.shown, expectedWords)...)
	m.fact("came back", distinct(t.shown, observedWords)...)
	m.fact("answered by", distinct(t.shown, attributedWords)...)
	if len(t.hidden) > 0 {
		m.fact("hides", count(len(t.hidden), "case that proves", "cases that prove")+" nothing until this is mended")
	}
	m.fact("next", distinct(t.shown, nextWords)...)
	because := distinct(t.shown, func(res probe.Result) string {
		if res.Attribution == nil {
			return ""
		}
		return strings.Join(res.Attribution.Because, "\n")
	})
	if len(because) > 0 {
		m.line("\n<details><summary>why this layer</summary>\n")
		for reason := range strings.SplitSeq(because[0], "\n") {
			m.line("- %s", prose(reason))
		}
		m.line("\n</details>")
	}
}

func (m *markdown) fact(label string, values ...string) {
	for i, v := range values {
		if i == most {
			m.line("- **%s** and %d more", label, len(values)-most)
			return
		}
		m.line("- **%s** %s", label, prose(v))
	}
}

// folded writes results as a table that opens on demand.
func (m *markdown) folded(title string, results []probe.Result, columns []string, row func(probe.Result) []string) {
	if len(results) == 0 {
		return
	}
	m.line("\n<details><summary>%s</summary>\n", html.EscapeString(strconv.Itoa(len(results))+" "+title))
	m.line("| %s |\n|%s", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
	for i, res := range results {
		if i == mostRows {
			m.line("| and %d more |", len(results)-i)
			break
		}
		m.line("| %s |", strings.Join(row(res), " | "))
	}
	m.line("\n</details>")
}

func placeCell(res probe.Result) string { return placeOfCase(res.Route, res.API, res.AccessID) }

func placeOfCase(route, api, access string) string {
	return codeSpan(route) + " of " + prose(api) + " through " + codeSpan(accessWords(access))
}

// prose is a text that no reader of Markdown takes for anything else: every punctuation mark that could begin a link, a
// tag, a mention, a cell or, in front, a list is escaped.
func prose(s string) string {
	var b strings.Builder
	front := true // nothing but digits so far
	for _, r := range visible(s) {
		switch {
		case front && (r == '-' || r == '.'),
			strings.ContainsRune("\\`*_{}[]<>()#+!|~&:@$^=\"", r):
			b.WriteByte('\\')
			b.WriteRune(r)
			if r == '@' || r == '#' {
				b.WriteString("&#8203;") // nobody is mentioned, no issue either
			}
		default:
			b.WriteRune(r)
		}
		front = front && r >= '0' && r <= '9'
	}
	return strings.ReplaceAll(b.String(), "www.", `www\.`)
}

// codeSpan is a text in a code span, where nothing is a link or a tag. In a table a bar ends the cell even there.
func codeSpan(s string) string {
	s = strings.ReplaceAll(visible(s), "|", "¦")
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || s == "" {
		s = " " + s + " "
	}
	return fence + s + fence
}
