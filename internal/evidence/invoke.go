package evidence

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"apigwprobe/internal/capture"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// What a test of a method and one of an authorizer pass by: they go to no host and through no stage.
var (
	beforeMethod = []probe.Layer{
		probe.Network, probe.TLS, probe.Edge, probe.Domain, probe.EndpointPolicy, probe.Stage, probe.WAF, probe.RouteLayer, probe.ResourcePolicy,
		probe.IAMAuthentication, probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.IAMAuthorization, probe.APIKeyLayer, probe.UsagePlan,
	}
	besideAuthorizer = []probe.Layer{
		probe.Network, probe.TLS, probe.Edge, probe.Domain, probe.EndpointPolicy, probe.Stage, probe.WAF, probe.RouteLayer, probe.ResourcePolicy,
		probe.IAMAuthentication, probe.IAMAuthorization, probe.APIKeyLayer, probe.UsagePlan, probe.RequestValidation, probe.Integration, probe.Backend,
	}
)

// TestInvoke calls the method and the authorizer of a route past the layers before them, with the right request. It
// really calls what stands behind them, and takes the API as it is being edited.
func (a *Account) TestInvoke(ctx context.Context, s Subject) []Check {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	r, ok := a.inspectRoute(ctx, s)
	switch {
	case !ok:
		return r.result()
	case r.request == nil:
		r.found(Check{Name: "test invocations", Layer: probe.Backend}, Unseen, "the right request cannot be made: %v", r.err)
		return r.result()
	}
	if r.api.Type == probe.REST {
		r.testMethod()
	}
	switch z := r.authorizer; {
	case z == nil && r.unseenAuthorizer != "":
		r.found(Check{Name: "authorizer", Layer: probe.LambdaAuthorizer}, Unseen, "%s", r.unseenAuthorizer)
	case z == nil:
	case r.api.Type == probe.REST:
		r.testAuthorizer(z)
	case z.kind == "REQUEST":
		r.callAuthorizer(z)
	}
	if len(r.checks) == 0 {
		r.found(Check{Name: "test invocations", Layer: probe.Integration}, Unseen,
			"API Gateway has none for %s APIs, and the route has no Lambda authorizer that could be called", r.api.Type)
	}
	return r.result()
}

// once has a call made once only: what it calls may change things.
func once(o *apigateway.Options) { o.RetryMaxAttempts = 1 }

// testMethod calls the method by itself.
func (r *route) testMethod() {
	c := Check{Name: "test-invoke-method " + r.key, Layer: probe.Backend, Skips: beforeMethod}
	u := r.target()
	target := r.path()
	if u.RawQuery != "" {
		target += "?" + u.RawQuery
	}
	verb, client := r.request.Method, r.rests()
	one, several := r.testHeaders()
	var body *string
	if len(r.request.Body) > 0 {
		body = aws.String(string(r.request.Body))
	}
	out, got := ask(&r.look, testInvokeMethod, func(ctx context.Context) (*apigateway.TestInvokeMethodOutput, error) {
		return client.TestInvokeMethod(ctx, &apigateway.TestInvokeMethodInput{
			RestApiId: &r.api.ID, ResourceId: &r.id, HttpMethod: &verb, PathWithQueryString: &target,
			Headers: one, MultiValueHeaders: several, Body: body, StageVariables: r.variables,
		}, once)
	}, "api", r.api.ID, "resource", r.id, "verb", verb)
	switch got {
	case unseen:
		r.missed(c)
		return
	case absent:
		r.found(c, Unseen, "API Gateway finds no %s of the resource to test", verb)
		return
	}
	status := int(out.Status)
	if r.subject.Control.Route.Accepts(status) {
		r.found(c, Fine, "the method as it is being edited answers %d", status)
		return
	}
	why := failure(aws.ToString(out.Log))
	c.Layer, c.Cause = blamed(aws.ToString(out.Log), status)
	if why != "" {
		why = fmt.Sprintf("; its log says %q", why)
	}
	if c.Cause == "lambda-permission-missing" {
		why += "; the test goes through a stage of its own, which a permission for one stage alone leaves out"
	}
	outcome := Wrong
	if r.subject.Control.Route.Authorization != probe.AuthNone && ofCaller(c.Cause) {
		outcome, why = Unseen, why+"; a test has no caller, whom what stands behind the method may ask for"
	}
	r.found(c, outcome, "the method as it is being edited answers %d%s", status, why)
}

// ofCaller reports whether a test may have failed only because nobody was authorized before it.
func ofCaller(cause probe.Cause) bool {
	return cause == "" || cause == "integration-failure" || cause == "malformed-lambda-proxy-response" || strings.HasPrefix(string(cause), "backend-")
}

