package sandbox

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// A test invocation takes the API as it is being edited and goes past most
// layers: only the method's own validation and integration, or only the
// authorizer.

// testStage is the stage that a test invocation pretends to go through.
const testStage = "test-invoke-stage"

// testExchange is a request as the caller of a test invocation describes it.
func (c *call) testExchange(a *API, method string) (*exchange, error) {
	target := cmp.Or(c.text("pathWithQueryString"), "/")
	r, err := http.NewRequestWithContext(c.r.Context(), method, "https://"+a.Host()+target, strings.NewReader(c.text("body")))
	if err != nil {
		return nil, badRequest("Invalid test invocation: " + target)
	}
	headers, _ := c.input["headers"].(map[string]any)
	for name, value := range headers {
		r.Header.Set(name, fmt.Sprint(value))
	}
	several, _ := c.input["multiValueHeaders"].(map[string]any)
	for name, values := range several {
		all, _ := values.([]any)
		for _, value := range all {
			r.Header.Add(name, fmt.Sprint(value))
		}
	}
	x := c.newExchange(r, c.ids.request(""))
	x.api, x.method, x.resource, x.stageName = a, method, r.URL.EscapedPath(), testStage
	x.body = []byte(c.text("body"))
	return x, nil
}

// testLog is the log of a test invocation, which comes with the answer.
func (x *exchange) testLog(lines ...string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Execution log for request %s\n", x.id)
	for _, line := range lines {
		fmt.Fprintf(&b, "%s : %s\n", x.now.Format("Mon Jan 02 15:04:05 UTC 2006"), line)
	}
	return b.String()
}

func testInvokeMethod(c *call, a *API) (any, error) {
	route := c.method(a)
	if route == nil {
		return nil, notThere("Method")
	}
	x, err := c.testExchange(a, route.Method)
	if err != nil {
		return nil, err
	}
	x.route = route
	answer := x.pass([]layer{{"request-validation", checkRequest}})
	if answer == nil {
		answer = x.integrate()
	}
	lines := []string{"Starting execution for request: " + x.id, "HTTP Method: " + route.Method + ", Resource Path: " + x.resource}
	lines = append(lines, x.integrationLines(answer)...)
	lines = append(lines, fmt.Sprintf("Method completed with status: %d", answer.status))
	headers, several := object{}, object{}
	for name, value := range answer.header {
		headers[name], several[name] = value, list{value}
	}
	return object{
		"status": answer.status, "body": string(answer.body), "headers": headers, "multiValueHeaders": several, "latency": 1, "log": x.testLog(lines...),
	}, nil
}

func testInvokeAuthorizer(c *call, a *API) (any, error) {
	for i := range a.Authorizers {
		z := &a.Authorizers[i]
		if authorizerID(a, z.Name) != c.r.PathValue("authorizer") {
			continue
		}
		x, err := c.testExchange(a, http.MethodGet)
		if err != nil {
			return nil, err
		}
		x.route = &Route{Method: http.MethodGet, Path: x.resource, Authorizer: z.Name}
		return x.testAuthorizer(z), nil
	}
	return nil, notThere("Authorizer")
}

// testAuthorizer asks an authorizer and shows what it says. It does not say what
// that means for a method.
func (x *exchange) testAuthorizer(z *Authorizer) object {
	lines := []string{"Starting authorizer: " + authorizerID(x.api, z.Name)}
	fail := func(status int, line string) object {
		return object{"clientStatus": status, "latency": 1, "log": x.testLog(append(lines, line)...)}
	}
	if z.Type == CognitoAuthorizer {
		if no := checkCognito(x); no != nil {
			return fail(no.kind.status, "Unauthorized request: "+x.id)
		}
		values, _ := x.identity(z)
		t, _ := parseToken(withoutScheme(values[0])) // it has just been taken
		claims := object{}
		for name, value := range t.claims {
			claims[name] = fmt.Sprint(value)
		}
		return object{"clientStatus": 0, "latency": 1, "claims": claims, "log": x.testLog(lines...)}
	}
	identity, complete := x.identity(z)
	if !complete || z.Type == TokenAuthorizer && !z.valid(identity[0]) {
		return fail(http.StatusUnauthorized, "Unauthorized request: "+x.id)
	}
	d, no := x.call(z, identity)
	if no != nil {
		if no.kind.status == http.StatusUnauthorized {
			return fail(no.kind.status, "Unauthorized request: "+x.id)
		}
		lines = append(lines, "Execution failed due to configuration error: "+authorizerErrors(z, no))
		return fail(no.kind.status, "AuthorizerConfigurationException")
	}
	lines = append(lines, "Successfully completed authorizer execution")
	return object{"clientStatus": 0, "latency": 1, "principalId": "sandbox", "policy": d.Policy.document(x.api), "log": x.testLog(lines...)}
}

// authorizerErrors are how the log words what an authorizer that works would not
// have done.
func authorizerErrors(z *Authorizer, no *refusal) string {
	switch {
	case z.Function.NotPermitted:
		return integrationErrors["lambda-permission-missing"]
	case no.cause == "lambda-authorizer-failure":
		return `Authorizer function failed with response body: {"errorMessage":"sandbox"}`
	}
	return "Could not parse policy"
}
