package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// reply is how the gateway of the tests answers a request.
type reply struct {
	Status          int
	Type, Message   string
	Header          map[string]string
	Body            string // in place of Message
	Capital, NoID   bool
	StaysUnanswered bool // until the client goes
	BreaksOff       bool
}

var (
	replyAccepted = reply{Status: 200, Body: "{}"}
	replyMAT      = reply{Status: 403, Type: missingToken, Message: "Missing Authentication Token"}
	replyMismatch = reply{Status: 403, Type: invalidSignature, Message: "The request signature we calculated does not match the signature you provided."}
	replyForbid   = reply{Status: 403, Type: forbidden, Message: "Forbidden"}
	replyTooMany  = reply{Status: 429, Type: throttled, Message: "Too Many Requests", Header: map[string]string{"Retry-After": "0"}}
	replyDenied   = reply{
		Status: 403, Type: accessDenied, Capital: true,
		Message: "User: arn:aws:sts::********0123:assumed-role/probe/s is not authorized to perform: execute-api:Invoke on resource: " +
			"arn:aws:execute-api:eu-west-1:********0123:a1b2c3d4e5/prod/GET/orders because no identity-based policy allows the execute-api:Invoke action",
	}
)

// playedGateway answers by the name of the scenario, which the scenarios of the tests send along.
type playedGateway struct {
	server *httptest.Server
	// answer gives the answer to the nth request of a scenario on a path, from 1.
	answer func(scenario, path string, n int) reply
	// hold is called before an answer is given; nil: nothing.
	hold func(scenario string, n int)

	mu   sync.Mutex
	seen []string // scenario and path of each request, in the order of arrival
}

// play starts a gateway with these answers by scenario; a scenario without one is accepted.
func play(t testing.TB, answers map[string][]reply) *playedGateway {
	t.Helper()
	return playBy(t, func(scenario, _ string, n int) reply {
		some := answers[scenario]
		if len(some) == 0 {
			return replyAccepted
		}
		return some[min(n, len(some))-1]
	})
}

func playBy(t testing.TB, answer func(scenario, path string, n int) reply) *playedGateway {
	t.Helper()
	g := &playedGateway{answer: answer}
	g.server = tlsServer(t, g.serve)
	return g
}

func (g *playedGateway) serve(w http.ResponseWriter, r *http.Request) {
	scenario := r.Header.Get("X-Scenario")
	line := scenario + " " + r.URL.Path
	g.mu.Lock()
	g.seen = append(g.seen, line)
	n, total := 0, len(g.seen)
	for _, s := range g.seen {
		if s == line {
			n++
		}
	}
	g.mu.Unlock()
	if g.hold != nil {
		g.hold(scenario, n)
	}
	a := g.answer(scenario, r.URL.Path, n)
	if a.StaysUnanswered {
		<-r.Context().Done()
		return
	}
	if a.BreaksOff {
		panic(http.ErrAbortHandler)
	}
	w.Header()["Date"] = nil
	w.Header().Set("Content-Type", "application/json")
	if !a.NoID {
		w.Header().Set("X-Amzn-Requestid", r.Header.Get(headerRequestID))
		w.Header().Set("X-Amz-Apigw-Id", fmt.Sprintf("id-%d=", total))
	}
	if a.Type != "" {
		w.Header().Set("X-Amzn-Errortype", a.Type)
	}
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	switch {
	case a.Body != "":
		fmt.Fprint(w, a.Body)
	case a.Capital:
		fmt.Fprintf(w, `{"Message":%q}`, a.Message)
	default:
		fmt.Fprintf(w, `{"message":%q}`, a.Message)
	}
}

func (g *playedGateway) requests() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.seen)
}

// namedScenarios is the small catalogue, each scenario with its name in a header.
func namedScenarios() []Scenario {
	all := smallCatalogue()
	for i := range all {
		change, name := all[i].Change, all[i].Name
		all[i].Change = func(r *Recipe) {
			if change != nil {
				change(r)
			}
			r.Headers.Set("X-Scenario", name)
		}
	}
	return all
}

// fastPlan is a plan for the gateway, fast and one request after the other.
func (g *playedGateway) fastPlan(apis ...API) *Plan {
	p := planTo(g.server.Listener.Addr().String())
	p.APIs, p.Rate, p.Concurrency = apis, 1e6, 1
	return p
}

