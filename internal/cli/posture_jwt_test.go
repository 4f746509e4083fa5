package cli_test

import (
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

var jwtAuthorizer = sandbox.Authorizer{Name: "jwt", Type: sandbox.JWTAuthorizer, Issuer: "pool", Audience: []string{audience}}

func jwt(path string) sandbox.Route {
	return sandbox.Route{Method: "GET", Path: path, Authorization: sandbox.JWT, Authorizer: "jwt"}
}

// httpTokens is an HTTP API with a JWT authorizer and a function.
func httpTokens(change ...func(*sandbox.Authorizer)) func(*sandbox.Model) {
	f := function(append([]func(*sandbox.Authorizer){request(sandbox.IdentitySource{Header: "Authorization"})}, change...)...)
	return both(httpAPI, withAuthorizers(f, jwtAuthorizer), routes(jwt("/mine"), scoped(jwt("/mine/{id}")), lambda("/orders"), open("/health")))
}

func simple(a *sandbox.Authorizer) { a.Function.Simple = true }

var (
	oneJWT    = both(httpTokens(), noDomain, routes(jwt("/mine")))
	oneScoped = both(httpTokens(), noDomain, routes(scoped(jwt("/mine"))))
	oneHTTP   = both(httpTokens(), noDomain, routes(lambda("/orders")))
)

func TestPostureHTTPTokensHealthy(t *testing.T) {
	checkAll(t, []posture{
		{name: "everything", setup: httpTokens()},
		{name: "simple answers", setup: httpTokens(simple)},
		{name: "cached", setup: httpTokens(cached)},
		{name: "unknown tokens are denied", setup: httpTokens(otherwise(sandbox.DenyAll))},
		{name: "JWT", setup: oneJWT},
		{name: "JWT with a scope", setup: oneScoped},
		{name: "function", setup: oneHTTP},
		{name: "custom domain only", setup: both(httpTokens(), doorShut)},
		{name: "custom domain only, JWT", setup: both(httpTokens(), doorShut, routes(jwt("/mine")))},
		{name: "named stage", setup: both(httpTokens(), func(m *sandbox.Model) {
			m.APIs[0].Stages[0].Name, m.Domains[0].Mappings[0].Stage = "prod", "prod"
		})},
		{name: "behind a scheme", setup: httpTokens(), declare: eachRoute(func(r *probe.Route) { r.Token.Scheme = "Bearer" })},
		{name: "token in the query", setup: both(httpTokens(), routes(jwt("/mine")), func(m *sandbox.Model) {
			m.APIs[0].Authorizers[1].Sources = []sandbox.IdentitySource{{Query: "token"}}
		}), declare: sentIn(probe.TokenSource{Query: "token"})},
		{name: "catch-all JWT", setup: both(httpTokens(), catchAll(jwt("")))},
		{name: "beside IAM", setup: both(httpTokens(), routes(jwt("/mine"), iam("/orders"), lambda("/all")))},
		{name: "refusals only", setup: httpTokens(), declare: refusalsOnly},
		{name: "own CDN", setup: both(httpTokens(), doorShut, front(sandbox.EdgeHeaders()))},
		{name: "nothing declared beside the routes", setup: httpTokens(), declare: func(p *probe.Plan) {
			a := &p.APIs[0]
			a.EndpointType, a.DefaultEndpoint, a.CatchAll, a.Domains[0].RootMapping = "", probe.Unknown, probe.Unknown, probe.Unknown
		}},
	}, alarms)
}

func TestPostureHTTPTokenFaults(t *testing.T) {
	checkFaults(t, []fault{
		{
			posture: posture{name: "authorizer not attached", setup: oneJWT, fault: first(detached), sel: probe.Selection{Scenarios: []string{"missing-token"}}},
			want:    []string{"GET /mine default valid-token: pass", "GET /mine default missing-token: fail/open"},
		},
		{
			posture: posture{name: "another audience is taken", setup: oneJWT, fault: func(m *sandbox.Model) {
				m.APIs[0].Authorizers[1].Audience = []string{audience, "invoices"}
			}},
			want: []string{
				"GET /mine default missing-token: pass", "GET /mine default forged-token: pass", "GET /mine default wrong-audience-token: fail/open",
			},
		},
		{
			posture: posture{name: "scope not asked for", setup: oneScoped, fault: first(func(r *sandbox.Route) { r.Scopes = nil })},
			want:    []string{"GET /mine default missing-token: pass", "GET /mine default insufficient-scope-token: fail/open"},
		},
		{
			posture: posture{name: "another issuer", setup: oneJWT, fault: func(m *sandbox.Model) { m.APIs[0].Authorizers[1].Issuer = "other" }},
			want:    []string{"GET /mine default valid-token: fail/blocked", "GET /mine default torn-token: inconclusive/control-failed"},
			never:   []probe.VerdictKind{probe.WrongLayer},
		},
		{
			posture: posture{name: "our token has expired", setup: oneJWT, declare: eachRoute(func(r *probe.Route) {
				r.Token.Given[probe.ValidToken] = r.Token.Given[probe.ExpiredToken]
			})},
			want:  []string{"GET /mine default valid-token: inconclusive/credentials"},
			never: []probe.VerdictKind{probe.Open, probe.Blocked},
		},
		{
			posture: posture{name: "function believes every token", setup: oneHTTP, fault: authorizer(always(sandbox.AllowAll)), sel: probe.Selection{Scenarios: []string{
				"missing-token", "unsigned-token",
			}}},
			want: []string{"GET /orders default missing-token: pass", "GET /orders default unsigned-token: fail/open"},
		},
		{
			posture: posture{name: "function crashes", setup: oneHTTP, fault: authorizer(always(sandbox.Decision{Fails: sandbox.Crash}))},
			never:   []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "function denies", setup: oneHTTP, fault: authorizer(always(sandbox.DenyAll))},
			want:    []string{"GET /orders default valid-token: fail/blocked"},
			never:   []probe.VerdictKind{probe.Open},
		},
	})
}

