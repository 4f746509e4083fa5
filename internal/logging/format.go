// Package logging prepares the access logs of stages: it writes their format, explains one that is there, and plans what
// is missing until entries tell which layer refused a request. It changes nothing.
package logging

import (
	"slices"
	"strings"

	"apigwprobe/probe"
)

// MaxFormat is how long a format may be, in bytes (developer guide, set-up-logging).
const MaxFormat = 3 << 10

// formats are the variables of our formats, in the order in which a request meets what they tell of. No credential is
// among them.
var formats = map[probe.APIType][]string{
	probe.REST: slices.Concat(
		[]string{
			"requestId", "extendedRequestId", "requestTimeEpoch", "apiId", "stage", "domainName", "httpMethod", "path", "protocol", "tlsVersion",
			"customDomain.basePathMatched", "customDomain.routingRuleIdMatched", "resourcePath", "webaclArn", "wafResponseCode",
			"waf.status", "waf.error", "waf.latency", "authenticate.status", "authenticate.error", "authenticate.latency",
		}, ofAuthorizers, []string{"error.validationErrorString", "identity.apiKeyId"}, ofIntegrations, ofAnswers, ofCallers,
		[]string{"identity.vpcId", "identity.vpceId", "identity.clientCert.subjectDN", "identity.clientCert.issuerDN", "identity.clientCert.serialNumber", "xrayTraceId"},
	),
	probe.HTTP: slices.Concat(
		[]string{
			"requestId", "requestTimeEpoch", "apiId", "stage", "domainName", "httpMethod", "path", "protocol", "customDomain.basePathMatched", "routeKey",
			"authorizer.error", "authorizer.principalId",
		}, ofIntegrations, ofAnswers, ofCallers,
		[]string{"identity.clientCert.subjectDN", "identity.clientCert.issuerDN", "identity.clientCert.serialNumber"},
	),
	probe.WebSocket: slices.Concat(
		[]string{
			"requestId", "requestTimeEpoch", "apiId", "stage", "domainName", "eventType", "routeKey", "connectionId", "messageId",
			"waf.status", "waf.error", "waf.latency", "authenticate.status", "authenticate.error", "authenticate.latency",
		}, ofAuthorizers, []string{"error.validationErrorString", "identity.apiKeyId"}, ofIntegrations,
		[]string{"status", "error.message", "error.responseType"}, ofCallers,
	),
}

var (
	ofAuthorizers = []string{
		"authorizer.status", "authorizer.error", "authorizer.integrationStatus", "authorizer.requestId", "authorizer.latency",
		"authorizer.integrationLatency", "authorizer.principalId", "authorize.status", "authorize.error", "authorize.latency",
	}
	ofIntegrations = []string{"integration.status", "integration.integrationStatus", "integration.error", "integration.requestId", "integration.latency"}
	ofAnswers      = []string{"status", "responseLength", "responseLatency", "error.message", "error.responseType"}
	ofCallers      = []string{"identity.sourceIp", "identity.userAgent", "identity.accountId", "identity.caller", "identity.userArn", "identity.principalOrgId"}
)

// Format is the format of an access log with every variable that tells the phases of a request apart. Keys bear the
// names of their variables, so that entries can be read without the format.
func Format(kind probe.APIType) string {
	fields := make([]string, len(formats[kind]))
	for i, name := range formats[kind] {
		fields[i] = `"` + name + `":"$context.` + name + `"`
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// personal is what entries of our format hold of persons.
const personal = "entries may hold the address, the user agent and the AWS principal of the caller, what an authorizer calls it, and the subject of its certificate"
