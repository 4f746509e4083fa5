package probe

import (
	"context"
	"slices"
	"sync"
	"testing"
)

// TestLook: what was seen of each API beside its answers stands in the report; what is noted of several, once.
func TestLook(t *testing.T) {
	g := play(t, healthy())
	one, two := oneAPI(iamRoute("/a")), oneAPI(iamRoute("/b"))
	two.Name = "b"
	three := oneAPI(iamRoute("/c"))
	three.Name = "not asked"
	var mu sync.Mutex
	sent := make(map[string][]string)
	look := func(_ context.Context, api API, results []Result) Sight {
		mu.Lock()
		defer mu.Unlock()
		for _, res := range results {
			sent[api.Name] = append(sent[api.Name], res.Scenario+" "+string(res.Verdict))
		}
		return Sight{Findings: []Finding{{Kind: "seen", API: api.Name, Text: "something"}}, Notes: []string{"of both", "of " + api.Name}}
	}
	_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(one, two, three), Selection{APIs: []string{one.Name, "b"}, Scenarios: []string{"unsigned"}}), RunOptions{Look: look})
	checkEqual(t, "findings", rep.Findings, []Finding{{Kind: "seen", API: one.Name, Text: "something"}, {Kind: "seen", API: "b", Text: "something"}})
	checkEqual(t, "notes", rep.Run.Notes, []string{"of " + one.Name, "of b", "of both"})
	for _, api := range []string{one.Name, "b"} {
		if !slices.Contains(sent[api], "unsigned pass") {
			t.Errorf("seen of %q: got %q, want what was judged", api, sent[api])
		}
	}
}

// TestLookHasItsOwnTime: what is looked at when the time of the run is up is nothing; while it is looked at, the time of
// the run does not end it.
func TestLookHasItsOwnTime(t *testing.T) {
	g := play(t, healthy())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	look := func(context.Context, API, []Result) Sight {
		t.Error("somebody looked at what was not probed")
		return Sight{}
	}
	collect(ctx, matrixOf(t, g.fastPlan(oneAPI(iamRoute("/a"))), Selection{}), RunOptions{Look: look})
	bounded := false
	look = func(ctx context.Context, _ API, _ []Result) Sight {
		_, bounded = ctx.Deadline()
		return Sight{}
	}
	events, _ := collect(context.WithoutCancel(ctx), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/a"))), Selection{}), RunOptions{Look: look})
	checkEqual(t, "bounded by the run", bounded, false)
	checkEqual(t, "events", len(events) > 0, true)
}
