package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/internal/causes"
	"apigwprobe/probe"
)

// trouble is one root cause: the results that show it, and those that it keeps from proving anything.
type trouble struct {
	shown  []probe.Result
	hidden []probe.Result
}

// troublesOf finds the root causes behind failed and inconclusive results, the worst first.
func troublesOf(results []probe.Result) []trouble {
	controls := make(map[string]string) // route and access to the root cause of the control's trouble
	for _, res := range results {
		if res.Control {
			controls[controlOf(res)] = rootCause(res)
		}
	}
	var out []trouble
	for _, group := range collect(results, func(res probe.Result) string {
		if cause, ok := controls[controlOf(res)]; ok && res.Kind == probe.KindControlFailed {
			return cause
		}
		return rootCause(res)
	}) {
		var t trouble
		for _, res := range group {
			if res.Kind == probe.KindControlFailed {
				t.hidden = append(t.hidden, res)
			} else {
				t.shown = append(t.shown, res)
			}
		}
		if len(t.shown) == 0 { // the control is not among these results: its followers speak for it
			t.shown, t.hidden = t.hidden, nil
		}
		out = append(out, t)
	}
	slices.SortStableFunc(out, func(a, b trouble) int { return a.shown[0].Worst() - b.shown[0].Worst() })
	return out
}

func controlOf(res probe.Result) string { return res.API + "|" + res.Route + "|" + res.AccessID }

// rootCause is equal for results that one repair would turn.
func rootCause(res probe.Result) string {
	var parts []string
	switch res.Kind {
	case probe.KindStopped, probe.KindCredentials:
		parts = []string{res.Reason}
	case probe.KindNetwork:
		parts = []string{res.Reason}
		if res.Observed != nil && res.Observed.Error != nil {
			// The text names the host, and may name a local port, which is another each time.
			parts = []string{string(res.Observed.Error.Phase), res.Observed.Error.Kind}
		}
	case probe.KindControlFailed:
		parts = []string{controlOf(res)}
	case probe.Open:
		parts = []string{res.API, res.AccessID, string(res.Expected.Layer)} // the gate; what answered behind it is no cause
	default:
		parts = []string{res.API, res.AccessID}
		if res.Attribution != nil {
			parts = append(parts, string(res.Attribution.Layer))
		}
	}
	return strings.Join(append(parts, string(res.Verdict), string(res.Kind)), "\x00")
}

// labelWidths makes room for the longest label of a trouble.
var labelWidths = []int{len("answered by")}

// mostReasons is how many variants of a sentence are worth their lines.
const mostReasons = 3

// trouble explains a root cause once, with everything that shows it.
func (p *page) trouble(t trouble) {
	colour := red
	if t.shown[0].Verdict == probe.Inconclusive {
		colour = yellow
	}
	p.line(0, t.title(), colour)
	reasons := t.reasons()
	for i, reason := range reasons {
		if i == mostReasons {
			p.line(2, fmt.Sprintf("and %d more like these", len(reasons)-i), dim)
			break
		}
		p.line(2, reason, plain)
	}
	p.fact("asked", asked(t.shown)...)
	p.fact("expected", distinct(t.shown, expectedWords)...)
	p.fact("came back", distinct(t.shown, observedWords)...)
	p.fact("answered by", distinct(t.shown, attributedWords)...)
	if len(t.hidden) > 0 {
		p.fact("hides", append([]string{t.hides()}, asked(t.hidden)...)...)
	}
	p.fact("next", distinct(t.shown, nextWords)...)
	p.fact("would tell", t.wouldTell()...)
}

// title names the trouble and where it is.
func (t trouble) title() string {
	first := t.shown[0]
	words := strings.ToUpper(string(first.Verdict)) + " " + kindWords(first) + ": "
	if first.Kind == probe.Open {
		words += layerWords(first.Expected.Layers) + " of "
	}
	return words + list(distinct(t.shown, placeOf))
}

func (t trouble) hides() string {
	return count(len(t.hidden), "case that proves", "cases that prove") + " nothing until this is mended"
}

