package capture

import (
	"maps"
	"slices"

	"apigwprobe/probe"
)

// Lack is a variable that an access log does not hold, and what it would tell.
type Lack struct {
	Variable string `json:"variable"`
	Tells    string `json:"tells"`
}

// clue is what tells layers apart: one of some variables that say the same.
type clue struct {
	kinds []probe.APIType
	names []string // any of them; the first is the best
	tells string
}

var (
	everyType   = []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket}
	phased      = []probe.APIType{probe.REST, probe.WebSocket}
	onlyREST    = []probe.APIType{probe.REST}
	routed      = []probe.APIType{probe.HTTP, probe.WebSocket}
	integrating = []probe.APIType{probe.REST, probe.HTTP}
)

// clues are without those that only help: times, addresses, the caller (developer guide,
// api-gateway-variables-for-access-logging).
var clues = []clue{
	{everyType, []string{"requestId", "extendedRequestId"}, "which request the entry is of"},
	{everyType, []string{"status"}, "the answer"},
	{everyType, []string{"error.responseType"}, "which kind of refusal it was"},
	{everyType, []string{"error.message", "error.messageString"}, "the words of the refusal"},
	{onlyREST, []string{"resourcePath"}, "whether a method took the request"},
	{routed, []string{"routeKey"}, "whether a route took the request"},
	{onlyREST, []string{"waf.status", "wafResponseCode"}, "whether the web ACL refused it"},
	{phased, []string{"authenticate.status"}, "whether the signature was refused"},
	{phased, []string{"authorizer.status"}, "whether the authorizer refused it"},
	{[]probe.APIType{probe.HTTP}, []string{"authorizer.error"}, "whether the authorizer refused it"},
	{phased, []string{"authorizer.integrationStatus"}, "whether the authorizer's function was called"},
	{phased, []string{"authorize.status"}, "whether a policy denied it"},
	{onlyREST, []string{"error.validationErrorString"}, "whether request validation refused it"},
	{everyType, []string{"integration.status"}, "whether the integration answered"},
	{integrating, []string{"integration.error", "integrationErrorMessage"}, "whether the integration failed"},
	{onlyREST, []string{"extendedRequestId"}, "which request it is where the caller chose the request id"},
}

// Lacking lists what variables do not tell that the access log of a type of API can.
func Lacking(kind probe.APIType, held []string) []Lack {
	out := []Lack{}
	for _, c := range clues {
		if slices.Contains(c.kinds, kind) && !slices.ContainsFunc(c.names, func(name string) bool { return slices.Contains(held, name) }) {
			out = append(out, Lack{c.names[0], c.tells})
		}
	}
	return out
}

// Lacks lists what the format does not tell.
func (f LogFormat) Lacks(kind probe.APIType) []Lack {
	return Lacking(kind, slices.Collect(maps.Values(f.keys)))
}
