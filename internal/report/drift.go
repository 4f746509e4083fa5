package report

import (
	"fmt"
	"io"
	"strings"

	"apigwprobe/probe"
)

// WriteDrift writes what changed between two runs: a document, or a text for people.
func WriteDrift(w io.Writer, asJSON bool, look Options, d probe.Drift) error {
	if asJSON {
		return writeJSON(w, wholeDrift(d), "  ")
	}
	p := &page{Options: look}
	p.line(0, fmt.Sprintf("from %s to %s", runWords(d.Before), runWords(d.After)), dim)
	p.drift(d)
	_, err := io.WriteString(w, p.String())
	return err
}

func runWords(r probe.DriftRun) string {
	return r.Environment + " at " + r.Started.UTC().Format("2006-01-02 15:04:05 UTC")
}

// drift writes what changed, what hurts most first.
func (p *page) drift(d probe.Drift) {
	if d.Empty() {
		p.line(0, "nothing changed", green)
		return
	}
	for _, part := range driftParts(d) {
		if len(part.changes) == 0 {
			continue
		}
		p.blank()
		p.line(0, part.title, part.style)
		for _, c := range part.changes {
			p.line(2, fmt.Sprintf("%s on %s of %s through %s: %s", c.Scenario, c.Route, c.API, accessWords(c.AccessID), changeWords(c)), plain)
		}
	}
}

// driftPart are changes of one kind.
type driftPart struct {
	title   string
	style   style
	changes []probe.Change
}

func driftParts(d probe.Drift) []driftPart {
	return []driftPart{
		{"NEW FAILURES", red, d.Failing}, {"FIXED", green, d.Fixed}, {"CHANGED", yellow, d.Changed},
		{"NEW CASES", plain, d.Added}, {"GONE CASES", yellow, d.Gone},
	}
}

func changeWords(c probe.Change) string {
	switch {
	case c.Before == nil:
		return standWords(*c.After)
	case c.After == nil:
		return "was " + standWords(*c.Before)
	default:
		return standWords(*c.Before) + " → " + standWords(*c.After)
	}
}

// standWords says how a case stood: "fail open, 200 by none".
func standWords(s probe.Stand) string {
	words := []string{string(s.Verdict)}
	if s.Kind != "" {
		words = append(words, string(s.Kind))
	}
	if s.Accepted {
		words = append(words, "(accepted)")
	}
	answer := "no answer"
	if s.Status != 0 {
		answer = fmt.Sprint(s.Status)
	}
	if s.Layer != "" {
		answer += " by " + string(s.Layer)
	}
	return strings.Join(words, " ") + ", " + answer
}
