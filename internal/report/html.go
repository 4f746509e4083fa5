package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"apigwprobe/internal/diagram"
	"apigwprobe/probe"
)

var htmlFormat = Format{
	Name: "html",
	Help: "one page that loads nothing and runs nothing: verdict, gate diagrams, matrix, every detail",
	New:  newHTML,
}

// The style is named by its digest in the page's Content-Security-Policy, which allows nothing else: no script, no
// request. Whatever an answer says, it stays text.
var (
	//go:embed html/report.tmpl
	pageText string
	//go:embed html/report.css
	pageStyle string

	pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
		"show":  visibleText,
		"place": func(access string) string { return clean(accessWords(access)) },
		"words": lineWords,
		"kind":  func(res probe.Result) string { return clean(kindWords(res)) },
		"tell":  wouldTell,
	}).Parse(pageText))
)

// Style is the style sheet of the page, for others in the same look.
func Style() string { return pageStyle }

func newHTML(w io.Writer, _ Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		var b bytes.Buffer
		if err := pageTemplate.Execute(&b, documentOf(finished.Report)); err != nil {
			return fmt.Errorf("filling in the page: %w", err)
		}
		_, err := w.Write(b.Bytes())
		return err
	}
}

// document is what the page shows.
type document struct {
	probe.Report
	Style       template.CSS
	StyleDigest string
	Sentence    string
	Tone        string
	Facts       string
	Counts      []tally
	Troubles    []troubleBlock
	Compared    *pageDrift
	Accepted    []pageCase
	APIs        []pageAPI
	Skipped     []skippedGroup
}

// tally is a number of results with one verdict.
type tally struct {
	N     int
	Class probe.Verdict
}

// troubleBlock is a root cause with links to what shows it.
type troubleBlock struct {
	Title   string
	Verdict probe.Verdict
	Reasons []string
	Next    []string
	Shown   links
	Hides   *links
}

// links lead to cases; More are left out.
type links struct {
	Title string
	Some  []pageCase
	More  int
}

// pageAPI is everything of one API.
type pageAPI struct {
	Name      string
	Header    template.HTML
	Scenarios []string
	Rows      []matrixRow
	Routes    []pageRoute
}

type pageRoute struct {
	Name, Access string
	Cases        []pageCase
}

// pageCase is a result, and where the page shows it.
type pageCase struct {
	probe.Result
	Anchor string
	Line   template.HTML
	Facts  []pageFact
}

// pageFact is what is known under one label.
type pageFact struct {
	Label string
	Texts []string
}

// matrixRow is a route through an access, with a cell for each scenario of the API.
type matrixRow struct {
	Route, Access string
	Cells         []matrixCell
}

type matrixCell struct {
	Anchor, Symbol, Words string
	Verdict               probe.Verdict
}

type skippedGroup struct {
	N      int
	Reason string
}

func documentOf(rep probe.Report) document {
	verdict, tone := headlineWords(rep)
	sorted := sortOut(rep.Results)
	digest := sha256.Sum256([]byte(pageStyle))
	d := document{
		Report: rep, Style: template.CSS(pageStyle), StyleDigest: "sha256-" + base64.StdEncoding.EncodeToString(digest[:]),
		Sentence: rep.Run.Environment + ": " + verdict, Tone: toneClasses[tone], Facts: strings.Join(runFacts(rep.Run), ", "),
		Counts: []tally{
			{rep.Summary.Pass, probe.Pass}, {rep.Summary.Fail, probe.Fail}, {rep.Summary.Inconclusive, probe.Inconclusive},
			{rep.Summary.Skipped, probe.Skipped},
		},
	}
	anchors := make(map[place]string)
	for i, res := range rep.Results {
		anchors[placeInMatrix(res)] = fmt.Sprintf("case-%d", i+1)
	}
	find := func(results []probe.Result) []pageCase {
		var out []pageCase
		for _, res := range results {
			out = append(out, pageCase{Result: res, Anchor: anchors[placeInMatrix(res)]})
		}
		return out
	}
	skipped := make(map[place]string)
	for _, res := range sorted.skipped {
		skipped[placeInMatrix(res)] = res.Reason
	}
	for _, a := range diagram.Draw(rep.Results) {
		d.APIs = append(d.APIs, pageAPIOf(a, anchors, skipped, rep.Extra))
	}
	d.Accepted = find(sorted.accepted)
	d.Compared = pageDriftOf(rep.Drift, anchors)
	for _, t := range troublesOf(sorted.counted) {
		block := troubleBlock{
			Title: t.title(), Verdict: t.shown[0].Verdict, Reasons: atMost(t.reasons(), mostReasons),
			Next: distinct(t.shown, nextWords), Shown: linksTo(find(t.shown)),
		}
		if len(t.hidden) > 0 {
			hides := linksTo(find(t.hidden))
			hides.Title = t.hides()
			block.Hides = &hides
		}
		d.Troubles = append(d.Troubles, block)
	}
	for _, group := range byReason(sorted.skipped) {
		d.Skipped = append(d.Skipped, skippedGroup{len(group), group[0].Reason})
	}
	return d
}

