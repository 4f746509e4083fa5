package probe

import (
	"fmt"
	"slices"
)

// declared lists the layers that the plan's posture speaks against. It is the hypothesis under test: it ranks and makes
// an attribution likely, and never proves anything.
func declared(s *state) []reason {
	x := s.x
	if x.req == nil || x.recorded {
		return nil
	}
	var out []reason
	not := func(why string, ls ...Layer) {
		for _, l := range ls {
			out = append(out, reason{l, fmt.Sprintf("%s: declared: %s", l, why)})
		}
	}
	api, route := x.c.API, x.c.Route
	if early := slices.Contains(s.left, Domain) || slices.Contains(s.left, TLS); api.Type == HTTP && x.api == REST && early {
		not("type: HTTP, and the answer is not an HTTP API's", behind(Domain, REST)...)
	}
	switch api.Type {
	case REST:
		not("type: REST", JWTAuthorizer)
	case WebSocket:
		not("type: WEBSOCKET", WAF, ResourcePolicy, EndpointPolicy, CognitoAuthorizer, JWTAuthorizer)
	}
	if api.WAF != nil && !*api.WAF && !slices.Contains(x.doubted, WAF) {
		not("waf: false", WAF)
	}
	if m := api.WAFMarker; m != nil && slices.Contains(x.c.Expected.Layers, WAF) && slices.Contains(m.Status, x.obs.Status) {
		not(fmt.Sprintf("waf_marker: status %d", x.obs.Status), APIKeyLayer, Backend)
	}
	out = append(out, declaredOutside(x)...)
	out = append(out, declaredRewritten(x)...)
	if api.declaredPublic() {
		not("endpoint_type: "+string(api.EndpointType), EndpointPolicy)
	}
	if x.custom && x.c.Access.ClientCertificate == nil {
		not("no mutual_tls", TLS)
	}
	// Where the control was refused, perhaps there, one of the things that are declared is not so.
	if !x.custom && api.DefaultEndpoint == Enabled && x.req.DeadEnd != Domain && !slices.Contains(x.doubted, Domain) {
		not("default_endpoint: enabled", Domain)
	}
	if x.api == HTTP && !x.custom && api.Stage == DefaultStage {
		not("stage: $default takes what names no other stage", Stage)
	}
	if x.api == HTTP && x.custom && x.req.DeadEnd != Domain {
		for _, l := range []Layer{Domain, Stage} {
			if !slices.Contains(x.doubted, l) {
				not("custom_domains: "+x.c.Access.Host+x.c.Access.Prefix, l)
			}
		}
	}
	if x.c.Scenario.Door && api.DefaultEndpoint == Disabled && x.api == HTTP {
		out = append(out, declaredShut(x)...)
	} else if x.c.Scenario.Door && api.DefaultEndpoint == Disabled {
		not("default_endpoint: disabled", Stage, WAF)
		if api.Type == WebSocket && !x.req.Signed && x.req.DeadEnd == "" && route.Authorization != AuthNone && x.obs.fullMessage() == "Forbidden" {
			not("default_endpoint: disabled; an open one would ask for a credential", RouteLayer, APIKeyLayer, LambdaAuthorizer, IAMAuthentication)
		}
		// That a shut door says Missing Authentication Token is only an unattributed reading: then the route must be known to be
		// there, or the request must bear what an open stage would have read.
		if x.req.Decisive && (x.obs.ErrorType != missingToken || x.routeProven || x.req.DeadEnd == RouteLayer) {
			not("default_endpoint: disabled", RouteLayer, ResourcePolicy, IAMAuthentication, IAMAuthorization, APIKeyLayer)
		}
	}
	switch x.req.DeadEnd {
	case Domain:
		if !x.custom {
			not("no API bears an invented id", behind(Domain, x.usualAPI())...)
		} else if x.c.Access.RootMapping == Absent {
			not("root_mapping: none, and no mapping bears an invented name", behind(Domain, x.usualAPI())...)
		}
	case Stage:
		not("no stage bears an invented name", behind(Stage, x.usualAPI())...)
	case RouteLayer:
		if x.api == HTTP && x.custom && x.c.Access.Prefix == "" {
			not("the root mapping takes every path", Domain, Stage)
		}
		switch api.catchAll() {
		case Unknown:
		case Absent:
			not("catch_all: none, and no route takes this address", behind(RouteLayer, x.usualAPI())...)
		case Declared(AuthNone):
			if ownMethod(x) {
				not("catch_all: NONE", RouteLayer)
			}
			not("catch_all: NONE", otherAuthorization(AuthNone)...)
		default:
			if ownMethod(x) { // a catch-all need not take every method
				not("catch_all: "+string(api.catchAll()), RouteLayer)
			}
			not("catch_all: "+string(api.catchAll()), otherAuthorization(Authorization(api.catchAll()))...)
		}
	default:
		if !x.c.Scenario.Door {
			out = append(out, declaredRoute(x, route)...)
		}
	}
	return out
}

// declaredShut is what speaks against an HTTP API's default endpoint that was left open. An open one knows the route: it
// takes a request that lacks nothing, and answers one that lacks its signature with 403, never with 404.
func declaredShut(x *exchange) []reason {
	against := []Layer{Stage}
	switch {
	case x.req.DeadEnd != "": // no route of it either
	case x.req.Decisive:
		against = append(against, RouteLayer, IAMAuthentication, LambdaAuthorizer, JWTAuthorizer, IAMAuthorization)
	case x.obs.Status == 404:
		against = append(against, RouteLayer)
	}
	if x.req.DeadEnd == "" && (x.routeProven || x.c.Route.Authorization != AuthNone && !x.req.Decisive) {
		against = append(against, Backend)
	}
	var out []reason
	for _, l := range against {
		out = append(out, reason{l, fmt.Sprintf("%s: declared: default_endpoint: disabled", l)})
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
	not("authorization: "+string(route.Authorization), otherAuthorization(route.Authorization)...)
	if !route.APIKeyRequired {
		not("api_key_required: false", APIKeyLayer)
	}
	if !slices.Contains(x.doubted, RouteLayer) {
		not("routes: "+route.Name(), RouteLayer)
	}
	return out
}

// authorizationLayers are the layers in which each type of authorization decides.
var authorizationLayers = map[Authorization][]Layer{
	AuthIAM: {IAMAuthentication, IAMAuthorization}, AuthCustom: {LambdaAuthorizer}, AuthCognito: {CognitoAuthorizer}, AuthJWT: {JWTAuthorizer},
}

// otherAuthorization lists the layers in which only other types of authorization than a decide.
func otherAuthorization(a Authorization) []Layer {
	var out []Layer
	for _, other := range []Authorization{AuthIAM, AuthCustom, AuthCognito, AuthJWT} {
		if other != a {
			out = append(out, authorizationLayers[other]...)
		}
	}
	return out
}

// ownMethod reports whether the request bears the method of its route.
func ownMethod(x *exchange) bool {
	return x.req.Method == x.c.Route.Method || x.c.Route.Method == "ANY" || x.c.Route.handshake()
}

// behind lists the layers after l in the reading order of a kind of API that refuse.
func behind(l Layer, api APIType) []Layer {
	var out []Layer
	for _, other := range layers {
		if plainOrders[api].before(l, other) && other != None {
			out = append(out, other)
		}
	}
	return out
}
