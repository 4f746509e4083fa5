package probe

// Cause is why a layer rejected a request.
type Cause string

// CauseInfo is one row of the table layer → causes: what the cause means and what to do next.
type CauseInfo struct {
	Layer Layer
	Cause Cause
	Means string // a clause that completes "rejected because …"
	Next  string // the next step to take, a sentence without its full stop
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
	{Network, "no-answer", "no HTTP answer came", "check the name, the route to it and firewalls from the prober's network"},

	{TLS, "mtls-untrusted-cert", "the client certificate is not accepted by the domain's truststore", "check the certificate's issuer and validity against the truststore of the custom domain"},
	{TLS, "mtls-expired-cert", "the client certificate has expired", "renew the client certificate"},
	{TLS, "mtls-no-certificate", "the domain wants a client certificate", "give the access a mutual_tls certificate"},
	{TLS, "tls-certificate-name-mismatch", "the server's certificate does not name the host", "check DNS and the certificate of the custom domain"},
	{TLS, "tls-handshake-failed", "the TLS handshake failed", "check the security policy and the certificate of the domain"},

	{Edge, "not-api-gateway", "something else than API Gateway answered", "check where the host's DNS record leads"},
	{Edge, "cached-answer", "a cache in front gave an answer that was made for another request", "make the cache key include the credential headers, and do not cache errors"},
	{Edge, "cloudfront-blocked", "CloudFront refused the request", "check the distribution's behaviours and limits"},
	{Edge, "cloudfront-error-page-masks-origin", "an error page of CloudFront stands in place of the answer", "remove the custom error response for this status, or probe the default endpoint"},
	{Edge, "cloudfront-forwards-host", "CloudFront forwards a Host header that the origin does not know", "use an origin request policy that leaves the Host header to CloudFront"},
	{Edge, "alb-fixed-response", "a load balancer answered by itself", "check the listener's rules"},
	{Edge, "waf-at-edge", "AWS WAF at CloudFront blocked the request", "look at the sampled requests of the distribution's web ACL"},
	{Edge, "proxy-refused", "a forward proxy of the prober's own network refused", "check the proxy setting"},

	{Domain, "default-endpoint-disabled", "the default endpoint is disabled", "call the custom domain, or enable the default endpoint and deploy"},
	{Domain, "no-base-path-mapping", "no mapping of the custom domain matches the path", "check the base-path or API mappings of the domain"},
	{Domain, "private-api-wrong-host", "a private API was called by a name that does not lead to it", "send Host or x-apigw-api-id of the API"},
	{Domain, "public-api-through-vpc-endpoint", "a public API was called through a VPC endpoint", "use a custom domain, or switch private DNS of the endpoint off"},
	{Domain, "custom-domain-wrong-host", "the custom domain's target was called by its own name", "call the custom domain by its name"},
	{Domain, "cloudfront-forwards-host", "the Host header is not one that API Gateway knows", "let CloudFront send the origin's Host header"},

	{EndpointPolicy, "endpoint-policy-deny", "the VPC endpoint's policy does not allow the call", "check the policy of the VPC endpoint"},
	{EndpointPolicy, "vpce-policy-authorization", "the VPC endpoint could not accept the Authorization header", "check the signature and the policy of the VPC endpoint"},

	{Stage, "unknown-stage", "the stage does not exist", "check the stage's name and that it is deployed"},
	{Stage, "not-deployed", "the API is not deployed to the stage", "deploy the API to the stage"},

	{WAF, "waf-blocked", "a rule of the stage's web ACL blocked it", "look at the sampled requests of the web ACL"},
	{WAF, "waf-challenge", "AWS WAF answered with a challenge", "exempt the prober from the challenge rule by its User-Agent and a secret header"},
	{WAF, "waf-captcha", "AWS WAF answered with a CAPTCHA", "exempt the prober from the CAPTCHA rule"},

	{RouteLayer, "no-such-resource", "the deployment has no such resource", "check the path, and deploy the API if the resource is new"},
	{RouteLayer, "wrong-method", "the resource has no such method", "check the method, and deploy the API if it is new"},
	{RouteLayer, "auth-header-on-unknown-path", "the deployment has no such resource or method, and the Authorization header was read as a signature", "check path and method first, not the signature"},
	{RouteLayer, "stage-in-custom-domain-url", "the path names the stage although the custom domain implies it", "leave the stage out of the URL"},
	{RouteLayer, "cors-preflight-unrouted", "no OPTIONS method answers the preflight", "add an OPTIONS method without authorization"},
	{RouteLayer, "websocket-no-route", "no route takes the message", "check the route selection expression and the deployment"},

	{ResourcePolicy, "resource-policy-explicit-deny", "the API's resource policy denies it", "read the resource policy's Deny statements; deploy after a change"},
	{ResourcePolicy, "resource-policy-implicit-deny", "the API's resource policy does not allow it", "add an Allow to the resource policy and deploy"},
	{ResourcePolicy, "not-deployed", "the deployed resource policy is not the current one", "deploy the API"},

	{IAMAuthentication, "unsigned-to-iam", "the request bears no signature", "sign the request with SigV4, service execute-api"},
	{IAMAuthentication, "credential-stripped", "the signature was taken off on the way", "let the proxy or CDN in front forward the Authorization header"},
	{IAMAuthentication, "incomplete-authorization-header", "the Authorization header cannot be read as a signature", "check how the client builds the Authorization header"},
	{IAMAuthentication, "signature-mismatch", "the signature does not match the request", "compare the canonical string with the client's; look for a proxy that changes host, path, query or signed headers"},
	{IAMAuthentication, "signature-expired", "the signature is older than five minutes", "check the client's clock, or sign later"},
	{IAMAuthentication, "clock-skew", "the prober's own clock is wrong", "set the clock of this machine, or sign with the gateway's time: --correct-clock"},
	{IAMAuthentication, "signature-not-yet-current", "the signature is dated in the future", "check the client's clock"},
	{IAMAuthentication, "credential-scope-wrong-region", "the signature is scoped to another region", "sign for the region of the API"},
	{IAMAuthentication, "credential-scope-wrong-service", "the signature is scoped to another service", "sign for the service execute-api"},
	{IAMAuthentication, "credential-scope-malformed", "the credential scope is not valid", "check how the client builds the credential scope"},
	{IAMAuthentication, "unknown-access-key", "the access key or session token is not valid", "check that the access key exists and is active, and that its session token is sent"},
	{IAMAuthentication, "invalid-session-token", "the session token is missing or not valid", "send the session token that belongs to the access key"},
	{IAMAuthentication, "expired-session-token", "the session has expired", "get new credentials"},
	{IAMAuthentication, "lambda-function-url-forbidden", "a Lambda function URL refused the signature", "this is not API Gateway: check the function URL"},

	{LambdaAuthorizer, "lambda-authorizer-deny", "the Lambda authorizer's policy denies or does not allow it", "log the policy that the function returns, and remember that it is cached for all methods"},
	{LambdaAuthorizer, "lambda-authorizer-unauthorized", "the Lambda authorizer said Unauthorized", "read the function's log"},
	{LambdaAuthorizer, "lambda-authorizer-missing-identity-source", "an identity source of the authorizer is missing", "send the identity source; the function was not called"},
	{LambdaAuthorizer, "lambda-authorizer-failure", "the Lambda authorizer failed", "read the function's log"},
	{LambdaAuthorizer, "lambda-authorizer-misconfigured", "API Gateway cannot call the authorizer or read its answer", "check the function's permission and the policy it returns"},
	{LambdaAuthorizer, "cors-preflight-authorizer", "the authorizer refused the preflight", "add an OPTIONS method without authorization"},

	{CognitoAuthorizer, "cognito-token-missing", "no token was sent", "send the ID or access token in the configured header"},
	{CognitoAuthorizer, "cognito-token-invalid", "the token is not valid for the user pool", "check issuer, audience, scopes and kind of the token"},
	{CognitoAuthorizer, "cognito-token-expired", "the token has expired", "get a new token"},

	{JWTAuthorizer, "jwt-missing", "no token was sent", "send the token in the identity source"},
	{JWTAuthorizer, "jwt-invalid", "the token is not valid", "check the token's issuer, signature and form"},
	{JWTAuthorizer, "jwt-expired", "the token has expired", "get a new token"},
	{JWTAuthorizer, "jwt-wrong-audience", "the token is for another audience", "check the authorizer's audiences"},
	{JWTAuthorizer, "jwt-insufficient-scope", "the token lacks the route's scope", "ask for a token with the scope"},

	{IAMAuthorization, "iam-implicit-deny", "no identity-based policy allows the call", "allow execute-api:Invoke on the method's ARN for the caller"},
	{IAMAuthorization, "iam-explicit-deny", "an identity-based policy denies the call", "read the Deny statements, session policy, boundary and SCPs of the caller"},

	{APIKeyLayer, "missing-api-key", "no API key was sent", "send x-api-key"},
	{APIKeyLayer, "invalid-api-key", "the API key is not valid for this stage", "check the key's value, that it is enabled, and that its usage plan holds this stage; a new key takes minutes"},
	{APIKeyLayer, "disabled-api-key", "the API key is disabled", "enable the key"},
	{APIKeyLayer, "api-key-not-in-usage-plan", "the API key is in no usage plan of the stage", "add the stage to the key's usage plan"},

	{UsagePlan, "throttled", "too many requests", "probe more slowly, or raise the limit"},
	{UsagePlan, "quota-exceeded", "the key's quota is used up", "give the prober a key with a quota of its own"},

	{RequestValidation, "bad-request-parameters", "required parameters are missing", "complete the route's query, path and headers in the configuration"},
	{RequestValidation, "bad-request-body", "the body does not fit the model", "complete the route's body in the configuration"},
	{RequestValidation, "unsupported-media-type", "the content type is not supported", "set the route's Content-Type"},
	{RequestValidation, "request-too-large", "the request is too large", "send less"},

	{Integration, "integration-failure", "the integration failed", "read the execution log of the stage"},
	{Integration, "integration-timeout", "the integration did not answer in time", "look at the backend's latency"},
	{Integration, "lambda-permission-missing", "API Gateway may not invoke the function", "add the Lambda permission for the method's ARN"},
	{Integration, "lambda-throttled", "the function is throttled", "raise the function's concurrency"},
	{Integration, "malformed-lambda-proxy-response", "the function's answer has not the form of a proxy response", "return statusCode, headers and a string body"},
	{Integration, "request-too-large", "the request is too large for the integration", "send less"},

	{Backend, "backend-error", "the application answered with an error", "this is the application's own answer: read its log"},
	{Backend, "backend-own-400", "the application answered 400", "this is the application's own answer: read its log"},
	{Backend, "backend-own-401", "the application answered 401", "the gateway let the request pass: look at the application's own authorization"},
	{Backend, "backend-own-403", "the application answered 403", "the gateway let the request pass: look at the application's own authorization"},
	{Backend, "backend-own-404", "the application answered 404", "the gateway let the request pass: check the path parameters"},
	{Backend, "backend-own-500", "the application failed", "read the application's log"},
	{Backend, "lambda-function-url-forbidden", "a Lambda function URL refused", "check the function URL's permissions"},
	{Backend, "not-api-gateway", "another AWS service answered", "look at the host name: this is not the API"},

	{None, "accepted", "the request was accepted", ""},
	{None, "other-aws-service", "another AWS service accepted the request", "look at the host name: this is not the API"},
}
