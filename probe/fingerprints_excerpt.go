package probe

import "strings"

// excerpt reports whether only a part of the answer is known.
func excerpt(x *exchange) bool { return !x.obs.HeadersComplete && x.obs.ErrorType == "" }

const partial = "only a part of the answer is known"

// excerpts are the readings of an answer of which little more than the status is known, as in most transcripts of
// others. Our own observations never come here.
var excerpts = []fingerprint{
	{
		name: "excerpt-authorizer-failure", grade: Inferred, source: "auth0-authorizer-fail-500-null",
		when:   func(x *exchange) bool { return excerpt(x) && x.obs.Status == 500 && x.obs.fullMessage() == "" },
		atMost: partial,
		candidates: []possibility{
			maybe(Integration, "integration-failure"), maybe(Integration, "lambda-permission-missing"),
			maybe(LambdaAuthorizer, "lambda-authorizer-failure"), maybe(LambdaAuthorizer, "lambda-authorizer-misconfigured"),
			maybe(Backend, "backend-error"),
		},
	},
	{
		name: "excerpt-server-error", grade: Inferred, source: "status alone",
		statuses: []int{500, 502, 503, 504}, when: excerpt, atMost: partial,
		candidates: []possibility{maybe(Integration, "integration-failure"), maybe(Integration, "integration-timeout"), maybe(Backend, "backend-error")},
	},
	{
		name: "excerpt-challenge", grade: Inferred, source: "webbpulse-jwt-garbage", statuses: []int{401}, atMost: partial,
		when: func(x *exchange) bool {
			return excerpt(x) && strings.HasPrefix(x.obs.Header("www-authenticate"), "Bearer")
		},
		candidates: []possibility{
			maybe(JWTAuthorizer, "jwt-invalid"), maybe(JWTAuthorizer, "jwt-missing"), maybe(JWTAuthorizer, "jwt-expired"),
			maybe(Backend, "backend-error"), maybe(LambdaAuthorizer, "lambda-authorizer-unauthorized", ifLessLikely),
		},
	},
	{
		name: "excerpt-unauthorized", grade: Inferred, source: "status alone", statuses: []int{401}, when: excerpt, atMost: partial,
		candidates: []possibility{
			maybe(LambdaAuthorizer, "lambda-authorizer-unauthorized"), maybe(LambdaAuthorizer, "lambda-authorizer-missing-identity-source"),
			maybe(CognitoAuthorizer, "cognito-token-invalid"), maybe(CognitoAuthorizer, "cognito-token-missing"),
			maybe(JWTAuthorizer, "jwt-invalid"), maybe(Backend, "backend-error"), maybe(IAMAuthentication, "unsigned-to-iam"),
		},
	},
	{
		name: "excerpt-bad-request", grade: Inferred, source: "status alone", statuses: []int{400, 413, 415}, when: excerpt, atMost: partial,
		candidates: []possibility{
			maybe(RequestValidation, "bad-request-body"), maybe(RequestValidation, "bad-request-parameters"), maybe(Backend, "backend-error"),
			maybe(Integration, "request-too-large"), maybe(RouteLayer, "no-such-resource"),
		},
	},
	{
		name: "excerpt-refusal", grade: Inferred, source: "status alone", statuses: []int{403, 404, 405}, when: excerpt, atMost: partial,
		candidates: []possibility{
			maybe(APIKeyLayer, "missing-api-key"), maybe(IAMAuthorization, "iam-implicit-deny"), maybe(ResourcePolicy, "resource-policy-implicit-deny"),
			maybe(RouteLayer, "no-such-resource"), maybe(IAMAuthentication, "signature-mismatch"), maybe(LambdaAuthorizer, "lambda-authorizer-deny"),
			maybe(CognitoAuthorizer, "cognito-token-invalid"), maybe(WAF, "waf-blocked"), maybe(Stage, "unknown-stage"),
			maybe(Domain, "no-base-path-mapping"), maybe(TLS, "mtls-untrusted-cert"), maybe(EndpointPolicy, "endpoint-policy-deny"),
			maybe(Backend, "backend-error"), maybe(Edge, "not-api-gateway"),
		},
	},
}
