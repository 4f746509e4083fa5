package store

import (
	"testing"
	"time"

	"apigwprobe/probe"
)

// A case stands as it did when it was last asked; a run is told as it was.
func TestStandings(t *testing.T) {
	now := midnight
	s := opened(t, &now)
	const id = "orders|GET /orders/1|default|unsigned"
	first := made(midnight, 2, nil)
	second := made(midnight.Add(time.Hour), 2, func(res *probe.Result) {
		switch res.ID {
		case id:
			opens(res)
		case "orders|GET /orders/1|default|outsider":
			res.Verdict, res.Observed, res.Attribution = probe.Skipped, nil, nil
		}
	})
	play(t, s, first)
	play(t, s, second)
	standings, err := s.Standings(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(standings), 2*len(scenarioNames); got != want {
		t.Errorf("got %d cases, want %d", got, want)
	}
	here := Place{"prod", "orders", "GET /orders/1", "default"}
	gate := func(scenario string) Case {
		return Case{"orders|GET /orders/1|default|" + scenario, here.API, here.Route, here.AccessID, scenario}
	}
	for _, want := range []Standing{
		{gate("unsigned"), true, second.Run.Started, first.Run.Started, probe.Stand{Verdict: probe.Fail, Kind: probe.Open, Status: 200, Layer: probe.None, Confidence: probe.Likely}},
		{gate("outsider"), true, first.Run.Started, first.Run.Started, probe.Stand{Verdict: probe.Pass, Status: 403, Layer: probe.IAMAuthentication, Confidence: probe.Likely}},
	} {
		for _, got := range standings {
			if got.ID == want.ID {
				checkEqual(t, want.Scenario, got, want)
			}
		}
	}
	type told struct {
		Run     string
		Verdict probe.Verdict
	}
	verdict := func(results []probe.Result, err error) told {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(results), len(scenarioNames); got != want {
			t.Errorf("got %d results, want those of one route, %d", got, want)
		}
		for _, res := range results {
			if res.ID == id {
				return told{res.Run, res.Verdict}
			}
		}
		return told{}
	}
	run, err := s.Runs(t.Context(), Query{ID: first.Run.ID})
	if err != nil || len(run) != 1 {
		t.Fatalf("got %v, %v, want one run", run, err)
	}
	got := []told{verdict(s.Latest(t.Context(), here)), verdict(s.During(t.Context(), run[0], here))}
	checkEqual(t, "verdicts", got, []told{{"", probe.Fail}, {first.Run.ID, probe.Pass}})
}
