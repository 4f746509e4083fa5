package probe

import (
	"regexp"
	"slices"
)

const (
	accessDenied      = "AccessDeniedException"
	forbidden         = "ForbiddenException"
	missingToken      = "MissingAuthenticationTokenException"
	incomplete        = "IncompleteSignatureException"
	invalidSignature  = "InvalidSignatureException"
	unauthorized      = "UnauthorizedException"
	badRequest        = "BadRequestException"
	serverError       = "InternalServerErrorException"
	authorizerFailure = "AuthorizerFailureException"
	authorizerConfig  = "AuthorizerConfigurationException"
	throttled         = "TooManyRequestsException"
	limitExceeded     = "LimitExceededException"
)

// gatewayTexts are the messages that API Gateway itself words; one of them without an error type is suspicious.
var gatewayTexts = regexp.MustCompile(`^(Forbidden|Missing Authentication Token|Unauthorized|User: .* is not authorized to perform: |` +
	`User is not authorized to access this resource|The request signature we calculated|Signature (expired|not yet current)|` +
	`Credential should be scoped|Authorization header requires|Invalid key=value pair|Too Many Requests|Limit Exceeded|` +
	`The security token included in the request|The incoming token has expired)`)

const (
	invoke = `is not authorized to perform: execute-api:(Invoke|ManageConnections) `
	named  = `^User: (arn:|\*+|AIDA|AROA)\S* ` + invoke
)

