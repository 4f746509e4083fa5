package cli_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"

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
