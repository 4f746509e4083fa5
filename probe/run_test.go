package probe

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRunTellsEventsInOrder(t *testing.T) {
	g := play(t, healthy())
	events, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{}), RunOptions{})
	checkEqual(t, "events", told(events), []string{
		"started: 6 cases, 2 skips",
		"observed GET /orders sigv4: 200",
		"observed GET /orders unsigned: 403",
		"observed GET /orders tampered: 403",
		"observed GET /orders ended: 403",
		"observed GET /orders outsider: 403",
		"observed GET /orders stageless: 403",
		"observed GET /orders sigv4: 200 (extra)",
		"finished a: 8 results, 1 extra",
		"finished: 7 requests",
	})
	checkEqual(t, "verdicts", verdicts(rep.Results), []string{
		"GET /orders sigv4: pass (certain none)",
		"GET /orders unsigned: pass (certain iam-authentication)",
		"GET /orders tampered: pass (certain iam-authentication)",
		"GET /orders outsider: pass (certain iam-authorization)",
		"GET /orders ended: pass (certain iam-authentication)",
		"GET /orders stageless: pass (likely stage)",
	})
	checkEqual(t, "summary", rep.Summary, Summary{Pass: 6, Skipped: 2})
	checkEqual(t, "coverage", rep.Coverage, Coverage{Routes: 1, Gates: 4, Proven: 4})
	checkEqual(t, "complete", rep.Run.Complete, true)
	api := events[len(events)-2].(APIFinished)
	checkEqual(t, "results of the API", verdicts(api.Results), verdicts(rep.Results))
	checkEqual(t, "extra", verdicts(rep.Extra), []string{"GET /orders control-at-last:sigv4:  (certain none)"})
}

func TestRunReportsAnOpenGateAtOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []reply // to unsigned
		all     bool
		events  []string
		results []string
		reason  string
	}{
		{
			name: "confirmed", answers: []reply{replyAccepted},
			events: []string{
				"observed GET /orders unsigned: 200", "OPEN GET /orders unsigned: 200", "observed GET /orders unsigned: 200 (extra)",
				"OPEN GET /orders unsigned: 200, confirmed", "observed GET /orders outsider: 403",
			},
			results: []string{
				"GET /orders unsigned: fail/open critical (certain none)", "GET /orders tampered: skipped", "GET /orders outsider: pass (certain iam-authorization)",
				"GET /orders ended: skipped",
			},
			reason: "iam-authentication should have refused it, but it was accepted (status 200); confirmed by a repetition",
		},
		{
			name: "every variant is wanted", answers: []reply{replyAccepted}, all: true,
			events: []string{
				"observed GET /orders unsigned: 200", "OPEN GET /orders unsigned: 200", "observed GET /orders unsigned: 200 (extra)",
				"OPEN GET /orders unsigned: 200, confirmed", "observed GET /orders tampered: 403", "observed GET /orders ended: 403", "observed GET /orders outsider: 403",
			},
			results: []string{
				"GET /orders unsigned: fail/open critical (certain none)", "GET /orders tampered: pass (certain iam-authentication)",
				"GET /orders outsider: pass (certain iam-authorization)", "GET /orders ended: pass (certain iam-authentication)",
			},
			reason: "iam-authentication should have refused it, but it was accepted (status 200); confirmed by a repetition",
		},
		{
			name: "not confirmed", answers: []reply{replyAccepted, replyMAT},
			events: []string{
				"observed GET /orders unsigned: 200", "OPEN GET /orders unsigned: 200", "observed GET /orders unsigned: 403 (extra)", "observed GET /orders outsider: 403",
			},
			results: []string{
				// The two answers contradict each other.
				"GET /orders unsigned: fail/open critical (likely none)", "GET /orders tampered: skipped", "GET /orders outsider: pass (likely iam-authorization)",
				"GET /orders ended: skipped",
			},
			reason: "iam-authentication should have refused it, but it was accepted (status 200); likely, not certain; a repetition was answered 403",
		},
		{
			name: "answered by a later layer", answers: []reply{replyDenied},
			events: []string{
				"observed GET /orders unsigned: 403", "OPEN GET /orders unsigned: 403", "observed GET /orders unsigned: 403 (extra)",
				"OPEN GET /orders unsigned: 403, confirmed", "observed GET /orders outsider: 403",
			},
			results: []string{
				"GET /orders unsigned: fail/open critical (certain iam-authorization)", "GET /orders tampered: skipped",
				"GET /orders outsider: pass (certain iam-authorization)", "GET /orders ended: skipped",
			},
			reason: "iam-authentication should have refused it, but it was answered by iam-authorization (status 403); confirmed by a repetition",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := healthy()
			answers["unsigned"] = c.answers
			g := play(t, answers)
			api := oneAPI(iamRoute("/orders"))
			api.DefaultEndpoint = Enabled
			sel := Selection{Scenarios: []string{"unsigned", "tampered", "outsider", "ended"}}
			events, rep := collect(t.Context(), matrixOf(t, g.fastPlan(api), sel), RunOptions{All: c.all})
			got := told(events)
			checkEqual(t, "events between the controls", got[2:len(got)-3], c.events)
			checkEqual(t, "verdicts", verdicts(rep.Results)[1:], c.results)
			checkEqual(t, "reason", resultOf(t, rep, "unsigned").Reason, c.reason)
			checkEqual(t, "attempts", resultOf(t, rep, "unsigned").Attempts, 2)
			if skipped := resultOf(t, rep, "tampered"); skipped.Verdict == Skipped {
				checkEqual(t, "reason of the skip", skipped.Reason, "gate already open: another variant got past it; --all sends this one, too")
			}
		})
	}
}

