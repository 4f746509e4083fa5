package probe

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
)

// finish attributes and judges what was exchanged with an API.
func (a *apiRun) finish(exchanges []Exchange) APIFinished {
	attributions := Attribute(a.matrix.Plan, exchanges)
	attempts := make(map[string]int)
	repeats := make(map[string]*Observation)
	out := APIFinished{API: a.api.Name, Results: []Result{}, Extra: []Result{}, converged: a.converged}
	for i, e := range exchanges {
		id := e.Case.ID()
		if e.Extra == "" || e.Extra == ExtraRepeat {
			attempts[id]++
		}
		if e.Extra == "" || e.Superseded {
			continue
		}
		if e.Extra == ExtraRepeat {
			repeats[id] = e.Observation
		}
		out.Extra = append(out.Extra, a.extra(&e, &attributions[i]))
	}
	for _, j := range a.judgeAll(exchanges, attributions) {
		if j.exchange < 0 {
			out.Results = append(out.Results, a.judged(j.Case, nil, nil, j.Judgement))
			continue
		}
		e := exchanges[j.exchange]
		if again := repeats[j.ID()]; again != nil && j.Kind == Open {
			switch {
			case !again.Answered():
				j.Reason += "; a repetition got no answer"
			case again.Status != e.Observation.Status:
				j.Reason += fmt.Sprintf("; a repetition was answered %d", again.Status)
			default:
				j.Reason += "; confirmed by a repetition"
			}
		}
		res := a.judged(j.Case, &e, &attributions[j.exchange], j.Judgement)
		res.Attempts = attempts[j.ID()] + e.Observation.Resends
		res.Tries = a.tries[j.ID()]
		res.Flaky = res.flaky()
		out.Results = append(out.Results, res)
	}
	for _, s := range a.matrix.Skips {
		if s.API.Name == a.api.Name {
			out.Results = append(out.Results, a.judged(s.Case, nil, nil, Judgement{Verdict: Skipped, Reason: s.Reason}))
		}
	}
	out.Findings = a.lateFindings(out.Results)
	sort.SliceStable(out.Extra, func(i, j int) bool { return out.Extra[i].ID < out.Extra[j].ID })
	return out
}

// judgedCase is a case of the matrix with what its answer means.
type judgedCase struct {
	Case
	exchange int // the case's own; -1: nothing was sent
	Judgement
}

// judgeAll judges every case of the API by the attributions of its exchanges.
func (a *apiRun) judgeAll(exchanges []Exchange, attributions []Attribution) []judgedCase {
	own := make(map[string]int)
	for i, e := range exchanges {
		if e.Extra == "" && !e.Superseded {
			own[e.Case.ID()] = i
		}
	}
	controls := controlsOf(exchanges, attributions)
	out := make([]judgedCase, len(a.cases))
	for i, c := range a.cases {
		at, sent := own[c.ID()]
		if !sent {
			out[i] = judgedCase{c, -1, a.unsent[c.ID()]}
			continue
		}
		out[i] = judgedCase{c, at, Judge(c, exchanges[at].Observation, attributions[at], controls[controlKey(c)])}
	}
	return out
}

// observed is an exchange before anything is concluded from it.
func (a *apiRun) observed(e *Exchange) Result {
	if e.Extra != "" {
		return a.extra(e, nil)
	}
	res := a.result(e.Case, e, nil)
	res.Attempts = 1 + e.Observation.Resends
	return res
}

// extra is the result of an extra request: it has no verdict.
func (a *apiRun) extra(e *Exchange, at *Attribution) Result {
	res := a.result(e.Case, e, at)
	res.ID = e.resultID()
	res.Attempts = 1
	if strings.HasPrefix(e.Extra, ExtraSeparate) {
		res.Scenario, res.Reason = e.Extra, a.why[res.ID]
	} else {
		res.Scenario = e.Extra + ":" + e.Case.Scenario.Name
	}
	return res
}

