package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/doctor"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// told is what a diagnosis says of a fault in place of its layer and cause, and why it cannot say these.
type told struct {
	layer  probe.Layer
	causes []probe.Cause // that it leaves possible, the likelier first
	why    string
}

// untold are the faults of which even the account does not say all.
var untold = map[string]told{
	"cdn-blocks":               {probe.Edge, []probe.Cause{"cloudfront-blocked", "waf-at-edge"}, "only the web ACL of the CDN knows which of the two it was"},
	"cdn-shows-page":           {probe.IAMAuthentication, []probe.Cause{"signature-mismatch"}, "the page hides many refusals, and the log tells of each what it was"},
	"clock":                    {probe.IAMAuthentication, []probe.Cause{"clock-skew"}, "the signature has expired because our own clock is wrong, and that is what has to be mended"},
	"authorizer-crashes":       {probe.LambdaAuthorizer, []probe.Cause{"lambda-authorizer-misconfigured", "lambda-authorizer-failure"}, "one answer for both"},
	"authorizer-not-permitted": {probe.LambdaAuthorizer, []probe.Cause{"lambda-authorizer-misconfigured", "lambda-authorizer-failure"}, "one answer for both"},
	"authorizer-forgets":       {probe.LambdaAuthorizer, []probe.Cause{"lambda-authorizer-unauthorized", "lambda-authorizer-missing-identity-source"}, "one answer for both"},
	"identity-source-moved":    {probe.LambdaAuthorizer, []probe.Cause{"lambda-authorizer-unauthorized", "lambda-authorizer-missing-identity-source"}, "one answer for both"},
	"pool-replaced":            {probe.CognitoAuthorizer, []probe.Cause{"cognito-token-invalid", "cognito-token-missing"}, "one answer for both"},
	"media-type": {probe.RequestValidation, []probe.Cause{"bad-request-body", "bad-request-parameters", "unsupported-media-type", "request-too-large"},
		"the answer is of no known shape, but of the validation"},
	"integration-timeout": {probe.Integration, []probe.Cause{"integration-timeout", "integration-failure"}, "the integration may say so itself"},
	"permission-missing":  {probe.Integration, []probe.Cause{"integration-failure", "lambda-permission-missing", "lambda-throttled"}, "one answer for all three"},
	"malformed-answer":    {probe.Integration, []probe.Cause{"malformed-lambda-proxy-response", "integration-failure"}, "one answer for both"},
}

// healthyFaults change how a refusal looks, and nothing that is wrong: the diagnosis says which layer refuses what.
var healthyFaults = map[string]string{
	"gateway-response":     "iam-authentication refuses unsigned (unsigned-to-iam)",
	"gateway-response-4xx": "iam-authentication refuses unsigned (unsigned-to-iam)",
}

// For every fault of the sandbox, the diagnosis names the true layer and cause, or says what it cannot tell; and it is
// never certain of anything else.
func TestDoctorNamesEveryFault(t *testing.T) {
	t.Parallel()
	for _, f := range sandbox.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			d, code := diagnosisOf(t, f.Name)
			if words, ok := healthyFaults[f.Name]; ok {
				if code != ExitOK || len(d.Findings) > 0 || !slices.ContainsFunc(d.Fine, func(f string) bool { return strings.HasPrefix(f, words) }) {
					t.Errorf("got exit code %d, findings %v, fine %q, want nothing wrong and %q", code, d.Findings, d.Fine, words)
				}
				return
			}
			if len(d.Findings) == 0 {
				t.Fatalf("got no finding, exit code %d: %s", code, d.Headline)
			}
			checkDiagnosis(t, f, d.Findings[0])
			want := ExitFail
			if sure := d.Findings[0].Confidence; sure != probe.Certain && sure != probe.Likely {
				want = ExitInconclusive
			}
			if code != want {
				t.Errorf("got exit code %d, want %d", code, want)
			}
		})
	}
}