var testCredentials = map[string]ResolvedCredentials{
	"caller": {Credentials: Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: NewSecret("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")}},
	"outsider": {Credentials: Credentials{
		AccessKeyID: "ASIAIOSFODNN7OUTSIDE", SecretAccessKey: NewSecret("9wHbO3kE/pQ2vX+aR6tY4uI8oP0lK2jH5gF7dS1"), SessionToken: NewSecret("FwoGZb7Nc5Vx3Zq1Ws9Ed2Rf4Tg=="),
	}},
	"ended": {Credentials: Credentials{AccessKeyID: "ASIAIOSFODNN7ENDEDXX", SecretAccessKey: NewSecret("mN8bV6cX4zL2kJ0hG9fD7sA5pO3iU1yT/rE+wQ"), SessionToken: NewSecret("IQoJc6Yh8Uj2Ik4Ol")}},
}

func testResolve(context.Context, *Plan, Needs) Material {
	return Material{Credentials: testCredentials}
}

func matrixOf(t testing.TB, p *Plan, sel Selection) *Matrix {
	t.Helper()
	m, err := NewMatrix(p, namedScenarios(), sel)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// collect runs a matrix to its end.
func collect(ctx context.Context, m *Matrix, opts RunOptions) ([]Event, Report) {
	if opts.Resolve == nil {
		opts.Resolve = testResolve
	}
	var events []Event
	var report Report
	for e := range m.Run(ctx, opts) {
		events = append(events, e)
		if last, ok := e.(RunFinished); ok {
			report = last.Report
		}
	}
	return events, report
}

// told are events in words.
func told(events []Event) []string {
	var out []string
	for _, e := range events {
		switch e := e.(type) {
		case RunStarted:
			out = append(out, fmt.Sprintf("started: %d cases, %d skips", e.Cases, e.Skips))
		case Observed:
			line := fmt.Sprintf("observed %s %s: %d", e.Route, e.Scenario, e.Status)
			if e.Extra {
				line += " (extra)"
			}
			out = append(out, line)
		case Opened:
			line := fmt.Sprintf("OPEN %s %s: %d", e.Route, e.Scenario, e.Status)
			if e.Confirmed {
				line += ", confirmed"
			}
			if e.Accepted {
				line += ", accepted by the owner"
			}
			out = append(out, line)
		case APIFinished:
			out = append(out, fmt.Sprintf("finished %s: %d results, %d extra", e.API, len(e.Results), len(e.Extra)))
		case RunFinished:
			out = append(out, fmt.Sprintf("finished: %d requests", e.Report.Run.Requests))
		default:
			out = append(out, fmt.Sprintf("%T", e))
		}
	}
	return out
}

// verdicts are results in words, those that were skipped because they do not apply left out.
func verdicts(results []Result) []string {
	var out []string
	for _, r := range results {
		if r.Verdict == Skipped && (strings.HasPrefix(r.Reason, "no ") || r.Reason == "open as declared") {
			continue
		}
		line := fmt.Sprintf("%s %s: %s", r.Route, r.Scenario, r.Verdict)
		if r.Kind != "" {
			line += "/" + string(r.Kind)
		}
		if r.Severity != "" {
			line += " " + string(r.Severity)
		}
		if r.Attribution != nil && len(r.Attribution.Candidates) > 0 && r.Observed.Answered() {
			line += fmt.Sprintf(" (%s %s)", r.Attribution.Confidence, r.Attribution.Layer)
		}
		out = append(out, line)
	}
	return out
}

func resultOf(t testing.TB, rep Report, scenario string) Result {
	t.Helper()
	i := slices.IndexFunc(rep.Results, func(r Result) bool { return r.Scenario == scenario })
	if i < 0 {
		t.Fatalf("no result of %s in %q", scenario, verdicts(rep.Results))
	}
	return rep.Results[i]
}

// healthy are the answers of a gateway that is in order.
func healthy() map[string][]reply {
	return map[string][]reply{
		"unsigned": {replyMAT}, "tampered": {replyMismatch}, "outsider": {replyDenied}, "ended": {replyMismatch}, "keyless": {replyForbid}, "stageless": {replyForbid},
	}
}

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

// TestCircuitBreaker: where the control is refused after it had passed, nothing more is sent.
func TestCircuitBreaker(t *testing.T) {
	for _, c := range []struct {
		name     string
		control  reply // from the second time on
		requests []string
		verdicts []string
	}{
		{
			"a web ACL has had enough", replyForbid,
			[]string{"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders"},
			[]string{
				"GET /orders sigv4: pass (certain none)", "GET /orders unsigned: fail/wrong-layer (likely waf)",
				"GET /orders tampered: inconclusive/stopped", "GET /orders outsider: inconclusive/stopped", "GET /orders ended: inconclusive/stopped",
			},
		},
		{
			"a throttle has had enough", replyTooMany,
			[]string{"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders"},
			nil,
		},
		{
			"the control still passes", replyAccepted,
			[]string{
				"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders", "tampered /prod/orders", "ended /prod/orders", "outsider /prod/orders", "sigv4 /prod/orders",
			},
			nil,
		},
		{
			"the control is refused by another layer", replyMismatch,
			[]string{
				"sigv4 /prod/orders", "unsigned /prod/orders", "sigv4 /prod/orders", "tampered /prod/orders", "ended /prod/orders", "outsider /prod/orders", "sigv4 /prod/orders",
			},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := healthy()
			answers["sigv4"] = []reply{replyAccepted, c.control}
			answers["unsigned"] = []reply{replyForbid}
			g := play(t, answers)
			sel := Selection{Scenarios: []string{"unsigned", "tampered", "outsider", "ended"}}
			_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), sel), RunOptions{})
			checkEqual(t, "requests", g.requests(), c.requests)
			if c.verdicts != nil {
				checkEqual(t, "verdicts", verdicts(rep.Results), c.verdicts)
				checkEqual(t, "reason", resultOf(t, rep, "tampered").Reason, "the control had passed and is now answered 403: a web ACL or a throttle has had enough of us")
			}
			checkEqual(t, "complete", rep.Run.Complete, true)
		})
	}
	t.Run("a surprise is followed up three times only", func(t *testing.T) {
		g := playBy(t, func(scenario, _ string, _ int) reply {
			if scenario == "unsigned" {
				return replyForbid
			}
			return replyAccepted
		})
		var routes []Route
		for i := range 6 {
			routes = append(routes, iamRoute(fmt.Sprintf("/r%d", i)))
		}
		_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(routes...)), Selection{Scenarios: []string{"unsigned"}}), RunOptions{})
		var extra []string
		for _, r := range rep.Extra {
			extra = append(extra, r.Scenario)
		}
		slices.Sort(extra)
		checkEqual(t, "extra requests", extra, []string{"control-at-last-1:sigv4", "control-at-last-2:sigv4", "control-at-last-3:sigv4", "control-at-last:sigv4"})
	})
}

