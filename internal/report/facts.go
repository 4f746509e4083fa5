package report

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"apigwprobe/probe"
)

// fact is one thing that is known of a result, in visible characters.
type fact struct{ label, text string }

// factsOf is what is known of a result beside its reason. Extra are the extra requests of the run, among them the
// repetitions of this one.
func factsOf(res probe.Result, extra []probe.Result) []fact {
	var facts []fact
	add := func(label string, texts ...string) {
		for _, text := range texts {
			if text != "" {
				facts = append(facts, fact{label, visible(text)})
			}
		}
	}
	if res.Accepted != nil {
		add("accepted", acceptedWords(res))
	}
	if res.Request != nil {
		add("asked", res.Request.Method+" "+res.Request.URL)
	}
	if res.Verdict != probe.Skipped {
		add("expected", expectedWords(res))
		attempts := attemptsOf(res, extra)
		for i, words := range attempts {
			label := "came back"
			if len(attempts) > 1 {
				label = "attempt " + strconv.Itoa(i+1)
			}
			add(label, words)
		}
	}
	add("answered by", attributedWords(res))
	if a := res.Attribution; a != nil && res.Attempts > 0 {
		add("because", a.Because...)
		add("evidence", a.Evidence...)
	}
	if o := res.Observed; o != nil {
		add("request id", o.RequestID)
	}
	add("next", nextWords(res))
	return facts
}

// acceptedWords is why a finding does not count, and how long.
func acceptedWords(res probe.Result) string {
	if res.Accepted.Until == "" {
		return res.Accepted.Reason
	}
	return res.Accepted.Reason + " (until " + res.Accepted.Until + ")"
}

// attemptsOf is what each attempt brought: those before the answer that counts, that one, and its repetitions.
func attemptsOf(res probe.Result, extra []probe.Result) []string {
	var out []string
	for _, try := range res.Tries {
		out = append(out, tryWords(try))
	}
	out = append(out, observedWords(res))
	for _, x := range extra {
		if x.ID == res.ID+"|"+probe.ExtraRepeat {
			out = append(out, observedWords(x)+" (a repetition)")
		}
	}
	return out
}

// tryWords is an answer that did not count in the end, because the case was asked again.
func tryWords(try probe.Try) string {
	words := "no answer"
	if try.Status != 0 {
		words = strings.Join(nonempty(strconv.Itoa(try.Status), try.ErrorType), " ")
	}
	verdict := strings.Join(nonempty(string(try.Verdict), string(try.Kind)), " ")
	return fmt.Sprintf("%s, by %s, %s: %s", words, cmp.Or(string(try.Layer), "an unknown layer"), try.Confidence, verdict)
}

// visible is a text of visible characters only, on one line, for whatever may obey others.
func visible(text string) string { return strings.ReplaceAll(clean(text), sticky, " ") }

// visibleLines are facts in a form to read, one a line.
func visibleLines(facts []fact) string {
	var b strings.Builder
	for _, f := range facts {
		fmt.Fprintf(&b, "%-*s  %s\n", len("answered by"), f.label, f.text)
	}
	return b.String()
}

// runTrouble is something about a whole run that no case shows, and that must not look like success.
type runTrouble struct{ kind, text string }

func runTroubles(rep probe.Report) []runTrouble {
	var out []runTrouble
	if !rep.Run.Complete {
		out = append(out, runTrouble{"cut-short", "the run was cut short"})
	}
	if !rep.Proven() {
		out = append(out, runTrouble{"nothing-proven", "nothing was proven: no gate was shown to be shut, and no control was accepted"})
	}
	return out
}