func checkDiagnosis(t *testing.T, f sandbox.Fault, got doctor.Finding) {
	t.Helper()
	want, ok := untold[f.Name]
	if !ok {
		want = told{layer: probe.Layer(f.Layer), causes: []probe.Cause{probe.Cause(f.Cause)}}
	}
	var named []probe.Cause
	if got.Cause != "" {
		named = append(named, got.Cause)
	}
	for _, c := range got.Candidates {
		if got.Cause == "" && c.Layer == got.Layer {
			named = append(named, c.Cause)
		}
	}
	if got.Layer != want.layer || !slices.Equal(named, want.causes) {
		t.Errorf("got %s %s %v, want %s %v; truth: %s/%s", got.Confidence, got.Layer, named, want.layer, want.causes, f.Layer, f.Cause)
	}
	if got.Confidence == probe.Certain && string(got.Layer) != f.Layer {
		t.Errorf("got %s, certain; truth: %s", got.Layer, f.Layer)
	}
	if got.Fix == nil || len(got.Fix.Steps) == 0 {
		t.Errorf("got no fix for %s %v", got.Layer, named)
	}
}

// diagnosisOf is what the command says of the route that a fault breaks.
func diagnosisOf(t *testing.T, fault string) (doctor.Diagnosis, ExitCode) {
	t.Helper()
	api, route := "ledger", "GET /entries" // of what the tour does not show
	for _, r := range rows {
		for _, s := range r.shown {
			if s.fault == fault {
				api, route = s.api, s.route
			}
		}
	}
	var out, errs strings.Builder
	code := Run(t.Context(), []string{"doctor", "sandbox", api, route, "--fault", fault, "--format", "json"}, Streams{Out: &out, Err: &errs})
	var d doctor.Diagnosis
	if err := json.Unmarshal([]byte(out.String()), &d); err != nil {
		t.Fatalf("reading the diagnosis: %v; standard error: %s", err, errs.String())
	}
	return d, code
}

// Where nothing is wrong, the doctor says so, of every route that the sandbox has.
func TestDoctorFindsHealth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ api, route string }{
		{"orders", "GET /orders"}, {"orders", "GET /orders/{id}"}, {"catalog", "GET /items"}, {"catalog", "GET /items/{id}"}, {"catalog", "POST /items"},
		{"ledger", "GET /entries"}, {"members", "GET /profile"}, {"members", "GET /account"}, {"shop", "GET /goods"}, {"shop", "GET /basket"},
		{"shop", "GET /wishlist"}, {"shop", "GET /offers"}, {"feed", "$connect"}, {"reports", "GET /daily"}, {"vault", "GET /documents"},
		{"legacy", "GET /export"}, {"legacy", "GET /report"}, // whose faults the configuration accepts
	} {
		var out, errs strings.Builder
		code := Run(t.Context(), []string{"doctor", "sandbox", c.api, c.route}, Streams{Out: &out, Err: &errs})
		if code != ExitOK || !strings.HasPrefix(out.String(), c.route+" of "+c.api+" in sandbox: nothing is wrong") {
			t.Errorf("%s %s: got exit code %d, %s%s", c.api, c.route, code, out.String(), errs.String())
		}
	}
}

func TestRouteOf(t *testing.T) {
	api := probe.API{Routes: []probe.Route{
		{Method: "GET", Path: "/orders/{id}"}, {Method: "GET", Path: "/orders/mine"}, {Method: "POST", Path: "/orders"},
		{Method: "GET", Path: "/files/{proxy+}"}, {Path: probe.ConnectRoute},
	}}
	for name, want := range map[string]string{
		"GET /orders/{id}": "GET /orders/{id}", "GET /orders/mine": "GET /orders/mine", "GET /orders/42": "GET /orders/{id}", "POST /orders": "POST /orders",
		"GET /files/a/b": "GET /files/{proxy+}", "$connect": "$connect", "GET /files": "", "GET /orders": "", "DELETE /orders/42": "", "": "", "GET /orders/42/x": "",
	} {
		got, _ := routeOf(api, name)
		if got.Name() != want {
			t.Errorf("%q: got %q, want %q", name, got.Name(), want)
		}
	}
}