func TestThrottled(t *testing.T) {
	answers := healthy()
	answers["unsigned"] = []reply{replyTooMany}
	g := play(t, answers)
	_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(oneAPI(iamRoute("/orders"))), Selection{Scenarios: []string{"unsigned", "tampered"}}), RunOptions{})
	checkEqual(t, "verdicts", verdicts(rep.Results), []string{
		"GET /orders sigv4: pass (certain none)", "GET /orders unsigned: inconclusive/throttled (certain usage-plan)", "GET /orders tampered: pass (certain iam-authentication)",
	})
	// A throttle is never taken for an open gate, however late it stands in the pipeline.
	checkEqual(t, "summary", rep.Summary.Fail, 0)
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		value string
		want  time.Duration
	}{
		{"", time.Second}, {"0", 0}, {"3", 3 * time.Second}, {" 3 ", 3 * time.Second}, {"30", longestPause}, {"31", longestPause}, {"86400", longestPause},
		{"9223372036", longestPause}, {"9223372037", longestPause}, {"10000000000", longestPause}, {"9223372036854775807", longestPause},
		{"-1", time.Second}, {"soon", time.Second}, {"1.5", time.Second},
	} {
		t.Run(c.value, func(t *testing.T) {
			checkEqual(t, "pause", retryAfter(&Observation{Headers: map[string]string{"retry-after": c.value}}), c.want)
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "0", "1", "30", "31", "-1", "9223372037", "10000000000", "99999999999999999999", "Sat, 21 Nov 2026 12:00:00 GMT"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		d := retryAfter(&Observation{Headers: map[string]string{"retry-after": value}})
		if d < 0 || d > longestPause {
			t.Errorf("%q: got %v, want at least 0 and at most %v", value, d, longestPause)
		}
		var digits = regexp.MustCompile(`^[1-9][0-9]{2,18}$`)
		if digits.MatchString(value) && d != longestPause {
			t.Errorf("%q: got %v, want %v", value, d, longestPause)
		}
	})
}

