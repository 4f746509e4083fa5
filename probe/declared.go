package probe

import (
	"fmt"
	"slices"
)

// declared lists the layers that the plan's posture speaks against. It is the hypothesis under test: it ranks and makes
// an attribution likely, and never proves anything.
func declared(s *state) []reason {
	x := s.x
	if x.req == nil {
		return nil
	}
	var out []reason
	not := func(why string, ls ...Layer) {
		for _, l := range ls {
			out = append(out, reason{l, fmt.Sprintf("%s: declared: %s", l, why)})
		}
	}
	api, route := x.c.API, x.c.Route
	if api.WAF != nil && !*api.WAF {
		not("waf: false", WAF)
	}
	if api.EndpointType == EndpointRegional || api.EndpointType == EndpointEdge {
		not("endpoint_type: "+string(api.EndpointType), EndpointPolicy)
	}
	if x.custom && x.c.Access.ClientCertificate == nil {
		not("no mutual_tls", TLS)
	}
	// Where the control was refused, perhaps there, one of the things that are declared is not so.
	if !x.custom && api.DefaultEndpoint == Enabled && !slices.Contains(x.doubted, Domain) {
		not("default_endpoint: enabled", Domain)
	}
	if x.c.Scenario.Door && api.DefaultEndpoint == Disabled {
		not("default_endpoint: disabled", Stage, WAF)
		// That a shut door says Missing Authentication Token is only an unattributed reading: then the route must be known to be
		// there, or the request must bear what an open stage would have read.
		if x.req.Decisive && (x.obs.ErrorType != missingToken || x.routeProven || x.req.DeadEnd == RouteLayer) {
			not("default_endpoint: disabled", RouteLayer, ResourcePolicy, IAMAuthentication, IAMAuthorization, APIKeyLayer)
		}
	}
	switch x.req.DeadEnd {
	case Domain:
		if x.c.Access.RootMapping == Absent {
			not("root_mapping: none, and no mapping bears an invented name", behind(Domain)...)
		}
	case Stage:
		not("no stage bears an invented name", behind(Stage)...)
	case RouteLayer:
		switch api.catchAll() {
		case Unknown:
		case Absent:
			not("catch_all: none, and no route takes this address", behind(RouteLayer)...)
		case Declared(AuthNone):
			if ownMethod(x) {
				not("catch_all: NONE", RouteLayer)
			}
			not("catch_all: NONE", IAMAuthentication, IAMAuthorization)
		default:
			if ownMethod(x) { // a catch-all need not take every method
				not("catch_all: "+string(api.catchAll()), RouteLayer)
			}
		}
	default:
		if !x.c.Scenario.Door {
			out = append(out, declaredRoute(x, route)...)
		}
	}
	return out
}

// declaredRoute is what the posture of the route itself speaks against.
func declaredRoute(x *exchange, route Route) []reason {
	var out []reason
	not := func(why string, ls ...Layer) {
		for _, l := range ls {
			out = append(out, reason{l, fmt.Sprintf("%s: declared: %s", l, why)})
		}
	}
	if !ownMethod(x) {
		return nil
	}
	switch route.Authorization {
	case AuthNone:
		not("authorization: NONE", IAMAuthentication, IAMAuthorization, LambdaAuthorizer, CognitoAuthorizer)
	case AuthIAM:
		not("authorization: AWS_IAM", LambdaAuthorizer, CognitoAuthorizer)
	}
	if !route.APIKeyRequired {
		not("api_key_required: false", APIKeyLayer)
	}
	if !slices.Contains(x.doubted, RouteLayer) {
		not("routes: "+route.Name(), RouteLayer)
	}
	return out
}

// ownMethod reports whether the request bears the method of its route.
func ownMethod(x *exchange) bool {
	return x.req.Method == x.c.Route.Method || x.c.Route.Method == "ANY"
}

// behind lists the layers after l in reading order that refuse.
func behind(l Layer) []Layer {
	var out []Layer
	for _, other := range layers {
		if plainOrder.before(l, other) && other != None {
			out = append(out, other)
		}
	}
	return out
}
