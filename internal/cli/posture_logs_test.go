package cli_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// operator reads the account of a posture.
var operator = sandbox.Principal{
	AccessKeyID: "AKIAPOSTUREOPERATOR1", SecretKey: "secret-of-the-operator", ARN: "arn:aws:iam::" + account + ":user/operator",
	Policy: sandbox.Policy{{Effect: sandbox.Allow, Action: []string{"apigateway:GET", "logs:FilterLogEvents"}}},
}

// logged has every stage write logs.
func logged(format func(sandbox.APIType) string, execution bool) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		m.Principals = append(m.Principals, operator)
		for i := range m.APIs {
			a := &m.APIs[i]
			for j := range a.Stages {
				kind := a.Type
				if kind == "" {
					kind = sandbox.REST
				}
				if format != nil {
					a.Stages[j].AccessLog = &sandbox.AccessLog{Group: "/access/" + a.ID, Format: format(kind)}
				}
				a.Stages[j].ExecutionLog = execution && kind != sandbox.HTTP
			}
		}
	}
}

// openAccount opens the account behind a gateway, without a network.
func openAccount(t *testing.T, g *sandbox.Gateway) *evidence.Account {
	t.Helper()
	a, err := evidence.Open(t.Context(), evidence.DefaultBudget, config.WithRegion(region), config.WithBaseEndpoint("http://account.test"),
		config.WithAPIOptions([]func(*middleware.Stack) error{inProcess(g.ControlPlane())}),
		config.WithCredentialsProvider(awscredentials.NewStaticCredentialsProvider(operator.AccessKeyID, operator.SecretKey, "")))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// inProcess calls a handler in place of a server.
func inProcess(h http.Handler) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("InProcess", func(
			ctx context.Context, in middleware.DeserializeInput, _ middleware.DeserializeHandler,
		) (out middleware.DeserializeOutput, _ middleware.Metadata, err error) {
			r := in.Request.(*smithyhttp.Request).Build(ctx)
			r.Host, r.RequestURI = r.URL.Host, r.URL.RequestURI()
			if r.Body == nil {
				r.Body = http.NoBody
			}
			if r.ContentLength > 0 {
				r.Header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10)) // as a client writes it
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			out.RawResponse = &smithyhttp.Response{Response: w.Result()}
			return out, middleware.Metadata{}, nil
		}), middleware.After)
	}
}

// logKinds are the ways in which the stages of random postures write logs.
var logKinds = []option[sandbox.Model]{
	{"both logs", logged(sandbox.PhaseLogFormat, true)},
	{"access log", logged(sandbox.PhaseLogFormat, false)},
	{"execution log", logged(nil, true)},
	{"access log without phases", logged(func(sandbox.APIType) string { return sandbox.CommonLogFormat }, false)},
}

// Random gateways whose logs are evidence: what they say is never wrong, and names more of the rejections. The totals of
// the same seeds without logs are those of the other tests of accuracy.
func TestPostureAccuracyLogs(t *testing.T) {
	for kind, random := range map[string]func(*testing.T, uint64) posture{"REST": random, "HTTP": randomHTTP, "WebSocket": randomWebSocket} {
		t.Run(kind, func(t *testing.T) {
			checkSeeds(t, func(t *testing.T, seed uint64) posture {
				t.Helper()
				p, kind := random(t, seed), logKinds[int(seed)%len(logKinds)]
				p.logs, p.world = kind.change, kind.name
				return p
			})
		})
	}
}

// losing loses the answers to requests that bear no key and no signature, after the gateway has made them.
func losing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" && r.Header.Get("x-api-key") != "" {
			next.ServeHTTP(w, r)
			return
		}
		made := httptest.NewRecorder()
		next.ServeHTTP(made, r)
		w.WriteHeader(made.Code)
		panic(http.ErrAbortHandler) // before anything of it is on the wire
	})
}

// What became of a request whose answer was lost stands in the log of a REST API, which takes over the id that we sent.
func TestPostureLostAnswers(t *testing.T) {
	t.Parallel()
	p := posture{setup: both(doorShut, routes(keyed(iam("/orders"))), front(losing)), logs: logged(sandbox.PhaseLogFormat, true)}
	o := p.run(t)
	found := make(map[string]int)
	for _, r := range slices.Concat(o.report.Results, o.report.Extra) {
		if r.Observed == nil || r.Observed.Answered() || r.Access != probe.AccessCustomDomain {
			continue
		}
		truth, _ := o.truth(r)
		a := r.Attribution
		before := truth.Layer == string(probe.Domain) || truth.Layer == string(probe.Stage) // which leave no entry
		if !before && !(string(a.Layer) == truth.Layer && (a.Confidence == probe.Certain || a.Confidence == probe.Likely)) {
			t.Errorf("%s: got %s %s, truth %s/%s\n%q\n%q", r.ID, a.Confidence, a.Layer, truth.Layer, truth.Cause, a.Because, a.Evidence)
		}
		if a.Confidence == probe.Certain && string(a.Layer) != truth.Layer {
			t.Errorf("%s: certain and wrong: got %s, truth %s", r.ID, a.Layer, truth.Layer)
		}
		if r.Verdict == probe.Pass || r.Verdict == probe.Fail {
			t.Errorf("%s: got %s, want nothing said without an answer", r.ID, r.Verdict)
		}
		want := "the evidence says that it arrived, and was answered by " + truth.Layer
		if truth.Layer == string(probe.None) {
			want = "the evidence says that it was accepted"
		}
		if !before && r.Verdict != "" && !strings.Contains(r.Reason, want) {
			t.Errorf("%s: got the reason %q, want %q in it", r.ID, r.Reason, want)
		}
		found[truth.Layer]++
	}
	if found["iam-authentication"] == 0 || found["api-key"] == 0 || found["route"] == 0 {
		t.Errorf("got lost answers of %v, want of several layers", found)
	}
}

