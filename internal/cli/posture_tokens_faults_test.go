package cli_test

import (
	"slices"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// authorizer changes the first authorizer of the deployment.
func authorizer(change ...func(*sandbox.Authorizer)) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		for _, c := range change {
			c(&m.APIs[0].Authorizers[0])
		}
	}
}

// believing makes of the routes of a user pool those of a function that asks nobody whether a token is genuine.
func believing(m *sandbox.Model) {
	m.APIs[0].Authorizers = []sandbox.Authorizer{function(always(sandbox.AllowAll))}
	m.APIs[0].Routes = []sandbox.Route{lambda("/orders/{id}")}
}

var tokenFaults = []fault{
	{
		posture: posture{name: "authorizer not attached", setup: oneCustom, fault: first(detached), sel: probe.Selection{Scenarios: []string{"missing-token"}}},
		want:    []string{"GET /orders/{id} default valid-token: pass", "GET /orders/{id} default missing-token: fail/open"},
	},
	{
		posture: posture{name: "user pool not attached", setup: oneCognito, fault: first(detached), sel: probe.Selection{Scenarios: []string{"torn-token"}}},
		want:    []string{"GET /mine default valid-token: pass", "GET /mine default torn-token: fail/open"},
	},
	{
		posture: posture{name: "not attached, no secrets", setup: oneCognito, fault: first(detached), declare: refusalsOnly},
		want:    []string{"GET /mine default missing-token: fail/open"},
	},
	{
		posture: posture{name: "believes every token", setup: oneCustom, fault: authorizer(always(sandbox.AllowAll)), sel: probe.Selection{Scenarios: []string{
			"missing-token", "unsigned-token",
		}}},
		want: []string{"GET /orders/{id} default missing-token: pass", "GET /orders/{id} default unsigned-token: fail/open"},
	},
	{
		posture: posture{name: "looks at the claims only", setup: oneCustom, fault: authorizer(always(sandbox.AllowAll)), sel: probe.Selection{Scenarios: []string{"forged-token"}}},
		want:    []string{"GET /orders/{id} default forged-token: fail/open"},
	},
	{
		posture: posture{name: "does not look at the signature", setup: oneCustom, fault: authorizer(always(sandbox.AllowAll)), sel: probe.Selection{Scenarios: []string{"altered-token"}}},
		want:    []string{"GET /orders/{id} default altered-token: fail/open"},
	},
	{
		posture: posture{name: "user pool replaced by a function that asks nobody", setup: both(noDomain, withAuthorizers(userPool), routes(cognito("/orders/{id}"))),
			fault: believing, sel: probe.Selection{Scenarios: []string{"expired-token"}}},
		want: []string{"GET /orders/{id} default expired-token: fail/open"},
	},
	{
		posture: posture{name: "explicit deny", setup: oneCustom, fault: authorizer(always(sandbox.DenyAll))},
		want: []string{
			"GET /orders/{id} default valid-token: fail/blocked", "GET /orders/{id} default torn-token: inconclusive/control-failed",
			"GET /orders/{id} default missing-token: inconclusive/control-failed",
		},
		never: []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "silent policy", setup: oneCustom, fault: authorizer(always(sandbox.Decision{}))},
		want:    []string{"GET /orders/{id} default valid-token: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "function crashes", setup: oneCustom, fault: authorizer(always(sandbox.Decision{Fails: sandbox.Crash}))},
		want:    []string{"GET /orders/{id} default valid-token: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "function crashes on what it does not know", setup: oneCustom, fault: authorizer(otherwise(sandbox.Decision{Fails: sandbox.Crash}))},
		want: []string{
			"GET /orders/{id} default valid-token: pass", "GET /orders/{id} default missing-token: pass",
			"GET /orders/{id} default torn-token: inconclusive/server-error", "GET /orders/{id} default denied-token: pass",
		},
	},
	{
		posture: posture{name: "malformed policy", setup: oneCustom, fault: authorizer(always(sandbox.Decision{Fails: sandbox.MalformedPolicy}))},
		want:    []string{"GET /orders/{id} default valid-token: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "function may not be called", setup: oneCustom, fault: authorizer(func(a *sandbox.Authorizer) { a.Function.NotPermitted = true })},
		want:    []string{"GET /orders/{id} default valid-token: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "another identity source", setup: oneCustom, fault: authorizer(func(a *sandbox.Authorizer) {
			a.Sources = []sandbox.IdentitySource{{Header: "X-Token"}}
		})},
		want:  []string{"GET /orders/{id} default valid-token: fail/blocked"},
		never: []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "C17 policy of another path from the cache", setup: both(noDomain, routes(lambda("/a"), lambda("/b"))), fault: withAuthorizers(function(cached, func(a *sandbox.Authorizer) {
			a.Function.Tokens = map[string]sandbox.Decision{
				genuine()["id"][probe.ValidToken]: {Policy: sandbox.Policy{{Effect: sandbox.Allow, Resource: []string{sandbox.CalledMethod}}}},
			}
		})), declare: func(p *probe.Plan) { p.APIs[0].Concurrency = 1 }, sel: probe.Selection{Scenarios: []string{"missing-token"}}},
		want:  []string{"GET /a default valid-token: pass", "GET /b default valid-token: fail/blocked"},
		never: []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "our token has expired, user pool", setup: oneCognito, declare: eachRoute(func(r *probe.Route) {
			r.Token.Given[probe.ValidToken] = r.Token.Given[probe.ExpiredToken]
		})},
		want:  []string{"GET /mine default valid-token: inconclusive/credentials", "GET /mine default torn-token: inconclusive/control-failed"},
		never: []probe.VerdictKind{probe.Open, probe.Blocked},
	},
	{
		posture: posture{name: "our token has expired, function", setup: oneCustom, declare: eachRoute(func(r *probe.Route) {
			r.Token.Given[probe.ValidToken] = r.Token.Given[probe.ExpiredToken]
		})},
		want:  []string{"GET /orders/{id} default valid-token: inconclusive/credentials"},
		never: []probe.VerdictKind{probe.Open, probe.Blocked},
	},
	{
		posture: posture{name: "route lost", setup: oneCustom, fault: without("/orders")},
		want:    []string{"GET /orders/{id} default valid-token: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "integration fails behind an open authorizer", setup: oneCustom, fault: both(first(detached), first(behind(sandbox.Backend{Kind: sandbox.Malformed}))),
			sel: probe.Selection{Scenarios: []string{"missing-token"}}},
		want: []string{"GET /orders/{id} default valid-token: inconclusive/server-error", "GET /orders/{id} default missing-token: fail/open"},
	},
	{
		posture: posture{name: "open authorizer before a key", setup: both(noDomain, withAuthorizers(function()), routes(keyed(lambda("/orders")))), fault: first(detached),
			declare: refusalsOnly, sel: probe.Selection{Scenarios: []string{"missing-token"}}},
		// Not open: a web ACL could have said the same.
		want: []string{"GET /orders default missing-token: fail/wrong-layer"},
	},
	{
		posture: posture{name: "no scope asked for", setup: both(noDomain, withAuthorizers(userPool), routes(scoped(cognito("/mine")))), fault: first(func(r *sandbox.Route) {
			r.Scopes = []string{goodScope, otherScope}
		}), sel: probe.Selection{Scenarios: []string{"insufficient-scope-token", "missing-token"}}},
		want: []string{"GET /mine default insufficient-scope-token: fail/open", "GET /mine default missing-token: pass"},
	},
}

