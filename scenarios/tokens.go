package scenarios

import (
	"apigwprobe/probe"
)

// carried are the facets in which a request differs that bears another token, wherever the route wants it.
var carried = []probe.Facet{probe.FacetToken, probe.FacetAuth, probe.FacetHeaders, probe.FacetQuery}

var tokens = []probe.Scenario{
	{
		Name: "valid-token", Title: "the correct request with its token",
		Why:  "The control of a route with a token authorizer: if it is refused, no refusal of another request proves anything.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Smoke: true,
		ControlFor: []probe.Authorization{probe.AuthCustom, probe.AuthCognito, probe.AuthJWT},
		Applies:    onlyTokens,
	},
	{
		Name: "missing-token", Title: "the correct request without its token",
		Why:  "An authorizer that is not attached, or that lets anonymous callers in, leaves the route open to the world.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Smoke: true, Signer: probe.Nobody,
		Changes: carried, Applies: onlyTokens, Expect: tokenRefused,
	},
	derived("torn-token", "the valid token without its signature part",
		"An authorizer that reads claims without looking at the form takes anything for a token.", tear),
	derived("unsigned-token", `the valid token's claims with "alg": "none" and no signature`,
		"The oldest mistake of token libraries: the token itself says that it needs no signature.", unsign),
	derived("forged-token", "the valid token's claims, signed with another key",
		"Shows that the signature is held against the issuer's keys, and not only that there is one.", forge),
	derived("altered-token", "the valid token with one claim more, and its old signature",
		"Shows that the signature is computed over what the token says; without that anybody may be anybody.", alter),
	given("denied-token", probe.DeniedToken, "a genuine token of a caller without rights",
		"Authentication is not authorization: the authorizer must say no to callers whom it knows."),
	given("expired-token", probe.ExpiredToken, "a genuine token that has expired",
		"Expiry is what limits the harm of a token that leaked.", probe.FacetClock),
	given("wrong-audience-token", probe.WrongAudienceToken, "a genuine token for another audience",
		"A token that was made for another application must not open this one."),
	given("wrong-issuer-token", probe.WrongIssuerToken, "a genuine token of another issuer",
		"Everybody can run an issuer; only one is trusted here."),
	given("insufficient-scope-token", probe.InsufficientScopeToken, "a genuine token without the route's scope",
		"Scopes are all that keeps a client to what it was allowed."),
}

// derived is a scenario whose token is made from the valid one: whatever it is, it is not genuine.
func derived(name, title, why string, change func(string) (string, error)) probe.Scenario {
	return probe.Scenario{
		Name: name, Title: title, Why: why, Kind: probe.Gate, Scope: probe.ScopeRoute, Changes: carried, Applies: onlyTokens,
		Change: func(r *probe.Recipe) {
			token, err := change(r.Token.Reveal())
			if err != nil {
				r.Skip = "the valid token cannot be changed so: " + err.Error()
				return
			}
			r.Token = probe.NewSecret(token)
		},
		Expect: tokenRefused,
	}
}

// given is a scenario with a genuine token of the configuration.
func given(name string, kind probe.TokenKind, title, why string, more ...probe.Facet) probe.Scenario {
	return probe.Scenario{
		Name: name, Title: title, Why: why, Kind: probe.Gate, Scope: probe.ScopeRoute, Token: kind,
		Changes: append(more, carried...),
		Applies: func(t probe.Target) string {
			if a := t.Route.Authorization; kind == probe.DeniedToken && (a == probe.AuthCognito || a == probe.AuthJWT) {
				return "only a function knows callers; this authorizer knows valid and invalid tokens"
			}
			return onlyTokens(t)
		},
		Expect: func(t probe.Target) probe.Expectation {
			if kind == probe.InsufficientScopeToken && t.Route.Authorization == probe.AuthJWT {
				return probe.Refused(403, probe.JWTAuthorizer)
			}
			return tokenRefused(t)
		},
	}
}

func tokenRefused(t probe.Target) probe.Expectation { return refusedToken(t.Route.Authorization) }

// refusedToken is the refusal of a token that is missing or not good. A function answers 401 or 403, as it likes.
func refusedToken(a probe.Authorization) probe.Expectation {
	switch a {
	case probe.AuthCognito:
		return probe.Refused(401, probe.CognitoAuthorizer)
	case probe.AuthJWT:
		return probe.Refused(401, probe.JWTAuthorizer)
	}
	return probe.Expectation{Layers: []probe.Layer{probe.LambdaAuthorizer}, Status: []int{401, 403}}
}
