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
	var counted, accepted, passed, skipped []probe.Result
	for _, res := range rep.Results {
		switch {
		case res.Verdict == probe.Pass:
			passed = append(passed, res)
		case res.Verdict == probe.Skipped:
			skipped = append(skipped, res)
		case res.Accepted != nil:
			accepted = append(accepted, res)
		default:
			counted = append(counted, res)
		}
	}
	p.findings(rep.Findings, true)
	for _, t := range troublesOf(counted) {
		p.blank()
		p.trouble(t)
	}
	p.findings(rep.Findings, false)
	p.accepted(accepted)
	p.passed(passed, severalWays(rep.Results))
	p.unproven(passed)
	p.skipped(skipped)
	if rep.Drift != nil {
		p.blank()
		p.line(0, "compared with "+runWords(rep.Drift.Before), dim)
		p.drift(*rep.Drift)
	}
	p.blank()
	p.summary(rep)
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