// toneClasses are the classes of the style sheet for the colours of a terminal.
var toneClasses = map[style]string{green: "good", red: "bad", yellow: "unsure"}

func linksTo(cases []pageCase) links {
	some := atMost(cases, most)
	return links{Some: some, More: len(cases) - len(some)}
}

func atMost[T any](list []T, n int) []T { return list[:min(len(list), n)] }

// place is where a result stands in the matrix of its API.
type place struct{ api, route, access, scenario string }

func placeInMatrix(res probe.Result) place {
	return place{res.API, res.Route, res.AccessID, res.Scenario}
}

// pageAPIOf draws an API. Where a case is missing from the matrix because it was skipped, the reason is told.
func pageAPIOf(a diagram.API, anchors, skipped map[place]string, extra []probe.Result) pageAPI {
	out := pageAPI{Name: a.Name, Header: template.HTML(a.HeaderSVG())} // the drawing escapes what it says
	drawn := make(map[place]probe.Result)
	for _, r := range a.Routes {
		route := pageRoute{Name: r.Name, Access: r.Access}
		for _, l := range r.Lines {
			at := placeInMatrix(l.Result)
			drawn[at] = l.Result
			route.Cases = append(route.Cases, pageCase{
				l.Result, anchors[at], template.HTML(a.SVG(l)), pageFacts(factsOf(l.Result, extra)),
			})
			if !slices.Contains(out.Scenarios, l.Result.Scenario) {
				out.Scenarios = append(out.Scenarios, l.Result.Scenario)
			}
		}
		out.Routes = append(out.Routes, route)
	}
	for _, r := range a.Routes {
		row := matrixRow{Route: r.Name, Access: r.Access}
		for _, s := range out.Scenarios {
			at := place{a.Name, r.Name, r.Access, s}
			var cell matrixCell
			if res, ok := drawn[at]; ok {
				cell = matrixCell{anchors[at], symbols[res.Verdict], lineWords(res), res.Verdict}
			} else if reason, ok := skipped[at]; ok {
				cell = matrixCell{"", symbols[probe.Skipped], "skipped: " + clean(reason), probe.Skipped}
			}
			row.Cells = append(row.Cells, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// pageFacts puts what has one label together.
func pageFacts(facts []fact) []pageFact {
	var out []pageFact
	for _, same := range collect(facts, func(f fact) string { return f.label }) {
		one := pageFact{Label: same[0].label}
		for _, f := range same {
			one.Texts = append(one.Texts, f.text)
		}
		out = append(out, one)
	}
	return out
}

// symbols stand for verdicts where there is room for one character.
var symbols = map[probe.Verdict]string{probe.Pass: "✓", probe.Fail: "✗", probe.Inconclusive: "?", probe.Skipped: "–"}

// visibleText spells what a reader would not see, or see in another order, as an escape. Line breaks stay.
func visibleText(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = clean(line)
	}
	return strings.Join(lines, "\n")
}
