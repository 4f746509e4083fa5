package probe

import (
	"encoding/json"
	"regexp"
	"strings"
)

// httpFingerprints is section 3.4 of the method for HTTP APIs. Their refusals have no error type and no text but that of
// the status, and a backend may say the same: hardly a row names one layer.
var httpFingerprints = []fingerprint{
	{
		name: "http-body-of-the-backend", grade: Recorded, source: "cars-http-backend-400, antonputra-http-backend-404; HTTP APIs have no gateway responses",
		when: func(x *exchange) bool {
			return x.obs.Status >= 400 && x.obs.HeadersComplete && x.obs.Body != "" && !soleMessage(x.obs.Body)
		},
		candidates: []possibility{maybe(Backend, "backend-error")},
	},
	{
		name: "http-redirect", grade: Inferred, source: "HTTP APIs redirect nobody themselves",
		when:       func(x *exchange) bool { return x.obs.Status >= 300 && x.obs.Status < 400 },
		candidates: []possibility{maybe(Backend, "backend-error")},
	},
	{
		name: "http-not-found", grade: Recorded, source: "srini-http-put-not-found",
		statuses: []int{404}, message: regexp.MustCompile(`^(Not Found)?$`),
		candidates: []possibility{
			maybe(RouteLayer, "no-such-resource", ifBodyKept, ifMethodKept, ifStageNotInPath), maybe(RouteLayer, "wrong-method", ifBodyKept, ifMethodChanged, ifNoMethodAsked, ifStageNotInPath),
			maybe(RouteLayer, "stage-in-custom-domain-url", ifBodyKept, ifStageInPath), maybe(RouteLayer, "cors-preflight-unrouted", ifPreflight, ifMethodAsked),
			maybe(Stage, "unknown-stage", ifBodyKept), maybe(Domain, "default-endpoint-disabled", ifBodyKept, ifDefaultHost),
			maybe(Domain, "no-base-path-mapping", ifBodyKept, ifCustomDomain), maybe(Backend, "backend-error"),
		},
	},
	jwtChallenge("expired", Recorded, "keitakn-jwt-expired", `expired`, "jwt-expired"),
	jwtChallenge("audience", Recorded, "docs-jwt-wrong-audience", `audience`, "jwt-wrong-audience"),
	jwtChallenge("invalid", Documented, "developer guide, http-api-troubleshooting-jwt; the header alone: webbpulse-jwt-garbage", ``, "jwt-invalid"),
	{
		name: "http-unauthorized", grade: Recorded, source: "boto3-oidc-jwt-missing, httpapi-lambda-authorizer-no-header-401",
		statuses: []int{401}, message: regexp.MustCompile(`^(Unauthorized)?$`),
		candidates: []possibility{
			maybe(JWTAuthorizer, "jwt-missing", ifChallenged), maybe(JWTAuthorizer, "jwt-invalid", ifChallenged, ifLessLikely),
			maybe(LambdaAuthorizer, "lambda-authorizer-missing-identity-source", ifNotChallenged, ifNoToken),
			maybe(LambdaAuthorizer, "lambda-authorizer-unauthorized", ifNotChallenged, ifTokenSent), maybe(Backend, "backend-error", ifControlRefused),
		},
	},
	{
		name: "http-forbidden", grade: Recorded, source: "sp-http-iam-unsigned, postman-flows-apikey-header-deny",
		statuses: []int{403}, message: regexp.MustCompile(`^(Forbidden)?$`),
		candidates: []possibility{
			maybe(IAMAuthentication, "unsigned-to-iam", ifUnsigned), maybe(IAMAuthentication, "incomplete-authorization-header", ifSigned, ifNotProven),
			maybe(IAMAuthentication, "signature-mismatch", ifSigned, ifNotProven), maybe(IAMAuthentication, "signature-expired", ifSigned, ifNotProven),
			maybe(IAMAuthentication, "unknown-access-key", ifSigned, ifNotProven), maybe(IAMAuthentication, "expired-session-token", ifSigned, ifNotProven),
			maybe(IAMAuthentication, "credential-stripped", ifSigned, ifCustomDomain, ifLessLikely),
			maybe(LambdaAuthorizer, "lambda-authorizer-deny"), maybe(JWTAuthorizer, "jwt-insufficient-scope", ifTokenSent, ifNotSigV4),
			maybe(IAMAuthorization, "iam-implicit-deny", ifSigned, ifGenuine), maybe(IAMAuthorization, "iam-explicit-deny", ifSigned, ifGenuine),
			maybe(TLS, "mtls-untrusted-cert", ifCustomDomain, ifCurrentCertificate), maybe(TLS, "mtls-expired-cert", ifCustomDomain, ifExpiredCertificate),
			maybe(Domain, "default-endpoint-disabled", ifDefaultHost), maybe(Domain, "no-base-path-mapping", ifCustomDomain),
			maybe(Backend, "backend-error", ifControlRefused),
		},
	},
	{
		name: "http-throttled", grade: Documented, source: "developer guide, http-api-throttling: 429 Too Many Requests",
		statuses: []int{429}, candidates: []possibility{maybe(UsagePlan, "throttled"), maybe(Backend, "backend-error")},
	},
	{
		name: "http-server-error", grade: Recorded, source: "httpapi-lambda-error-500",
		statuses: []int{500}, message: regexp.MustCompile(`^(Internal Server Error)?$`),
		candidates: []possibility{
			maybe(Integration, "integration-failure"), maybe(Integration, "malformed-lambda-proxy-response"), maybe(Integration, "lambda-permission-missing"),
			maybe(LambdaAuthorizer, "lambda-authorizer-failure"), maybe(LambdaAuthorizer, "lambda-authorizer-misconfigured"), maybe(Backend, "backend-error"),
		},
	},
	{
		name: "http-unavailable", grade: Recorded, source: "httpapi-lambda-timeout-503, httpapi-lambda-throttled-503, http-throttled-503",
		statuses: []int{503}, message: regexp.MustCompile(`^(Service Unavailable)?$`),
		candidates: []possibility{
			maybe(Integration, "integration-timeout"), maybe(Integration, "lambda-throttled"), maybe(UsagePlan, "throttled"), maybe(Backend, "backend-error"),
		},
	},
	{
		name: "http-too-large", grade: Documented, source: "developer guide, limits: 10 MB, 10,240 bytes of request line and headers",
		statuses: []int{413, 414, 431}, atMost: "the text is not known",
		candidates: []possibility{maybe(RequestValidation, "request-too-large"), maybe(Integration, "request-too-large"), maybe(Backend, "backend-error")},
	},
	{
		name: "http-other", grade: Inferred, source: "a message that no recording shows",
		when: func(x *exchange) bool { return x.obs.Status >= 400 },
		candidates: []possibility{
			maybe(Backend, "backend-error"), maybe(Integration, "integration-failure", ifLessLikely), maybe(RouteLayer, "no-such-resource", ifLessLikely),
			maybe(Stage, "unknown-stage", ifLessLikely), maybe(Domain, "no-base-path-mapping", ifLessLikely, ifCustomDomain),
			maybe(IAMAuthentication, "signature-mismatch", ifLessLikely), maybe(LambdaAuthorizer, "lambda-authorizer-deny", ifLessLikely),
			maybe(JWTAuthorizer, "jwt-invalid", ifLessLikely), maybe(IAMAuthorization, "iam-implicit-deny", ifLessLikely),
			maybe(RequestValidation, "request-too-large", ifLessLikely),
		},
	},
}

