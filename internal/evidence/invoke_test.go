package evidence_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	memberToken = "member-token-that-nobody-may-see"
	ownARN      = "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3d4e5/"
	authFn      = "arn:aws:lambda:eu-west-1:111122223333:function:auth"
	authURI     = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + authFn + "/invocations"
	call        = "POST /2015-03-31/functions/" + authFn + "/invocations"
	fnPolicy    = "GET /2015-03-31/functions/" + authFn + "/policy"
)

// subject is the right request of GET /orders/{id}, or of the handshake, with a token.
func subject(kind probe.APIType, change ...func(*probe.API)) evidence.Subject {
	token := &probe.Reference{Value: probe.NewSecret(memberToken)}
	api := probe.API{
		Name: "orders", Type: kind, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", DefaultEndpoint: probe.Enabled,
		Routes: []probe.Route{{
			Method: "GET", Path: "/orders/{id}", PathParameters: map[string]string{"id": "4 2"}, Query: map[string][]string{"page": {"1", "2"}},
			Authorization: probe.AuthCustom, Token: probe.Token{Scheme: "Bearer", Given: map[probe.TokenKind]*probe.Reference{probe.ValidToken: token}},
		}},
	}
	if kind == probe.WebSocket {
		api.Routes[0].Method, api.Routes[0].Path, api.Routes[0].PathParameters = "", probe.ConnectRoute, nil
	}
	for _, c := range change {
		c(&api)
	}
	plan := &probe.Plan{APIs: []probe.API{api}}
	return evidence.Subject{
		Control: probe.Case{
			Target: probe.Target{Plan: plan, API: api, Route: api.Routes[0], Access: api.Accesses()[0]}, Control: true, Token: token,
			Scenario: probe.Scenario{Name: "control"},
		},
		Crafting: probe.Crafting{Run: "run", UserAgent: "agent", Now: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)},
	}
}

// account are the answers about an API with a Lambda authorizer.
func account(kind probe.APIType, authorizer string, more map[string]string) map[string]string {
	out := map[string]string{"GetCallerIdentity": caller}
	switch kind {
	case probe.REST:
		out["GET /restapis/a1b2c3d4e5/resources"] = `{"item":[{"id":"r1","path":"/orders/{id}","resourceMethods":{"GET":{"authorizationType":"CUSTOM","authorizerId":"z1",
			"methodIntegration":{"uri":"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:111122223333:function:${stageVariables.fn}/invocations"}}}}]}`
		out["GET /restapis/a1b2c3d4e5/stages/prod"] = `{"variables":{"fn":"orders:live"}}`
		out["GET /restapis/a1b2c3d4e5/authorizers/z1"] = authorizer
		out["POST /restapis/a1b2c3d4e5/resources/r1/methods/GET"] = `{"status":200,"log":"Execution log for request 1"}`
		out["GET /restapis/a1b2c3d4e5"] = `{}`
	default:
		key := "GET /orders/{id}"
		if kind == probe.WebSocket {
			key = probe.ConnectRoute
		}
		out["GET /v2/apis/a1b2c3d4e5/routes"] = `{"items":[{"routeKey":"` + key + `","authorizationType":"CUSTOM","authorizerId":"z1","target":"integrations/i1"}]}`
		out["GET /v2/apis/a1b2c3d4e5/stages/prod"] = `{"stageVariables":{"color":"blue"}}`
		out["GET /v2/apis/a1b2c3d4e5/integrations"] = `{"items":[{"integrationId":"i1","integrationUri":"` + authFn + `"}]}`
		out["GET /v2/apis/a1b2c3d4e5/authorizers/z1"] = authorizer
	}
	maps.Copy(out, more)
	return out
}

