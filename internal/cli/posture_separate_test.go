package cli_test

import (
	"slices"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// Where a refused control leaves several layers, an extra request tells them apart, and is reported as what it is.
func TestPostureSeparated(t *testing.T) {
	t.Parallel()
	blocked := posture{
		setup:   routes(iam("/orders/{id}")),
		fault:   webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderPresent, Header: "Authorization"}),
		declare: func(p *probe.Plan) { p.APIs[0].WAF = nil },
		sel:     probe.Selection{Scenarios: []string{probe.SelectControl}, Accesses: []string{"default"}},
	}
	type seen struct {
		Layer      probe.Layer
		Confidence probe.Confidence
		Extra      []string
	}
	look := func(p posture) seen {
		o := p.run(t)
		for _, problem := range o.problems(&tally{}) {
			t.Error(problem)
		}
		var out seen
		for _, r := range o.report.Results {
			if r.Control {
				out.Layer, out.Confidence = r.Attribution.Layer, r.Attribution.Confidence
			}
		}
		for _, r := range o.report.Extra {
			out.Extra = append(out.Extra, r.Scenario+" "+string(r.Verdict)+": "+r.Reason)
		}
		slices.Sort(out.Extra)
		return out
	}
	without := blocked
	without.declare = both(blocked.declare, func(p *probe.Plan) { p.ExtraRequests = -1 })
	got := []seen{look(without), look(blocked)}
	want := []seen{
		{probe.Stage, probe.Ambiguous, []string{"control-at-last:sigv4 : "}},
		{probe.WAF, probe.Likely, []string{
			"control-at-last:sigv4 : ",
			"separate:domain/stage|waf : sent to tell domain or stage from waf: sigv4, without a signature",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