func TestPostureHTTPTokenSetups(t *testing.T) {
	refusing := func(b sandbox.Backend) func(*sandbox.Model) { return first(behind(b)) }
	checkAll(t, lied([]posture{
		{name: "everything", setup: httpTokens()},
		{name: "door shut", setup: both(httpTokens(), doorShut)},
		{name: "C1 CDN strips Authorization", setup: both(httpTokens(), front(sandbox.StripHeaders("Authorization")))},
		{name: "C17 cache over two routes", setup: both(httpTokens(cached, func(a *sandbox.Authorizer) {
			a.Function.Tokens = map[string]sandbox.Decision{
				genuine()["id"][probe.ValidToken]: {Policy: sandbox.Policy{{Effect: sandbox.Allow, Resource: []string{sandbox.CalledMethod}}}},
			}
		}), routes(lambda("/a"), lambda("/b")))},
		{name: "application says Unauthorized", setup: both(httpTokens(), refusing(sandbox.Backend{
			Status: 401, Body: `{"message":"Unauthorized"}`, Header: map[string]string{"www-authenticate": "Bearer"},
		}))},
		{name: "application words the gateway's challenge", setup: both(httpTokens(), refusing(sandbox.Backend{
			Status: 401, Body: `{"message":"Unauthorized"}`,
			Header: map[string]string{"www-authenticate": `Bearer scope="" error="invalid_token" error_description="the token has expired"`},
		}))},
		{name: "application says Forbidden", setup: both(httpTokens(), refusing(sandbox.Backend{Status: 403, Body: `{"message":"Forbidden"}`}))},
		{name: "CORS answers the preflight", setup: both(httpTokens(), func(m *sandbox.Model) { m.APIs[0].CORS = &sandbox.CORS{Origins: []string{"*"}} })},
		{name: "route lost", setup: httpTokens(), fault: without("/mine")},
		{name: "function crashes", setup: httpTokens(otherwise(sandbox.Decision{Fails: sandbox.Crash}))},
		{name: "CDN hides the id", setup: both(httpTokens(), front(sandbox.StripResponseHeaders("apigw-requestid", "www-authenticate")))},
		{name: "function in place of the JWT authorizer", setup: both(httpTokens(), routes(lambda("/orders"))), declare: declaredAs(probe.AuthJWT)},
		{name: "JWT authorizer in place of the function", setup: oneJWT, declare: declaredAs(probe.AuthCustom)},
		{name: "JWT declared, signature wanted", setup: both(httpTokens(), routes(iam("/orders"))), declare: declaredAs(probe.AuthJWT)},
	}, tokenLies), nil)
}

// Token authorizers in every world where the real behaviour is unknown.
func TestPostureTokenSwitches(t *testing.T) {
	checkAll(t, inWorlds(t, []posture{
		{name: "REST, one open", setup: tokenAPI(), fault: first(detached)},
		{name: "REST, policy is silent", setup: both(tokenAPI(), resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{partner}}))},
		{name: "REST, crashes", setup: both(noDomain, tokenAPI(otherwise(sandbox.Decision{Fails: sandbox.Crash})))},
		{name: "HTTP, one open", setup: httpTokens(), fault: first(detached)},
		{name: "HTTP, lied to", setup: both(noDomain, httpTokens()), declare: declaredAs(probe.AuthCustom)},
	}), nil)
}