// newTestAPIRun is the run of one API without its loop.
func newTestAPIRun(t testing.TB, p *Plan) *apiRun {
	t.Helper()
	r := newRunner(t.Context(), &Matrix{Plan: p}, RunOptions{Resolve: testResolve})
	return newAPIRun(r, p.APIs[0])
}

// TestRetryAfterIsNotShortened: a later 429 that asks for less does not shorten the pause of an earlier one.
func TestRetryAfterIsNotShortened(t *testing.T) {
	long := replyTooMany
	long.Header = map[string]string{"Retry-After": "25"}
	short := replyTooMany
	short.Header = map[string]string{"Retry-After": "1"}
	g := play(t, map[string][]reply{"sigv4": {long}, "unsigned": {short}})
	both, first := make(chan bool), make(chan bool)
	g.hold = func(scenario string, _ int) {
		switch scenario { // both are under way before either is answered
		case "sigv4":
			both <- true
		case "unsigned":
			<-both
			<-first
		}
	}
	p := g.fastPlan(oneAPI(iamRoute("/orders")))
	a := newTestAPIRun(t, p)
	cases, _ := Expand(p, namedScenarios(), Selection{Scenarios: []string{"unsigned"}})
	var all sync.WaitGroup
	all.Go(func() {
		a.send(t.Context(), cases[0], "")
		close(first)
	})
	all.Go(func() { a.send(t.Context(), cases[1], "") })
	all.Wait()
	checkEqual(t, "answers", len(a.exchanges), 2)
	if left := time.Until(a.pause); left < 10*time.Second {
		t.Errorf("the pause ends in %v, want about 25 s", left)
	}
}

// TestWait is about what a request waits for, on a clock of its own.
func TestWait(t *testing.T) {
	// One request a second; the first goes at once.
	slow := func() *Plan {
		p := onePlan(oneAPI(iamRoute("/orders")))
		p.Rate, p.TotalRate = 1, 1
		return p
	}
	// meanwhile lets a second request wait for the rate, does something, and says when and how the wait ended.
	meanwhile := func(t *testing.T, do func(*apiRun)) (time.Duration, error) {
		a := newTestAPIRun(t, slow())
		start := time.Now()
		if err := a.wait(t.Context()); err != nil || time.Since(start) != 0 {
			t.Fatalf("the first request waited %v and got %v", time.Since(start), err)
		}
		done := make(chan error)
		go func() { done <- a.wait(t.Context()) }()
		synctest.Wait()
		a.mu.Lock()
		do(a)
		a.mu.Unlock()
		err := <-done
		return time.Since(start), err
	}
	t.Run("for the rate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			after, err := meanwhile(t, func(*apiRun) {})
			checkEqual(t, "waited", after, time.Second)
			checkEqual(t, "error", err, nil)
		})
	})
	t.Run("the breaker trips meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := meanwhile(t, func(a *apiRun) { a.stopped = "enough" })
			if err == nil || err.Error() != "enough" {
				t.Errorf("got the error %v, want enough: the request would have been sent after the circuit breaker had stopped the API", err)
			}
		})
	})
	t.Run("a pause begins meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			after, err := meanwhile(t, func(a *apiRun) { a.pause = time.Now().Add(10 * time.Second) })
			if err != nil || after < 10*time.Second {
				t.Errorf("waited %v and got %v, want at least the 10 s of Retry-After", after, err)
			}
		})
	})
	t.Run("a pause is longer than before", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newTestAPIRun(t, slow())
			start := time.Now()
			a.pause = start.Add(5 * time.Second)
			done := make(chan error)
			go func() { done <- a.wait(t.Context()) }()
			synctest.Wait()
			a.mu.Lock()
			a.pause = start.Add(20 * time.Second)
			a.mu.Unlock()
			if err := <-done; err != nil || time.Since(start) < 20*time.Second {
				t.Errorf("waited %v and got %v, want at least 20 s", time.Since(start), err)
			}
		})
	})
	t.Run("the run ends meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := newTestAPIRun(t, slow())
			a.pause = time.Now().Add(10 * time.Second)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			err := a.wait(ctx)
			checkEqual(t, "waited", time.Since(start), 2*time.Second)
			if err == nil || err.Error() != "the run was interrupted, or its time was up, before this was sent" {
				t.Errorf("got %v", err)
			}
		})
	})
}

