package manifest

import (
	"maps"
	"strings"

	"apigwprobe/probe"
)

type (
	fields = map[string]any
	causes = map[string]probe.Cause
)

// addresses are refused before anything of a method is looked at.
var addresses = causes{
	"wrong-stage": "unknown-stage", "unknown-resource": "no-such-resource", "wrong-method": "wrong-method",
	"unknown-resource-with-authorization": "auth-header-on-unknown-path",
}

// signatures are refused by every method with AWS_IAM.
var signatures = causes{
	"unsigned": "unsigned-to-iam", "expired-signature": "signature-expired", "future-signature": "signature-not-yet-current",
	"tampered-signature": "signature-mismatch", "wrong-region-scope": "credential-scope-wrong-region",
	"wrong-service-scope": "credential-scope-wrong-service", "unknown-access-key": "unknown-access-key",
	"malformed-authorization": "incomplete-authorization-header", "outsider": "iam-implicit-deny",
}

// forgeries are refused by every authorizer that verifies tokens.
func forgeries(invalid, missing probe.Cause) causes {
	return causes{
		"torn-token": invalid, "unsigned-token": invalid, "forged-token": invalid, "altered-token": invalid, "missing-token": missing,
	}
}

// calibrated are the APIs of the template. What takes a domain, a certificate, a VPC or a CDN is not among them.
var calibrated = []calibratedAPI{
	{
		Name: "calibration-iam", Why: "AWS_IAM, and nothing else",
		Routes: []calibratedRoute{{Path: "/", Authorization: "AWS_IAM", Causes: signatures}},
	},
	{
		Name: "calibration-open", Why: "no authorization at all, for what is refused for its address",
		Routes: []calibratedRoute{{Path: "/", Authorization: "NONE", Causes: addresses}},
	},
	{
		Name: "calibration-key", Why: "an API key that is good",
		Routes: []calibratedRoute{keyed("/", "CalibrationKey", causes{"missing-api-key": "missing-api-key", "invalid-api-key": "invalid-api-key"})},
	},
	{
		Name: "calibration-key-disabled", Why: "the API key is disabled",
		Routes: []calibratedRoute{keyed("/", "DisabledKey", causes{"unsigned": "disabled-api-key"})},
	},
	{
		Name: "calibration-key-elsewhere", Why: "the API key is in no usage plan of the stage",
		Routes: []calibratedRoute{keyed("/", "ElsewhereKey", causes{"unsigned": "api-key-not-in-usage-plan"})},
	},
	{
		Name: "calibration-quota", Why: "the key's quota is one request a day: that of one route is accepted, that of the other is not",
		Routes: []calibratedRoute{
			keyed("/", "QuotaKey", causes{"unsigned": "quota-exceeded"}), keyed("/again", "QuotaKey", causes{"unsigned": "quota-exceeded"}),
		},
	},
	{
		Name: "calibration-throttled", Why: "the stage lets no request pass",
		Stage:  "MethodSettings: [{HttpMethod: '*', ResourcePath: '/*', ThrottlingRateLimit: 0, ThrottlingBurstLimit: 0}]",
		Routes: []calibratedRoute{{Path: "/", Authorization: "NONE", Causes: causes{"unsigned": "throttled"}}},
	},
	{
		Name: "calibration-policy-denies", Why: "the resource policy denies everybody",
		Properties: policy(
			"{Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}",
			"{Effect: Deny, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}",
		),
		Routes: []calibratedRoute{{Path: "/", Authorization: "NONE", Causes: causes{"unsigned": "resource-policy-explicit-deny"}}},
	},
	{
		Name: "calibration-policy-silent", Why: "the resource policy allows another network only",
		Properties: policy("{Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*', " +
			"Condition: {IpAddress: {'aws:SourceIp': 192.0.2.0/24}}}"),
		Routes: []calibratedRoute{{Path: "/", Authorization: "NONE", Causes: causes{"unsigned": "resource-policy-implicit-deny"}}},
	},
	{
		Name: "calibration-authorizer", Why: "a Lambda authorizer that does what its token says",
		Routes: []calibratedRoute{
			authorized("/", "allow", causes{"missing-token": "lambda-authorizer-missing-identity-source", "denied-token": "lambda-authorizer-deny"}),
			authorized("/unauthorized", "unauthorized", causes{"valid-token": "lambda-authorizer-unauthorized"}),
			authorized("/crash", "crash", causes{"valid-token": "lambda-authorizer-failure"}),
			authorized("/malformed", "malformed", causes{"valid-token": "lambda-authorizer-misconfigured"}),
		},
	},
	{
		Name: "calibration-pool", Why: "the authorizer of a Cognito user pool",
		Routes: []calibratedRoute{{
			Path: "/", Authorization: "COGNITO_USER_POOLS", Authorizer: "PoolAuthorizer", Properties: "AuthorizationScopes: [calibration/read]",
			Declares: fields{"token": accessToken}, Causes: forgeries("cognito-token-invalid", "cognito-token-missing"),
		}},
	},
	{
		Name: "calibration-parameters", Why: "a required parameter that the prober does not send",
		Routes: []calibratedRoute{{
			Path: "/", Authorization: "NONE", Causes: causes{"unsigned": "bad-request-parameters"},
			Properties: "RequestParameters: {method.request.querystring.page: true}\nRequestValidatorId: !Ref ParametersValidator",
		}},
	},
	{
		Name: "calibration-integration", Why: "what is behind the gates fails, or says no by itself",
		Routes: []calibratedRoute{
			{Path: "/malformed", Authorization: "NONE", Function: "Function", Causes: causes{"unsigned": "malformed-lambda-proxy-response"}},
			{Path: "/timeout", Authorization: "NONE", Function: "Function", Causes: causes{"unsigned": "integration-timeout"}},
			{Path: "/401", Authorization: "NONE", Function: "Function", Causes: causes{"unsigned": "backend-own-401"}},
			{Path: "/403", Authorization: "NONE", Function: "Function", Causes: causes{"unsigned": "backend-own-403"}},
			{Path: "/not-permitted", Authorization: "NONE", Function: "UnpermittedFunction", Causes: causes{"unsigned": "lambda-permission-missing"}},
		},
	},
	{
		Name: "calibration-firewall", Why: "a web ACL, which costs some dollars a month: only with WithWebACL=yes", Condition: "WebACL",
		Declares: fields{"waf": true, "waf_marker": fields{"header": "X-Probe-Waf", "value": "block-me"}},
		Routes:   []calibratedRoute{{Path: "/", Authorization: "NONE", Causes: causes{"waf-marker": "waf-blocked"}}},
	},
	{
		Name: "calibration-http", Declares: fields{"type": "HTTP", "catch_all": "none", "default_endpoint": "enabled"},
		Routes: []calibratedRoute{
			{Path: "/jwt", Authorization: "JWT", Declares: fields{"token": accessToken}, Causes: forgeries("jwt-invalid", "jwt-missing")},
			{Path: "/scope", Authorization: "JWT", Declares: fields{"token": accessToken}, Causes: causes{"valid-token": "jwt-insufficient-scope"}},
		},
	},
	{
		Name: "calibration-socket", Declares: fields{"type": "WEBSOCKET", "default_endpoint": "enabled"},
		Routes: []calibratedRoute{{Path: probe.ConnectRoute, Authorization: "AWS_IAM", Causes: signatures}},
	},
}

