package logging

import (
	"slices"
	"strings"

	"apigwprobe/probe"
)

// Variables of $context that each type of API documents for access logs (developer guide:
// api-gateway-variables-for-access-logging, http-api-logging-variables, websocket-api-logging). A name that ends with a
// dot stands for all that begin with it.
var (
	everywhere = []string{
		"apiId", "authorizer.", "domainName", "error.message", "error.messageString", "error.responseType", "extendedRequestId",
		"identity.accountId", "identity.caller", "identity.cognitoAuthenticationProvider", "identity.cognitoAuthenticationType",
		"identity.cognitoIdentityId", "identity.cognitoIdentityPoolId", "identity.principalOrgId", "identity.sourceIp",
		"identity.user", "identity.userAgent", "identity.userArn", "integration.error", "integration.integrationStatus",
		"integration.latency", "integration.requestId", "integration.status", "integrationLatency", "integrationStatus",
		"requestId", "requestTime", "requestTimeEpoch", "stage", "status",
	}
	ofHTTPRequests = []string{
		"accountId", "awsEndpointRequestId", "awsEndpointRequestId2", "customDomain.basePathMatched", "domainPrefix",
		"httpMethod", "identity.clientCert.", "integrationErrorMessage", "path", "protocol", "responseLatency", "responseLength",
	}
	ofPhases = []string{
		"authenticate.error", "authenticate.latency", "authenticate.status", "authorize.error", "authorize.latency",
		"authorize.status", "error.validationErrorString", "identity.apiKey", "identity.apiKeyId", "waf.error", "waf.latency",
		"waf.status",
	}
	documented = map[probe.APIType][]string{
		probe.REST: slices.Concat(everywhere, ofHTTPRequests, ofPhases, []string{
			"cipherSuite", "customDomain.routingRuleIdMatched", "deploymentId", "identity.accessKey", "identity.vpcId",
			"identity.vpceId", "isCanaryRequest", "requestOverride.", "resourceId", "resourcePath", "responseOverride.",
			"tlsVersion", "wafResponseCode", "webaclArn", "xrayTraceId",
		}),
		probe.HTTP:      slices.Concat(everywhere, ofHTTPRequests, []string{"dataProcessed", "routeKey"}),
		probe.WebSocket: slices.Concat(everywhere, ofPhases, []string{"connectedAt", "connectionId", "eventType", "messageId", "routeKey"}),
	}
)

// knows reports whether a type of API documents a variable.
func knows(kind probe.APIType, name string) bool {
	return slices.ContainsFunc(documented[kind], func(known string) bool {
		return name == known || strings.HasSuffix(known, ".") && strings.HasPrefix(name, known)
	})
}

// clue is what tells layers apart: one of some variables that say the same.
type clue struct {
	kinds []probe.APIType
	names []string // any of them; the first is the best
	tells string
}

var (
	all         = []probe.APIType{probe.REST, probe.HTTP, probe.WebSocket}
	phased      = []probe.APIType{probe.REST, probe.WebSocket}
	onlyREST    = []probe.APIType{probe.REST}
	routed      = []probe.APIType{probe.HTTP, probe.WebSocket}
	integrating = []probe.APIType{probe.REST, probe.HTTP}
)

// clues are without those that only help: times, addresses, the caller.
var clues = []clue{
	{all, []string{"requestId", "extendedRequestId"}, "which request the entry is of"},
	{onlyREST, []string{"extendedRequestId"}, "which request it is where the caller chose the request id"},
	{all, []string{"status"}, "the answer"},
	{all, []string{"error.responseType"}, "which kind of refusal it was"},
	{all, []string{"error.message", "error.messageString"}, "the words of the refusal"},
	{onlyREST, []string{"resourcePath"}, "whether a method took the request"},
	{routed, []string{"routeKey"}, "whether a route took the request"},
	{onlyREST, []string{"waf.status", "wafResponseCode"}, "whether the web ACL refused it"},
	{phased, []string{"authenticate.status"}, "whether the signature was refused"},
	{phased, []string{"authorizer.status"}, "whether the authorizer refused it"},
	{[]probe.APIType{probe.HTTP}, []string{"authorizer.error"}, "whether the authorizer refused it"},
	{phased, []string{"authorizer.integrationStatus"}, "whether the authorizer's function was called"},
	{phased, []string{"authorize.status"}, "whether a policy denied it"},
	{onlyREST, []string{"error.validationErrorString"}, "whether request validation refused it"},
	{all, []string{"integration.status"}, "whether the integration answered"},
	{integrating, []string{"integration.error", "integrationErrorMessage"}, "whether the integration failed"},
}
