package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"apigwprobe/probe"
)

var tapFormat = Format{
	Name: "tap",
	Help: "TAP version 14: a test for each case; accepted is TODO",
	New:  newTAP,
}

func newTAP(w io.Writer, _ Options) Sink {
	return func(e probe.Event) error {
		finished, ok := e.(probe.RunFinished)
		if !ok {
			return nil
		}
		text, err := tapOf(finished.Report)
		if err != nil {
			return fmt.Errorf("encoding report: %w", err)
		}
		_, err = io.WriteString(w, text)
		return err
	}
}

func tapOf(rep probe.Report) (string, error) {
	t := &tap{}
	words, _ := headlineWords(rep)
	troubles := runTroubles(rep)
	fmt.Fprintf(t, "TAP version 14\n1..%d\n# %s\n", len(rep.Results)+len(troubles), visible(rep.Run.Environment+": "+words))
	for _, f := range rep.Findings {
		fmt.Fprintf(t, "# finding %s\n", visible(strings.Join(nonempty(f.Kind, f.API, f.Text), ": ")))
	}
	for _, note := range rep.Run.Notes {
		fmt.Fprintf(t, "# note %s\n", visible(note))
	}
	for _, res := range rep.Results {
		name := fmt.Sprintf("%s on %s of %s through %s", res.Scenario, res.Route, res.API, accessWords(res.AccessID))
		switch {
		case res.Verdict == probe.Pass:
			t.test("ok", name, "")
		case res.Verdict == probe.Skipped:
			t.test("ok", name, "SKIP "+res.Reason)
			continue
		case res.Accepted != nil:
			t.test("not ok", name, "TODO accepted: "+acceptedWords(res))
		default:
			t.test("not ok", name, "")
		}
		if res.Verdict != probe.Pass || len(res.Tries) > 0 {
			if err := t.diagnostics(res, rep.Extra); err != nil {
				return "", err
			}
		}
	}
	for _, trouble := range troubles {
		t.test("not ok", trouble.text, "")
	}
	return t.String(), nil
}

type tap struct {
	strings.Builder
	n int
}

// test writes a test point. A hash begins a directive, so one in a text is escaped.
func (t *tap) test(result, name, directive string) {
	t.n++
	escape := strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace
	fmt.Fprintf(t, "%s %d - %s", result, t.n, escape(visible(name)))
	if directive != "" {
		fmt.Fprintf(t, " # %s", escape(visible(directive)))
	}
	t.WriteString("\n")
}

// diagnostics writes what is known of a case as YAML, every text in quotes.
func (t *tap) diagnostics(res probe.Result, extra []probe.Result) error {
	facts := append([]fact{
		{"verdict", strings.Join(nonempty(string(res.Verdict), string(res.Kind), string(res.Severity)), " ")}, {"message", visible(res.Reason)},
	}, factsOf(res, extra)...)
	t.WriteString("  ---\n")
	for _, same := range collect(facts, func(f fact) string { return f.label }) {
		var values []string
		for _, f := range same {
			quoted, err := json.Marshal(f.text)
			if err != nil {
				return err
			}
			values = append(values, string(quoted))
		}
		value := values[0]
		if len(values) > 1 {
			value = "[" + strings.Join(values, ", ") + "]"
		}
		fmt.Fprintf(t, "  %s: %s\n", strings.ReplaceAll(same[0].label, " ", "_"), value)
	}
	t.WriteString("  ...\n")
	return nil
}