// accessToken comes from the user pool's token endpoint, whose client has its secret from Cognito itself.
var accessToken = fields{"scheme": "Bearer", "valid": fields{"oauth2": fields{
	"token_url": "https://${PoolDomain}.auth.${AWS::Region}.amazoncognito.com/oauth2/token", "client_id": "${PoolClient}",
	"client_secret": fields{"command": []string{
		"aws", "cognito-idp", "describe-user-pool-client", "--region", "${AWS::Region}", "--user-pool-id", "${Pool}", "--client-id", "${PoolClient}",
		"--query", "UserPoolClient.ClientSecret", "--output", "text",
	}},
	"scopes": []string{"calibration/read"},
}}}

// keyed wants an API key, whose value API Gateway tells the prober.
func keyed(path, key string, of causes) calibratedRoute {
	return calibratedRoute{
		Path: path, Authorization: "NONE", Properties: "ApiKeyRequired: true", Causes: of,
		Declares: fields{"api_key_required": true, "api_key": fields{"command": []string{
			"aws", "apigateway", "get-api-key", "--region", "${AWS::Region}", "--api-key", "${" + key + "}", "--include-value",
			"--query", "value", "--output", "text",
		}}},
	}
}

// authorized sends words as tokens, of which none is a secret.
func authorized(path, word string, of causes) calibratedRoute {
	said := func(word string) fields { return fields{"command": []string{"echo", word}} }
	token := fields{"valid": said(word)}
	if path == "/" {
		maps.Copy(token, fields{"denied": said("deny")})
	}
	return calibratedRoute{Path: path, Authorization: "CUSTOM", Authorizer: "FunctionAuthorizer", Declares: fields{"token": token}, Causes: of}
}

// policy is a resource policy of these statements, each on one line.
func policy(statements ...string) string {
	return "Policy:\n  Version: '2012-10-17'\n  Statement:\n    - " + strings.Join(statements, "\n    - ")
}