const (
	tokenAuthorizer   = `{"id":"z1","name":"auth","type":"TOKEN","identitySource":"method.request.header.Authorization","authorizerUri":"` + authURI + `"}`
	requestAuthorizer = `{"id":"z1","name":"auth","type":"REQUEST","identitySource":"method.request.header.Authorization, method.request.querystring.page","authorizerUri":"` + authURI + `"}`
	http2             = `{"name":"auth","authorizerType":"REQUEST","identitySource":["$request.header.Authorization"],"authorizerUri":"` + authURI + `","authorizerPayloadFormatVersion":"2.0"`
	simple            = http2 + `,"enableSimpleResponses":true}`
	http1             = `{"name":"auth","authorizerType":"REQUEST","identitySource":["$request.header.Authorization","$context.routeKey"],"authorizerUri":"` + authURI + `","authorizerPayloadFormatVersion":"1.0"}`
	socket            = `{"name":"auth","authorizerType":"REQUEST","identitySource":["route.request.header.Authorization"],"authorizerUri":"` + authURI + `"}`
	test              = "POST /restapis/a1b2c3d4e5/authorizers/z1"
	method            = "POST /restapis/a1b2c3d4e5/resources/r1/methods/GET"
)

// grants is an answer with a policy of one statement.
func grants(effect, resource string) string {
	return `{"principalId":"me","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"execute-api:Invoke","Resource":"` + resource + `"}]}}`
}

// policyOf is the policy of such an answer as a test invocation gives it.
func policyOf(answer string) string {
	var a struct {
		PolicyDocument json.RawMessage `json:"policyDocument"`
	}
	_ = json.Unmarshal([]byte(answer), &a)
	text, _ := json.Marshal(string(a.PolicyDocument))
	return `{"clientStatus":0,"principalId":"me","policy":` + string(text) + `}`
}

