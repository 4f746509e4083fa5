package sandbox

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// decisionTable is a function that knows a token for each thing that a function
// can do.
var decisionTable = AuthorizerFunction{
	Tokens: map[string]Decision{
		"allow":     AllowAll,
		"deny":      DenyAll,
		"silent":    {},
		"crash":     {Fails: Crash},
		"malformed": {Fails: MalformedPolicy},
		"items":     {Policy: Policy{{Effect: Allow, Resource: []string{"execute-api:/prod/GET/items/*"}}}},
		"here":      {Policy: Policy{{Effect: Allow, Resource: []string{CalledMethod}}}},
		"keyed":     {Policy: anything, UsageKey: goodKey},
		"loose":     {Policy: anything, UsageKey: "a-key-that-is-in-no-plan"},
		"allow,42":  AllowAll,
		",":         DenyAll,
	},
	Otherwise: Decision{Fails: Unauthorized},
}

// guarded is a world whose routes have Lambda authorizers.
func guarded() Model {
	m := world()
	a := &m.APIs[0]
	a.Authorizers = []Authorizer{
		{Name: "token", Type: TokenAuthorizer, Function: decisionTable},
		{Name: "kept", Type: TokenAuthorizer, Function: decisionTable, TTL: 5 * time.Minute},
		{Name: "strict", Type: TokenAuthorizer, Function: decisionTable, Validation: "[a-z]+"},
		{Name: "request", Type: RequestAuthorizer, Function: decisionTable, Sources: []IdentitySource{{Header: "X-Token"}, {Query: "tenant"}}},
		{Name: "request kept", Type: RequestAuthorizer, Function: decisionTable, TTL: time.Minute, Sources: []IdentitySource{{Header: "X-Token"}, {Query: "tenant"}}},
		{Name: "sealed", Type: TokenAuthorizer, Function: AuthorizerFunction{NotPermitted: true}},
	}
	custom := func(path, authorizer string) Route {
		return Route{Method: "GET", Path: path, Authorization: Custom, Authorizer: authorizer}
	}
	keyed := custom("/token-keyed", "token")
	keyed.APIKeyRequired = true
	preflight := custom("/token", "token")
	preflight.Method = "OPTIONS"
	a.Routes = []Route{
		custom("/token", "token"), keyed, preflight, custom("/kept", "kept"), custom("/kept-too", "kept"), custom("/items/{id}", "kept"),
		custom("/strict", "strict"), custom("/request", "request"), custom("/request-kept", "request kept"), custom("/sealed", "sealed"),
		{Method: "GET", Path: "/open", Authorization: None},
	}
	return m
}

const (
	accessDeniedET = "AccessDeniedException"
	unauthorizedET = "UnauthorizedException"
	authorizerET   = "AuthorizerConfigurationException"
)