// wouldTell is what would separate the layers between which the attribution could not decide.
func (t trouble) wouldTell() []string {
	var out []string
	for _, res := range t.shown {
		for _, line := range wouldTell(res) {
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

func wouldTell(res probe.Result) []string {
	if a := res.Attribution; a != nil && a.Confidence == probe.Ambiguous {
		return causes.Separate(*a)
	}
	return nil
}

// reasons are the sentences that explain a trouble.
func (t trouble) reasons() []string {
	shown := t.shown
	if shown[0].Kind == probe.KindNetwork { // one a host: the others differ in local ports
		shown = nil
		for _, place := range collect(t.shown, placeOf) {
			shown = append(shown, place[0])
		}
	}
	return distinct(shown, func(res probe.Result) string { return res.Reason })
}

// fact writes what is known under a label, one value a line.
func (p *page) fact(label string, values ...string) {
	for i, v := range values {
		if i == most {
			p.row(2, labelWidths, cell{}, cell{fmt.Sprintf("and %d more", len(values)-most), dim})
			return
		}
		p.row(2, labelWidths, cell{label, dim}, cell{v, plain})
		label = ""
	}
}

func kindWords(res probe.Result) string {
	if res.Severity != "" {
		return fmt.Sprintf("%s, %s", res.Kind, res.Severity)
	}
	return string(res.Kind)
}

func placeOf(res probe.Result) string { return res.API + " through " + accessWords(res.AccessID) }

// asked lists scenarios with the routes on which they were asked; routes on which the same was asked stand together.
func asked(results []probe.Result) []string {
	scenarios := func(place []probe.Result) []string {
		return distinct(place, func(res probe.Result) string { return res.Scenario })
	}
	var words []string
	for _, same := range collect(collect(results, controlOf), func(place []probe.Result) string {
		return strings.Join(scenarios(place), "\x00")
	}) {
		routes := distinct(slices.Concat(same...), routeWords)
		words = append(words, list(scenarios(same[0]))+" on "+list(routes))
	}
	return words
}

// routeWords is a route that no line is broken in.
func routeWords(res probe.Result) string { return strings.Replace(res.Route, " ", sticky, 1) }

func expectedWords(res probe.Result) string {
	words := layerWords(res.Expected.Layers)
	if words == string(probe.None) {
		words = "to be accepted"
	}
	if len(res.Expected.Status) == 0 {
		return words
	}
	var statuses []string
	for _, s := range res.Expected.Status {
		statuses = append(statuses, strconv.Itoa(s))
	}
	return words + ", status " + strings.Join(statuses, " or ")
}

// layerWords names alternatives.
func layerWords(layers []probe.Layer) string {
	if len(layers) == 0 {
		return "any refusal"
	}
	words := make([]string, len(layers))
	for i, l := range layers {
		words[i] = string(l)
	}
	return strings.Join(words, " or ")
}

// longestMessage is how much of a message is shown; it is the other side's text.
const longestMessage = 120

func observedWords(res probe.Result) string {
	o := res.Observed
	switch {
	case res.Attempts == 0 || o == nil:
		return "nothing: it was not sent"
	case o.Error != nil:
		words := fmt.Sprintf("no answer: %s: %s", o.Error.Phase, o.Error.Kind)
		if !strings.Contains(res.Reason, o.Error.Text) {
			words += ": " + o.Error.Text
		}
		return words
	}
	words := strconv.Itoa(o.Status)
	if o.ErrorType != "" {
		words += " " + o.ErrorType
	}
	if o.Message != "" {
		message := []rune(o.Message)
		if len(message) > longestMessage {
			message = append(message[:longestMessage], '…')
		}
		words += ` "` + string(message) + `"`
	}
	return words
}

// attributedWords names the layer that answered, how sure that is, and who else it may have been.
func attributedWords(res probe.Result) string {
	a := res.Attribution
	if res.Attempts == 0 || a == nil {
		return ""
	}
	if a.Layer == "" {
		return "unknown: an answer of no known shape"
	}
	words := string(a.Layer)
	if a.Cause != "" {
		words += fmt.Sprintf(" (%s)", a.Cause)
	}
	words += ", " + string(a.Confidence)
	var others []string
	for _, c := range a.Candidates {
		if other := string(c.Layer); c.Layer != a.Layer && !slices.Contains(others, other) {
			others = append(others, other)
		}
	}
	if len(others) > 0 {
		words += "; possibly " + strings.Join(others, ", ")
	}
	return words
}

// accepted lists what the owner knows of, with the reasons given.
func (p *page) accepted(results []probe.Result) {
	if len(results) == 0 {
		return
	}
	p.blank()
	p.line(0, "ACCEPTED, not counted", bold)
	for _, group := range collect(results, func(res probe.Result) string {
		return strings.Join([]string{placeOf(res), string(res.Kind), res.Accepted.Reason, res.Accepted.Until}, "\x00")
	}) {
		first := group[0]
		until := ""
		if first.Accepted.Until != "" {
			until = " (until " + first.Accepted.Until + ")"
		}
		for _, what := range asked(group) {
			p.line(2, fmt.Sprintf("%s %s: %s of %s", first.Verdict, kindWords(first), what, placeOf(first)), plain)
		}
		p.line(4, first.Accepted.Reason+until, dim)
	}
}