// TestRunTellsOfAnOpenGateBeforeItGoesOn: the event is there while the repetition is still unanswered.
func TestRunTellsOfAnOpenGateBeforeItGoesOn(t *testing.T) {
	g := play(t, map[string][]reply{"tampered": {replyMismatch}})
	seen := make(chan bool)
	g.hold = func(scenario string, n int) {
		if scenario == "unsigned" && n == 2 {
			<-seen
		}
	}
	opened := 0
	m := matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{Scenarios: []string{"unsigned"}})
	for e := range m.Run(t.Context(), RunOptions{Resolve: testResolve}) {
		if _, ok := e.(Opened); ok {
			if opened++; opened == 1 {
				close(seen)
			}
		}
	}
	checkEqual(t, "times that it was told", opened, 2)
}

// TestVariantsOfAnOpenGateAreSkippedInEveryRun: what runs side by side may not decide which variants are sent.
func TestVariantsOfAnOpenGateAreSkippedInEveryRun(t *testing.T) {
	for range 5 {
		g := play(t, map[string][]reply{"outsider": {replyDenied}, "stageless": {replyForbid}})
		p := g.fastPlan(oneAPI(iamRoute("/orders")))
		p.Concurrency = 8
		_, rep := collect(t.Context(), matrixOf(t, p, Selection{}), RunOptions{})
		checkEqual(t, "verdicts", verdicts(rep.Results), []string{
			"GET /orders sigv4: pass (certain none)",
			"GET /orders unsigned: fail/open critical (certain none)",
			"GET /orders tampered: skipped",
			"GET /orders outsider: pass (certain iam-authorization)",
			"GET /orders ended: skipped",
			"GET /orders stageless: pass (likely stage)",
		})
	}
}

func TestCredentialsThatAreMissing(t *testing.T) {
	g := play(t, healthy())
	keyed := iamRoute("/orders")
	keyed.APIKeyRequired, keyed.APIKey = true, &Reference{Env: "ORDERS_API_KEY"}
	const hidden = "the-password-in-the-error"
	asked := 0
	var needs Needs
	resolve := func(_ context.Context, _ *Plan, n Needs) Material {
		asked++
		needs = n
		if len(g.requests()) > 0 {
			t.Error("a request was sent before the credentials were resolved")
		}
		return Material{
			Credentials: map[string]ResolvedCredentials{
				"caller": testCredentials["caller"], "outsider": {Err: errors.New(`assuming role: AccessDenied with "` + hidden + `"`)},
			},
			Secrets: map[*Reference]ResolvedSecret{keyed.APIKey: {Secret: NewSecret("key-of-the-orders")}, {}: {Secret: NewSecret(hidden)}},
		}
	}
	_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(keyed)), Selection{}), RunOptions{Resolve: resolve})
	checkEqual(t, "verdicts", verdicts(rep.Results), []string{
		"GET /orders sigv4: pass (certain none)", "GET /orders unsigned: pass (certain iam-authentication)", "GET /orders tampered: pass (certain iam-authentication)",
		"GET /orders outsider: inconclusive/credentials", "GET /orders ended: inconclusive/credentials", "GET /orders keyless: inconclusive/ambiguous (ambiguous api-key)",
		"GET /orders stageless: pass (likely stage)",
	})
	checkEqual(t, "reasons", []string{resultOf(t, rep, "outsider").Reason, resultOf(t, rep, "ended").Reason}, []string{
		`our own secret is missing: assuming role: AccessDenied with "[redacted]"`, `our own secret is missing: resolving principal "ended": not resolved`,
	})
	slices.Sort(needs.Principals)
	checkEqual(t, "times asked, principals, references", []any{asked, needs.Principals, slices.Equal(needs.References, []*Reference{keyed.APIKey})},
		[]any{1, []string{"caller", "ended", "outsider"}, true})
	t.Run("of the control", func(t *testing.T) {
		g := play(t, healthy())
		_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(keyed)), Selection{}), RunOptions{
			Resolve: func(context.Context, *Plan, Needs) Material { return Material{Credentials: testCredentials} },
		})
		// What carries the key cannot be sent, and what must be refused without any of it still is.
		checkEqual(t, "requests", g.requests()[0][:len("stageless /")], "stageless /")
		checkEqual(t, "verdicts of control and unsigned", []VerdictKind{resultOf(t, rep, "sigv4").Kind, resultOf(t, rep, "unsigned").Kind},
			[]VerdictKind{KindCredentials, KindCredentials})
		checkEqual(t, "requests that the report counts", rep.Run.Requests, 1)
	})
}