// mirrored is a proxy that sends a copy of each request before it, under the same id and without credentials, for
// somebody else to look at.
func mirrored(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied := r.Clone(r.Context())
		copied.Header.Del("Authorization")
		copied.Header.Del("x-api-key")
		next.ServeHTTP(httptest.NewRecorder(), copied)
		next.ServeHTTP(w, r)
	})
}

// answeredByAnother is a proxy whose answers are those of a copy of each request, under an id of the proxy's own.
func answeredByAnother(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		copied := r.Clone(r.Context())
		copied.Header.Del("x-api-key")
		next.ServeHTTP(w, copied)
	})
}

// An entry of another request is evidence of none, whatever stands between the prober and the gateway; and what a log
// says is never wrong in all that makes a naive engine be so.
func TestPostureLogs(t *testing.T) {
	cli.Long(t)
	var traps []posture
	trap := func(name string, fronts ...sandbox.Front) {
		chain := front(sandbox.Chain(fronts...))
		traps = append(traps, posture{name: name, setup: both(routes(keyed(iam("/orders")), open("/health")), chain)},
			posture{name: name + ", HTTP", setup: both(httpAPI, chain)})
	}
	hidden := sandbox.StripResponseHeaders("x-amz-apigw-id", "x-amzn-requestid", "apigw-requestid")
	trap("errors cached", sandbox.CacheErrors(time.Hour, false, time.Now))
	trap("errors cached, said so", sandbox.CacheErrors(time.Hour, true, time.Now))
	trap("mirrored", mirrored)
	trap("mirrored, ids hidden", hidden, mirrored)
	trap("answered by another", answeredByAnother)
	trap("answered by another, ids hidden", hidden, answeredByAnother)
	trap("request ids taken off", sandbox.StripHeaders("x-amzn-RequestId"))
	trap("page", sandbox.ErrorPage())
	trap("blocked at the edge", sandbox.EdgeWAF("User-Agent", "probe"))
	all := slices.Concat(traps, setups, tokenSetups, healthyPostures)
	for _, faults := range [][]fault{faults, tokenFaults, requests, rewritten, private} {
		for _, f := range faults {
			all = append(all, f.posture)
		}
	}
	// In one group for all APIs, in an entry that does not say which it is of.
	bare := func(sandbox.APIType) string {
		return "$context.requestId $context.status $context.error.responseType $context.error.message"
	}
	for i := range all {
		all[i].logs = logged(sandbox.PhaseLogFormat, true)
	}
	for _, p := range traps {
		p.name, p.logs = p.name+", told apart by ids only", both(logged(bare, false), func(m *sandbox.Model) {
			for i := range m.APIs {
				for j := range m.APIs[i].Stages {
					m.APIs[i].Stages[j].AccessLog.Group = "/access"
				}
			}
		})
		all = append(all, p)
	}
	checkAll(t, all, nil)
}

// What keeps entries from being there is noted, and changes nothing else; what delays them is waited for.
func TestPostureLogsThatLag(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change  func(*sandbox.ControlPlane)
		wait    time.Duration
		certain bool // of the missing key
		note    string
	}{
		"there":      {certain: true},
		"no role":    {change: func(c *sandbox.ControlPlane) { c.NoLogRole = true }, note: "requests have no entry after 0s"},
		"late":       {change: func(c *sandbox.ControlPlane) { c.LogDelay = time.Hour }, note: "requests have no entry after 0s"},
		"waited for": {change: func(c *sandbox.ControlPlane) { c.LogDelay = 200 * time.Millisecond }, wait: time.Minute, certain: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := posture{setup: both(noDomain, routes(keyed(iam("/orders")))), sel: probe.Selection{Scenarios: []string{"missing-api-key"}}}
			p.logs = func(m *sandbox.Model) {
				logged(sandbox.PhaseLogFormat, true)(m)
				if tt.change != nil {
					tt.change(&m.ControlPlane)
				}
			}
			w := p.serve(t)
			w.account.Wait = tt.wait
			for e := range w.matrix.Run(t.Context(), probe.RunOptions{Resolve: resolve, Testify: w.account.Testify}) {
				end, ok := e.(probe.RunFinished)
				if !ok {
					continue
				}
				i := slices.IndexFunc(end.Report.Results, func(r probe.Result) bool { return r.Scenario == "missing-api-key" && r.Attribution != nil })
				if got := end.Report.Results[i]; (got.Attribution.Confidence == probe.Certain) != tt.certain || got.Attribution.Layer != probe.APIKeyLayer || got.Verdict != probe.Pass {
					t.Errorf("got %s %s, %s, want it passed, and certain: %t", got.Attribution.Confidence, got.Attribution.Layer, got.Verdict, tt.certain)
				}
				if notes := strings.Join(end.Report.Run.Notes, "\n"); !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
					t.Errorf("got the notes %q, want %q", notes, tt.note)
				}
			}
		})
	}
}
