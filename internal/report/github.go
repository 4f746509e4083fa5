package report

import (
	"fmt"
	"io"
	"strings"

	"apigwprobe/probe"
)

var githubFormat = Format{
	Name: "github",
	Help: "annotations of a GitHub workflow: one for each root cause, on standard output",
	New:  newGitHub,
}

// mostAnnotations is how many annotations of one level GitHub shows for a step.
const mostAnnotations = 10

// annotation is of a route of an API, of an API, or, where both are empty, of the environment.
type annotation struct{ level, title, text, api, route string }

func newGitHub(w io.Writer, o Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		var b strings.Builder
		shown := make(map[string]int)
		all := annotations(finished.Report)
		for _, a := range all {
			switch shown[a.level]++; {
			case shown[a.level] == mostAnnotations && countLevel(all, a.level) > mostAnnotations:
				a.title = "more"
				a.text = fmt.Sprintf("and %d more of this level: a report in another format has them all", countLevel(all, a.level)-mostAnnotations+1)
			case shown[a.level] > mostAnnotations:
				continue
			}
			b.WriteString(a.command(finished.Report.Run.Environment, o))
		}
		_, err := io.WriteString(w, b.String())
		return err
	}
}

func countLevel(all []annotation, level string) int {
	n := 0
	for _, a := range all {
		if a.level == level {
			n++
		}
	}
	return n
}

// annotations are one for each root cause, the worst first, then findings, and at last the verdict.
func annotations(rep probe.Report) []annotation {
	var out []annotation
	for _, t := range troublesOf(sortOut(rep.Results).counted) {
		first := t.shown[0]
		level := "error"
		if first.Verdict == probe.Inconclusive {
			level = "warning"
		}
		lines := []string{t.reasons()[0], "asked: " + list(asked(t.shown)), "came back: " + list(distinct(t.shown, observedWords))}
		for _, by := range distinct(t.shown, attributedWords) {
			lines = append(lines, "answered by: "+by)
		}
		for _, next := range distinct(t.shown, nextWords) {
			lines = append(lines, "next: "+next)
		}
		title := fmt.Sprintf("%s %s: %s", first.Verdict, kindWords(first), list(distinct(t.shown, placeOf)))
		out = append(out, annotation{level, title, visibly(lines), first.API, first.Route})
	}
	for _, f := range rep.Findings {
		out = append(out, annotation{"warning", strings.Join(nonempty("finding", f.Kind, f.API), " "), visible(f.Text), f.API, ""})
	}
	for _, note := range rep.Run.Notes {
		out = append(out, annotation{"notice", "note", visible(note), "", ""})
	}
	for _, trouble := range runTroubles(rep) {
		out = append(out, annotation{"warning", trouble.kind, trouble.text, "", ""})
	}
	words, _ := headlineWords(rep)
	return append(out, annotation{"notice", "verdict", visible(words), "", ""})
}

func visibly(lines []string) string {
	for i, line := range lines {
		lines[i] = visible(line)
	}
	return strings.Join(lines, "\n")
}

// command is an annotation as the runner reads it. What would end a property, or the command, is escaped.
func (a annotation) command(environment string, o Options) string {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace
	place := ""
	if o.Where != nil {
		file, line := o.Where(a.api, a.route)
		place = fmt.Sprintf("file=%s,line=%d,", property(visible(file)), line)
	}
	return fmt.Sprintf("::%s %stitle=%s::%s\n", a.level, place, property(visible("probe "+environment+": "+a.title)), data(a.text))
}
