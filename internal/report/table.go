package report

import (
	"fmt"
	"io"

	"apigwprobe/probe"
)

var tableFormat = Format{
	Name: "table",
	Help: "for people: what failed and why first, then what holds",
	New:  newTable,
}

func newTable(w io.Writer, o Options) Sink {
	opened := false
	return func(e probe.Event) error {
		p := &page{Options: o}
		switch e := e.(type) {
		case probe.Opened:
			p.opened(e)
			opened = opened || p.Len() > 0
		case probe.RunFinished:
			if opened {
				p.blank()
			}
			p.report(e.Report)
		}
		if p.Len() == 0 {
			return nil
		}
		_, err := io.WriteString(w, p.String()) // in one piece: progress may share the terminal
		return err
	}
}

// opened says at once what cannot wait for the report. That a repetition confirmed it, and what the owner accepts, is
// told there.
func (p *page) opened(e probe.Opened) {
	if e.Confirmed || e.Accepted {
		return
	}
	const label = "OPEN"
	text := fmt.Sprintf("%s on %s of %s through %s got past, status %d", e.Scenario, e.Route, e.API, accessWords(e.Access), e.Status)
	p.row(0, []int{len(label)}, cell{label, red}, cell{text, red})
}

// report writes everything that a person wants to know of a run, what hurts most first.
func (p *page) report(rep probe.Report) {
	p.headline(rep)
	by := sortOut(rep.Results)
	p.findings(rep.Findings, true)
	for _, t := range troublesOf(by.counted) {
		p.blank()
		p.trouble(t)
	}
	p.findings(rep.Findings, false)
	p.notes(rep.Run.Notes)
	p.accepted(by.accepted)
	if p.Diagram {
		p.diagrams(rep.Results)
	} else {
		p.passed(by.passed, severalWays(rep.Results))
	}
	p.unproven(by.passed)
	p.skipped(by.skipped)
	if rep.Drift != nil {
		p.blank()
		p.line(0, "compared with "+runWords(rep.Drift.Before), dim)
		p.drift(*rep.Drift)
	}
	p.blank()
	p.summary(rep)
}

// sorted are results by what they mean to people.
type sorted struct{ counted, accepted, passed, skipped []probe.Result }

func sortOut(results []probe.Result) sorted {
	var by sorted
	for _, res := range results {
		switch {
		case res.Verdict == probe.Pass:
			by.passed = append(by.passed, res)
		case res.Verdict == probe.Skipped:
			by.skipped = append(by.skipped, res)
		case res.Accepted != nil:
			by.accepted = append(by.accepted, res)
		default:
			by.counted = append(by.counted, res)
		}
	}
	return by
}

// findings writes what no single case shows: of the whole run, which may explain all the rest, or of its APIs.
func (p *page) findings(all []probe.Finding, ofRun bool) {
	for _, f := range all {
		if (f.API == "") != ofRun {
			continue
		}
		p.blank()
		title := "FINDING " + f.Kind
		if f.API != "" {
			title += ": " + f.API
		}
		p.line(0, title, yellow)
		p.line(2, f.Text, plain)
	}
}

// notes writes what could not be seen of the account.
func (p *page) notes(all []string) {
	if len(all) > 0 {
		p.blank()
	}
	for _, note := range all {
		p.line(0, "note: "+note, dim)
	}
}
