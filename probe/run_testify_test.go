package probe

import (
	"context"
	"strings"
	"sync"
	"testing"
)

const testKey = "zQ7xW2vN9mK4jH6gF1dS8aP3oI5uY0tR"

// TestTestify: an answer is attributed once more by what others say of it; that is kept without secrets, is what Look
// sees, and is taken into account when the run is replayed.
func TestTestify(t *testing.T) {
	g := play(t, healthy())
	route := iamRoute("/a")
	route.APIKeyRequired, route.APIKey = true, Literal(testKey)
	api := oneAPI(route)
	m := matrixOf(t, g.fastPlan(api), Selection{Scenarios: []string{"control", "keyless"}})
	id := ""
	for _, c := range m.Cases {
		if c.Scenario.Name == "keyless" {
			id = c.ID()
		}
	}
	log := Evidence{Text: "log: of " + testKey, Grade: Documented, Candidates: []Candidate{{Layer: APIKeyLayer}}}
	testify := func(_ context.Context, _ API, sent []Result) Testimony {
		for _, res := range sent {
			if res.ID == id && res.Attribution.Confidence == Certain {
				t.Error("the answer is certain by itself: evidence cannot show its effect")
			}
		}
		return Testimony{Evidence: map[string][]Evidence{id: {log}, "of nobody": {log}}, Notes: []string{"told"}}
	}
	var mu sync.Mutex
	looked := Confidence("")
	look := func(_ context.Context, _ API, sent []Result) Sight {
		mu.Lock()
		defer mu.Unlock()
		for _, res := range sent {
			if res.ID == id {
				looked = res.Attribution.Confidence
			}
		}
		return Sight{Notes: []string{"seen"}}
	}
	_, rep := collect(t.Context(), m, RunOptions{Testify: testify, Look: look})
	checkEqual(t, "notes", rep.Run.Notes, []string{"seen", "told"})
	checkEqual(t, "as Look sees it", looked, Certain)
	for _, res := range rep.Results {
		if res.ID != id {
			checkEqual(t, "evidence of "+res.Scenario, len(res.Evidence), 0)
			continue
		}
		checkEqual(t, "layer", res.Attribution.Layer, APIKeyLayer)
		kept := Evidence{Text: "log: of " + redacted, Grade: Documented, Candidates: []Candidate{{Layer: APIKeyLayer}}}
		checkEqual(t, "evidence", res.Evidence, []Evidence{kept})
		if strings.Contains(strings.Join(res.Attribution.Evidence, ""), testKey) {
			t.Error("the evidence shows the key")
		}
	}
	again, _, err := m.Replay(rep)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range again {
		if r.Changed() {
			t.Errorf("%s: replaying: got %+v, want %+v", r.ID, r.After, r.Before)
		}
	}
}