func TestLambdaAuthorizer(t *testing.T) {
	lambda := func(status int, errorType, key, message, cause string) result {
		return result{Status: status, ErrorType: errorType, Key: key, Message: message, Layer: "lambda-authorizer", Cause: cause}
	}
	missing := lambda(401, unauthorizedET, "message", "Unauthorized", "lambda-authorizer-missing-identity-source")
	thrown := lambda(401, unauthorizedET, "message", "Unauthorized", "lambda-authorizer-unauthorized")
	denied := lambda(403, accessDeniedET, "Message",
		"User is not authorized to access this resource with an explicit deny in an identity-based policy", "lambda-authorizer-deny")
	silent := lambda(403, accessDeniedET, "Message",
		"User is not authorized to access this resource because no identity-based policy allows the execute-api:Invoke action", "lambda-authorizer-deny")
	broken := func(cause string) result { return lambda(500, authorizerET, "", "", cause) }
	ok := result{Status: 200, Trace: true, Layer: "none", Cause: "accepted"}

	for name, tc := range map[string]struct {
		send *http.Request
		want result
	}{
		"allow":              {get("/prod/token", "Authorization: allow"), ok},
		"bearer":             {get("/prod/token", "Authorization: Bearer allow"), ok},
		"no token":           {get("/prod/token"), missing},
		"preflight":          {request("OPTIONS", "/prod/token", "Access-Control-Request-Method: GET"), lambda(401, unauthorizedET, "message", "Unauthorized", "cors-preflight-authorizer")},
		"unknown token":      {get("/prod/token", "Authorization: other"), thrown},
		"deny":               {get("/prod/token", "Authorization: deny"), denied},
		"silent":             {get("/prod/token", "Authorization: silent"), silent},
		"crash":              {get("/prod/token", "Authorization: crash"), broken("lambda-authorizer-failure")},
		"malformed":          {get("/prod/token", "Authorization: malformed"), broken("lambda-authorizer-misconfigured")},
		"sealed":             {get("/prod/sealed", "Authorization: allow"), broken("lambda-authorizer-misconfigured")},
		"sealed, no token":   {get("/prod/sealed"), missing},
		"expression":         {get("/prod/strict", "Authorization: allow"), ok},
		"against expression": {get("/prod/strict", "Authorization: allow2"), missing},
		"only some paths":    {get("/prod/items/1", "Authorization: items"), ok},
		"other path":         {get("/prod/kept", "Authorization: items"), silent},
		"request":            {get("/prod/request?tenant=42", "X-Token: allow"), ok},
		"request, nothing":   {get("/prod/request"), denied},
		"request, half":      {get("/prod/request", "X-Token: allow"), thrown},
		"kept, nothing":      {get("/prod/request-kept"), missing},
		"kept, half":         {get("/prod/request-kept", "X-Token: allow"), missing},
		"kept, whole":        {get("/prod/request-kept?tenant=42", "X-Token: allow"), ok},
		"before the key":     {get("/prod/token-keyed", "x-api-key: "+goodKey), missing},
		"then the key": {get("/prod/token-keyed", "Authorization: allow"),
			result{Status: 403, ErrorType: forbiddenET, Key: "message", Message: "Forbidden", Trace: true, Layer: "api-key", Cause: "missing-api-key"}},
		"token and key": {get("/prod/token-keyed", "Authorization: allow", "x-api-key: "+goodKey), ok},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, gateway(t, guarded()), tc.send)
			if got.Status == 500 && got.body != `{"message":null}` {
				t.Errorf("got body %s", got.body)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An allow of the function or of the resource policy is enough where the other is
// silent; a deny of either wins, the resource policy's before the function runs.
func TestLambdaAuthorizerAndResourcePolicy(t *testing.T) {
	everyone := []string{"*"}
	policies := map[string]Policy{
		"none":    nil,
		"allow":   {{Effect: Allow, Principal: everyone}},
		"neither": {{Effect: Allow, Principal: []string{account}}},
		"deny":    {{Effect: Deny, Principal: everyone}},
	}
	const lambda, policy = "lambda-authorizer/lambda-authorizer-deny", "resource-policy/resource-policy-explicit-deny"
	for _, tc := range []struct{ token, policy, want string }{
		{"allow", "none", accepted}, {"allow", "allow", accepted}, {"allow", "neither", accepted}, {"allow", "deny", policy},
		{"silent", "none", lambda}, {"silent", "allow", accepted}, {"silent", "neither", lambda}, {"silent", "deny", policy},
		{"deny", "none", lambda}, {"deny", "allow", lambda}, {"deny", "neither", lambda}, {"deny", "deny", policy},
		{"crash", "allow", "lambda-authorizer/lambda-authorizer-failure"}, {"crash", "deny", policy},
	} {
		m := guarded()
		m.APIs[0].ResourcePolicy = policies[tc.policy]
		if got := truth(t, gateway(t, m), get("/prod/token", "Authorization: "+tc.token)); got != tc.want {
			t.Errorf("%s and %s: got %s, want %s", tc.token, tc.policy, got, tc.want)
		}
	}
}

// What a function said for one method is applied to all, until it is forgotten.
func TestAuthorizerCache(t *testing.T) {
	const denied = "lambda-authorizer/lambda-authorizer-deny"
	now := noon
	m := guarded()
	m.Now = func() time.Time { return now }
	m.APIs[0].Stages = append(m.APIs[0].Stages, Stage{Name: "dev"})
	g := gateway(t, m)
	for i, step := range []struct {
		after     time.Duration
		path, tok string
		want      string
	}{
		{0, "/prod/kept", "here", accepted},
		{0, "/prod/kept-too", "here", denied},
		{4 * time.Minute, "/prod/kept-too", "here", denied},
		{0, "/prod/kept-too", "Bearer here", accepted}, // another key of the cache
		{time.Minute, "/prod/kept-too", "here", accepted},
		{0, "/prod/kept", "here", denied},
		{0, "/prod/token", "here", accepted}, // of another authorizer
		{0, "/dev/kept", "here", accepted},   // of another stage
		{0, "/prod/kept", "crash", "lambda-authorizer/lambda-authorizer-failure"},
		{0, "/prod/kept", "crash", "lambda-authorizer/lambda-authorizer-failure"}, // which is not kept
	} {
		now = now.Add(step.after)
		if got := truth(t, g, get(step.path, "Authorization: "+step.tok)); got != step.want {
			t.Errorf("step %d: got %s, want %s", i, got, step.want)
		}
	}
}

// With key source AUTHORIZER the header plays no part.
func TestKeyFromAuthorizer(t *testing.T) {
	m := guarded()
	m.APIs[0].KeySource = KeyFromAuthorizer
	m.Fronts = map[string]Front{host: StripHeaders("x-api-key")}
	g := gateway(t, m)
	for token, want := range map[string]string{
		"keyed": accepted,
		"loose": "api-key/api-key-not-in-usage-plan",
		"allow": "api-key/missing-api-key",
		"deny":  "lambda-authorizer/lambda-authorizer-deny",
	} {
		for _, key := range []string{"", goodKey, "nobody's"} {
			if got := truth(t, g, get("/prod/token-keyed", "Authorization: "+token, "x-api-key: "+key)); got != want {
				t.Errorf("%s with %q: got %s, want %s", token, key, got, want)
			}
		}
	}
}