// TestRates counts requests at a rate that allows one in an hour.
func TestRatesAreKept(t *testing.T) {
	for _, c := range []struct {
		name        string
		rate, total float64
		want        []string
	}{
		{"of each API", 1.0 / 3600, 1000, []string{"sigv4 /prod/a", "sigv4 /prod/b"}},
		{"of the run", 1000, 1.0 / 3600, []string{"sigv4 /prod/?"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := play(t, healthy())
			one, two := oneAPI(iamRoute("/a")), oneAPI(iamRoute("/b"))
			two.Name = "b"
			p := g.fastPlan(one, two)
			p.Rate, p.TotalRate, p.Concurrency, p.RunTimeout = c.rate, c.total, 4, 10*time.Minute
			_, rep := collect(t.Context(), matrixOf(t, p, Selection{}), RunOptions{})
			got := g.requests()
			slices.Sort(got)
			if c.total < 1 && len(got) == 1 {
				got[0] = got[0][:len(got[0])-1] + "?"
			}
			checkEqual(t, "requests", got, c.want)
			checkEqual(t, "requests that the report counts", rep.Run.Requests, len(c.want))
			checkEqual(t, "summary", rep.Summary, Summary{Pass: len(c.want), Inconclusive: 12 - len(c.want), Skipped: 4})
		})
	}
}

