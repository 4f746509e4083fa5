package cli_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// After a deployment a gateway takes a while to answer as it should. Time is counted in requests here: the deployment
// changes after so many of them.
func TestPostureWait(t *testing.T) {
	t.Parallel()
	single := routes(iam("/orders/{id}"))
	opened := first(unprotected)
	type seen struct {
		Verdicts  []string // of the controls and of what was asked again
		Findings  []string
		Converged bool
	}
	for name, tt := range map[string]struct {
		p    posture
		wait time.Duration
		want seen
	}{
		"nothing to wait for": {
			posture{setup: single}, 10 * time.Second,
			seen{Verdicts: []string{"sigv4 pass/ tries 0"}, Converged: true},
		},
		"an open gate closes": {
			posture{setup: single, fault: opened, later: func(m *sandbox.Model) { routes(iam("/orders/{id}"))(m) }, after: 9}, 10 * time.Second,
			seen{
				Verdicts: []string{"sigv4 pass/ tries some flaky false", "unsigned pass/ tries some flaky true"},
				Findings: []string{"open-at-first: unsigned"}, Converged: true,
			},
		},
		"a gate stays open": {
			posture{setup: single, fault: opened}, 400 * time.Millisecond,
			seen{Verdicts: []string{"sigv4 pass/ tries some flaky false", "unsigned fail/open tries some flaky false"}},
		},
		"a route appears": {
			posture{setup: single, fault: routes(), later: func(*sandbox.Model) {}, after: 9}, 10 * time.Second,
			seen{Verdicts: []string{"sigv4 pass/ tries some flaky true", "unsigned pass/ tries some flaky true"}, Converged: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.p.sel = probe.Selection{Scenarios: []string{"unsigned", "tampered-signature"}, Accesses: []string{"default"}}
			o := tt.p.runWith(t, probe.RunOptions{Wait: tt.wait})
			for _, problem := range o.problems(&tally{}) {
				t.Error(problem)
			}
			var got seen
			for _, r := range o.report.Results {
				switch line := r.Scenario + " " + string(r.Verdict) + "/" + string(r.Kind); {
				case r.Scenario == "tampered-signature", r.Scenario == "unsigned" && len(r.Tries) == 0:
				case len(r.Tries) == 0:
					got.Verdicts = append(got.Verdicts, line+" tries 0")
				default:
					got.Verdicts = append(got.Verdicts, line+" tries some flaky "+map[bool]string{true: "true", false: "false"}[r.Flaky])
				}
			}
			for _, f := range o.report.Findings {
				scenario, _, _ := strings.Cut(f.Text, " ")
				got.Findings = append(got.Findings, f.Kind+": "+scenario)
			}
			got.Converged = o.report.Run.Wait.Converged
			slices.Sort(got.Verdicts)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
