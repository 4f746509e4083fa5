package probe

import (
	"regexp"
	"slices"
)

// socketFingerprints are the shapes of refused handshakes without an error type, and of frames. Which headers and texts
// a refused handshake bears is documented nowhere; those with an error type are read like a REST API's.
var socketFingerprints = []fingerprint{
	{
		name: "handshake-refused", grade: Documented, source: "developer guide, apigateway-websocket-api-route-keys-connect-disconnect: 401, 403, or the integration's status",
		when: func(x *exchange) bool {
			return x.req.handshake() && x.api != HTTP && x.obs.Status >= 300 && x.obs.ErrorType == ""
		},
		candidates: []possibility{
			maybe(IAMAuthentication, "unsigned-to-iam", ifUnsigned, on(403), wordedBy(IAMAuthentication)),
			maybe(IAMAuthentication, "signature-mismatch", ifSigned, on(403), wordedBy(IAMAuthentication)),
			maybe(IAMAuthorization, "iam-implicit-deny", ifSigned, on(403), wordedBy(IAMAuthorization)),
			maybe(LambdaAuthorizer, "lambda-authorizer-deny", on(403), wordedBy(LambdaAuthorizer)),
			maybe(LambdaAuthorizer, "lambda-authorizer-missing-identity-source", on(401), wordedBy(LambdaAuthorizer)),
			maybe(LambdaAuthorizer, "lambda-authorizer-unauthorized", on(401), wordedBy(LambdaAuthorizer)),
			maybe(LambdaAuthorizer, "lambda-authorizer-failure", on(500), wordedBy(LambdaAuthorizer)),
			maybe(APIKeyLayer, "missing-api-key", ifNoKey, on(403), wordedBy(APIKeyLayer)),
			maybe(APIKeyLayer, "invalid-api-key", ifKeySent, on(403), wordedBy(APIKeyLayer)),
			maybe(Stage, "unknown-stage", on(403), wordedBy(Stage)),
			maybe(Domain, "default-endpoint-disabled", ifDefaultHost, on(403), wordedBy(Domain)),
			maybe(Domain, "no-base-path-mapping", ifCustomDomain, on(403), wordedBy(Domain)),
			maybe(TLS, "mtls-untrusted-cert", ifCustomDomain, ifCurrentCertificate, on(403), wordedBy(TLS)),
			maybe(TLS, "mtls-expired-cert", ifCustomDomain, ifExpiredCertificate, on(403), wordedBy(TLS)),
			maybe(RouteLayer, "no-such-resource", on(403, 404), wordedBy(RouteLayer)),
			maybe(UsagePlan, "throttled", on(429, 503), wordedBy(UsagePlan)),
			maybe(Integration, "integration-failure", on(500, 502, 503, 504), wordedBy(Integration)),
			maybe(Backend, "backend-error", ifOwnWords), maybe(Edge, "not-api-gateway", ifNoGatewayID, ifLessLikely),
		},
	},
	{
		name: "handshake-accepted", grade: Documented, source: "RFC 6455, section 4.2.2",
		statuses: []int{101}, candidates: []possibility{maybe(None, "accepted"), maybe(Edge, "not-api-gateway", ifNoGatewayID)},
	},
	{
		name: "handshake-ignored", grade: Inferred, source: "HTTP: what does not know Upgrade answers as if it were not there",
		when: func(x *exchange) bool {
			return x.req.handshake() && x.obs.Status >= 200 && x.obs.Status < 300 && x.obs.ErrorType == ""
		},
		candidates: []possibility{
			maybe(None, "accepted"), maybe(Backend, "backend-error"), maybe(Edge, "not-api-gateway", ifNoGatewayID),
		},
	},
	{
		name: "frame-without-route", grade: Recorded, source: "ws-frame-route-not-deployed, ws-frame-no-route",
		when:       func(x *exchange) bool { return frame.MatchString(x.obs.Body) && x.obs.fullMessage() == "Forbidden" },
		candidates: []possibility{maybe(RouteLayer, "websocket-no-route"), maybe(Stage, "not-deployed")},
	},
	{
		name: "frame-of-a-failed-integration", grade: Recorded, source: "ws-frame-lambda-throws",
		when:       func(x *exchange) bool { return frame.MatchString(x.obs.Body) },
		candidates: []possibility{maybe(Integration, "integration-failure"), maybe(Backend, "backend-error", ifLessLikely)},
	},
}

// frame is the form of an error that comes after the handshake.
var frame = regexp.MustCompile(`^\s*\{\s*"message":.*"connectionId":.*"requestId":`)

// on is the condition that the answer has one of these statuses, which are those of REST APIs.
func on(statuses ...int) condition {
	return condition{
		holds: func(x *exchange) bool { return slices.Contains(statuses, x.obs.Status) }, sound: never,
		because: "it answers with another status",
	}
}

// wordedBy is the condition that the text, if there is one, is this layer's on REST APIs.
func wordedBy(l Layer) condition {
	return condition{
		holds: func(x *exchange) bool {
			return !ownWords(x) && (x.obs.fullMessage() == "" || slices.Contains(worded(x), l))
		},
		sound:   never,
		because: "it has other words",
	}
}

// ownWords reports whether an answer says what no REST API says.
func ownWords(x *exchange) bool {
	if x.obs.fullMessage() == "" {
		return x.obs.Body != "" && !messageKey.MatchString(x.obs.Body)
	}
	return worded(x) == nil
}

var messageKey = regexp.MustCompile(`^\s*\{\s*"[Mm]essage"\s*:`)

// The conditions of handshakes.
var (
	ifHandshake = condition{
		holds: func(x *exchange) bool { return x.req.handshake() }, sound: always,
		because: "this exists on WebSocket APIs only",
	}
	ifOwnWords = condition{
		holds: func(x *exchange) bool { return x.routeRefused || ownWords(x) }, sound: never,
		because: "nothing speaks for an application that words its refusal like the gateway",
	}
	ifNotUpgraded = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.req.handshake() && !x.plainTaken }, sound: always,
		because: "the host looks at requests that are no handshake",
	}
)
