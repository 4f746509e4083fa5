package sandbox

// Switches choose among behaviours where the real one is unknown, disputed, or
// changed over the years. The zero value is the best-known behaviour.
type Switches struct {
	// Disabled default endpoint: the answer is Missing Authentication Token, as
	// one source has it, instead of Forbidden.
	DisabledEndpointSaysMissingToken bool

	// Unknown access key or wrong session token: the error type. Sources
	// disagree between AccessDeniedException, InvalidSignatureException and
	// UnrecognizedClientException, which is the default as the only one recorded.
	UnknownKeyErrorType string

	// Expired session token: InvalidSignatureException instead of
	// ExpiredTokenException.
	ExpiredTokenIsInvalidSignature bool

	// Wrong region in the credential scope: the message quotes the region.
	ScopeQuotesRegion bool

	// WAF against unmatched routes: a web ACL sees matched requests only.
	WAFAfterRoute bool

	// API key against IAM and Cognito: the key is looked at before the signature
	// or the token.
	KeyBeforeIAM bool

	// Signed request to an unmatched path by a principal without any right to
	// it: 403 instead of 404.
	UnmatchedNeedsRights bool

	// Gateway response type behind IncompleteSignatureException: that of an
	// invalid signature instead of MISSING_AUTHENTICATION_TOKEN. It shows only
	// where an owner customised one of them.
	IncompleteIsInvalidSignature bool

	// Authorization parser: the older texts, which echo the header in place of
	// its digest.
	OldParserWording bool

	// Policy denials: the older texts, which do not name the type of policy.
	OldPolicyWording bool

	// Session token that the signature does not cover: refused.
	UnsignedTokenRefused bool

	// Dot segments and double slashes: removed from the path before the
	// signature is computed.
	NormalizePath bool

	// X-Amz-Expires of a presigned URL: honoured instead of five minutes.
	HonourExpires bool

	// Signature mismatch: the answer does not show what should have been signed.
	NoCanonicalDump bool

	// Line breaks in a message: escaped as JSON wants, instead of raw as
	// recorded since 2020.
	EscapedLineBreaks bool

	// Wrong signature on an expired request: the mismatch is reported.
	MismatchBeforeExpiry bool

	// Resource policy that is silent, against a valid token of Cognito: accepted,
	// as the table of the documentation has it. Its text wants an explicit allow.
	CognitoIsEnough bool

	// The refusal that follows from it otherwise: its text names neither caller
	// nor resource, as if an authorizer had spoken.
	CognitoDenialNamesNobody bool

	// Request to a WebSocket API that is no handshake: 426 instead of Forbidden.
	PlainRequestMustUpgrade bool

	// Refused handshake: without the error type of REST APIs.
	WebSocketHidesErrorType bool

	// Throttles of method, stage and account: before the route's authorization
	// instead of after it.
	ThrottleFirst bool

	// Throttles of stage and account: before WAF, as soon as the stage is known.
	ThrottleBeforeWAF bool

	// Throttled HTTP API: 503, as one recording has it, instead of 429.
	ThrottledHTTPIsUnavailable bool

	// Disabled default endpoint of an HTTP API: the Forbidden of REST APIs,
	// instead of the Not Found of its own kind.
	DisabledHTTPEndpointIsForbidden bool

	// JWT that lacks a scope: the 403 says so in www-authenticate.
	ScopeRefusalHasChallenge bool

	// Authorizer function of an HTTP API that throws Unauthorized: 500, like all
	// that it throws, instead of the 401 of REST APIs.
	ThrownUnauthorizedIsHTTPFailure bool

	// Crash of an authorizer function: AuthorizerFailureException instead of
	// AuthorizerConfigurationException, which is all that was ever recorded.
	CrashIsAuthorizerFailure bool

	// Client certificate that the truststore does not accept: the handshake
	// fails, as one page of the documentation has it, instead of Forbidden.
	MutualTLSFailsHandshake bool

	// VPC endpoint policy against stage, WAF and route: it comes after them.
	EndpointPolicyAfterRoute bool

	// Bearer token at a VPC endpoint with a policy of its own: parsed as a
	// signature, as seen in the field, instead of taken as anonymous.
	EndpointPolicyParsesTokens bool
}