func detached(r *sandbox.Route) { r.Authorization, r.Authorizer, r.Scopes = sandbox.None, "", nil }

func TestPostureTokenFaults(t *testing.T) {
	checkFaults(t, tokenFaults)
}

// tokenSetups are those of the attribution method that speak of authorizers, and others in which a token reaches what its
// owner does not expect.
var tokenSetups = []posture{
	{name: "everything", setup: tokenAPI()},
	{name: "C1 CDN strips Authorization", setup: both(tokenAPI(), front(sandbox.StripHeaders("Authorization")))},
	{name: "C2 inner gateway wants a token", setup: both(proxied(open("/x")), tokenInner)},
	{name: "C4 CDN caches errors", setup: both(tokenAPI(), front(sandbox.CacheErrors(time.Hour, false, time.Now)))},
	{name: "C5 gateway response 200", setup: both(tokenAPI(), responses(map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 200}}))},
	{name: "C6 policy denies our address", setup: both(tokenAPI(), resourcePolicy(
		sandbox.Statement{Effect: sandbox.Allow}, sandbox.Statement{Effect: sandbox.Deny, Condition: []sandbox.Condition{sourceIP}}))},
	{name: "policy allows everybody, function is silent", setup: both(tokenAPI(otherwise(sandbox.Decision{})), resourcePolicy(sandbox.Statement{Effect: sandbox.Allow}))},
	{name: "policy is silent, old wording", setup: both(oldWording, tokenAPI(), resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{partner}}))},
	{name: "policy is silent", setup: both(tokenAPI(), resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{partner}}))},
	{name: "C15 key from the authorizer", setup: both(tokenAPI(otherwise(sandbox.Decision{Policy: sandbox.AllowAll.Policy, UsageKey: "in-no-plan"}), func(a *sandbox.Authorizer) {
		a.Function.Tokens = map[string]sandbox.Decision{genuine()["id"][probe.ValidToken]: {Policy: sandbox.AllowAll.Policy, UsageKey: goodKey}}
	}), routes(keyed(lambda("/orders")), lambda("/free")), func(m *sandbox.Model) { m.APIs[0].KeySource = sandbox.KeyFromAuthorizer })},
	{name: "C16 function reads the key", setup: both(tokenAPI(request(sandbox.IdentitySource{Header: "Authorization"}, sandbox.IdentitySource{Header: "x-api-key"}), func(a *sandbox.Authorizer) {
		a.TTL = time.Minute
		a.Function.Tokens = map[string]sandbox.Decision{genuine()["id"][probe.ValidToken] + "," + goodKey: sandbox.AllowAll}
	}), routes(keyed(lambda("/orders")), lambda("/free")))},
	{name: "C17 cache over two routes", setup: both(tokenAPI(cached, func(a *sandbox.Authorizer) {
		a.Function.Tokens = map[string]sandbox.Decision{
			genuine()["id"][probe.ValidToken]: {Policy: sandbox.Policy{{Effect: sandbox.Allow, Resource: []string{sandbox.CalledMethod}}}},
		}
	}), routes(lambda("/a"), lambda("/b"), keyed(lambda("/c"))))},
	{name: "C18 greedy path takes tokens", setup: both(tokenAPI(), routes(open("/health"), keyed(open("/orders")), by("ANY", lambda("/{proxy+}"))))},
	{name: "C26 canary without authorization", setup: both(tokenAPI(), canary(3, open("/orders/{id}"), open("/orders"), open("/mine"))), changes: true},
	{name: "C28 WAF wants Authorization", setup: both(tokenAPI(), webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderAbsent, Header: "Authorization"}))},
	{name: "C28 WAF blocks bearer tokens", setup: both(tokenAPI(), webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderContains, Header: "Authorization", Value: "."}))},
	{name: "C32 Forbidden for everything", setup: both(tokenAPI(), responses(forbidden))},
	{name: "C32 types hidden", setup: both(tokenAPI(), front(sandbox.StripResponseHeaders("x-amzn-errortype")))},
	{name: "C42 user pool in place of the function", setup: tokenAPI(), declare: declaredAs(probe.AuthCustom)},
	{name: "C42 function in place of the user pool", setup: tokenAPI(), declare: declaredAs(probe.AuthCognito)},
	{name: "backend refuses tokens like the gateway", setup: both(tokenAPI(), first(behind(sandbox.Backend{
		Status: 401, Header: map[string]string{"x-amzn-ErrorType": "UnauthorizedException"}, Body: `{"message":"Unauthorized"}`,
	})))},
	{name: "backend refuses tokens", setup: both(tokenAPI(), first(behind(sandbox.Backend{Status: 401, Body: `{"message":"Unauthorized"}`})))},
	{name: "signed instead", setup: both(withAuthorizers(userPool), routes(cognito("/mine"))), declare: eachRoute(func(r *probe.Route) {
		r.Authorization, r.Principal, r.Outsider, r.ExpiredSession = probe.AuthIAM, "caller", "outsider", "retired"
	})},
	{name: "signature wanted instead", setup: both(tokenAPI(), routes(iam("/orders/{id}"))), declare: declaredAs(probe.AuthCustom)},
}

