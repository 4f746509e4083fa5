package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Every answer is told of as it will be reported, but for what takes all answers to be said.
func TestObservedCarriesTheExchange(t *testing.T) {
	g := play(t, healthy())
	events, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{}), RunOptions{})
	want := make(map[string]Result)
	for _, list := range [][]Result{rep.Results, rep.Extra} {
		for _, res := range list {
			if res.Observed == nil {
				continue
			}
			res.Verdict, res.Kind, res.Severity, res.Next, res.Accepted, res.Proven, res.Attribution = "", "", "", "", nil, false, nil
			res.Reproduce, res.Reason = "", ""
			want[res.ID] = res
		}
	}
	got := make(map[string]Result)
	for _, e := range events {
		if e, ok := e.(Observed); ok {
			got[e.Result.ID] = e.Result
			checkEqual(t, "extra", e.Result.IsExtra(), e.Extra)
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Observation{})); diff != "" {
		t.Errorf("results: want -, got +:\n%s", diff)
	}
}
