package sandbox

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AccessLog is where a stage writes one line for each request, and in which
// format.
type AccessLog struct {
	Group  string // a log group of CloudWatch Logs
	Format string // with $context variables
}

// PhaseLogFormat is an access-log format with all that tells the phases of an
// API's requests apart.
func PhaseLogFormat(family APIType) string {
	names := slices.Concat([]string{"requestId", "extendedRequestId", "apiId", "stage", "domainName", "path", "httpMethod", "requestTimeEpoch", "protocol"},
		phaseVariables[family],
		[]string{"status", "responseLength", "error.message", "error.responseType", "identity.sourceIp", "identity.userAgent", "identity.userArn"})
	fields := make([]string, len(names))
	for i, name := range names {
		fields[i] = `"` + name + `":"$context.` + name + `"`
	}
	return "{" + strings.Join(fields, ",") + "}"
}

var phaseVariables = map[APIType][]string{
	REST: {
		"resourcePath", "waf.status", "waf.error", "wafResponseCode", "webaclArn", "authenticate.status", "authenticate.error", "authorizer.status", "authorizer.error",
		"authorizer.integrationStatus", "authorize.status", "authorize.error", "integration.status", "integration.error", "error.validationErrorString",
		"identity.apiKeyId",
	},
	HTTP: {"routeKey", "authorizer.error", "integration.status", "integrationErrorMessage"},
	WebSocket: {
		"routeKey", "authenticate.status", "authenticate.error", "authorizer.status", "authorizer.error", "authorizer.integrationStatus",
		"authorize.status", "authorize.error", "integration.status", "identity.apiKeyId",
	},
}

// CommonLogFormat is the format that the console offers first. It tells no phase.
const CommonLogFormat = `$context.identity.sourceIp $context.identity.caller $context.identity.user [$context.requestTime] ` +
	`"$context.httpMethod $context.resourcePath $context.protocol" $context.status $context.responseLength $context.requestId`

// logGroup is a log group of one account in one region.
type logGroup struct{ account, region, name string }

type logEvent struct {
	id, stream, message string
	at                  time.Time
}

// maxLogEvents bounds the memory of a gateway that serves for days.
const maxLogEvents = 50_000

// logStore is CloudWatch Logs.
type logStore struct {
	mu     sync.Mutex
	groups map[logGroup][]logEvent
	n      int
}

func (s *logStore) write(to logGroup, stream string, at time.Time, messages ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[logGroup][]logEvent{}
	}
	for _, m := range messages {
		s.n++
		s.groups[to] = append(s.groups[to], logEvent{made(32, "event", strconv.Itoa(s.n)), stream, m, at.Truncate(time.Millisecond)})
	}
	if extra := len(s.groups[to]) - maxLogEvents; extra > 0 {
		s.groups[to] = s.groups[to][extra:]
	}
}

// written returns what is in a group up to a time.
func (s *logStore) written(to logGroup, until time.Time) []logEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.groups[to]), func(e logEvent) bool { return e.at.After(until) })
}

func (a *API) logGroup(name string) logGroup { return logGroup{a.Account, a.Region, name} }

// executionGroup is where a stage writes what it does, in detail.
func executionGroup(a *API, stage string) string {
	return "API-Gateway-Execution-Logs_" + a.ID + "/" + stage
}

// writeLogs writes what the stage of the exchange wants written. Without a stage
// nobody wants anything.
func (x *exchange) writeLogs(answer *response) {
	if x.stage == nil || x.family() != HTTP && x.model.ControlPlane.NoLogRole {
		return
	}
	stream := made(32, "stream", x.api.ID, x.stage.Name)
	if l := x.stage.AccessLog; l != nil {
		x.logs.write(x.api.logGroup(l.Group), stream, x.now, x.accessLine(l.Format, answer))
	}
	if x.stage.ExecutionLog && x.family() != HTTP {
		x.logs.write(x.api.logGroup(executionGroup(x.api, x.stage.Name)), stream, x.now, x.executionLines(answer)...)
	}
}

var contextVariable = regexp.MustCompile(`\$context\.[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*`)

func (x *exchange) accessLine(format string, answer *response) string {
	values := x.variables(answer)
	return contextVariable.ReplaceAllStringFunc(format, func(name string) string {
		return cmp.Or(values[strings.TrimPrefix(name, "$context.")], "-")
	})
}