// tokenInner lets the inner gateway of a proxied posture ask for a token.
func tokenInner(m *sandbox.Model) {
	m.Issuers, m.APIs[1].Authorizers, m.APIs[1].Routes = issuers(), []sandbox.Authorizer{function()}, []sandbox.Route{lambda("/x")}
}

// declaredAs says of every route that it has this authorization.
func declaredAs(a probe.Authorization) func(*probe.Plan) {
	return eachRoute(func(r *probe.Route) {
		r.Authorization = a
		r.Token.Given = map[probe.TokenKind]*probe.Reference{
			probe.ValidToken: probe.Literal(genuine()["id"][probe.ValidToken]), probe.ExpiredToken: probe.Literal(genuine()["id"][probe.ExpiredToken]),
		}
	})
}

// tokenLies are those lies that concern token authorizers, after the truth.
var tokenLies = append([]option[probe.Plan]{honest, {"other authorizer", swapAuthorizers}},
	slices.DeleteFunc(slices.Clone(lies), func(l option[probe.Plan]) bool {
		return !slices.Contains([]string{"authorization", "key", "surroundings"}, l.name)
	})...)

// Nothing certain is wrong about tokens either, whatever is declared.
func TestPostureTokenSetups(t *testing.T) {
	checkAll(t, lied(tokenSetups, tokenLies), nil)
}

// swapAuthorizers declares a function where there is a user pool, and the other way round.
func swapAuthorizers(p *probe.Plan) {
	eachRoute(func(r *probe.Route) {
		r.Authorization = map[probe.Authorization]probe.Authorization{
			probe.AuthCustom: probe.AuthCognito, probe.AuthCognito: probe.AuthCustom, probe.AuthIAM: probe.AuthCustom, probe.AuthNone: probe.AuthCognito,
		}[r.Authorization]
	})(p)
}