// controlsOf finds how the control of each route and access fared.
func controlsOf(exchanges []Exchange, attributions []Attribution) map[string]*Control {
	controls := make(map[string]*Control)
	for i, e := range exchanges {
		if e.Extra == "" && e.Case.Control && !e.Superseded {
			controls[controlKey(e.Case)] = &Control{Accepted: attributions[i].Layer == None && !attributions[i].Foreign, Attribution: attributions[i]}
		}
	}
	return controls
}

func controlKey(c Case) string { return c.Route.Name() + "|" + c.Access.ID() }

// judged is a result with its verdict.
func (a *apiRun) judged(c Case, e *Exchange, at *Attribution, j Judgement) Result {
	res := a.result(c, e, at)
	res.Verdict, res.Kind, res.Severity, res.Reason, res.Next = j.Verdict, j.Kind, j.Severity, j.Reason, j.Next
	if at != nil {
		res.Proven = j.proves(c, *at)
		if advise := a.runner.opts.Next; res.Next == "" && j.Verdict != Pass && advise != nil {
			res.Next = advise(at.Layer, at.Cause)
		}
	}
	if j.Verdict != Skipped {
		res.Reproduce = Reproduce(c, a.info.ID)
	}
	if res.Verdict == Fail || res.Verdict == Inconclusive {
		res.Accepted = a.accepted(c)
	}
	return res
}

// accepted is the owner's acceptance of a finding on the case, or nil.
func (a *apiRun) accepted(c Case) *Accepted {
	i := slices.IndexFunc(a.api.Accept, func(acc Acceptance) bool { return acc.covers(c, a.start) })
	if i < 0 {
		return nil
	}
	out := &Accepted{Reason: a.api.Accept[i].Reason}
	if until := a.api.Accept[i].Until; !until.IsZero() {
		out.Until = until.Format(time.DateOnly)
	}
	return out
}

// result is what is known of a case without a verdict.
func (a *apiRun) result(c Case, e *Exchange, at *Attribution) Result {
	res := Result{
		ID: c.ID(), Run: a.info.ID, Environment: a.info.Environment, At: a.info.Started,
		API: c.API.Name, Route: c.Route.Name(), Access: c.Access.Kind, Host: c.Access.Host,
		AccessID: c.Access.ID(), Scenario: c.Scenario.Name, ScenarioKind: c.Scenario.Kind, Control: c.Control,
		Expected: c.Expected.reported(), Attribution: at,
	}
	if e != nil {
		secret := make(map[string]bool)
		for _, h := range c.Route.Headers {
			if h.Secret != nil {
				secret[http.CanonicalHeaderKey(h.Name)] = true
			}
		}
		res.At = e.Observation.Sent.UTC().Truncate(time.Millisecond)
		res.Observed = e.Observation
		res.Request = e.Request.info(a.clean, secret)
		res.Evidence = e.Evidence
	}
	return res
}

// reported is the expectation in the form of the result; no layer means any refusal.
func (e Expectation) reported() Expected {
	out := Expected{Layers: slices.Clone(e.Layers), Status: slices.Clone(e.Status)}
	if len(out.Layers) > 0 {
		out.Layer = out.Layers[0]
	} else {
		out.Layers = []Layer{}
	}
	if out.Status == nil {
		out.Status = []int{}
	}
	return out
}

// Worst orders results for people: failures that count first, then inconclusive ones, then those that are accepted,
// passed and skipped.
func (res Result) Worst() int {
	rank := map[Verdict]int{Fail: 0, Inconclusive: 2, Pass: 4, Skipped: 5}[res.Verdict]
	switch {
	case res.Accepted != nil:
		return 3
	case res.Verdict == Fail && res.Severity != Critical:
		return 1
	}
	return rank
}

// LabelWords returns the labels of a run as sorted "name=value" words.
func (r RunInfo) LabelWords() []string {
	words := make([]string, 0, len(r.Labels))
	for _, name := range slices.Sorted(maps.Keys(r.Labels)) {
		words = append(words, strings.Join([]string{name, r.Labels[name]}, "="))
	}
	return words
}
