package scenarios

import (
	"slices"

	"apigwprobe/probe"
)

var resources = []probe.Scenario{
	{
		Name: "unknown-resource", Title: "a path that does not exist, without credentials",
		Why:  "REST APIs answer an unknown path like an unsigned request; this tells which of both it is here.",
		Kind: probe.Routing, Scope: probe.ScopeAccess, Signer: probe.Nobody,
		Changes: append([]probe.Facet{probe.FacetQuery}, unrouting...),
		Applies: onlyPaths,
		Change:  unknownResource,
		Expect:  unrouted,
	},
	{
		Name: "unknown-resource-with-authorization", Title: "a path that does not exist, with a bearer token",
		Why:  "The answer is a signature error, the commonest false diagnosis: the path is wrong, not the signature.",
		Kind: probe.Routing, Scope: probe.ScopeAccess, Signer: probe.Nobody,
		Changes: append([]probe.Facet{probe.FacetQuery}, unrouting...),
		Applies: onlyPaths,
		Change: func(r *probe.Recipe) {
			unknownResource(r)
			r.Authorization = "Bearer " + r.Random
		},
		Expect: unrouted,
	},
	{
		Name: "wrong-method", Title: "the right path with a method that the route does not have",
		Why:  "A method that is not deployed looks like an unsigned request; one that is answered was not meant to exist.",
		Kind: probe.Routing, Scope: probe.ScopeRoute, Signer: probe.Nobody,
		Changes: []probe.Facet{
			probe.FacetMethod, probe.FacetAuth, probe.FacetPrincipal, probe.FacetToken, probe.FacetQuery, probe.FacetHeaders, probe.FacetKey,
			probe.FacetBody,
		},
		Applies: func(t probe.Target) string {
			switch {
			case t.API.Type == probe.WebSocket:
				return "a handshake is always a GET"
			case otherMethod(t.API, t.Route) == "":
				return "every safe method of this path is declared"
			}
			return ""
		},
		Change: func(r *probe.Recipe) {
			r.Signing, r.APIKey, r.Body = nil, probe.Secret{}, nil
			r.Method = otherMethod(r.Target.API, r.Target.Route)
			r.DeadEnd = probe.RouteLayer
		},
		Expect: func(t probe.Target) probe.Expectation {
			e := unrouted(t)
			if len(e.Layers) > 0 && !slices.Contains(e.Layers, probe.RouteLayer) {
				e.Layers = append(e.Layers, probe.RouteLayer) // a catch-all need not take every method
			}
			return e
		},
	},
}

// onlyPaths is for scenarios that change the path on the API.
func onlyPaths(t probe.Target) string {
	if t.API.Type == probe.WebSocket {
		return "a WebSocket API has no paths"
	}
	return ""
}

var unrouting = []probe.Facet{
	probe.FacetPath, probe.FacetStageSegment, probe.FacetAuth, probe.FacetPrincipal, probe.FacetToken, probe.FacetKey, probe.FacetMethod,
	probe.FacetHeaders, probe.FacetBody,
}

// unknownResource leads to an invented path of the same stage, with a safe method.
func unknownResource(r *probe.Recipe) {
	r.Signing, r.APIKey, r.Body = nil, probe.Secret{}, nil
	r.Method = "GET"
	r.Path = "/" + r.Random
	r.Query = ""
	r.DeadEnd = probe.RouteLayer
}

// unrouted is what a request gets that no declared route takes: what the catch-all route says, if there is one.
func unrouted(t probe.Target) probe.Expectation {
	switch catchAll := t.CatchAll(); catchAll {
	case probe.Unknown:
		return probe.Expectation{Undeclared: "catch_all"}
	case probe.Absent:
		if t.API.Type == probe.HTTP {
			return probe.Refused(404, probe.RouteLayer)
		}
		return probe.Refused(403, probe.RouteLayer)
	case probe.Declared(probe.AuthIAM):
		return probe.Refused(403, probe.IAMAuthentication)
	case probe.Declared(probe.AuthCustom), probe.Declared(probe.AuthCognito), probe.Declared(probe.AuthJWT):
		return refusedToken(probe.Authorization(catchAll))
	default:
		return probe.Expectation{Layers: []probe.Layer{probe.None, probe.Backend, probe.Integration, probe.RequestValidation}}
	}
}

// otherMethod is a safe method that the API does not declare for the path of the route, or "". HEAD comes first: no
// CORS set-up answers it, and it changes nothing.
func otherMethod(api probe.API, route probe.Route) string {
	taken := make(map[string]bool)
	for _, r := range api.Routes {
		if r.Path == route.Path {
			taken[r.Method] = true
		}
	}
	if taken["ANY"] {
		return ""
	}
	for _, m := range []string{"HEAD", "GET", "OPTIONS"} {
		if !taken[m] {
			return m
		}
	}
	return ""
}
