package cli_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// A gateway that lets everybody past a gate for a while after a deployment, or by turns, or for ever, on a clock of its own:
// what `--wait 90s` makes of it, and when.
func TestPostureConverge(t *testing.T) {
	type seen struct {
		Exit      cli.ExitCode
		Unsigned  string
		Flaky     bool
		Attempts  int // that were replaced
		Converged bool
		After     time.Duration
		Length    time.Duration
		Findings  []string
	}
	for name, tt := range map[string]struct {
		open func(elapsed time.Duration) bool
		want seen
	}{
		"closes after 20 seconds": {
			func(elapsed time.Duration) bool { return elapsed < 20*time.Second },
			seen{
				Unsigned: "pass", Flaky: true, Attempts: 4, Converged: true, After: 29 * time.Second, Length: 29 * time.Second,
				Findings: []string{"open-at-first: unsigned on GET /orders/{id} through default got past the gate, status 200, and was refused 29s later"},
			},
		},
		"flaps": {
			func(elapsed time.Duration) bool { return elapsed/(4*time.Second)%2 == 0 },
			seen{
				Unsigned: "pass", Flaky: true, Attempts: 2, Converged: true, After: 6 * time.Second, Length: 6 * time.Second,
				Findings: []string{"open-at-first: unsigned on GET /orders/{id} through default got past the gate, status 200, and was refused 6s later"},
			},
		},
		"never converges": {
			func(time.Duration) bool { return true },
			seen{Exit: cli.ExitFail, Unsigned: "fail/open", Attempts: 9, Length: 90 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := posture{setup: routes(iam("/orders/{id}")), sel: probe.Selection{Scenarios: []string{"unsigned"}, Accesses: []string{"default"}}}
				p.fault = func(m *sandbox.Model) {
					shut, begin := gateway(t, *m), time.Now()
					m.APIs = slices.Clone(m.APIs) // the others are in use
					routes(open("/orders/{id}"))(m)
					m.Fronts = map[string]sandbox.Front{m.APIs[0].Host(): func(next http.Handler) http.Handler {
						return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if tt.open(time.Since(begin)) {
								next.ServeHTTP(w, r)
							} else {
								shut.ServeHTTP(w, r)
							}
						})
					}}
				}
				w := p.serve(t)
				var rep probe.Report
				for e := range w.matrix.Run(t.Context(), probe.RunOptions{Resolve: resolve, Wait: 90 * time.Second}) {
					if e, ok := e.(probe.RunFinished); ok {
						rep = e.Report
					}
				}
				got := seen{
					Exit: cli.ExitCodeOf(w.matrix, rep), Converged: rep.Run.Wait.Converged,
					After:  (time.Duration(rep.Run.Wait.AfterMS) * time.Millisecond).Round(time.Second),
					Length: (time.Duration(rep.Run.DurationMS) * time.Millisecond).Round(time.Second),
				}
				for _, res := range rep.Results {
					if res.Scenario != "unsigned" {
						continue
					}
					got.Unsigned, got.Flaky, got.Attempts = string(res.Verdict), res.Flaky, len(res.Tries)
					if res.Kind != "" {
						got.Unsigned += "/" + string(res.Kind)
					}
				}
				for _, f := range rep.Findings {
					got.Findings = append(got.Findings, f.Kind+": "+f.Text)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}