func TestConcurrencyIsKept(t *testing.T) {
	g := play(t, nil)
	var flying, most atomic.Int32
	pair := make(chan bool)
	g.hold = func(_ string, n int) {
		now := flying.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		if n == 1 { // the control at last is alone
			select {
			case pair <- true:
			case <-pair:
			}
		}
		flying.Add(-1)
	}
	var routes []Route
	for i := range 8 {
		routes = append(routes, openRoute(fmt.Sprintf("/%d", i)))
	}
	p := g.fastPlan(oneAPI(routes...))
	p.Concurrency = 2
	_, rep := collect(t.Context(), matrixOf(t, p, Selection{Scenarios: []string{SelectControl}}), RunOptions{})
	checkEqual(t, "requests and most of them at once", []int{rep.Run.Requests, int(most.Load())}, []int{9, 2})
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

// TestResultsDoNotDependOnTheOrderOfArrival shuffles what was exchanged.
func TestResultsDoNotDependOnTheOrderOfArrival(t *testing.T) {
	answers := healthy()
	answers["tampered"] = []reply{replyAccepted}
	answers["keyless"] = []reply{replyForbid}
	g := play(t, answers)
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, Literal("key-of-the-test")
	p := g.fastPlan(oneAPI(iamRoute("/orders"), openRoute("/health"), keyed))
	m := matrixOf(t, p, Selection{})
	r := newRunner(t.Context(), m, RunOptions{Resolve: testResolve})
	defer r.prober.Close()
	go func() {
		for range r.events {
		}
	}()
	a := newAPIRun(r, p.APIs[0])
	exchanges := a.exchange(t.Context())
	close(r.events)
	if len(exchanges) < len(m.Cases) {
		t.Fatalf("got %d exchanges of %d cases", len(exchanges), len(m.Cases))
	}
	document := func(some []Exchange) string {
		data, err := json.MarshalIndent(a.finish(some), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	want := document(exchanges)
	for seed := range uint64(30) {
		shuffled := slices.Clone(exchanges)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := document(shuffled); got != want {
			checkEqual(t, fmt.Sprintf("results by order %d", seed), strings.Split(got, "\n"), strings.Split(want, "\n"))
			break
		}
	}
}

// TestAPIsSideBySide: a slow API does not hold the others up, and the report keeps the order of the plan.
func TestAPIsSideBySide(t *testing.T) {
	g := play(t, healthy())
	finished := make(chan bool)
	g.answer = func(_, path string, n int) reply {
		if path == "/prod/slow" && n == 1 {
			<-finished // of the other API
		}
		return replyAccepted
	}
	one, two := oneAPI(openRoute("/slow")), oneAPI(openRoute("/fast"))
	two.Name = "b"
	var order []string
	var rep Report
	for e := range matrixOf(t, g.fastPlan(one, two), Selection{Scenarios: []string{SelectControl}}).Run(t.Context(), RunOptions{Resolve: testResolve}) {
		switch e := e.(type) {
		case APIFinished:
			order = append(order, e.API)
			if e.API == "b" {
				close(finished)
			}
		case RunFinished:
			rep = e.Report
		}
	}
	checkEqual(t, "order of events", order, []string{"b", "a"})
	var results []string
	for _, r := range rep.Results {
		if r.Control {
			results = append(results, r.API+" "+r.Scenario+" "+string(r.Verdict))
		}
	}
	checkEqual(t, "order of results", results, []string{"a unsigned pass", "b unsigned pass"})
}

func TestRunInfo(t *testing.T) {
	var agents sync.Map
	g := play(t, healthy())
	inner := g.server.Config.Handler
	g.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents.Store(r.UserAgent()+" "+r.Header.Get(headerRun), true)
		inner.ServeHTTP(w, r)
	})
	for _, c := range []struct {
		name, agent, version string
		labels               map[string]string
		wantAgent            string
		want                 RunInfo
	}{
		{"nothing said", "", "", nil, "probe/dev", RunInfo{ProbeVersion: "dev", Labels: map[string]string{}}},
		{"version and labels", "", "1.2", map[string]string{"commit": "abc"}, "probe/1.2", RunInfo{ProbeVersion: "1.2", Labels: map[string]string{"commit": "abc"}}},
		{"own agent", "mine/3", "1.2", nil, "mine/3", RunInfo{ProbeVersion: "1.2", Labels: map[string]string{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			agents.Clear()
			p := g.fastPlan(oneAPI(openRoute("/health")))
			p.UserAgent, p.SourceHash = c.agent, "hash"
			before := time.Now().Truncate(time.Millisecond)
			events, rep := collect(t.Context(), matrixOf(t, p, Selection{Scenarios: []string{SelectControl}}), RunOptions{Version: c.version, Labels: c.labels})
			run := rep.Run
			if run.Started.Before(before) || run.Started.After(time.Now()) || run.Started.Location() != time.UTC {
				t.Errorf("started at %v, want a time in UTC since %v", run.Started, before)
			}
			checkEqual(t, "first event", events[0].(RunStarted).Run.ID, run.ID)
			var sent []string
			agents.Range(func(k, _ any) bool { sent = append(sent, k.(string)); return true })
			checkEqual(t, "agent and run on every request", sent, []string{c.wantAgent + " " + run.ID})
			c.want.ID, c.want.Started, c.want.DurationMS = run.ID, run.Started, run.DurationMS
			c.want.Environment, c.want.ConfigSHA256, c.want.Requests, c.want.Complete = "test", "hash", 2, true
			checkEqual(t, "run", run, c.want)
			if c.labels != nil {
				c.labels["commit"] = "changed"
				checkEqual(t, "labels after the caller changed his", rep.Run.Labels, map[string]string{"commit": "abc"})
			}
		})
	}
}

// TestAcceptance: a finding that the owner accepts keeps its verdict, and is marked and counted.
func TestAcceptance(t *testing.T) {
	day := func(offset int) time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, offset) }
	for _, c := range []struct {
		name   string
		accept Acceptance
		want   *Accepted
	}{
		{"without an end", Acceptance{Scenario: "unsigned", Reason: "known"}, &Accepted{Reason: "known"}},
		{"until tomorrow", Acceptance{Scenario: "unsigned", Reason: "known", Until: day(1)}, &Accepted{Reason: "known", Until: day(1).Format(time.DateOnly)}},
		{"until yesterday", Acceptance{Scenario: "unsigned", Reason: "known", Until: day(-2)}, nil},
		{"of this route and access", Acceptance{Scenario: "unsigned", Route: "GET /orders", Access: "default", Reason: "known"}, &Accepted{Reason: "known"}},
		{"of this host", Acceptance{Scenario: "unsigned", Access: hostDefault, Reason: "known"}, &Accepted{Reason: "known"}},
		{"of another route", Acceptance{Scenario: "unsigned", Route: "GET /other", Reason: "known"}, nil},
		{"of another access", Acceptance{Scenario: "unsigned", Access: hostCustom, Reason: "known"}, nil},
		{"of another scenario", Acceptance{Scenario: "tampered", Reason: "known"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			answers := healthy()
			answers["unsigned"] = []reply{replyAccepted}
			g := play(t, answers)
			api := oneAPI(iamRoute("/orders"))
			api.Accept = []Acceptance{{Scenario: "nobody", Reason: "no"}, c.accept}
			_, rep := collect(t.Context(), matrixOf(t, g.fastPlan(api), Selection{Scenarios: []string{"unsigned"}}), RunOptions{})
			res := resultOf(t, rep, "unsigned")
			checkEqual(t, "verdict and mark", []any{res.Verdict, res.Accepted}, []any{Fail, c.want})
			accepted := 0
			if c.want != nil {
				accepted = 1
			}
			checkEqual(t, "summary", rep.Summary, Summary{Pass: 1, Fail: 1, Accepted: accepted})
		})
	}
}

