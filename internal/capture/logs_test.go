package capture

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

type conclusion struct {
	Layer      probe.Layer
	Confidence probe.Confidence
	Plausible  []probe.Layer
}

// conclude explains a log of one request.
func conclude(t *testing.T, log string, format LogFormat) (conclusion, probe.Attribution) {
	t.Helper()
	var transcripts []probe.Transcript
	for tr, err := range Read(strings.NewReader(log), "log", format) {
		if err != nil {
			t.Fatal(err)
		}
		transcripts = append(transcripts, tr)
	}
	if len(transcripts) != 1 {
		t.Fatalf("got %d entries, want 1", len(transcripts))
	}
	a := probe.Explain(transcripts)[0].Attribution
	return conclusion{a.Layer, a.Confidence, a.Plausible}, a
}

// check explains a log of one request; what stays plausible is compared where it is said.
func (want conclusion) check(t *testing.T, log string) {
	t.Helper()
	got, a := conclude(t, log, LogFormat{})
	if want.Plausible == nil {
		got.Plausible = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explaining (-want +got):\n%s\n%q\n%q", diff, a.Because, a.Evidence)
	}
}

func TestAccessLog(t *testing.T) {
	const (
		certain, likely, ambiguous = probe.Certain, probe.Likely, probe.Ambiguous
		rest                       = `"requestId":"r","extendedRequestId":"e","status":"403"`
	)
	key := []probe.Layer{probe.APIKeyLayer}
	for name, test := range map[string]struct {
		entry string // without its braces
		want  conclusion
	}{
		"API key":                {rest + `,"error.message":"Forbidden","error.responseType":"INVALID_API_KEY"`, conclusion{probe.APIKeyLayer, certain, key}},
		"API key, other status":  {`"requestId":"r","status":"401","error.responseType":"INVALID_API_KEY"`, conclusion{probe.APIKeyLayer, certain, key}},
		"nested keys":            {`"status":403,"error":{"responseType":"INVALID_API_KEY"}`, conclusion{probe.APIKeyLayer, certain, key}},
		"names with $context":    {`"$context.status":403,"$context.error.responseType":"INVALID_API_KEY"`, conclusion{probe.APIKeyLayer, certain, key}},
		"web ACL by type":        {rest + `,"error.responseType":"WAF_FILTERED"`, conclusion{probe.WAF, certain, []probe.Layer{probe.WAF}}},
		"web ACL by its code":    {rest + `,"wafResponseCode":"WAF_BLOCK","error.message":"Forbidden"`, conclusion{probe.WAF, certain, []probe.Layer{probe.WAF}}},
		"web ACL by phase":       {rest + `,"waf.status":"403","error.message":"Forbidden"`, conclusion{probe.WAF, likely, []probe.Layer{probe.WAF}}},
		"not the web ACL":        {rest + `,"wafResponseCode":"WAF_ALLOW","error.message":"Forbidden","resourcePath":"/x"`, conclusion{probe.APIKeyLayer, ambiguous, []probe.Layer{probe.TLS, probe.APIKeyLayer}}},
		"throttled":              {`"requestId":"r","status":"429","error.responseType":"THROTTLED"`, conclusion{probe.UsagePlan, certain, []probe.Layer{probe.UsagePlan}}},
		"validation":             {`"requestId":"r","status":"400","error.validationErrorString":"[object has missing required properties]"`, conclusion{probe.RequestValidation, certain, []probe.Layer{probe.RequestValidation}}},
		"signature":              {rest + `,"error.responseType":"INVALID_SIGNATURE","resourcePath":"/x","authenticate.status":"403"`, conclusion{probe.IAMAuthentication, likely, []probe.Layer{probe.IAMAuthentication}}},
		"signature, no resource": {rest + `,"authenticate.status":"403"`, conclusion{probe.RouteLayer, ambiguous, []probe.Layer{probe.RouteLayer, probe.IAMAuthentication}}},
		"authorizer":             {`"requestId":"r","extendedRequestId":"e","status":"401","error.responseType":"UNAUTHORIZED","authorizer.status":"401"`, conclusion{probe.LambdaAuthorizer, ambiguous, []probe.Layer{probe.LambdaAuthorizer, probe.CognitoAuthorizer}}},
		"authorizer's policy, named": {
			rest + `,"error.responseType":"ACCESS_DENIED","error.message":"User is not authorized to access this resource with an explicit deny in an identity-based policy"`,
			conclusion{probe.LambdaAuthorizer, certain, []probe.Layer{probe.LambdaAuthorizer}},
		},
		"policy after a signature": {
			rest + `,"error.responseType":"ACCESS_DENIED","authenticate.status":"200","authorize.status":"403","resourcePath":"/x"`,
			conclusion{probe.IAMAuthorization, ambiguous, []probe.Layer{probe.EndpointPolicy, probe.ResourcePolicy, probe.IAMAuthorization}},
		},
		"integration timed out":     {`"requestId":"r","status":"504","error.responseType":"INTEGRATION_TIMEOUT"`, conclusion{probe.Integration, certain, []probe.Layer{probe.Integration}}},
		"backend":                   {`"requestId":"r","status":"404","integration.status":"404"`, conclusion{probe.Backend, likely, []probe.Layer{probe.Backend}}},
		"accepted":                  {`"requestId":"r","status":"200","integration.status":"200"`, conclusion{probe.None, likely, []probe.Layer{probe.None}}},
		"accepted, and yet refused": {`"requestId":"r","status":"200","error.responseType":"WAF_FILTERED"`, conclusion{probe.WAF, certain, []probe.Layer{probe.WAF}}},
		"an unknown type":           {`"requestId":"r","status":"429","error.responseType":"NEW_TYPE"`, conclusion{probe.UsagePlan, likely, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.check(t, "{"+test.entry+"}")
		})
	}
}

