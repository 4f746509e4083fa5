package report

import (
	"bytes"
	"testing"

	"apigwprobe/probe"
)

// TestReplay shows a run of which nothing changed, and one of which a little did.
func TestReplay(t *testing.T) {
	conclude := func(v probe.Verdict, k probe.VerdictKind, c probe.Confidence, cs ...probe.Candidate) probe.Conclusion {
		return probe.Conclusion{Verdict: v, Kind: k, Attribution: probe.Attribution{
			Layer: cs[0].Layer, Cause: cs[0].Cause, Confidence: c, Candidates: cs, Because: []string{"answer: has the shape forbidden (recorded)"}, Evidence: []string{},
		}}
	}
	key, waf := probe.Candidate{Layer: probe.APIKeyLayer, Cause: "missing-api-key"}, probe.Candidate{Layer: probe.WAF, Cause: "waf-blocked"}
	same := probe.Replayed{ID: "a", Before: conclude(probe.Pass, "", probe.Likely, key, waf), After: conclude(probe.Pass, "", probe.Likely, waf, key)}
	same.After.Attribution.Layer, same.After.Attribution.Cause = key.Layer, key.Cause // the order of the rest is no conclusion
	other := probe.Replayed{
		ID: "orders|GET /orders|default|missing-api-key", Before: same.Before, After: conclude(probe.Inconclusive, probe.KindAmbiguous, probe.Ambiguous, waf, key),
	}
	extra := probe.Replayed{ID: "extra", Before: conclude("", "", probe.Certain, key), After: conclude("", "", probe.Likely, key)}
	run := reportOf().Run
	for name, test := range map[string]struct {
		json     bool
		replayed []probe.Replayed
	}{
		"replay-same":    {false, []probe.Replayed{same}},
		"replay-changed": {false, []probe.Replayed{same, other, extra}},
		"replay.json":    {true, []probe.Replayed{same, other}},
	} {
		var b bytes.Buffer
		if err := WriteReplay(&b, test.json, Options{Width: 100}, run, test.replayed); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
}
