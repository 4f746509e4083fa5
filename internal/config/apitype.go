package config

import (
	"slices"

	"apigwprobe/probe"
)

// only are the keys of an API that say something of some types alone, and why of no other.
var only = []struct {
	key   string
	types []probe.APIType
	why   string
}{
	{"waf", []probe.APIType{probe.REST}, "AWS WAF protects REST APIs only"},
	{"waf_marker", []probe.APIType{probe.REST}, "AWS WAF protects REST APIs only"},
	{"gateway_responses", []probe.APIType{probe.REST}, "only those of REST APIs can be declared"},
	{"api_key_source", []probe.APIType{probe.REST, probe.WebSocket}, "HTTP APIs have no API keys"},
	{"canary", []probe.APIType{probe.REST}, "only REST APIs have canaries"},
	{"catch_all", []probe.APIType{probe.REST, probe.HTTP}, "a WebSocket API has no paths"},
}

// checkType finds what an API of this type cannot have. A declaration that can never come true would only make every
// finding doubtful.
func (b *builder) checkType(t probe.APIType, l layers) {
	for _, o := range only {
		if n := l.find(o.key); n != nil && !slices.Contains(o.types, t) {
			b.wrong.add(n.at, "%q: got it on an API of type %s, want it left out: %s", o.key, t, o.why)
		}
	}
	if n := l.find("endpoint_type"); n != nil && t != probe.REST && dataOf[string](n) != string(probe.EndpointRegional) {
		b.wrong.add(n.at, `"endpoint_type": got %q on an API of type %s, want REGIONAL: it has no other`, n.text, t)
	}
	if n := l.find("stage"); t != probe.HTTP && dataOf[string](n) == probe.DefaultStage {
		b.wrong.add(n.at, `"stage": got "$default" on an API of type %s, want a name: only HTTP APIs have it`, t)
	}
	b.checkAuthorization(t, "catch_all", l.find("catch_all"))
	for _, route := range items(l.find("routes")) {
		b.checkTypeOfRoute(t, route)
	}
}

func (b *builder) checkTypeOfRoute(t probe.APIType, route *node) {
	if n := route.field("api_key_required"); t == probe.HTTP && dataOf[bool](n) {
		b.wrong.add(n.at, `"api_key_required": got true on an API of type HTTP, want it left out: HTTP APIs have no API keys`)
	}
	b.checkAuthorization(t, "authorization", route.field("authorization"))
	line := route.field("request")
	switch r := dataOf[request](line); {
	case r.path == "": // what is wrong with it is said already
	case t == probe.WebSocket && r.path != probe.ConnectRoute:
		b.wrong.add(line.at, `"request": got %q on an API of type WEBSOCKET, want "$connect": nothing but the handshake is authorized`, r)
	case t != probe.WebSocket && r.path == probe.ConnectRoute:
		b.wrong.add(line.at, `"request": got "$connect" on an API of type %s, want a method and a path such as GET /orders/{id}`, t)
	}
	for _, key := range []string{"body", "cors"} {
		if n := route.field(key); t == probe.WebSocket && n != nil {
			b.wrong.add(n.at, "%q: got it for a handshake, want it left out", key)
		}
	}
}

// checkAuthorization finds a type of authorization that this type of API does not have.
func (b *builder) checkAuthorization(t probe.APIType, key string, n *node) {
	for _, o := range onlyAuthorization {
		if n != nil && n.text == string(o.authorization) && n.data != nil && t != o.on {
			b.wrong.add(n.at, "%q: got %q on an API of type %s, want %s: only APIs of type %s have it", key, n.text, t, o.instead, o.on)
		}
	}
}

// onlyAuthorization are the types of authorization that one type of API has alone.
var onlyAuthorization = []struct {
	authorization probe.Authorization
	on            probe.APIType
	instead       string
}{
	{probe.AuthCognito, probe.REST, "CUSTOM, or JWT with the user pool as issuer"},
	{probe.AuthJWT, probe.HTTP, "CUSTOM or COGNITO_USER_POOLS"},
}
