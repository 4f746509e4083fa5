package probe

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	of := func(id string, v Verdict, k VerdictKind, l Layer, status int) Result {
		return Result{
			ID: id, Verdict: v, Kind: k, Observed: &Observation{Status: status},
			Attribution: &Attribution{Layer: l, Confidence: Likely},
		}
	}
	accepted := func(r Result) Result { r.Accepted = &Accepted{Reason: "known"}; return r }
	before := Report{Results: []Result{
		of("same", Pass, "", IAMAuthentication, 403),
		of("opens", Pass, "", IAMAuthentication, 403),
		of("closes", Fail, Open, None, 200),
		of("stays open", Fail, Open, None, 200),
		of("fails otherwise", Fail, WrongLayer, Stage, 403),
		of("another layer", Pass, "", Stage, 403),
		of("another status", Pass, "", Stage, 403),
		of("gone", Pass, "", Stage, 403),
		of("skipped now", Pass, "", Stage, 403),
		of("accepted since", Fail, Open, None, 200),
		of("accepted no more", Fail, Open, None, 200),
		{ID: "skipped then", Verdict: Skipped},
	}}
	before.Results[10] = accepted(before.Results[10])
	after := Report{Results: []Result{
		of("same", Pass, "", IAMAuthentication, 403),
		of("opens", Fail, Open, None, 200),
		of("closes", Pass, "", IAMAuthentication, 403),
		of("stays open", Fail, Open, None, 200),
		of("fails otherwise", Fail, Open, None, 200),
		of("another layer", Pass, "", WAF, 403),
		of("another status", Pass, "", Stage, 404),
		of("added", Pass, "", Stage, 403),
		of("added and failing", Inconclusive, KindAmbiguous, Stage, 403),
		{ID: "skipped now", Verdict: Skipped},
		accepted(of("accepted since", Fail, Open, None, 200)),
		of("accepted no more", Fail, Open, None, 200),
		of("skipped then", Pass, "", Stage, 403),
	}}
	ids := func(cs []Change) []string {
		var out []string
		for _, c := range cs {
			out = append(out, c.ID)
		}
		return out
	}
	d := Compare(before, after)
	got := map[string][]string{
		"failing": ids(d.Failing), "fixed": ids(d.Fixed), "changed": ids(d.Changed), "added": ids(d.Added), "gone": ids(d.Gone),
	}
	want := map[string][]string{
		"failing": {"opens", "fails otherwise", "added and failing", "accepted no more"},
		"fixed":   {"closes", "accepted since"},
		"changed": {"another layer", "another status"},
		"added":   {"added", "skipped then"},
		"gone":    {"gone", "skipped now"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Stand{Verdict: Fail, Kind: Open, Status: 200, Layer: None, Confidence: Likely}, *d.Failing[0].After); diff != "" {
		t.Errorf("stand (-want +got):\n%s", diff)
	}
	if same := Compare(after, after); !same.Empty() || d.Empty() {
		t.Errorf("got empty %t for equal runs and %t for unequal ones, want true and false", same.Empty(), d.Empty())
	}
}