func TestScenarioThatCannotBeCrafted(t *testing.T) {
	g := play(t, healthy())
	catalogue := namedScenarios()
	catalogue[2].Change = func(r *Recipe) { r.Skip = "not today" }
	m, err := NewMatrix(g.fastPlan(oneAPI(iamRoute("/orders"))), catalogue, Selection{Scenarios: []string{"tampered"}})
	if err != nil {
		t.Fatal(err)
	}
	_, rep := collect(t.Context(), m, RunOptions{})
	res := resultOf(t, rep, "tampered")
	checkEqual(t, "verdict and reason", []any{res.Verdict, res.Reason, res.Observed, res.Request, res.Attempts}, []any{Skipped, "not today", (*Observation)(nil), (*RequestInfo)(nil), 0})
}

// TestInterrupted: what was observed before is reported, and nothing is sent after.
func TestInterrupted(t *testing.T) {
	answers := healthy()
	answers["tampered"] = []reply{{StaysUnanswered: true}}
	g := play(t, answers)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g.hold = func(scenario string, _ int) {
		if scenario == "tampered" {
			cancel()
		}
	}
	events, rep := collect(ctx, matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{}), RunOptions{})
	checkEqual(t, "requests", g.requests(), []string{"sigv4 /prod/orders", "unsigned /prod/orders", "tampered /prod/orders"})
	checkEqual(t, "complete", rep.Run.Complete, false)
	// No control came at last, so nothing is certain by siblings.
	checkEqual(t, "verdicts", verdicts(rep.Results), []string{
		"GET /orders sigv4: pass (certain none)", "GET /orders unsigned: pass (likely iam-authentication)", "GET /orders tampered: inconclusive/stopped",
		"GET /orders outsider: inconclusive/stopped", "GET /orders ended: inconclusive/stopped", "GET /orders stageless: inconclusive/stopped",
	})
	checkEqual(t, "reasons", []string{resultOf(t, rep, "tampered").Reason, resultOf(t, rep, "ended").Reason}, []string{
		"the run was interrupted before an answer came", "the run was interrupted, or its time was up, before this was sent",
	})
	checkEqual(t, "last events", told(events)[len(events)-2:], []string{"finished a: 8 results, 0 extra", "finished: 3 requests"})
}

func TestInterruptedBeforeTheStart(t *testing.T) {
	g := play(t, healthy())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	events, rep := collect(ctx, matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{}), RunOptions{})
	checkEqual(t, "events", told(events), []string{"started: 6 cases, 2 skips", "finished a: 8 results, 0 extra", "finished: 0 requests"})
	checkEqual(t, "summary", rep.Summary, Summary{Inconclusive: 6, Skipped: 2})
	checkEqual(t, "complete", rep.Run.Complete, false)
	checkEqual(t, "requests", g.requests(), []string(nil))
}

func TestRunTimeout(t *testing.T) {
	answers := healthy()
	answers["unsigned"] = []reply{{StaysUnanswered: true}}
	g := play(t, answers)
	p := g.fastPlan(oneAPI(iamRoute("/orders")))
	p.RunTimeout = 500 * time.Millisecond
	_, rep := collect(t.Context(), matrixOf(t, p, Selection{}), RunOptions{})
	checkEqual(t, "complete", rep.Run.Complete, false)
	checkEqual(t, "verdicts", []Verdict{resultOf(t, rep, "sigv4").Verdict, resultOf(t, rep, "unsigned").Verdict, resultOf(t, rep, "tampered").Verdict},
		[]Verdict{Pass, Inconclusive, Inconclusive})
	checkEqual(t, "kind", resultOf(t, rep, "tampered").Kind, KindStopped)
}