// jwtChallenge is the row of a refused token. API Gateway separates the parameters by blanks, where others put commas.
func jwtChallenge(name string, grade Grade, source, description string, cause Cause) fingerprint {
	shape := regexp.MustCompile(`^Bearer scope="[^"]*" error="[^"]*" error_description="[^"]*` + description + `[^"]*"$`)
	return fingerprint{
		name: "http-token-" + name, grade: grade, source: source, statuses: []int{401}, message: regexp.MustCompile(`^(Unauthorized)?$`),
		when:       func(x *exchange) bool { return shape.MatchString(x.obs.Header("www-authenticate")) },
		candidates: []possibility{maybe(JWTAuthorizer, cause), maybe(Backend, "backend-error", ifControlRefused)},
	}
}

// soleMessage reports whether a body is an object with the single key message, as all that an HTTP API words itself.
func soleMessage(body string) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(body), &fields) != nil || len(fields) != 1 {
		return false
	}
	return strings.HasPrefix(string(fields["message"]), `"`)
}

// The conditions of HTTP APIs.
var (
	// ifBodyKept: only an answer to HEAD lacks its body.
	ifBodyKept = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.obs.Body != "" || x.req.Method == "HEAD" }, sound: never,
		because: "the gateway's own refusals have a body",
	}
	ifChallenged = condition{
		holds: func(x *exchange) bool { return !x.obs.HeadersComplete || x.obs.Header("www-authenticate") == "Bearer" }, sound: never,
		because: "a JWT authorizer sends the header www-authenticate: Bearer",
	}
	ifNotChallenged = condition{
		holds: func(x *exchange) bool { return !x.obs.Has("www-authenticate") }, sound: never,
		because: "a Lambda authorizer sends no www-authenticate",
	}
	// ifControlRefused: a backend that says the same as the gateway would have to refuse what only the gateway reads.
	ifControlRefused = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.routeRefused }, sound: never,
		because: "nothing speaks for an application that words its refusal like the gateway",
	}
	// ifNotProven: the same path was signed rightly by another principal, and taken.
	ifNotProven = condition{
		holds: func(x *exchange) bool { return x.req == nil || !x.req.Genuine || !x.routeProven }, sound: never,
		because: "declared: the principal is valid; and the signature is made like the control's, which was accepted",
	}
	ifGenuine = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.Genuine }, sound: never,
		because: "the signature was spoiled, which is seen first",
	}
	ifNotSigV4 = condition{
		holds: func(x *exchange) bool { return x.req == nil || x.req.Facets[FacetPrincipal] == "none" }, sound: never,
		because: "a signature is no token, which is answered with 401",
	}
)
