package probe

// Cause is why a layer rejected a request.
type Cause string

// CauseInfo is one row of the table layer → causes.
type CauseInfo struct {
	Layer Layer
	Cause Cause
	Means string // a clause that completes "rejected because …"
}

// Causes returns the table, ordered by layer.
func Causes() []CauseInfo { return append([]CauseInfo(nil), causes...) }

// causeInfo returns the row of (layer, cause), and false if there is none.
func causeInfo(l Layer, c Cause) (CauseInfo, bool) {
	for _, row := range causes {
		if row.Layer == l && row.Cause == c {
			return row, true
		}
	}
	return CauseInfo{}, false
}

var causes = []CauseInfo{
	{Network, "no-answer", "no HTTP answer came"},

	{TLS, "mtls-untrusted-cert", "the client certificate is not accepted by the domain's truststore"},
	{TLS, "mtls-expired-cert", "the client certificate has expired"},
	{TLS, "mtls-no-certificate", "the domain wants a client certificate"},
	{TLS, "tls-certificate-name-mismatch", "the server's certificate does not name the host"},
	{TLS, "tls-handshake-failed", "the TLS handshake failed"},

	{Edge, "not-api-gateway", "something else than API Gateway answered"},
	{Edge, "cached-answer", "a cache in front gave an answer that was made for another request"},
	{Edge, "cloudfront-blocked", "CloudFront refused the request"},
	{Edge, "cloudfront-error-page-masks-origin", "an error page of CloudFront stands in place of the answer"},
	{Edge, "cloudfront-forwards-host", "CloudFront forwards a Host header that the origin does not know"},
	{Edge, "alb-fixed-response", "a load balancer answered by itself"},
	{Edge, "waf-at-edge", "AWS WAF at CloudFront blocked the request"},
	{Edge, "proxy-refused", "a forward proxy of the prober's own network refused"},

	{Domain, "default-endpoint-disabled", "the default endpoint is disabled"},
	{Domain, "no-base-path-mapping", "no mapping of the custom domain matches the path"},
	{Domain, "private-api-wrong-host", "a private API was called by a name that does not lead to it"},
	{Domain, "public-api-through-vpc-endpoint", "a public API was called through a VPC endpoint"},
	{Domain, "custom-domain-wrong-host", "the custom domain's target was called by its own name"},
	{Domain, "cloudfront-forwards-host", "the Host header is not one that API Gateway knows"},

	{EndpointPolicy, "endpoint-policy-deny", "the VPC endpoint's policy does not allow the call"},
	{EndpointPolicy, "vpce-policy-authorization", "the VPC endpoint could not accept the Authorization header"},

	{Stage, "unknown-stage", "the stage does not exist"},
	{Stage, "not-deployed", "the API is not deployed to the stage"},

	{WAF, "waf-blocked", "a rule of the stage's web ACL blocked it"},
	{WAF, "waf-challenge", "AWS WAF answered with a challenge"},
	{WAF, "waf-captcha", "AWS WAF answered with a CAPTCHA"},

	{RouteLayer, "no-such-resource", "the deployment has no such resource"},
	{RouteLayer, "wrong-method", "the resource has no such method"},
	{RouteLayer, "auth-header-on-unknown-path", "the deployment has no such resource or method, and the Authorization header was read as a signature"},
	{RouteLayer, "stage-in-custom-domain-url", "the path names the stage although the custom domain implies it"},
	{RouteLayer, "cors-preflight-unrouted", "no OPTIONS method answers the preflight"},
	{RouteLayer, "websocket-not-upgraded", "the API takes WebSocket handshakes only"},
	{RouteLayer, "websocket-no-route", "no route takes the message"},

	{ResourcePolicy, "resource-policy-explicit-deny", "the API's resource policy denies it"},
	{ResourcePolicy, "resource-policy-implicit-deny", "the API's resource policy does not allow it"},
	{ResourcePolicy, "not-deployed", "the deployed resource policy is not the current one"},

	{IAMAuthentication, "unsigned-to-iam", "the request bears no signature"},
	{IAMAuthentication, "credential-stripped", "the signature was taken off on the way"},
	{IAMAuthentication, "incomplete-authorization-header", "the Authorization header cannot be read as a signature"},
	{IAMAuthentication, "signature-mismatch", "the signature does not match the request"},
	{IAMAuthentication, "signature-expired", "the signature is older than five minutes"},
	{IAMAuthentication, "clock-skew", "the prober's own clock is wrong"},
	{IAMAuthentication, "signature-not-yet-current", "the signature is dated in the future"},
	{IAMAuthentication, "credential-scope-wrong-region", "the signature is scoped to another region"},
	{IAMAuthentication, "credential-scope-wrong-service", "the signature is scoped to another service"},
	{IAMAuthentication, "credential-scope-malformed", "the credential scope is not valid"},
	{IAMAuthentication, "unknown-access-key", "the access key or session token is not valid"},
	{IAMAuthentication, "invalid-session-token", "the session token is missing or not valid"},
	{IAMAuthentication, "expired-session-token", "the session has expired"},
	{IAMAuthentication, "lambda-function-url-forbidden", "a Lambda function URL refused the signature"},

	{LambdaAuthorizer, "lambda-authorizer-deny", "the Lambda authorizer's policy denies or does not allow it"},
	{LambdaAuthorizer, "lambda-authorizer-unauthorized", "the Lambda authorizer said Unauthorized"},
	{LambdaAuthorizer, "lambda-authorizer-missing-identity-source", "an identity source of the authorizer is missing"},
	{LambdaAuthorizer, "lambda-authorizer-failure", "the Lambda authorizer failed"},
	{LambdaAuthorizer, "lambda-authorizer-misconfigured", "API Gateway cannot call the authorizer or read its answer"},
	{LambdaAuthorizer, "cors-preflight-authorizer", "the authorizer refused the preflight"},

	{CognitoAuthorizer, "cognito-token-missing", "no token was sent"},
	{CognitoAuthorizer, "cognito-token-invalid", "the token is not valid for the user pool"},
	{CognitoAuthorizer, "cognito-token-expired", "the token has expired"},

	{JWTAuthorizer, "jwt-missing", "no token was sent"},
	{JWTAuthorizer, "jwt-invalid", "the token is not valid"},
	{JWTAuthorizer, "jwt-expired", "the token has expired"},
	{JWTAuthorizer, "jwt-wrong-audience", "the token is for another audience"},
	{JWTAuthorizer, "jwt-insufficient-scope", "the token lacks the route's scope"},

	{IAMAuthorization, "iam-implicit-deny", "no identity-based policy allows the call"},
	{IAMAuthorization, "iam-explicit-deny", "an identity-based policy denies the call"},

	{APIKeyLayer, "missing-api-key", "no API key was sent"},
	{APIKeyLayer, "invalid-api-key", "the API key is not valid for this stage"},
	{APIKeyLayer, "disabled-api-key", "the API key is disabled"},
	{APIKeyLayer, "api-key-not-in-usage-plan", "the API key is in no usage plan of the stage"},

	{UsagePlan, "throttled", "too many requests"},
	{UsagePlan, "quota-exceeded", "the key's quota is used up"},

	{RequestValidation, "bad-request-parameters", "required parameters are missing"},
	{RequestValidation, "bad-request-body", "the body does not fit the model"},
	{RequestValidation, "unsupported-media-type", "the content type is not supported"},
	{RequestValidation, "request-too-large", "the request is too large"},

	{Integration, "integration-failure", "the integration failed"},
	{Integration, "integration-timeout", "the integration did not answer in time"},
	{Integration, "lambda-permission-missing", "API Gateway may not invoke the function"},
	{Integration, "lambda-throttled", "the function is throttled"},
	{Integration, "malformed-lambda-proxy-response", "the function's answer has not the form of a proxy response"},
	{Integration, "request-too-large", "the request is too large for the integration"},

	{Backend, "backend-error", "the application answered with an error"},
	{Backend, "backend-own-400", "the application answered 400"},
	{Backend, "backend-own-401", "the application answered 401"},
	{Backend, "backend-own-403", "the application answered 403"},
	{Backend, "backend-own-404", "the application answered 404"},
	{Backend, "backend-own-500", "the application failed"},
	{Backend, "lambda-function-url-forbidden", "a Lambda function URL refused"},
	{Backend, "not-api-gateway", "another AWS service answered"},

	{None, "accepted", "the request was accepted"},
	{None, "other-aws-service", "another AWS service accepted the request"},
}
