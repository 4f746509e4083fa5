package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"apigwprobe/internal/causes"
	"apigwprobe/probe"
)

// Explanations writes what can be said of answers that others recorded, one by one.
type Explanations struct {
	w    io.Writer
	look Options
	json bool
	n    int
}

// NewExplanations writes a text for people, or the elements of one JSON document.
func NewExplanations(w io.Writer, asJSON bool, look Options) *Explanations {
	return &Explanations{w: w, look: look, json: asJSON}
}

// Write writes one explanation.
func (e *Explanations) Write(x probe.Explanation) error {
	e.n++
	if e.json {
		return e.element(x)
	}
	p := &page{Options: e.look}
	if e.n > 1 {
		p.blank()
	}
	p.explanation(x)
	_, err := io.WriteString(e.w, p.String())
	return err
}

// Close ends the document.
func (e *Explanations) Close() error {
	if !e.json {
		return nil
	}
	end := "\n  ]\n}\n"
	if e.n == 0 {
		end = documentStart + "]\n}\n"
	}
	_, err := io.WriteString(e.w, end)
	return err
}

const documentStart = "{\n  \"version\": 1,\n  \"results\": ["

func (e *Explanations) element(x probe.Explanation) error {
	x.Observed = wholeObservation(x.Observed)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	if err := enc.Encode(struct {
		probe.Explanation
		Next string `json:"next"`
	}{x, nextStep(x)}); err != nil {
		return fmt.Errorf("encoding explanation: %w", err)
	}
	start := documentStart
	if e.n > 1 {
		start = ","
	}
	_, err := fmt.Fprintf(e.w, "%s\n    %s", start, bytes.TrimRight(escapeUnprintable(b.Bytes()), "\n"))
	return err
}

const wordColumn = 11 // the widest word before a line of an explanation

func (p *page) explanation(x probe.Explanation) {
	p.line(0, strings.Join(nonempty(x.Source, requestOf(x.Request)), "  "), bold)
	word := func(word string, texts ...string) {
		for _, text := range texts {
			p.row(2, []int{wordColumn}, cell{word, dim}, cell{text, plain})
			word = ""
		}
	}
	word("answer", answerOf(x.Observed))
	a := x.Attribution
	p.row(2, []int{wordColumn}, cell{answeredBy(a), dim}, cell{conclusion(a), confidenceStyle(a.Confidence)})
	if len(a.Candidates) > 1 {
		word("candidates", candidateList(a.Candidates))
	}
	word("because", Together(a.Because)...)
	word("evidence", a.Evidence...)
	word("next", nonempty(nextStep(x))...)
}

// Together names the layers that are out for one reason in one line.
func Together(reasons []string) []string {
	type reason struct{ mark, layer, why string }
	var all []reason
	for _, text := range reasons {
		mark, rest := "", text
		if after, ok := strings.CutPrefix(text, "unsound: "); ok {
			mark, rest = "unsound: ", after
		}
		layer, why, ok := strings.Cut(rest, ": ")
		if !ok || !probe.Layer(layer).Valid() {
			layer, why = "", rest
		}
		all = append(all, reason{mark, layer, why})
	}
	var out []string
	for _, group := range collect(all, func(r reason) [3]string { return [3]string{r.mark, r.why, strconv.FormatBool(r.layer == "")} }) {
		var layers []string
		for _, r := range group {
			layers = append(layers, nonempty(r.layer)...)
		}
		text := group[0].mark
		if len(layers) > 0 {
			text += strings.Join(layers, ", ") + ": "
		}
		out = append(out, text+group[0].why)
	}
	return out
}

func nonempty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(t string) bool { return t == "" })
}

func requestOf(r *probe.RequestInfo) string {
	if r == nil {
		return ""
	}
	return strings.Join(nonempty(r.Method, r.URL), " ")
}

// answerOf is an answer in one line.
func answerOf(o *probe.Observation) string {
	if o.Error != nil {
		return "none: " + o.Error.String()
	}
	var parts []string
	if o.Status != 0 {
		parts = append(parts, strconv.Itoa(o.Status))
	}
	parts = append(parts, nonempty(o.ErrorType)...)
	if o.Message != "" {
		parts = append(parts, strconv.Quote(o.Message))
	}
	if len(parts) == 0 {
		return "of which nothing is known"
	}
	return strings.Join(parts, " ")
}

func answeredBy(a probe.Attribution) string {
	if a.Layer == probe.None {
		return "accepted"
	}
	return "rejected by"
}

// conclusion is the layer, its cause, and how sure that is.
func conclusion(a probe.Attribution) string {
	if a.Layer == "" {
		return string(a.Confidence)
	}
	text := string(a.Layer)
	if a.Cause != "" && a.Layer != probe.None {
		text += " (" + string(a.Cause) + ")"
	}
	if a.Confidence == probe.Ambiguous {
		return "ambiguous: perhaps " + text
	}
	return string(a.Confidence) + ": " + text
}

func confidenceStyle(c probe.Confidence) style {
	switch c {
	case probe.Certain:
		return green
	case probe.Likely:
		return plain
	default:
		return yellow
	}
}

// candidateList names each layer once, with its causes.
func candidateList(cs []probe.Candidate) string {
	var texts []string
	for _, group := range collect(cs, func(c probe.Candidate) probe.Layer { return c.Layer }) {
		var causes []string
		for _, c := range group {
			causes = append(causes, nonempty(string(c.Cause))...)
		}
		text := string(group[0].Layer)
		if len(causes) > 0 {
			text += " (" + strings.Join(causes, ", ") + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}

// nextStep is what to do about it.
func nextStep(x probe.Explanation) string {
	a := x.Attribution
	switch {
	case a.Layer == probe.None:
		return ""
	case a.Confidence == probe.UnknownConfidence:
		return "look at the answer; if it is API Gateway's, its shape is new"
	case a.Confidence == probe.Ambiguous && len(a.Evidence) > 0:
		return "log error.responseType and the status of each phase, or probe the API: requests that differ in one thing tell these layers apart"
	case a.Confidence == probe.Ambiguous && x.Observed.RequestID != "":
		return "find request id " + x.Observed.RequestID + " in the access log of the stage: the status of each phase tells these layers apart"
	case a.Confidence == probe.Ambiguous:
		return "probe the API: requests that differ in one thing tell these layers apart"
	}
	return cmp.Or(causes.Next(a.Layer, a.Cause), "look at "+string(a.Layer)+"; probe causes explains what may be wrong there")
}
