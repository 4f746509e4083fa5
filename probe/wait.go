package probe

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Try is an earlier answer of a case that was asked again.
type Try struct {
	At         time.Time   `json:"at"`
	Status     int         `json:"status"` // 0: no answer came
	ErrorType  string      `json:"error_type"`
	Layer      Layer       `json:"layer"`
	Confidence Confidence  `json:"confidence"`
	Verdict    Verdict     `json:"verdict"`
	Kind       VerdictKind `json:"kind"`
}

// longestBackoff is the longest time between two rounds of waiting.
const longestBackoff = 15 * time.Second

// converge asks again what fails or is inconclusive, round by round and more and more seldom, until everything passes or
// the time is up. After a deployment API Gateway answers by turns from the old and the new configuration for a while
// (13 to 33 s were measured), and a new API key can take minutes.
func (a *apiRun) converge(ctx context.Context) {
	deadline := a.start.Add(a.opts.Wait)
	pause := min(2*time.Second, a.opts.Wait/16)
	for a.opts.Wait > 0 {
		attributions := Attribute(a.matrix.Plan, a.exchanges)
		judged := a.judgeAll(a.exchanges, attributions)
		pending := slices.DeleteFunc(slices.Clone(judged), func(j judgedCase) bool { return !a.pends(j) })
		if len(pending) == 0 {
			a.converged = time.Since(a.start)
			return
		}
		left := time.Until(deadline)
		if left <= 0 || a.stopped != "" {
			return
		}
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
			return
		}
		pause = min(2*pause, longestBackoff)
		a.askAgain(ctx, pending, judged, attributions)
	}
}

// pends reports whether waiting may change what was found. Our own credentials do not change with the gateway, and what
// the owner accepts need not.
func (a *apiRun) pends(j judgedCase) bool {
	switch {
	case j.exchange < 0:
		return j.Verdict == Skipped && a.knownOpen(j.Case)
	case j.Verdict != Fail && j.Verdict != Inconclusive, j.Kind == KindCredentials, j.Kind == KindStopped:
		return false
	default:
		return a.accepted(j.Case) == nil
	}
}

// askAgain asks the pending cases and the controls beside them, and at last the controls of their ways in once more. What
// was answered before is kept as a try.
func (a *apiRun) askAgain(ctx context.Context, pending, judged []judgedCase, attributions []Attribution) {
	routes, accesses := make(map[string]bool), make(map[string]bool)
	for _, j := range pending {
		routes[controlKey(j.Case)] = true
		accesses[j.Access.ID()] = true
	}
	var controls, others []Case
	again := make(map[string]bool)
	for _, j := range judged {
		switch isPending := slices.ContainsFunc(pending, func(p judgedCase) bool { return p.ID() == j.ID() }); {
		case j.Control && routes[controlKey(j.Case)]:
			controls = append(controls, j.Case)
		case isPending && !j.Control:
			others = append(others, j.Case)
		default:
			continue
		}
		again[j.ID()] = true
		if j.exchange >= 0 {
			a.keepTry(j, attributions[j.exchange])
		}
	}
	for i := range a.exchanges {
		e := &a.exchanges[i]
		e.Superseded = e.Superseded || again[e.Case.ID()] || e.brackets() && accesses[e.Case.Access.ID()]
	}
	for id := range again {
		delete(a.unsent, id)
	}
	clear(a.open)
	a.round++
	sideBySide(a, controls, Case.ID, func(c Case) { a.ask(ctx, c) })
	sideBySide(a, others, gateOf, func(c Case) { a.ask(ctx, c) })
	brackets := slices.DeleteFunc(a.brackets(), func(c Case) bool { return !accesses[c.Access.ID()] })
	sideBySide(a, brackets, Case.ID, func(c Case) { a.send(ctx, c, ExtraControl) })
}

// keepTry records what a case was answered before it is asked again.
func (a *apiRun) keepTry(j judgedCase, at Attribution) {
	o := a.exchanges[j.exchange].Observation
	a.tries[j.ID()] = append(a.tries[j.ID()], Try{
		At: o.Sent.UTC().Truncate(time.Millisecond), Status: o.Status, ErrorType: o.ErrorType,
		Layer: at.Layer, Confidence: at.Confidence, Verdict: j.Verdict, Kind: j.Kind,
	})
}

// flaky reports whether a case was answered otherwise before.
func (res *Result) flaky() bool {
	return slices.ContainsFunc(res.Tries, func(t Try) bool {
		return t.Verdict != res.Verdict || t.Kind != res.Kind || res.Observed != nil && t.Status != res.Observed.Status
	})
}

// lateFindings tells of the gates that were open at first: that they are shut by now is no reason to keep it quiet.
func (a *apiRun) lateFindings(results []Result) []Finding {
	var out []Finding
	for _, res := range results {
		first := slices.IndexFunc(res.Tries, func(t Try) bool { return t.Kind == Open })
		if first < 0 || res.Kind == Open || res.Observed == nil {
			continue
		}
		open := res.At.Sub(res.Tries[first].At).Round(100 * time.Millisecond)
		out = append(out, Finding{Kind: "open-at-first", API: a.api.Name, Text: fmt.Sprintf(
			"%s on %s through %s got past the gate, status %d, and was refused %v later", res.Scenario, res.Route, res.AccessID,
			res.Tries[first].Status, open)})
	}
	return out
}

// waited says whether and when all APIs converged.
func (r *runner) waited(finished []APIFinished) *Wait {
	if r.opts.Wait <= 0 {
		return nil
	}
	w := &Wait{ForMS: r.opts.Wait.Milliseconds(), Converged: true}
	for _, f := range finished {
		w.Converged = w.Converged && f.converged > 0
		w.AfterMS = max(w.AfterMS, f.converged.Milliseconds())
	}
	if !w.Converged {
		w.AfterMS = 0
	}
	return w
}