// What comes of each answer of an authorizer and its function.
func TestTestInvoke(t *testing.T) {
	const (
		lambdaName = "function of authorizer auth"
		testName   = "test-invoke-authorizer auth"
		asked      = ownARN + "prod/GET/orders/4%202"
		made       = "; a test tells the function of a method of its own"
		told       = "; it was told that the caller is at 192.0.2.1"
		misshapen  = probe.Cause("lambda-authorizer-misconfigured")
		denied     = probe.Cause("lambda-authorizer-deny")
	)
	type check struct {
		Name, Text string
		Outcome    evidence.CheckOutcome
		Cause      probe.Cause
	}
	answers := func(name, text string) check { return check{name, text, evidence.Fine, ""} }
	silent := func(name, text string) check { return check{name, text, evidence.Unseen, ""} }
	refuses := func(name string, cause probe.Cause, text string) check {
		return check{name, text, evidence.Wrong, cause}
	}
	fine := answers("test-invoke-method GET /orders/{id}", "the method as it is being edited answers 200")
	for _, c := range []struct {
		name       string
		kind       probe.APIType
		authorizer string
		answers    map[string]string
		want       []check
	}{
		{"allow", probe.REST, tokenAuthorizer, map[string]string{test: policyOf(grants("Allow", ownARN+"prod/*"))}, []check{fine, answers(testName, "its policy allows execute-api:Invoke on "+asked)}},
		{"deny", probe.REST, tokenAuthorizer, map[string]string{test: policyOf(grants("Deny", "*"))}, []check{fine, refuses(testName, denied, "its policy denies execute-api:Invoke on "+asked+" explicitly"+made)}},
		{
			"another path", probe.REST, tokenAuthorizer, map[string]string{test: policyOf(grants("Allow", ownARN+"prod/GET/orders/1"))},
			[]check{fine, refuses(testName, denied, "its policy does not allow execute-api:Invoke on "+asked+", but on "+ownARN+"prod/GET/orders/1, nor does a resource policy"+made)},
		},
		{
			"another path, and a resource policy that allows all", probe.REST, tokenAuthorizer,
			map[string]string{test: policyOf(grants("Allow", ownARN+"other/*")), "GET /restapis/a1b2c3d4e5": `{"policy":"{\\\"Statement\\\":[{\\\"Effect\\\":\\\"Allow\\\",\\\"Principal\\\":\\\"*\\\",\\\"Action\\\":\\\"execute-api:Invoke\\\",\\\"Resource\\\":\\\"*\\\"}]}"}`},
			[]check{fine, answers(testName, "its policy does not allow execute-api:Invoke on "+asked+", but on "+ownARN+"other/*; the resource policy does, which is enough")},
		},
		{
			"another path, and a resource policy for somebody", probe.REST, tokenAuthorizer,
			map[string]string{test: policyOf(grants("Allow", ownARN+"other/*")), "GET /restapis/a1b2c3d4e5": `{"policy":"{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"*\",\"Resource\":\"*\"}]}"}`},
			[]check{fine, refuses(testName, denied, "its policy does not allow execute-api:Invoke on "+asked+", but on "+ownARN+"other/*, nor does a resource policy"+made)},
		},
		{
			"another path, and a resource policy that is not seen", probe.REST, tokenAuthorizer,
			map[string]string{test: policyOf(grants("Allow", ownARN+"other/*")), "GET /restapis/a1b2c3d4e5": "403 AccessDeniedException"},
			[]check{fine, silent(testName, "its policy does not allow execute-api:Invoke on "+asked+", but on "+ownARN+"other/*; a resource policy that does would be enough; not seen: "+
				"default endpoint, endpoint type and key source: apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5 is not allowed")},
		},
		{
			"with a condition", probe.REST, tokenAuthorizer,
			map[string]string{test: `{"clientStatus":0,"principalId":"me","policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}}}"}`},
			[]check{fine, silent(testName, "for "+asked+" its policy depends on what was not evaluated: IpAddress of aws:SourceIp")},
		},
		{
			"the method that it is called for", probe.REST, tokenAuthorizer,
			map[string]string{test: policyOf(grants("Allow", ownARN+"ESTestInvoke-stage/GET/")), call: grants("Allow", asked)},
			[]check{
				fine, silent(testName, "its policy is for the method that it was called for, which a test makes up; so its function was called with the method of the stage"),
				answers(lambdaName, "its policy allows execute-api:Invoke on "+asked),
			},
		},
		{"no principal", probe.REST, tokenAuthorizer, map[string]string{test: `{"policy":"{\"Statement\":[]}"}`}, []check{fine, refuses(testName, misshapen, "it answered no principalId")}},
		{
			"a long ARN", probe.REST, tokenAuthorizer, map[string]string{test: policyOf(grants("Allow", strings.Repeat("a", 513)))},
			[]check{fine, refuses(testName, misshapen, "its policy has an ARN of 513 characters, want at most 512")},
		},
		{
			"unparsable", probe.REST, tokenAuthorizer, map[string]string{test: `{"principalId":"me","policy":"{\"Statement\":[{\"Effect\":\"allow\"}]}"}`},
			[]check{fine, refuses(testName, misshapen, `reading a policy: statement 1: got Effect "allow", want "Allow" or "Deny"`)},
		},
		{
			"401", probe.REST, tokenAuthorizer, map[string]string{test: `{"clientStatus":401,"log":"Execution log for request 1\nThu Jan 01 00:00:00 UTC 2026 : Unauthorized request: 1\n"}`},
			[]check{fine, refuses(testName, "lambda-authorizer-unauthorized", "a client would get 401"+made)},
		},
		{
			"500, with the token in the log", probe.REST, tokenAuthorizer,
			map[string]string{test: `{"clientStatus":500,"log":"Execution log for request 1\nThu Jan 01 00:00:00 UTC 2026 : Execution failed due to configuration error: Authorizer function failed with response body: ` + memberToken + `\n"}`},
			[]check{fine, refuses(testName, "lambda-authorizer-failure", `a client would get 500; its log says "Execution failed due to configuration error: Authorizer function failed with response body: [redacted]"`+made)},
		},
		{
			"a backend that asks for the caller", probe.REST, tokenAuthorizer,
			map[string]string{method: `{"status":403,"log":"Execution log for request 1\nThu Jan 01 00:00:00 UTC 2026 : Starting execution for request: 1\nThu Jan 01 00:00:00 UTC 2026 : Endpoint request URI: https://x\nThu Jan 01 00:00:00 UTC 2026 : Successfully completed execution\nThu Jan 01 00:00:00 UTC 2026 : Method completed with status: 403\n"}`, test: policyOf(grants("Allow", "*"))},
			[]check{silent(fine.Name, "the method as it is being edited answers 403; a test has no caller, whom what stands behind the method may ask for"), answers(testName, "its policy allows execute-api:Invoke on "+asked)},
		},
		{
			"a method that may not invoke its function", probe.REST, tokenAuthorizer,
			map[string]string{method: `{"status":500,"log":"Execution log for request 1\nThu Jan 01 00:00:00 UTC 2026 : Execution failed due to configuration error: Invalid permissions on Lambda function\n"}`, test: policyOf(grants("Allow", "*"))},
			[]check{
				refuses(fine.Name, "lambda-permission-missing", `the method as it is being edited answers 500; its log says "Execution failed due to configuration error: Invalid permissions on Lambda function"; `+
					"the test goes through a stage of its own, which a permission for one stage alone leaves out"),
				answers(testName, "its policy allows execute-api:Invoke on "+asked),
			},
		},
		{
			"without rights", probe.REST, tokenAuthorizer, map[string]string{test: "403 AccessDeniedException", method: "403 AccessDeniedException"},
			[]check{
				silent(fine.Name, "not seen: what the method answers by itself: apigateway:POST on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/resources/r1/methods/GET is not allowed"),
				silent(testName, "not seen: what the authorizer says to the request: apigateway:POST on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/authorizers/z1 is not allowed"),
			},
		},
		{
			"that fails is not called again", probe.REST, tokenAuthorizer, map[string]string{test: "500 InternalFailure", method: "429 TooManyRequestsException"},
			[]check{
				silent(fine.Name, "not seen: what the method answers by itself: apigateway TestInvokeMethod on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/resources/r1/methods/GET was answered TooManyRequestsException"),
				silent(testName, "not seen: what the authorizer says to the request: apigateway TestInvokeAuthorizer on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/authorizers/z1 was answered InternalFailure"),
			},
		},
		{
			"an authorizer that is not seen", probe.REST, "403 AccessDeniedException", nil,
			[]check{fine, silent("authorizer", "not seen: the function of the authorizer: apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/authorizers/z1 is not allowed")},
		},
		{
			"a method that is not seen", probe.REST, tokenAuthorizer, map[string]string{"GET /restapis/a1b2c3d4e5/resources": "403 AccessDeniedException"},
			[]check{silent("route in the API", "not seen: the methods that are being edited: apigateway:GET on arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/resources is not allowed")},
		},
		{
			"no such method", probe.REST, tokenAuthorizer, map[string]string{"GET /restapis/a1b2c3d4e5/resources": `{"item":[]}`},
			[]check{silent("route in the API", "the API, as it is being edited, has nothing that takes GET /orders/{id}")},
		},

		{"yes", probe.HTTP, simple, map[string]string{call: `{"isAuthorized":true}`}, []check{answers(lambdaName, "it answers isAuthorized true")}},
		{"no", probe.HTTP, simple, map[string]string{call: `{"isAuthorized":false,"context":{"list":[1]}}`}, []check{refuses(lambdaName, denied, "it answers isAuthorized false"+told)}},
		{"perhaps", probe.HTTP, simple, map[string]string{call: `{"isAuthorized":"true"}`}, []check{refuses(lambdaName, misshapen, `it answered isAuthorized as "true", want true or false`)}},
		{
			"yes, and nobody asked so", probe.HTTP, http2 + "}", map[string]string{call: `{"isAuthorized":true}`},
			[]check{refuses(lambdaName, misshapen, "it answered isAuthorized and no policy, which only authorizers of HTTP APIs may that have payload format 2.0 and simple responses enabled")},
		},
		{"a policy of format 2.0", probe.HTTP, simple, map[string]string{call: grants("Allow", ownARN+"prod/GET/*")}, []check{answers(lambdaName, "its policy allows execute-api:Invoke on "+asked)}},
		{"a policy of format 1.0", probe.HTTP, http1, map[string]string{call: grants("Deny", "*")}, []check{refuses(lambdaName, denied, "its policy denies execute-api:Invoke on "+asked+" explicitly"+told)}},
		{
			"a silent policy", probe.HTTP, http1, map[string]string{call: grants("Allow", ownARN+"prod/POST/*")},
			[]check{refuses(lambdaName, denied, "its policy does not allow execute-api:Invoke on "+asked+", but on "+ownARN+"prod/POST/*"+told)},
		},
		{"no policy", probe.HTTP, http1, map[string]string{call: `{"principalId":"me"}`}, []check{refuses(lambdaName, misshapen, "it answered no policyDocument")}},
		{"nothing", probe.HTTP, http1, map[string]string{call: `null`}, []check{refuses(lambdaName, misshapen, "it answered no JSON object")}},
		{"throws Unauthorized", probe.HTTP, http1, map[string]string{call: `!{"errorMessage":"Unauthorized","errorType":"Error"}`}, []check{refuses(lambdaName, "lambda-authorizer-unauthorized", "it throws Unauthorized")}},
		{
			"throws the token", probe.HTTP, http1, map[string]string{call: `!{"errorMessage":"cannot read ` + memberToken + `","errorType":"TypeError"}`},
			[]check{refuses(lambdaName, "lambda-authorizer-failure", `it fails: TypeError "cannot read [redacted]"`)},
		},
		{"no such function", probe.HTTP, http1, map[string]string{call: "404 ResourceNotFoundException"}, []check{refuses(lambdaName, misshapen, "there is no function "+authFn)}},
		{
			"without the right to invoke it", probe.HTTP, http1, map[string]string{call: "403 AccessDeniedException"},
			[]check{silent(lambdaName, "not seen: what auth says to the request: lambda:InvokeFunction on "+authFn+" is not allowed")},
		},
		{"throttled", probe.HTTP, http1, map[string]string{call: "429 TooManyRequestsException"}, []check{silent(lambdaName, "not seen: what auth says to the request: lambda Invoke on "+authFn+" was answered TooManyRequestsException")}},
		{
			"an identity source that is missing", probe.HTTP, `{"name":"auth","authorizerType":"REQUEST","identitySource":["$request.header.X-Token"],"authorizerUri":"` + authURI + `"}`, nil,
			[]check{refuses(lambdaName, "lambda-authorizer-missing-identity-source", "the request lacks $request.header.X-Token: it is refused, and the function not called")},
		},
		{
			"a JWT authorizer", probe.HTTP, `{"name":"auth","authorizerType":"JWT","identitySource":["$request.header.Authorization"]}`, nil,
			[]check{silent("test invocations", "API Gateway has none for HTTP APIs, and the route has no Lambda authorizer that could be called")},
		},
		{"a handshake", probe.WebSocket, socket, map[string]string{call: grants("Allow", ownARN+"prod/$connect")}, []check{answers(lambdaName, "its policy allows execute-api:Invoke on "+ownARN+"prod/$connect")}},
		{
			"a context with a list", probe.WebSocket, socket, map[string]string{call: strings.TrimSuffix(grants("Allow", "*"), "}") + `,"context":{"roles":["a"]}}`},
			[]check{refuses(lambdaName, misshapen, `its context holds an object or a list in "roles", want texts, numbers and booleans`)},
		},
		{
			"an answer that is too long", probe.WebSocket, socket, map[string]string{call: strings.TrimSuffix(grants("Allow", "*"), "}") + `,"context":{"role":"` + strings.Repeat("a", 8192) + `"}}`},
			[]check{refuses(lambdaName, misshapen, "its answer has 8354 bytes, want at most 8192")},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &services{answers: account(c.kind, c.authorizer, c.answers)}
			var got []check
			for _, x := range s.open(t).TestInvoke(t.Context(), subject(c.kind)) {
				got = append(got, check{x.Name, x.Text, x.Outcome, x.Cause})
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			for _, at := range []string{test, method, call} {
				if n := count(s.asked, at); n > 1 {
					t.Errorf("%s was called %d times, want once at most", at, n)
				}
			}
		})
	}
}