// TestNoSecretInEvents looks for every secret of a run in everything that it says, behind a backend that echoes all.
func TestNoSecretInEvents(t *testing.T) {
	keyed := iamRoute("/keyed")
	keyed.APIKeyRequired, keyed.APIKey = true, Literal("kq7Zx2-key-Wm4Tn9")
	keyed.Headers = []Header{{Name: "X-Gate", Secret: Literal("hr5Vb8-gate-Lp3Sd6")}}
	secrets := []string{"kq7Zx2-key-Wm4Tn9", "hr5Vb8-gate-Lp3Sd6"}
	for _, c := range testCredentials {
		secrets = append(secrets, c.SecretAccessKey.Reveal(), c.SessionToken.Reveal())
	}
	var mu sync.Mutex
	s := tlsServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
		mu.Lock()
		if signature != "" {
			secrets = append(secrets, signature)
		}
		mu.Unlock()
		echo := fmt.Sprint(r.Header)
		w.Header().Set("Location", echo)
		w.Header().Set("X-Amz-Apigw-Id", r.Header.Get(headerRequestID))
		w.WriteHeader(403)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": echo})
	})
	p := planTo(s.Listener.Addr().String())
	p.APIs, p.Rate = []API{oneAPI(keyed, openRoute("/open"))}, 1e6
	events, _ := collect(t.Context(), matrixOf(t, p, Selection{}), RunOptions{})
	text := fmt.Sprintf("%+v", events)
	for _, e := range events {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		text += string(data)
	}
	if len(secrets) < 10 || !strings.Contains(text, "map[") {
		t.Fatalf("the gateway saw %d secrets, and its echo is reported: %v", len(secrets), strings.Contains(text, "map["))
	}
	for _, secret := range secrets {
		if len(secret) >= runLength {
			if l := leak(text, secret); l != "" {
				t.Errorf("an event shows %s", l)
			}
		}
	}
}

var volatile = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<uuid>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "<time>"},
	{regexp.MustCompile(`\d{8}T\d{6}Z`), "<date>"},
	{regexp.MustCompile(`"(dns|connect|tls|first_byte|total|duration_ms)": [\d.]+`), `"$1": 0`},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "<address>"},
	{regexp.MustCompile(`"[0-9a-f]{16}"`), `"<digest>"`},
	{regexp.MustCompile(`probe-[0-9a-f]{8}`), "probe-<random>"},
}

// TestReportGolden holds the whole document, with a result of each verdict: it is a contract.
func TestReportGolden(t *testing.T) {
	answers := healthy()
	answers["tampered"] = []reply{replyAccepted} // open; what expects the same gate is skipped then
	answers["stageless"] = []reply{{BreaksOff: true}}
	g := play(t, answers)
	orders := iamRoute("/orders")
	orders.Query, orders.Headers = map[string][]string{"q": {"a b"}}, []Header{{Name: "Accept", Value: "application/json"}, {Name: "X-Gate", Secret: Literal("hr5Vb8-gate-Lp3Sd6")}}
	api := oneAPI(orders)
	api.Accept = []Acceptance{{Scenario: "tampered", Route: "GET /orders", Reason: "closed in ticket 123", Until: time.Date(2999, 1, 31, 0, 0, 0, 0, time.UTC)}}
	p := g.fastPlan(api)
	p.SourceHash = strings.Repeat("0", 64)
	sel := Selection{Scenarios: []string{"tampered", "outsider", "ended", "keyless", "stageless"}}
	_, rep := collect(t.Context(), matrixOf(t, p, sel), RunOptions{
		Version: "1.2.3", Labels: map[string]string{"commit": "abc"},
		Next: func(l Layer, c Cause) string { return "mend " + string(l) + "/" + string(c) },
	})
	data, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text := string(data) + "\n"
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.with)
	}
	checkGolden(t, "report.golden.json", []byte(text))
	// The document can be read back by one who knows the names only.
	var read Report
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(read, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, "document read and written again", strings.Split(string(again), "\n"), strings.Split(string(data), "\n"))
}