// testHeaders are those of the right request without what is for the layers that a test passes by; each name stands in
// one of the two forms that a test takes.
func (r *route) testHeaders() (one map[string]string, several map[string][]string) {
	h := r.request.Header.Clone()
	h.Del("X-Amzn-Requestid")
	if strings.HasPrefix(h.Get("Authorization"), "AWS4-") {
		for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
			h.Del(name)
		}
	}
	one, several = make(map[string]string), h
	for name, values := range h {
		if len(values) == 1 {
			one[name] = values[0]
			delete(several, name)
		}
	}
	if len(several) == 0 {
		several = nil
	}
	return one, several
}

// failures are how logs of test invocations word who failed, and why.
var failures = []struct {
	words string
	probe.Candidate
}{
	{"Invalid permissions on Lambda function", probe.Candidate{Layer: probe.Integration, Cause: "lambda-permission-missing"}},
	{"Malformed Lambda proxy response", probe.Candidate{Layer: probe.Integration, Cause: "malformed-lambda-proxy-response"}},
	{"Execution failed due to a timeout error", probe.Candidate{Layer: probe.Integration, Cause: "integration-timeout"}},
	{"Lambda invocation failed with status: 429", probe.Candidate{Layer: probe.Integration, Cause: "lambda-throttled"}},
	{"Execution failed due to", probe.Candidate{Layer: probe.Integration, Cause: "integration-failure"}},
	{"Invalid request body", probe.Candidate{Layer: probe.RequestValidation, Cause: "bad-request-body"}},
	{"Unsupported Media Type", probe.Candidate{Layer: probe.RequestValidation, Cause: "unsupported-media-type"}},
	{"Missing required request parameters", probe.Candidate{Layer: probe.RequestValidation, Cause: "bad-request-parameters"}},
	{"Request body does not match model schema", probe.Candidate{Layer: probe.RequestValidation, Cause: "bad-request-body"}},
}

// blamed is which of the layers that a test reaches did not accept, and why, as far as its log says: the words of a
// failure, or that the integration answered by itself.
func blamed(log string, status int) (probe.Layer, probe.Cause) {
	for _, f := range failures {
		if strings.Contains(log, f.words) {
			return f.Layer, f.Cause
		}
	}
	reached := []probe.Layer{probe.RequestValidation, probe.Integration, probe.Backend}
	for t, err := range capture.Read(strings.NewReader(log), "test-invoke-method", capture.LogFormat{}) {
		if err != nil {
			break // not the log that API Gateway writes
		}
		for _, e := range t.Evidence {
			left := slices.DeleteFunc(slices.Clone(reached), func(l probe.Layer) bool {
				named := slices.ContainsFunc(e.Candidates, func(c probe.Candidate) bool { return c.Layer == l })
				return slices.Contains(e.Passed, l) || len(e.Candidates) > 0 && !named
			})
			if len(left) > 0 {
				reached = left
			}
		}
	}
	if len(reached) > 1 {
		return "", ""
	}
	own := map[int]probe.Cause{400: "backend-own-400", 401: "backend-own-401", 403: "backend-own-403", 404: "backend-own-404", 500: "backend-own-500"}
	if reached[0] == probe.Backend && own[status] != "" {
		return probe.Backend, own[status]
	}
	return reached[0], ""
}

var failureLine = regexp.MustCompile(`(?m)(?: : |^)((?:Execution failed|Lambda invocation failed|Request validation failed|Missing required|Request body does not|Authorizer configuration).*)$`)

// failure is the line of a log that says why.
func failure(log string) string {
	m := failureLine.FindStringSubmatch(log)
	if m == nil {
		return ""
	}
	return cut(m[1], lineKept)
}

// testAuthorizer has API Gateway ask the authorizer, and evaluates the policy that comes back: API Gateway does not.
func (r *route) testAuthorizer(z *authorizer) {
	c := Check{Name: "test-invoke-authorizer " + z.name, Layer: z.layer(), Skips: besideAuthorizer}
	client := r.rests()
	one, several := r.testHeaders()
	target := r.path()
	if q := r.target().RawQuery; q != "" {
		target += "?" + q
	}
	out, got := ask(&r.look, testInvokeAuthorizer, func(ctx context.Context) (*apigateway.TestInvokeAuthorizerOutput, error) {
		return client.TestInvokeAuthorizer(ctx, &apigateway.TestInvokeAuthorizerInput{
			RestApiId: &r.api.ID, AuthorizerId: &z.id, Headers: one, MultiValueHeaders: several,
			PathWithQueryString: &target, StageVariables: r.variables,
		}, once)
	}, "api", r.api.ID, "authorizer", z.id)
	if got != seen {
		r.missed(c)
		return
	}
	if out.ClientStatus != 0 {
		r.refusedByTest(c, z, out)
		return
	}
	if z.layer() == probe.CognitoAuthorizer {
		r.found(c, Fine, "it accepts the token")
		return
	}
	c.Cause = "lambda-authorizer-misconfigured"
	policy, err := z.readPolicy(r.api.Type, []byte(aws.ToString(out.Policy)))
	switch {
	case err != nil:
		r.found(c, Wrong, "%v", err)
		return
	case aws.ToString(out.PrincipalId) == "":
		r.found(c, Wrong, "it answered no principalId")
		return
	}
	c.Cause = "lambda-authorizer-deny"
	if policy.on(question{action: invokeAction, resource: r.methodOfStage()}).ruling == silent && policy.namesTest() {
		r.found(c, Unseen, "its policy is for the method that it was called for, which a test makes up; so its function was called with the method of the stage")
		r.callAuthorizer(z)
		return
	}
	r.says(c, z, authorizerAnswer{policy: policy})
	r.ofTest()
}

