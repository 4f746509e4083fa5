package scenarios

import "apigwprobe/probe"

var keys = []probe.Scenario{
	{
		Name: "missing-api-key", Title: "the correct request without its API key",
		Why:  "A key that is not asked for does not meter, throttle or stop anybody.",
		Kind: probe.Gate, Scope: probe.ScopeRoute, Smoke: true,
		Changes: []probe.Facet{probe.FacetKey, probe.FacetAuth},
		Applies: onlyKeyed,
		Change:  func(r *probe.Recipe) { r.APIKey = probe.Secret{} },
		Expect:  refused(403, probe.APIKeyLayer),
	},
	{
		Name: "invalid-api-key", Title: "the correct request with a key that does not exist",
		Why:  "Shows that the key is looked up, and not only that one is there.",
		Kind: probe.Gate, Scope: probe.ScopeRoute,
		Changes: []probe.Facet{probe.FacetKey, probe.FacetAuth},
		Applies: onlyKeyed,
		Change:  func(r *probe.Recipe) { r.APIKey = probe.NewSecret(r.Random + "-is-the-key-of-nobody") },
		Expect:  refused(403, probe.APIKeyLayer),
	},
}

func onlyKeyed(t probe.Target) string {
	switch {
	case !t.Route.APIKeyRequired:
		return "the route does not ask for an API key"
	case t.API.KeySource == probe.KeyFromAuthorizer:
		return "the API takes its keys from the authorizer, not from a header"
	}
	return ""
}