// TestLoggedCauses: where a log says why, the cause is named, and else it is left open.
func TestLoggedCauses(t *testing.T) {
	const id = "5f1e2d3c-4b5a-4697-8899-aabbccddeeff"
	typed := func(name string) string {
		return fmt.Sprintf(`{"requestId":"r","status":"500","error.responseType":%q}`, name)
	}
	failed := func(why string) string {
		return "(" + id + ") Starting execution for request: " + id + "\n(" + id + ") " + why + "\n(" + id + ") Method completed with status: 500\n"
	}
	for log, want := range map[string]probe.Cause{
		typed("INTEGRATION_TIMEOUT"): "integration-timeout", typed("UNSUPPORTED_MEDIA_TYPE"): "unsupported-media-type",
		typed("BAD_REQUEST_BODY"): "bad-request-body", typed("BAD_REQUEST_PARAMETERS"): "bad-request-parameters",
		typed("QUOTA_EXCEEDED"): "quota-exceeded", typed("THROTTLED"): "throttled", typed("INTEGRATION_FAILURE"): "",
		failed("Execution failed due to configuration error: Malformed Lambda proxy response"): "malformed-lambda-proxy-response",
		failed("Execution failed due to a timeout error"):                                      "integration-timeout",
		failed("Execution failed due to configuration error: Invalid endpoint address"):        "",
	} {
		if _, a := conclude(t, log, LogFormat{}); a.Cause != want {
			t.Errorf("%s: got %q, want %q", log, a.Cause, want)
		}
	}
}

// TestResponseTypes: every type leaves somebody, and everybody that it leaves stays a candidate.
func TestResponseTypes(t *testing.T) {
	if len(responseTypes) != 19 { // all but DEFAULT_4XX and DEFAULT_5XX, which are never an error's own
		t.Errorf("got %d types, want 19", len(responseTypes))
	}
	for name, r := range responseTypes {
		_, a := conclude(t, fmt.Sprintf(`{"requestId":"r","status":"403","error.responseType":%q}`, name), LogFormat{})
		for _, left := range r.left {
			found := false
			for _, c := range a.Candidates {
				found = found || c.Layer == left.Layer
			}
			if !found && a.Confidence != probe.Certain {
				t.Errorf("%s: got candidates %v, want %s among them", name, a.Candidates, left.Layer)
			}
		}
		if single := len(r.left) == 1; single != (a.Confidence == probe.Certain) {
			t.Errorf("%s: got %s with %d layers left", name, a.Confidence, len(r.left))
		}
	}
}

func TestLogFormat(t *testing.T) {
	// AWS's own runbook names a key after another variable than it holds.
	const runbook = `{"requestId":"$context.requestId","status":$context.status,"phases":{"authenticate-status":"$context.authorizer.integrationStatus"},
		"authorize-status":"$context.authorize.status","fixed":"x","two":"$context.status $context.path"}`
	format, err := ParseLogFormat(runbook)
	if err != nil {
		t.Fatal(err)
	}
	entry := map[string]any{
		"requestId": "r", "status": 403, "phases": map[string]any{"authenticate-status": "200"}, "authorize-status": "403", "fixed": "x", "two": "403 /x",
	}
	text, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	_, a := conclude(t, string(text), format)
	want := []string{
		`access log: key "authenticate-status" holds $context.authorizer.integrationStatus (the status of the call to the authorizer's function, not its decision), not $context.authenticate.status`,
		"access log: the entry is one of a stage, so that the host led to it",
		"access log: authorize.status is 403: a policy denied it",
		"access log: authorizer.integrationStatus is 200: that is the call to the authorizer's function, not its decision",
	}
	want[0] = strings.Replace(want[0], `"authenticate-status"`, `"phases.authenticate-status"`, 1)
	if diff := cmp.Diff(want, a.Evidence); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	_, a = conclude(t, `{"requestId":"r","status":"403","authenticate-status":"200","responseType":"x"}`, LogFormat{})
	want = []string{
		`access log: not read: "authenticate-status": only --log-format says which variables these keys hold`,
		"access log: the entry is one of a stage, so that the host led to it",
	}
	if diff := cmp.Diff(want, a.Evidence); diff != "" {
		t.Errorf("evidence without a format (-want +got):\n%s", diff)
	}
	for format, want := range map[string]string{
		`{"status":"$context.status"`:         "got no valid JSON object, want the format of an access log",
		"$context.status":                     "got no $context.requestId, want the format of an access log",
		"$context.requestId$context.status x": "got nothing between $context.status and the variable before it, want a character that ends a value",
		`{"a":"b"}`:                           `got no key that holds a variable, want some such as "status":"$context.status"`,
	} {
		if _, err := ParseLogFormat(format); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", format, err, want)
		}
	}
}

