package capture

import (
	"slices"

	"apigwprobe/probe"
)

// telling are the variables of an access log by which the layers of each kind of API are told apart (developer guide,
// api-gateway-variables-for-access-logging).
var telling = map[probe.APIType][]string{
	probe.REST: {
		"error.responseType", "error.message", "resourcePath", "wafResponseCode", "authenticate.status", "authorizer.status", "authorize.status", "integration.status",
	},
	probe.HTTP:      {"error.responseType", "error.message", "routeKey", "authorizer.error", "integration.status", "integrationErrorMessage"},
	probe.WebSocket: {"error.responseType", "error.message", "routeKey", "authenticate.status", "authorizer.status", "authorize.status", "integration.status"},
}

// Lacks lists the variables by which layers are told apart, and which the format does not hold.
func (f LogFormat) Lacks(kind probe.APIType) []string {
	held := make(map[string]bool)
	for _, variable := range f.keys {
		held[variable] = true
	}
	return slices.DeleteFunc(slices.Clone(telling[kind]), func(name string) bool { return held[name] })
}
