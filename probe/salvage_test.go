package probe

import "testing"

// observedBy is what a run had observed when it was cut after so many requests.
func observedBy(events []Event, requests int) Report {
	cut := Report{Version: SchemaVersion, Findings: []Finding{}}
	for _, e := range events {
		switch e := e.(type) {
		case RunStarted:
			cut.Run = e.Run
		case Observed:
			if requests--; requests < 0 {
				return cut
			}
			if e.Result.IsExtra() {
				cut.Extra = append(cut.Extra, e.Result)
				continue
			}
			e.Result.Verdict, e.Result.Kind = Inconclusive, KindStopped
			cut.Results = append(cut.Results, e.Result)
		}
	}
	return cut
}

func TestSalvage(t *testing.T) {
	g := play(t, healthy())
	m := matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{})
	events, rep := collect(t.Context(), m, RunOptions{})

	whole, err := m.Salvage(observedBy(events, 100))
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "verdicts of all answers", verdicts(whole.Results), verdicts(rep.Results))
	checkEqual(t, "summary of all answers", whole.Summary, Summary{Pass: 6})
	checkEqual(t, "coverage of all answers", whole.Coverage, rep.Coverage)

	// Without the control at last, siblings make nothing certain.
	part, err := m.Salvage(observedBy(events, 5))
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "verdicts of some answers", verdicts(part.Results), []string{
		"GET /orders sigv4: pass (certain none)",
		"GET /orders unsigned: pass (likely iam-authentication)",
		"GET /orders tampered: pass (likely iam-authentication)",
		"GET /orders outsider: pass (likely iam-authorization)",
		"GET /orders ended: pass (likely iam-authentication)",
	})
	checkEqual(t, "summary of some answers", part.Summary, Summary{Pass: 5})
	checkEqual(t, "complete", part.Run.Complete, false)

	again := observedBy(events, 100)
	again.Results[1].Tries = []Try{{Status: 200}}
	_, err = m.Salvage(again)
	if want := "salvaging run: it asked cases again"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = m.Salvage(observedBy(events, 0))
	if want := "replaying run: got no answer to a case of the plan, want at least one"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
