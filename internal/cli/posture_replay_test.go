package cli_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// What a run keeps is all that it takes to attribute it again. A request or an observation that bears something new has to
// keep it.
func TestPostureReplay(t *testing.T) {
	t.Parallel()
	postures := []posture{
		{name: "healthy"},
		{name: "HTTP", setup: httpBoth},
		{name: "private", setup: inVPC, inside: vpce, declare: waysIn(probe.Enabled)},
		{name: "gates open", fault: routes(open("/orders/{id}"), iam("/orders"), open("/health"))},
		{name: "route lost", fault: without("/orders")},
		{name: "errors cached", setup: front(sandbox.CacheErrors(time.Hour, false, time.Now))},
		{name: "ids hidden", setup: front(sandbox.StripResponseHeaders("x-amz-apigw-id", "x-amzn-requestid"))},
		{name: "inner gateway", setup: proxied(iam("/x"))},
	}
	for seed := range uint64(20) {
		p := random(t, seed+1)
		p.name = fmt.Sprintf("seed %d", seed+1)
		postures = append(postures, p)
	}
	for _, p := range postures {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			w := p.serve(t)
			for e := range w.matrix.Run(t.Context(), probe.RunOptions{Resolve: resolve}) {
				if e, ok := e.(probe.RunFinished); ok {
					replayed(t, w.matrix, e.Report)
				}
			}
		})
	}
}

// replayed checks that a document of a run is all that it takes to attribute its answers again.
func replayed(t *testing.T, m *probe.Matrix, rep probe.Report) {
	t.Helper()
	document, err := json.Marshal(rep)
	if err != nil {
		t.Fatal(err)
	}
	var old probe.Report
	if err := json.Unmarshal(document, &old); err != nil {
		t.Fatal(err)
	}
	results, lost, err := m.Replay(old)
	if err != nil || lost > 0 || len(results) < old.Run.Requests/2 {
		t.Fatalf("replaying %d requests: got %d answers, %d of no case, %v", old.Run.Requests, len(results), lost, err)
	}
	for _, r := range results {
		if r.Changed() {
			t.Errorf("%s: replayed from its document:\ngot  %+v\nwant %+v", r.ID, r.After, r.Before)
		}
	}
}