// fingerprints is section 3.4 of the method for REST APIs, and for answers that do not show which kind of API they are of.
var fingerprints = []fingerprint{
	{
		// A gateway's own refusal bears its own id alone.
		name: "gateway-behind-gateway", grade: Inferred, source: "REST and HTTP APIs give ids of different names",
		when: func(x *exchange) bool {
			return x.obs.Status >= 300 && x.obs.Has("x-amz-apigw-id") && x.obs.Has("apigw-requestid")
		},
		candidates: []possibility{maybe(Backend, "backend-error")},
	},
	{
		name: "remapped", grade: Recorded, source: "ls-* snapshots of HTTP_PROXY integrations",
		when: func(x *exchange) bool { return x.obs.Status >= 300 && remapped(x.obs) },
		candidates: []possibility{
			maybe(Backend, "backend-error"),
		},
	},
	{
		name: "waf-captcha", grade: Recorded, source: "waf-captcha-405",
		when: func(x *exchange) bool { return x.obs.Has("x-amzn-waf-action") && x.obs.Status == 405 },
		candidates: []possibility{
			maybe(WAF, "waf-captcha"),
			maybe(Edge, "waf-at-edge", ifNoGatewayID),
		},
	},
	{
		name: "waf-challenge", grade: Recorded, source: "waf-challenge-202-binance",
		when: func(x *exchange) bool { return x.obs.Has("x-amzn-waf-action") },
		candidates: []possibility{
			maybe(WAF, "waf-challenge"),
			maybe(Edge, "waf-at-edge", ifNoGatewayID),
		},
	},
	{
		name: "missing-authentication-token", grade: Recorded, source: "vhtech-head-root, verylongdomain-get-unrouted",
		errorTypes: []string{missingToken},
		candidates: mat,
	},
	{
		name: "missing-authentication-token-text", grade: Recorded, source: "axios-unsigned",
		message: regexp.MustCompile(`^Missing Authentication Token\.?$`),
		when:    func(x *exchange) bool { return x.obs.ErrorType == "" && !x.obs.HeadersComplete },
		candidates: append(slices.Clone(mat),
			maybe(LambdaAuthorizer, "cors-preflight-authorizer", ifPreflight, ifLessLikely)),
	},
	signature("authorization-header-parse", Recorded, "bold-xapikey-in-authorization, axios-mock-authorization",
		`not a valid key=value pair|^Invalid key=value pair|^Authorization header (requires|must begin)|^Credential must have exactly|^Date must be in ISO-8601|^AWS query-string parameters must include|must be a 'SignedHeader'`,
		"incomplete-authorization-header", incomplete).explained(explainHeader),
	signature("authorization-header-parse-type", Recorded, "stock-movements-jwt-on-get-only", ``, "incomplete-authorization-header", incomplete),
	{
		// The scope of a backend's own service: CloudSearch behind REST refuses 'execute-api' as a region.
		name: "scope-of-another-service", grade: Recorded, source: "cloudsearch-scope-behind",
		message: regexp.MustCompile(`Credential should be scoped to (a valid [Rr]egion, not '|correct service: ')`),
		when:    foreignScope,
		atMost:  "the text is worded by another service",
		candidates: []possibility{
			maybe(Backend, "backend-error"),
			maybe(IAMAuthentication, "credential-scope-wrong-service", ifSigned, ifLessLikely),
			maybe(RouteLayer, "auth-header-on-unknown-path", ifSigned, ifLessLikely),
		},
	},
	signature("scope-region-and-service", Recorded, "servicenow-scope",
		`scoped to a valid [Rr]egion.*scoped to correct service`, "credential-scope-malformed", invalidSignature),
	signature("scope-service", Documented, "IAM guide, signature troubleshooting",
		`^Credential should be scoped to correct service: 'execute-api'`, "credential-scope-wrong-service", invalidSignature),
	signature("scope-region", Recorded, "xacct-region-scope",
		`^Credential should be scoped to a valid [Rr]egion`, "credential-scope-wrong-region", invalidSignature),
	signature("scope-other", Documented, "IAM guide, signature troubleshooting",
		`^(Credential should be scoped|Date in Credential scope)`, "credential-scope-malformed", invalidSignature),
	timed(signature("signature-expired", Recorded, "aws4-118-expired", `^Signature expired`, "signature-expired", invalidSignature)),
	timed(signature("signature-not-yet-current", Documented, "IAM guide, signature troubleshooting", `^Signature not yet current`,
		"signature-not-yet-current", invalidSignature)),
	signature("signature-mismatch", Recorded, "aws4-33-full", `^The request signature we calculated`, "signature-mismatch", invalidSignature).
		explained(explainMismatch),
	{
		name: "security-token-invalid", grade: Recorded, source: "function-url-unknown-key",
		errorTypes: []string{"UnrecognizedClientException", accessDenied, invalidSignature},
		message:    regexp.MustCompile(`^The security token included in the request is invalid`),
		candidates: []possibility{
			maybe(IAMAuthentication, "unknown-access-key", ifSigned, ifNotTokenless),
			maybe(IAMAuthentication, "invalid-session-token", ifSigned, ifTokenless),
			maybe(RouteLayer, "auth-header-on-unknown-path", ifSigned, ifSignedWrong),
			maybe(EndpointPolicy, "vpce-policy-authorization", ifVPCEndpoint, ifSigned),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	signature("security-token-expired", Documented, "developer guide, supported-gateway-response-types EXPIRED_TOKEN",
		`^The security token included in the request is expired`, "expired-session-token", "ExpiredTokenException", invalidSignature),
	signature("invalid-signature-type", Recorded, "aws4-123-headers", ``, "signature-mismatch", invalidSignature),
	signature("unrecognized-client-type", Inferred, "the type alone, as other services send it", ``, "unknown-access-key", "UnrecognizedClientException"),
	signature("expired-token-type", Documented, "developer guide, EXPIRED_TOKEN", ``, "expired-session-token", "ExpiredTokenException"),

	{
		// A method with AWS_IAM answers an unsigned request before any policy; one that reads the policy asks for no signature.
		name: "resource-policy-of-anonymous", grade: Recorded, source: "weather-vpce-implicit",
		errorTypes: []string{accessDenied}, behind: []Layer{IAMAuthentication},
		message: regexp.MustCompile(`^User: anonymous ` + invoke + `.*(explicit deny in a|because no) resource-based policy`),
		candidates: []possibility{
			maybe(ResourcePolicy, "resource-policy-implicit-deny", ifImplicit), maybe(ResourcePolicy, "resource-policy-explicit-deny", ifExplicit),
			maybe(Backend, "backend-error", ifARNForeign),
		},
	},
	policy("resource-policy-explicit", Recorded, "agentcore-gw-explicit",
		invoke+`.*with an explicit deny in a resource-based policy`, ResourcePolicy, "resource-policy-explicit-deny"),
	policy("resource-policy-implicit", Documented, "IAM guide, troubleshoot_access-denied",
		invoke+`.*because no resource-based policy allows`, ResourcePolicy, "resource-policy-implicit-deny"),
	policy("endpoint-policy-explicit", Documented, "IAM guide, troubleshoot_access-denied",
		invoke+`.*with an explicit deny in a VPC endpoint policy`, EndpointPolicy, "endpoint-policy-deny"),
	policy("endpoint-policy-implicit", Documented, "IAM guide, troubleshoot_access-denied",
		invoke+`.*because no VPC endpoint policy allows`, EndpointPolicy, "endpoint-policy-deny"),
	policy("identity-policy-explicit", Documented, "IAM guide, troubleshoot_access-denied",
		named+`.*with an explicit deny in an? (identity-based policy|session policy|permissions boundary|(service|resource) control policy)`,
		IAMAuthorization, "iam-explicit-deny"),
	policy("identity-policy-implicit", Recorded, "xacct-implicit-deny",
		named+`.*because no (identity-based policy|session policy|permissions boundary|(service|resource) control policy) allows`,
		IAMAuthorization, "iam-implicit-deny"),
	{
		name: "policy-of-caller-untyped-explicit", grade: Documented, source: "knowledge centre, api-gateway-troubleshoot-403-forbidden",
		errorTypes: []string{accessDenied}, message: regexp.MustCompile(named + `.*with an? ?explicit deny`),
		candidates: []possibility{
			maybe(IAMAuthorization, "iam-explicit-deny"), maybe(ResourcePolicy, "resource-policy-explicit-deny"),
			maybe(RouteLayer, "no-such-resource", ifAddressChanged),
			maybe(EndpointPolicy, "endpoint-policy-deny", ifVPCEndpoint), maybe(Backend, "backend-error", ifARNForeign),
		},
	},
	{
		name: "policy-of-caller-untyped", grade: Recorded, source: "spacefinder-implicit-deny",
		errorTypes: []string{accessDenied}, message: regexp.MustCompile(named),
		candidates: []possibility{
			maybe(IAMAuthorization, "iam-implicit-deny"), maybe(ResourcePolicy, "resource-policy-implicit-deny"),
			maybe(RouteLayer, "no-such-resource", ifAddressChanged),
			maybe(EndpointPolicy, "endpoint-policy-deny", ifVPCEndpoint), maybe(Backend, "backend-error", ifARNForeign),
		},
	},
	{
		name: "policy-of-anonymous-explicit", grade: Recorded, source: "vpce-not-registered-explicit",
		behind: []Layer{IAMAuthentication}, errorTypes: []string{accessDenied}, message: regexp.MustCompile(`^User: anonymous ` + invoke + `.*explicit deny`),
		candidates: []possibility{
			maybe(ResourcePolicy, "resource-policy-explicit-deny"), maybe(EndpointPolicy, "endpoint-policy-deny", ifVPCEndpoint),
			maybe(Backend, "backend-error", ifARNForeign),
		},
	},
	{
		name: "policy-of-anonymous", grade: Recorded, source: "bigiamchallenge-resource-policy-anon",
		behind: []Layer{IAMAuthentication}, errorTypes: []string{accessDenied}, message: regexp.MustCompile(`^User: anonymous ` + invoke),
		candidates: []possibility{
			maybe(ResourcePolicy, "resource-policy-implicit-deny"), maybe(ResourcePolicy, "not-deployed", ifLessLikely),
			maybe(EndpointPolicy, "endpoint-policy-deny", ifVPCEndpoint), maybe(Backend, "backend-error", ifARNForeign),
		},
	},
	{
		name: "authorizer-policy", grade: Recorded, source: "ama-wording-change-2025",
		errorTypes: []string{accessDenied},
		message:    regexp.MustCompile(`^User is not authorized to access this resource .*identity-based policy`),
		candidates: []possibility{
			maybe(LambdaAuthorizer, "lambda-authorizer-deny"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "authorizer-policy-untyped", grade: Recorded, source: "loige-authorizer-deny-403",
		errorTypes: []string{accessDenied}, message: regexp.MustCompile(`^User is not authorized to access this resource`),
		candidates: []possibility{
			maybe(LambdaAuthorizer, "lambda-authorizer-deny"),
			maybe(CognitoAuthorizer, "cognito-token-invalid", ifUnusual),
			maybe(ResourcePolicy, "resource-policy-explicit-deny", ifLessLikely),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "access-denied-other", grade: Recorded, source: "amplify-preflight-unable-to-determine",
		errorTypes: []string{accessDenied},
		atMost:     "the text is none of API Gateway's known ones",
		candidates: []possibility{
			maybe(IAMAuthorization, "iam-implicit-deny", ifOwnPrincipal), maybe(ResourcePolicy, "resource-policy-implicit-deny", ifSignatureHolds),
			maybe(LambdaAuthorizer, "lambda-authorizer-deny"), maybe(CognitoAuthorizer, "cognito-token-invalid"),
			maybe(IAMAuthentication, "unknown-access-key", ifSigned, ifInventedPrincipal), maybe(EndpointPolicy, "endpoint-policy-deny", ifVPCEndpoint),
			maybe(RouteLayer, "cors-preflight-unrouted", ifPreflight), maybe(RouteLayer, "no-such-resource", ifLessLikely),
			maybe(Backend, "backend-error", ifLessLikely), maybe(Edge, "cloudfront-forwards-host", ifNoGatewayID),
		},
	},
	{
		name: "cognito-expired", grade: Recorded, source: "warpurl-cognito-expired",
		errorTypes: []string{unauthorized}, message: regexp.MustCompile(`^The incoming token has expired`),
		candidates: []possibility{
			maybe(CognitoAuthorizer, "cognito-token-expired"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "unauthorized", grade: Recorded, source: "loige-authorizer-missing-401, buraktas-cognito-missing",
		errorTypes: []string{unauthorized},
		bare:       regexp.MustCompile(`^Unauthorized$`),
		when:       func(x *exchange) bool { return x.obs.ErrorType != "" || !x.obs.Has("www-authenticate") },
		candidates: []possibility{
			maybe(LambdaAuthorizer, "lambda-authorizer-missing-identity-source", ifNoToken),
			maybe(LambdaAuthorizer, "lambda-authorizer-unauthorized", ifTokenSent),
			maybe(CognitoAuthorizer, "cognito-token-missing", ifNoToken), maybe(CognitoAuthorizer, "cognito-token-invalid", ifTokenSent),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "authorizer-configuration", grade: Recorded, source: "waba-authorizer-config-500",
		errorTypes: []string{authorizerConfig},
		candidates: []possibility{
			maybe(LambdaAuthorizer, "lambda-authorizer-misconfigured"), maybe(LambdaAuthorizer, "lambda-authorizer-failure"),
			maybe(CognitoAuthorizer, "cognito-token-invalid", ifUnusual), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "authorizer-failure", grade: Inferred, source: "developer guide, AUTHORIZER_FAILURE; its error type is an emulator's guess",
		errorTypes: []string{authorizerFailure},
		candidates: []possibility{
			maybe(LambdaAuthorizer, "lambda-authorizer-failure"), maybe(CognitoAuthorizer, "cognito-token-invalid", ifUnusual),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "forbidden", grade: Recorded, source: "workshop-waf-edge-403, sync-missing-key, yikrqu13lj-stage",
		errorTypes: []string{forbidden}, statuses: []int{403}, message: regexp.MustCompile(`^(?i:Forbidden)?$`),
		candidates: []possibility{
			maybe(APIKeyLayer, "missing-api-key", ifNoKey), maybe(APIKeyLayer, "invalid-api-key", ifKeySent),
			maybe(APIKeyLayer, "disabled-api-key", ifKeySent, ifLessLikely),
			maybe(APIKeyLayer, "api-key-not-in-usage-plan", ifKeySent, ifLessLikely),
			maybe(Stage, "unknown-stage"), maybe(Stage, "not-deployed", ifLessLikely),
			maybe(Domain, "default-endpoint-disabled", ifDefaultHost, ifOwnAddress, ifNotInVPC), maybe(Domain, "no-base-path-mapping", ifCustomDomain),
			maybe(Domain, "custom-domain-wrong-host", ifCustomDomain, ifLessLikely),
			maybe(Domain, "private-api-wrong-host", ifVPCEndpoint, ifPrivateAPI),
			maybe(Domain, "public-api-through-vpc-endpoint", ifVPCEndpoint, ifPublicThroughVPC),
			maybe(WAF, "waf-blocked"), maybe(TLS, "mtls-untrusted-cert", ifCustomDomain, ifCurrentCertificate),
			maybe(TLS, "mtls-expired-cert", ifCustomDomain, ifExpiredCertificate),
			maybe(RouteLayer, "cors-preflight-unrouted", ifPreflight), maybe(RouteLayer, "no-such-resource", ifHandshake),
			maybe(RouteLayer, "websocket-not-upgraded", ifNotUpgraded, ifLessLikely),
			maybe(Backend, "backend-error", ifBackendSeen),
		},
	},
	{
		// Stage, domain and TLS are judged before an API is known whose gateway responses could apply.
		name: "forbidden-rewritten", grade: Recorded, source: "mcf-429-forbidden",
		errorTypes: []string{forbidden},
		candidates: []possibility{
			maybe(APIKeyLayer, "missing-api-key", ifNoKey), maybe(APIKeyLayer, "invalid-api-key", ifKeySent),
			maybe(WAF, "waf-blocked"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "throttled", grade: Recorded, source: "semantic-scholar-throttled-custom",
		errorTypes: []string{throttled},
		bare:       regexp.MustCompile(`^Too Many Requests$`),
		candidates: []possibility{maybe(UsagePlan, "throttled"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen)},
	},
	{
		name: "quota", grade: Recorded, source: "gemrate-quota",
		errorTypes: []string{limitExceeded},
		bare:       regexp.MustCompile(`^Limit Exceeded`),
		candidates: []possibility{maybe(UsagePlan, "quota-exceeded"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen)},
	},
	{
		name: "throttled-text", grade: Inferred, source: "a 429 without headers", statuses: []int{429},
		when: func(x *exchange) bool { return x.obs.ErrorType == "" },
		candidates: []possibility{
			maybe(UsagePlan, "throttled"), maybe(UsagePlan, "quota-exceeded", ifLessLikely), maybe(WAF, "waf-blocked", ifLessLikely),
			maybe(Backend, "backend-error", ifLessLikely),
		},
	},
	{
		name: "validation-parameters", grade: Recorded, source: "ls snapshots of request validators",
		errorTypes: []string{badRequest}, message: regexp.MustCompile(`^Missing required request parameters`),
		candidates: []possibility{maybe(RequestValidation, "bad-request-parameters"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen)},
	},
	{
		name: "validation-body", grade: Recorded, source: "sp-bad-body-with-trace-id",
		errorTypes: []string{badRequest}, message: regexp.MustCompile(`^Invalid request body`),
		candidates: []possibility{maybe(RequestValidation, "bad-request-body"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen)},
	},
	{
		name: "bad-request-other", grade: Recorded, source: "siemens-400-headers",
		errorTypes: []string{badRequest},
		bare:       regexp.MustCompile(`^(Could not parse request body|Unsupported Media Type|Request Too Long)`),
		candidates: []possibility{
			maybe(RequestValidation, "bad-request-body"), maybe(RequestValidation, "bad-request-parameters"),
			maybe(RequestValidation, "unsupported-media-type"), maybe(RequestValidation, "request-too-large"),
			maybe(Integration, "request-too-large"), maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "integration-timeout", grade: Recorded, source: "timeout-504-edge-trace",
		errorTypes: []string{serverError}, statuses: []int{504},
		bare: regexp.MustCompile(`^Endpoint request timed out`),
		candidates: []possibility{
			maybe(Integration, "integration-timeout"), maybe(Integration, "integration-failure"),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "integration-bad-answer", grade: Recorded, source: "cdk-todo-502, sync-502-format",
		errorTypes: []string{serverError}, statuses: []int{502},
		bare: regexp.MustCompile(`^Internal server error$`),
		candidates: []possibility{
			maybe(Integration, "malformed-lambda-proxy-response"), maybe(Integration, "integration-failure"),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "integration-failure", grade: Recorded, source: "china-500-cert",
		errorTypes: []string{serverError},
		bare:       regexp.MustCompile(`^(Internal server error|Network error communicating with endpoint)$`),
		atMost:     "an authorizer's failure with this error type was not seen, but is not excluded",
		candidates: []possibility{
			maybe(Integration, "integration-failure"), maybe(Integration, "lambda-permission-missing"),
			maybe(Integration, "lambda-throttled"), maybe(LambdaAuthorizer, "lambda-authorizer-failure", ifUnusual),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		// What a correctly signed request to a path that no route takes gets.
		name: "resource-not-found", grade: Inferred, source: "aws/serverless-application-model#3963 shows the status, nobody the error type",
		statuses: []int{404}, when: func(x *exchange) bool { return x.obs.ErrorType != "" },
		candidates: []possibility{
			maybe(RouteLayer, "no-such-resource"), maybe(Domain, "no-base-path-mapping", ifCustomDomain, ifLessLikely),
			maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
		},
	},
	{
		name: "upgrade-required", grade: Inferred, source: "reports of 426, and of 403, for requests to a WebSocket API that are no handshake",
		statuses: []int{426},
		candidates: []possibility{
			maybe(RouteLayer, "websocket-not-upgraded"), maybe(Edge, "not-api-gateway", ifNoGatewayID), maybe(Backend, "backend-error", ifLessLikely),
		},
	},
	{
		name: "other-error-type", grade: Inferred, source: "RESOURCE_NOT_FOUND on the wire is not recorded",
		when: func(x *exchange) bool { return x.obs.ErrorType != "" && x.obs.Status != 0 },
		candidates: []possibility{
			maybe(RouteLayer, "no-such-resource"), maybe(Domain, "no-base-path-mapping", ifCustomDomain, ifLessLikely),
			maybe(Backend, "backend-error"),
		},
	},
}

// mat are the readings of Missing Authentication Token.
var mat = []possibility{
	// A preflight that nobody takes has no OPTIONS method more often than one that wants a signature.
	maybe(RouteLayer, "cors-preflight-unrouted", ifPreflightSent),
	maybe(IAMAuthentication, "unsigned-to-iam", ifUnsigned),
	// Nothing rules out that the signature was lost on the way: a signed request with this answer is never certain.
	maybe(IAMAuthentication, "credential-stripped", ifSigned),
	maybe(RouteLayer, "no-such-resource", ifMethodKept, ifStageNotInPath),
	maybe(RouteLayer, "wrong-method", ifMethodChanged, ifNoMethodAsked, ifStageNotInPath),
	maybe(RouteLayer, "stage-in-custom-domain-url", ifStageInPath),
	maybe(RouteLayer, "cors-preflight-unrouted", ifPreflight, ifMethodAsked), // where the request is not known
	// An unattributed text says that a disabled default endpoint answers so; the knowledge centre says Forbidden.
	maybe(Domain, "default-endpoint-disabled", ifDefaultHost, ifDoor),
	maybe(Backend, "backend-error", ifBackendImitates, ifBackendSeen),
}
