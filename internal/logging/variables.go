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