// ofTest says of a refusal what a test may have to do with it.
func (r *route) ofTest() {
	if last := &r.checks[len(r.checks)-1]; last.Outcome == Wrong {
		last.Text += "; a test tells the function of a method of its own"
	}
}

// refusedByTest ends the check of an authorizer that did not let the right request pass.
func (r *route) refusedByTest(c Check, z *authorizer, out *apigateway.TestInvokeAuthorizerOutput) {
	why := failure(aws.ToString(out.Log))
	if why != "" {
		why = fmt.Sprintf("; its log says %q", why)
	}
	_, missing := z.identity(r.request)
	switch {
	case z.layer() == probe.CognitoAuthorizer && len(r.scopes) > 0:
		r.found(c, Unseen, "a client would get %d; but the method has scopes and so takes access tokens, and a test knows nothing of them", out.ClientStatus)
		return
	case z.layer() == probe.CognitoAuthorizer:
		c.Cause = "cognito-token-invalid"
	case len(missing) > 0:
		c.Cause = missingIdentity[c.Layer]
	case out.ClientStatus == http.StatusUnauthorized:
		c.Cause = "lambda-authorizer-unauthorized"
	case strings.Contains(aws.ToString(out.Log), "Could not parse policy"), strings.Contains(aws.ToString(out.Log), "Invalid permissions"):
		c.Cause = "lambda-authorizer-misconfigured"
	default:
		c.Cause = "lambda-authorizer-failure"
	}
	r.found(c, Wrong, "a client would get %d%s", out.ClientStatus, why)
	if c.Cause == "lambda-authorizer-unauthorized" || c.Cause == "lambda-authorizer-failure" {
		r.ofTest()
	}
}

// callAuthorizer calls the function of an authorizer with the event that API Gateway makes of the right request.
func (r *route) callAuthorizer(z *authorizer) {
	c := Check{Name: "function of authorizer " + z.name, Layer: probe.LambdaAuthorizer, Skips: besideAuthorizer}
	if z.function.arn == "" {
		r.found(c, Unseen, "its function is not known")
		return
	}
	if _, missing := z.identity(r.request); len(missing) > 0 && r.api.Type != probe.REST {
		c.Cause = missingIdentity[c.Layer]
		r.found(c, Wrong, "the request lacks %s: it is refused, and the function not called", strings.Join(missing, ", "))
		return
	}
	if r.accountID() == "" {
		r.missed(c)
		return
	}
	payload, err := json.Marshal(r.event(z))
	if err != nil {
		r.found(c, Unseen, "the event cannot be written: %v", err)
		return
	}
	client := lambda.NewFromConfig(r.config, func(o *lambda.Options) { o.Region, o.RetryMaxAttempts = z.function.region, 1 })
	out, got := ask(&r.look, invokeFunction, func(ctx context.Context) (*lambda.InvokeOutput, error) {
		return client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &z.function.arn, Payload: payload})
	}, z.function.names()...)
	switch got {
	case unseen:
		r.missed(c)
		return
	case absent:
		c.Cause = "lambda-authorizer-misconfigured"
		r.found(c, Wrong, "there is no function %s", z.function.arn)
		return
	}
	if aws.ToString(out.FunctionError) != "" {
		r.thrown(c, out.Payload)
		return
	}
	answer, err := z.readAnswer(r.api.Type, out.Payload)
	if err != nil {
		c.Cause = "lambda-authorizer-misconfigured"
		r.found(c, Wrong, "%v", err)
		return
	}
	c.Cause = "lambda-authorizer-deny"
	r.says(c, z, answer)
	if last := &r.checks[len(r.checks)-1]; last.Outcome == Wrong && z.kind != "TOKEN" {
		last.Text += "; it was told that the caller is at " + sourceAddress
	}
}

// thrown ends the check of a function that failed: with the one word that means no, or by itself.
func (r *route) thrown(c Check, payload []byte) {
	var e struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}
	_ = json.Unmarshal(payload, &e) // without words it failed, too
	if e.Message == "Unauthorized" {
		c.Cause = "lambda-authorizer-unauthorized"
		r.found(c, Wrong, "it throws Unauthorized")
		return
	}
	c.Cause = "lambda-authorizer-failure"
	r.found(c, Wrong, "it fails: %s %q", e.Type, cut(e.Message, lineKept))
}
