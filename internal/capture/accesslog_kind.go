package capture

import (
	"slices"
	"strings"

	"apigwprobe/probe"
)

// kind is the kind of API that wrote the entry, or "" if no variable tells (developer guide,
// api-gateway-variables-for-access-logging: each kind has variables of its own).
func (a accessLog) kind() probe.APIType {
	id, extended, route := a.held["requestId"], a.held["extendedRequestId"], a.held["routeKey"]
	switch {
	case a.held["resourcePath"] != "" || a.held["resourceId"] != "" || id != "" && extended != "" && extended != id:
		return probe.REST
	case a.held["eventType"] != "" || a.held["connectionId"] != "" || route == "$connect" || route == "$disconnect":
		return probe.WebSocket
	case strings.Contains(route, " /"), route != "" && a.held["httpMethod"] != "":
		return probe.HTTP
	}
	return ""
}

// absent are the layers that HTTP and WebSocket APIs do not have.
var absent = map[probe.APIType][]probe.Layer{
	probe.HTTP:      {probe.EndpointPolicy, probe.WAF, probe.ResourcePolicy, probe.CognitoAuthorizer, probe.APIKeyLayer},
	probe.WebSocket: {probe.EndpointPolicy, probe.WAF, probe.ResourcePolicy, probe.CognitoAuthorizer, probe.JWTAuthorizer},
}

// possible are the candidates without JWT authorizers, if the API is known to be a REST API. What an HTTP or a WebSocket
// API lacks makes likely only: its kind is read off the names of keys.
func (a accessLog) possible(left []probe.Candidate) []probe.Candidate {
	if a.kind() != probe.REST {
		return left
	}
	return slices.DeleteFunc(slices.Clone(left), func(c probe.Candidate) bool { return c.Layer == probe.JWTAuthorizer })
}

// ofKind is what follows from the kind of API: which layers it has, and which have been passed.
func (a accessLog) ofKind() []probe.Evidence {
	var out []probe.Evidence
	says := func(passed []probe.Layer, text string) {
		out = append(out, probe.Evidence{Text: "access log: " + text, Grade: probe.Inferred, Passed: passed})
	}
	switch a.kind() {
	case probe.HTTP:
		says(absent[probe.HTTP], "the variables are those of an HTTP API, which has neither a web ACL nor API keys nor a policy")
		if a.held["routeKey"] != "" {
			says([]probe.Layer{probe.RouteLayer}, "routeKey is "+short(a.held["routeKey"])+": a route took it")
		}
	case probe.WebSocket:
		says(absent[probe.WebSocket], "the variables are those of a WebSocket API, which has neither a web ACL nor a policy")
		if event := a.held["eventType"]; event == "MESSAGE" || event == "DISCONNECT" {
			says(ofConnect, "eventType is "+event+": who may connect was decided before")
		}
	}
	return out
}

// ofConnect are the layers that decide whether a client may connect to a WebSocket API.
var ofConnect = []probe.Layer{probe.TLS, probe.IAMAuthentication, probe.LambdaAuthorizer, probe.IAMAuthorization}

// failed is what an error leaves possible: that of an authorizer is all that an HTTP API says of it. What has a status of
// its phase is read by that.
func (a accessLog) failed(name string) (left []probe.Candidate, reading string) {
	status := a.status("status")
	switch {
	case name == "authorizer.error" && a.kind() == probe.HTTP && status >= 400:
		return only(probe.LambdaAuthorizer, probe.JWTAuthorizer), "the authorizer refused it, or failed"
	case (name == "integrationErrorMessage" || name == "integration.error") && status >= 500 && a.status("integration.status") == 0:
		return only(probe.Integration), "the integration failed"
	}
	return nil, ""
}

// nothing is what follows from variables that hold nothing: what they tell of was not reached.
func (a accessLog) nothing() []probe.Evidence {
	var out []probe.Evidence
	says := func(missed []probe.Layer, text string) {
		out = append(out, probe.Evidence{Text: "access log: " + text, Grade: probe.Inferred, Passed: missed})
	}
	if a.empty["resourcePath"] {
		says(ofMethod, "resourcePath is empty: no method took it")
	}
	if a.empty["integration.status"] && a.kind() != probe.WebSocket { // $connect needs no integration
		says([]probe.Layer{probe.Backend, probe.None}, "integration.status is empty: the integration returned nothing")
	}
	return out
}

// ofMethod are the layers of a REST API that belong to a method.
var ofMethod = []probe.Layer{
	probe.IAMAuthentication, probe.LambdaAuthorizer, probe.CognitoAuthorizer, probe.IAMAuthorization, probe.APIKeyLayer, probe.RequestValidation,
	probe.Integration, probe.Backend, probe.None,
}