// runners are the goroutines of runs.
func runners() int {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	return strings.Count(string(buf), "probe.(*runner).run(") + strings.Count(string(buf), "probe.(*apiRun).")
}

// TestBreakingOff ends the iteration at each event; the run ends, too, and leaves nothing behind.
func TestBreakingOff(t *testing.T) {
	for stop := range 6 {
		t.Run(fmt.Sprintf("after event %d", stop), func(t *testing.T) {
			answers := healthy()
			answers["ended"] = []reply{{StaysUnanswered: true}} // for as long as the run goes on
			g := play(t, answers)
			one, two := oneAPI(iamRoute("/a")), oneAPI(iamRoute("/b"))
			two.Name = "b"
			p := g.fastPlan(one, two)
			p.Concurrency = 4
			n := 0
			for range matrixOf(t, p, Selection{}).Run(t.Context(), RunOptions{Resolve: testResolve}) {
				if n == stop {
					break
				}
				n++
			}
			checkEqual(t, "events before the end", n, stop)
			eventually(t, "the goroutines of the run end", func() bool { return runners() == 0 })
		})
	}
}

// TestRunCanBeRepeated: a sequence of events may be iterated again, and is then another run.
func TestRunCanBeRepeated(t *testing.T) {
	g := play(t, healthy())
	seq := matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{Scenarios: []string{SelectControl}}).Run(t.Context(), RunOptions{Resolve: testResolve})
	ids := make(map[string]bool)
	for range 2 {
		for e := range seq {
			if last, ok := e.(RunFinished); ok {
				ids[last.Report.Run.ID] = true
			}
		}
	}
	checkEqual(t, "runs and requests", []int{len(ids), len(g.requests())}, []int{2, 4})
}

// TestGatewayThatChangesDuringTheRun: if the control, sent first and last, is not answered alike, siblings prove nothing.
func TestGatewayThatChangesDuringTheRun(t *testing.T) {
	refused := replyMAT
	elsewhere := replyAccepted
	elsewhere.Status = 201
	for _, c := range []struct {
		name   string
		last   reply
		canary bool
		want   Confidence
	}{
		{"stays", replyAccepted, false, Certain},
		{"other status", elsewhere, false, Likely},
		{"refused", refused, false, Likely},
		{"canary", replyAccepted, true, Likely},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := healthy()
			answers["sigv4"] = []reply{replyAccepted, c.last}
			g := play(t, answers)
			api := oneAPI(iamRoute("/orders"))
			api.Canary = c.canary
			_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(api), Selection{}), RunOptions{})
			res := resultOf(t, rep, "unsigned")
			checkEqual(t, "verdict, layer and confidence", []any{res.Verdict, res.Attribution.Layer, res.Attribution.Confidence}, []any{Pass, IAMAuthentication, c.want})
			for _, r := range append(slices.Clone(rep.Results), rep.Extra...) {
				if r.Attribution == nil || r.Attribution.Confidence != Certain || c.want == Certain {
					continue
				}
				for _, b := range r.Attribution.Because {
					if strings.Contains(b, "is equal in all that this layer reads") {
						t.Errorf("%s is certain by a sibling: %s", r.Scenario, b)
					}
				}
			}
		})
	}
}

// TestControlThatFails: where the control is refused, another refusal proves nothing.
func TestControlThatFails(t *testing.T) {
	answers := healthy()
	answers["sigv4"] = []reply{replyForbid}
	g := play(t, answers)
	_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{}), RunOptions{})
	var got []string
	for _, r := range rep.Results {
		if r.Observed != nil && r.ScenarioKind == Gate {
			got = append(got, fmt.Sprintf("%s: %s/%s", r.Scenario, r.Verdict, r.Kind))
		}
	}
	checkEqual(t, "verdicts", got, []string{
		"sigv4: fail/blocked", "unsigned: inconclusive/control-failed", "tampered: inconclusive/control-failed", "outsider: inconclusive/control-failed",
		"ended: inconclusive/control-failed",
	})
	checkEqual(t, "proven", rep.Coverage, Coverage{Routes: 1, Gates: 4})
}