func TestExecutionLog(t *testing.T) {
	const id = "9cef3834-f42c-46d7-83fe-a6401a431398"
	lines := func(texts ...string) string {
		var b strings.Builder
		for _, text := range texts {
			b.WriteString("2026-01-10T11:04:45.964Z (" + id + ") " + text + "\n")
		}
		return b.String()
	}
	const (
		starting = "Starting authorizer: 4hugyv for request: " + id
		plan     = "Verifying Usage Plan for request: " + id + ". API Key:  API Stage: a/prod"
		passed   = "Usage Plan check succeeded for API Key  and API Stage a/prod"
		begin    = "Starting execution for request: " + id
		lambda   = "Endpoint request URI: https://lambda.eu-west-1.amazonaws.com/x"
		done     = "Method completed with status: "
	)
	for name, test := range map[string]struct {
		log  string
		want conclusion
	}{
		"authorizer": {lines(starting, "Unauthorized request: "+id), conclusion{probe.LambdaAuthorizer, probe.Ambiguous, []probe.Layer{probe.LambdaAuthorizer, probe.CognitoAuthorizer}}},
		"authorizer, time on its own line": {
			strings.ReplaceAll(lines(starting, "Unauthorized request: "+id), "Z (", "Z\n("),
			conclusion{probe.LambdaAuthorizer, probe.Ambiguous, []probe.Layer{probe.LambdaAuthorizer, probe.CognitoAuthorizer}},
		},
		"the authorizer's function": {lines(starting, lambda, "Unauthorized request: "+id), conclusion{probe.LambdaAuthorizer, probe.Certain, []probe.Layer{probe.LambdaAuthorizer}}},
		"the authorizer's answer": {
			lines(starting, lambda, "Execution failed due to configuration error: Could not parse policy", done+"500"),
			conclusion{probe.LambdaAuthorizer, probe.Certain, []probe.Layer{probe.LambdaAuthorizer}},
		},
		"API key": {
			lines(plan, "API Key  not authorized because method 'GET /' requires API Key and API Key is not associated with a Usage Plan", done+"403"),
			conclusion{probe.APIKeyLayer, probe.Certain, []probe.Layer{probe.APIKeyLayer}},
		},
		"client certificate":   {lines("Extended Request Id: x=", "Access denied. Reason: Could not find issuer for certificate"), conclusion{probe.TLS, probe.Certain, []probe.Layer{probe.TLS}}},
		"integration":          {lines(plan, passed, begin, lambda, "Execution failed due to configuration error: Malformed Lambda proxy response", done+"502"), conclusion{probe.Integration, probe.Certain, []probe.Layer{probe.Integration}}},
		"backend":              {lines(plan, passed, begin, lambda, "Successfully completed execution", done+"404"), conclusion{probe.Backend, probe.Likely, []probe.Layer{probe.Backend}}},
		"backend, without ids": {strings.ReplaceAll(lines(plan, passed, begin, lambda, "Successfully completed execution", done+"404"), "("+id+") ", ""), conclusion{probe.Backend, probe.Likely, []probe.Layer{probe.Backend}}},
		"accepted":             {lines(plan, passed, begin, lambda, "Received response. Status: 200, Integration latency: 3 ms", "Successfully completed execution", done+"200"), conclusion{probe.None, probe.Likely, []probe.Layer{probe.None}}},
		"test-invoke":          {"Execution log for request 5e0c0a1e-test-request\nThu Nov 05 08:00:00 UTC 2026 : Starting execution for request: 5e0c0a1e-test-request\nThu Nov 05 08:00:00 UTC 2026 : Endpoint request URI: https://x\nThu Nov 05 08:00:00 UTC 2026 : Execution failed due to configuration error: Invalid endpoint address\nThu Nov 05 08:00:00 UTC 2026 : Method completed with status: 500\n", conclusion{probe.Integration, probe.Certain, []probe.Layer{probe.Integration}}},
	} {
		t.Run(name, func(t *testing.T) {
			test.want.check(t, test.log)
		})
	}
}

// TestManyRequests keeps the memory of a log of many unfinished requests bounded.
func TestManyRequests(t *testing.T) {
	const requests = 3 * openRequests
	n := 0
	r := strings.NewReader(func() string {
		var b strings.Builder
		for i := range requests {
			fmt.Fprintf(&b, "(%08x-0000-0000-0000-000000000000) Extended Request Id: x%d=\n", i, i)
		}
		return b.String()
	}())
	for tr, err := range Read(r, "log", LogFormat{}) {
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("x%d=", n); tr.ExtendedRequestID != want {
			t.Fatalf("entry %d: got id %q, want %q", n, tr.ExtendedRequestID, want)
		}
		n++
	}
	if n != requests {
		t.Errorf("got %d requests, want %d", n, requests)
	}
}
