package cli_test

import (
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"sync"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// The issuers that both sides know, and the one that nobody trusts.
const (
	poolURL    = "https://cognito-idp." + region + ".amazonaws.com/" + region + "_pool"
	otherURL   = "https://issuer.example.test"
	audience   = "orders"
	goodScope  = "orders/read"
	otherScope = "orders/write"
)

// issuers sign with keys of the test binary, so that tokens can be made before a gateway is.
var issuers = sync.OnceValue(func() []sandbox.Issuer {
	var out []sandbox.Issuer
	for name, url := range map[string]string{"pool": poolURL, "other": otherURL} {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out = append(out, sandbox.Issuer{Name: name, URL: url, Key: key})
	}
	return out
})

// genuine are the tokens of each kind: ID tokens of the pool, and access tokens with a scope.
var genuine = sync.OnceValue(func() map[string]map[probe.TokenKind]string {
	g, err := sandbox.New(sandbox.Model{Issuers: issuers()})
	if err != nil {
		panic(err)
	}
	sign := func(issuer string, claims ...map[string]any) string {
		all := map[string]any{"aud": audience}
		for _, c := range claims {
			for name, value := range c {
				all[name] = value
			}
		}
		token, err := g.Token(issuer, all)
		if err != nil {
			panic(err)
		}
		return token
	}
	out := make(map[string]map[probe.TokenKind]string)
	for name, usual := range map[string]map[string]any{
		"id": {"token_use": "id"}, "access": {"token_use": "access", "scope": goodScope},
	} {
		out[name] = map[probe.TokenKind]string{
			probe.ValidToken:             sign("pool", usual),
			probe.DeniedToken:            sign("pool", usual, map[string]any{"sub": "denied"}),
			probe.ExpiredToken:           sign("pool", usual, map[string]any{"iat": 1e9, "exp": 1e9 + 3600}),
			probe.WrongAudienceToken:     sign("pool", usual, map[string]any{"aud": "invoices"}),
			probe.WrongIssuerToken:       sign("other", usual),
			probe.InsufficientScopeToken: sign("pool", usual, map[string]any{"scope": otherScope}),
		}
	}
	return out
})

// declaredTokens are the tokens that the owner of a route has.
func declaredTokens(r sandbox.Route) probe.Token {
	tokens := genuine()["id"]
	if len(r.Scopes) > 0 {
		tokens = genuine()["access"]
	}
	t := probe.Token{Given: make(map[probe.TokenKind]*probe.Reference)}
	for kind, token := range tokens {
		switch {
		case kind == probe.InsufficientScopeToken && len(r.Scopes) == 0:
		case kind == probe.WrongAudienceToken && r.Authorizer == "pool": // a user pool's authorizer compares it only if told to
		default:
			t.Given[kind] = probe.Literal(token)
		}
	}
	return t
}

// function knows the valid token, denies one and does not know the others.
func function(change ...func(*sandbox.Authorizer)) sandbox.Authorizer {
	known := make(map[string]sandbox.Decision)
	for _, tokens := range genuine() {
		known[tokens[probe.ValidToken]] = sandbox.AllowAll
		known[tokens[probe.DeniedToken]] = sandbox.DenyAll
	}
	a := sandbox.Authorizer{
		Name: "function", Type: sandbox.TokenAuthorizer,
		Function: sandbox.AuthorizerFunction{Tokens: known, Otherwise: sandbox.Decision{Fails: sandbox.Unauthorized}},
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

func request(sources ...sandbox.IdentitySource) func(*sandbox.Authorizer) {
	return func(a *sandbox.Authorizer) { a.Type, a.Sources = sandbox.RequestAuthorizer, sources }
}

func otherwise(d sandbox.Decision) func(*sandbox.Authorizer) {
	return func(a *sandbox.Authorizer) { a.Function.Otherwise = d }
}

func always(d sandbox.Decision) func(*sandbox.Authorizer) {
	return func(a *sandbox.Authorizer) { a.Function.Tokens, a.Function.Otherwise = nil, d }
}

func cached(a *sandbox.Authorizer) { a.TTL = 5 * time.Minute }

var userPool = sandbox.Authorizer{Name: "pool", Type: sandbox.CognitoAuthorizer, Issuer: "pool"}

func withAuthorizers(as ...sandbox.Authorizer) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.Issuers, m.APIs[0].Authorizers = issuers(), slices.Clone(as) }
}

func lambda(path string) sandbox.Route {
	return sandbox.Route{Method: "GET", Path: path, Authorization: sandbox.Custom, Authorizer: "function"}
}

func cognito(path string) sandbox.Route {
	return sandbox.Route{Method: "GET", Path: path, Authorization: sandbox.CognitoUserPools, Authorizer: "pool"}
}

func scoped(r sandbox.Route) sandbox.Route { r.Scopes = []string{goodScope}; return r }

// tokenAPI protects the orders by a function and by a user pool.
func tokenAPI(change ...func(*sandbox.Authorizer)) func(*sandbox.Model) {
	return both(withAuthorizers(function(change...), userPool),
		routes(lambda("/orders/{id}"), keyed(lambda("/orders")), cognito("/mine"), scoped(cognito("/mine/{id}")), keyed(cognito("/keyed"))))
}

var (
	oneCustom  = both(noDomain, withAuthorizers(function()), routes(lambda("/orders/{id}")))
	oneCognito = both(noDomain, withAuthorizers(userPool), routes(cognito("/mine")))
)

func sentIn(sources ...probe.TokenSource) func(*probe.Plan) {
	return eachRoute(func(r *probe.Route) { r.Token.Sources = sources })
}

func onlyToken(kinds ...probe.TokenKind) func(*probe.Plan) {
	return eachRoute(func(r *probe.Route) {
		for _, k := range probe.TokenKinds() {
			if !slices.Contains(kinds, k) {
				delete(r.Token.Given, k)
			}
		}
	})
}

func TestPostureTokensHealthy(t *testing.T) {
	checkAll(t, []posture{
		{name: "everything", setup: tokenAPI()},
		{name: "everything, cached", setup: tokenAPI(cached)},
		{name: "unknown tokens are denied", setup: tokenAPI(otherwise(sandbox.DenyAll))},
		{name: "unknown tokens are not allowed", setup: tokenAPI(otherwise(sandbox.Decision{}))},
		{name: "unknown tokens are denied, old wording", setup: both(oldWording, tokenAPI(otherwise(sandbox.DenyAll)))},
		{name: "unknown tokens are not allowed, old wording", setup: both(oldWording, tokenAPI(otherwise(sandbox.Decision{})))},
		{name: "validation expression", setup: tokenAPI(func(a *sandbox.Authorizer) { a.Validation = `(Bearer )?[\w-]+\.[\w-]+\.[\w-]+` })},
		{name: "function, default endpoint only", setup: oneCustom},
		{name: "user pool, default endpoint only", setup: oneCognito},
		{name: "function, custom domain only", setup: both(doorShut, tokenAPI(), routes(lambda("/orders/{id}")))},
		{name: "user pool, custom domain only", setup: both(doorShut, tokenAPI(), routes(cognito("/mine"), scoped(cognito("/mine/{id}"))))},
		{name: "edge-optimised", setup: both(atEdge, tokenAPI())},
		{name: "own CDN", setup: both(doorShut, tokenAPI(), front(sandbox.EdgeHeaders()))},
		{name: "behind a scheme", setup: tokenAPI(), declare: eachRoute(func(r *probe.Route) { r.Token.Scheme = "Bearer" })},
		{name: "REQUEST, header", setup: both(tokenAPI(request(sandbox.IdentitySource{Header: "X-Token"})), routes(lambda("/orders"))),
			declare: sentIn(probe.TokenSource{Header: "X-Token"})},
		{name: "REQUEST, query", setup: both(tokenAPI(request(sandbox.IdentitySource{Query: "token"}), cached), routes(lambda("/orders"))),
			declare: both(sentIn(probe.TokenSource{Query: "token"}), eachRoute(func(r *probe.Route) { r.Query = map[string][]string{"z": {"1"}, "a": {"2"}} }))},
		{name: "REQUEST, without a cache the function hears of missing tokens", setup: both(
			tokenAPI(request(sandbox.IdentitySource{Header: "Authorization"})), routes(lambda("/orders/{id}"), keyed(lambda("/orders"))))},
		{name: "catch-all CUSTOM", setup: both(tokenAPI(), routes(lambda("/orders"), by("ANY", lambda("/{proxy+}"))))},
		{name: "catch-all of the user pool", setup: both(tokenAPI(), routes(open("/health"), by("ANY", cognito("/{proxy+}"))))},
		{name: "beside IAM", setup: both(tokenAPI(), routes(lambda("/orders/{id}"), iam("/orders"), open("/health"), cognito("/mine")))},
		{name: "refusals only", setup: tokenAPI(), declare: refusalsOnly},
		{name: "refusals only, one route", setup: oneCustom, declare: refusalsOnly},
		{name: "valid token only", setup: tokenAPI(), declare: onlyToken(probe.ValidToken)},
		{name: "key from the authorizer", setup: both(tokenAPI(always(sandbox.Decision{Fails: sandbox.Unauthorized}), func(a *sandbox.Authorizer) {
			a.Function.Tokens = map[string]sandbox.Decision{genuine()["id"][probe.ValidToken]: {Policy: sandbox.AllowAll.Policy, UsageKey: goodKey}}
		}), routes(keyed(lambda("/orders"))), func(m *sandbox.Model) { m.APIs[0].KeySource = sandbox.KeyFromAuthorizer }),
			declare: func(p *probe.Plan) {
				p.APIs[0].KeySource = probe.KeyFromAuthorizer
				p.APIs[0].Routes[0].APIKey = nil
			}},
		{name: "WAF", setup: both(harmlessWAF, tokenAPI())},
		{name: "WAF undeclared", setup: both(harmlessWAF, tokenAPI()), declare: func(p *probe.Plan) { p.APIs[0].WAF = nil }},
		{name: "POST, refused only", setup: both(tokenAPI(), routes(by("POST", lambda("/orders")), lambda("/orders"))), declare: mutation(probe.MutationRefusedOnly)},
		{name: "nothing declared beside the routes", setup: tokenAPI(), declare: func(p *probe.Plan) {
			a := &p.APIs[0]
			a.EndpointType, a.DefaultEndpoint, a.CatchAll, a.WAF, a.Domains[0].RootMapping = "", probe.Unknown, probe.Unknown, nil, probe.Unknown
		}},
		{name: "gateway responses, status", setup: both(tokenAPI(), responses(map[string]sandbox.GatewayResponse{
			"UNAUTHORIZED": {Status: 403}, "ACCESS_DENIED": {Status: 404},
		}))},
	}, alarms)
}