// variables are those of an access log that this request has.
func (x *exchange) variables(answer *response) map[string]string {
	v := map[string]string{
		"requestId": x.loggedID(), "extendedRequestId": x.extendedID, "apiId": x.api.ID, "stage": x.stage.Name, "domainName": hostname(x.r),
		"path": x.path, "httpMethod": x.r.Method, "protocol": x.r.Proto, "status": strconv.Itoa(answer.status),
		"responseLength": strconv.Itoa(len(answer.body)), "requestTimeEpoch": strconv.FormatInt(x.now.UnixMilli(), 10),
		"requestTime": x.now.Format("02/Jan/2006:15:04:05 -0700"), "identity.sourceIp": x.source().String(), "identity.userAgent": x.r.UserAgent(),
		"accountId": x.api.Account,
	}
	v["domainPrefix"], _, _ = strings.Cut(v["domainName"], ".")
	if x.stage.XRay {
		v["xrayTraceId"] = x.trace
	}
	if x.endpoint != nil {
		v["identity.vpcId"], v["identity.vpceId"] = x.endpoint.VPC, x.endpoint.ID
	}
	if x.route != nil {
		v["resourcePath"], v["resourceId"], v["routeKey"] = x.route.Path, resourceID(x.api, x.route.Path), x.route.key()
	}
	if x.key != nil {
		v["identity.apiKeyId"], v["identity.apiKey"] = keyID(x.key), x.key.Value
	}
	if x.caller != nil {
		v["identity.userArn"], v["identity.accountId"], v["identity.accessKey"] = x.caller.ARN, x.caller.account(), x.caller.AccessKeyID
		v["identity.caller"], v["identity.user"] = x.caller.AccessKeyID, x.caller.AccessKeyID
	}
	x.phases(v, answer)
	if no := x.refused; no != nil {
		v["error.message"], v["error.responseType"], v["error.validationErrorString"] = no.message, no.kind.responseType, no.detail
		if x.family() == HTTP {
			v["error.message"] = http.StatusText(answer.status)
		}
		v["error.messageString"] = x.quote(v["error.message"])
	}
	return v
}

// loggedID is the request id in the logs. Only those of REST APIs have another one
// than the extended one.
func (x *exchange) loggedID() string {
	if x.family() == REST {
		return x.id
	}
	return x.extendedID
}

// phases are what the request met on its way, as the variables of each phase tell
// it. A phase that it did not come to has none.
func (x *exchange) phases(v map[string]string, answer *response) {
	status := strconv.Itoa(answer.status)
	phase := func(name, layer string, had bool) {
		switch {
		case !had:
		case x.layer == layer:
			v[name+".status"], v[name+".error"] = status, cmp.Or(x.refused.message, "Internal server error")
		case slices.Contains(x.trail, layer):
			v[name+".status"] = "200"
		}
	}
	if len(x.stage.WebACL) > 0 && x.family() == REST {
		v["webaclArn"] = webACLARN(x.api, x.stage)
		phase("waf", "waf", true)
		v["wafResponseCode"] = map[string]string{"": "", "200": "WAF_ALLOW"}[v["waf.status"]]
		if x.layer == "waf" {
			v["wafResponseCode"] = "WAF_BLOCK"
		}
	}
	if x.route == nil {
		if x.layer == "route" && x.hasCredential() {
			v["authenticate.status"], v["authenticate.error"] = status, x.refused.message
		}
		return
	}
	signed, function, pool := x.route.Authorization == IAM, x.route.Authorization == Custom, x.route.Authorization == CognitoUserPools
	phase("authenticate", "iam-authentication", signed)
	phase("authorizer", "cognito-authorizer", pool)
	phase("authorizer", "lambda-authorizer", function)
	phase("authorize", "resource-policy", !function && len(x.api.ResourcePolicy) > 0)
	phase("authorize", "iam-authorization", signed && v["authorize.status"] != status)
	if function {
		x.functionPhase(v, status)
	}
	if x.route.Authorization == JWT && x.layer == "jwt-authorizer" {
		v["authorizer.error"] = x.cause
	}
	x.integrationPhase(v, answer)
}

// functionPhase tells the call of an authorizer's function from what its policy
// decides, which is authorization.
func (x *exchange) functionPhase(v map[string]string, status string) {
	called := x.functionCalled
	switch {
	case x.layer == "resource-policy":
		v["authorize.status"], v["authorize.error"] = status, x.refused.message
		return
	case x.cause == "lambda-authorizer-deny":
		v["authorizer.status"], v["authorize.status"], v["authorize.error"] = "200", status, "The client is not authorized to perform this operation."
		delete(v, "authorizer.error")
	case x.layer == "lambda-authorizer" && !called:
		// Nothing but the missing identity source is to be told.
	case slices.Contains(x.trail, "lambda-authorizer"):
		v["authorize.status"] = "200"
	}
	if called {
		v["authorizer.integrationStatus"] = "200"
		if x.cause == "lambda-authorizer-failure" {
			v["authorizer.integrationStatus"] = "500"
		}
	}
}

func (x *exchange) integrationPhase(v map[string]string, answer *response) {
	if x.route.Backend.Kind == preflightAnswer {
		return
	}
	switch x.layer {
	case "none", "backend":
		v["integration.status"] = strconv.Itoa(answer.status)
		v["integration.integrationStatus"], v["integrationStatus"] = "200", "200"
		if answer.status == http.StatusSwitchingProtocols {
			v["integration.status"] = "200"
		}
	case "integration":
		v["integration.error"] = integrationErrors[x.cause]
		v["integrationErrorMessage"] = v["integration.error"]
	}
}

// integrationErrors are how logs word what the client only sees as an error of
// the server.
var integrationErrors = map[string]string{
	"lambda-permission-missing":       "Invalid permissions on Lambda function",
	"malformed-lambda-proxy-response": "Malformed Lambda proxy response",
	"integration-timeout":             "Execution failed due to a timeout error",
	"integration-failure":             "Execution failed due to configuration error: Invalid endpoint address",
	"lambda-throttled":                "Lambda invocation failed with status: 429",
	"request-too-large":               "Request Too Long",
}
