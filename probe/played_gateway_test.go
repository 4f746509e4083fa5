package probe

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
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