// A policy that names one method alone refuses its caller on the others, for as long as it is kept.
func TestTestInvokeOfKeptPolicies(t *testing.T) {
	two := func(api *probe.API) {
		other := api.Routes[0]
		other.Path, other.PathParameters = "/bills", nil
		api.Routes = append(api.Routes, other)
	}
	const resources = "GET /restapis/a1b2c3d4e5/resources"
	methods := func(second string) string {
		return `{"item":[{"id":"r1","path":"/orders/{id}","resourceMethods":{"GET":{"authorizationType":"CUSTOM","authorizerId":"z1"}}},
			{"id":"r2","path":"/bills","resourceMethods":{"ANY":{"authorizationType":"CUSTOM","authorizerId":"` + second + `"}}}]}`
	}
	const allowed = "fine: its policy allows execute-api:Invoke on " + ownARN + "prod/GET/orders/4%202"
	alone := policyOf(grants("Allow", ownARN+"prod/GET/orders/*"))
	for _, c := range []struct {
		name       string
		authorizer string
		answers    map[string]string
		want       string
	}{
		{"of one method", tokenAuthorizer, map[string]string{test: alone, resources: methods("z1")}, allowed + "; but it is kept, and does not allow the same caller GET /bills"},
		{"of all", tokenAuthorizer, map[string]string{test: policyOf(grants("Allow", ownARN+"prod/*")), resources: methods("z1")}, allowed},
		{"of another authorizer", tokenAuthorizer, map[string]string{test: alone, resources: methods("z2")}, allowed},
		{"not kept", strings.TrimSuffix(tokenAuthorizer, "}") + `,"authorizerResultTtlInSeconds":0}`, map[string]string{test: alone, resources: methods("z1")}, allowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &services{answers: account(probe.REST, c.authorizer, c.answers)}
			got := checked(s.open(t).TestInvoke(t.Context(), subject(probe.REST, two)))["test-invoke-authorizer auth"]
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func count(all []string, one string) int {
	return len(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s != one }))
}

// What the services are sent: the tests of REST APIs, and the events of all kinds of authorizers.
func TestTestInvokeSends(t *testing.T) {
	echo := policyOf(grants("Allow", ownARN+"test-invoke-stage/GET/"))
	var out bytes.Buffer
	in := json.NewEncoder(&out)
	in.SetIndent("", "  ")
	in.SetEscapeHTML(false)
	for _, c := range []struct {
		name       string
		kind       probe.APIType
		authorizer string
		sent       string
	}{
		{"TestInvokeMethod", probe.REST, tokenAuthorizer, method},
		{"TestInvokeAuthorizer", probe.REST, tokenAuthorizer, test},
		{"event of a TOKEN authorizer", probe.REST, tokenAuthorizer, call},
		{"event of a REQUEST authorizer", probe.REST, requestAuthorizer, call},
		{"event of an HTTP API, format 1.0", probe.HTTP, http1, call},
		{"event of an HTTP API, format 2.0", probe.HTTP, simple, call},
		{"event of a WebSocket API", probe.WebSocket, socket, call},
	} {
		s := &services{answers: account(c.kind, c.authorizer, map[string]string{test: echo, call: "{}"})}
		s.open(t).TestInvoke(t.Context(), subject(c.kind))
		var sent any
		if err := json.Unmarshal([]byte(s.bodies[c.sent]), &sent); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		out.WriteString(c.name + "\n")
		if err := in.Encode(sent); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/sent.txt"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("%s; -update writes it anew: %s", golden, d)
	}
}
