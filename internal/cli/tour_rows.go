package cli

// row is one reason for which a request can be rejected, with the places where the sandbox shows it.
type row struct {
	number int
	title  string
	shown  []stop
}

// stop is one place: a result of the built-in environment, as it is or with a fault.
type stop struct {
	fault              string // empty: none
	api, route         string
	scenario, accessID string // accessID empty: any way in
}

// rows are the reasons for a 403, and for what looks like one.
var rows = []row{
	{1, "a Lambda authorizer denies, or its policy is silent", []stop{
		{api: "members", route: "GET /profile", scenario: "denied-token"},
		{fault: "authorizer-denies", api: "members", route: "GET /profile", scenario: "valid-token"},
		{fault: "authorizer-silent", api: "members", route: "GET /profile", scenario: "valid-token"},
		{api: "shop", route: "GET /offers", scenario: "denied-token"},
	}},
	{2, "IAM: the caller is denied, or not allowed", []stop{
		{fault: "caller-denied", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
		{fault: "caller-not-allowed", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
		{api: "ledger", route: "GET /entries", scenario: "outsider"},
	}},
	{3, "the resource policy denies, or does not allow", []stop{
		{fault: "resource-policy-denies", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "resource-policy-silent", api: "catalog", route: "GET /items", scenario: "unsigned"},
	}},
	{4, "invalid security token", []stop{{api: "ledger", route: "GET /entries", scenario: "unknown-access-key"}}},
	{5, "missing authentication token", []stop{{api: "ledger", route: "GET /entries", scenario: "unsigned"}}},
	{6, "the signature or the session has expired", []stop{
		{api: "ledger", route: "GET /entries", scenario: "expired-signature"},
		{api: "ledger", route: "GET /entries", scenario: "expired-session-token"},
	}},
	{7, "the API key is missing, invalid, disabled, or in no usage plan of the stage", []stop{
		{api: "catalog", route: "GET /items/{id}", scenario: "missing-api-key"},
		{api: "catalog", route: "GET /items/{id}", scenario: "invalid-api-key"},
		{fault: "key-disabled", api: "orders", route: "GET /orders", scenario: "sigv4"},
		{fault: "key-in-no-plan", api: "orders", route: "GET /orders", scenario: "sigv4"},
	}},
	{8, "the signature does not match", []stop{{api: "ledger", route: "GET /entries", scenario: "tampered-signature"}}},
	{9, "AWS WAF blocks", []stop{
		{api: "ledger", route: "GET /entries", scenario: "waf-marker"},
		{fault: "waf-blocks", api: "ledger", route: "GET /entries", scenario: "sigv4"},
		{fault: "waf-custom-response", api: "ledger", route: "GET /entries", scenario: "sigv4"},
	}},
	{10, "no such resource, without and with an Authorization header", []stop{
		{api: "ledger", route: "GET /entries", scenario: "unknown-resource"},
		{api: "ledger", route: "GET /entries", scenario: "unknown-resource-with-authorization"},
	}},
	{11, "a private API by a wrong name", []stop{{api: "reports", route: "GET /daily", scenario: "private-host"}}},
	{12, "the default endpoint is disabled", []stop{{api: "orders", route: "GET /orders/{id}", scenario: "default-endpoint"}}},
	{13, "mutual TLS: no client certificate, an untrusted one, an expired one", []stop{
		{api: "vault", route: "GET /documents", scenario: "no-client-certificate"},
		{api: "vault", route: "GET /documents", scenario: "untrusted-client-certificate"},
		{api: "vault", route: "GET /documents", scenario: "expired-client-certificate"},
	}},
	{14, "a custom domain without a mapping for the path", []stop{
		{api: "orders", route: "GET /orders/{id}", scenario: "unmapped-base-path"},
		{fault: "mapping-gone", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
	}},
	{15, "the stage in the URL of a custom domain", []stop{{api: "orders", route: "GET /orders/{id}", scenario: "stage-in-custom-domain-url"}}},
	{16, "a stage that does not exist", []stop{
		{api: "ledger", route: "GET /entries", scenario: "wrong-stage"},
		{fault: "stage-gone", api: "ledger", route: "GET /entries", scenario: "sigv4"},
	}},
	{17, "something in front answered, kept an answer, or took a header off", []stop{
		{fault: "cdn-blocks", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
		{fault: "cdn-caches-errors", api: "orders", route: "GET /orders/{id}", scenario: "expired-signature"},
		{fault: "cdn-shows-page", api: "orders", route: "GET /orders/{id}", scenario: "unsigned"},
		{fault: "cdn-strips-authorization", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
		{fault: "load-balancer", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
		{fault: "proxy-refuses", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
	}},
	{18, "the application itself answered 401 or 403", []stop{
		{fault: "backend-401", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "backend-403", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "backend-imitates", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "backend-is-gateway", api: "catalog", route: "GET /items", scenario: "unsigned"},
	}},
	{19, "a Lambda authorizer: unauthorized, missing identity source, crash, malformed policy, not permitted", []stop{
		{api: "members", route: "GET /profile", scenario: "forged-token"},
		{fault: "authorizer-forgets", api: "members", route: "GET /profile", scenario: "valid-token"},
		{api: "members", route: "GET /profile", scenario: "missing-token"},
		{fault: "identity-source-moved", api: "members", route: "GET /profile", scenario: "valid-token"},
		{fault: "authorizer-crashes", api: "members", route: "GET /profile", scenario: "valid-token"},
		{fault: "authorizer-malformed", api: "members", route: "GET /profile", scenario: "valid-token"},
		{fault: "authorizer-not-permitted", api: "members", route: "GET /profile", scenario: "valid-token"},
	}},
	{20, "Cognito: the token is missing, malformed, expired, of another pool, or lacks the scope", []stop{
		{api: "members", route: "GET /account", scenario: "missing-token"},
		{api: "members", route: "GET /account", scenario: "torn-token"},
		{api: "members", route: "GET /account", scenario: "expired-token"},
		{api: "members", route: "GET /account", scenario: "insufficient-scope-token"},
		{fault: "pool-replaced", api: "members", route: "GET /account", scenario: "valid-token"},
	}},
	{21, "an HTTP API: JWT, Lambda authorizer, IAM, no route", []stop{
		{api: "shop", route: "GET /wishlist", scenario: "missing-token"},
		{api: "shop", route: "GET /wishlist", scenario: "expired-token"},
		{api: "shop", route: "GET /wishlist", scenario: "wrong-audience-token"},
		{api: "shop", route: "GET /wishlist", scenario: "wrong-issuer-token"},
		{api: "shop", route: "GET /wishlist", scenario: "insufficient-scope-token"},
		{fault: "audience-changed", api: "shop", route: "GET /wishlist", scenario: "valid-token"},
		{api: "shop", route: "GET /offers", scenario: "missing-token"},
		{api: "shop", route: "GET /basket", scenario: "unsigned"},
		{api: "shop", route: "GET /basket", scenario: "outsider"},
		{api: "shop", route: "GET /goods", scenario: "unknown-resource"},
	}},
	{22, "the handshake of a WebSocket API: IAM, API key", []stop{
		{api: "feed", route: "$connect", scenario: "unsigned"},
		{api: "feed", route: "$connect", scenario: "tampered-signature"},
		{api: "feed", route: "$connect", scenario: "outsider"},
		{api: "feed", route: "$connect", scenario: "missing-api-key"},
	}},
	{23, "throttled, or the quota is used up", []stop{
		{fault: "throttled", api: "ledger", route: "GET /entries", scenario: "sigv4"},
		{fault: "quota-used-up", api: "orders", route: "GET /orders", scenario: "sigv4"},
	}},
	{24, "request validation, media type, size", []stop{
		{fault: "parameter-required", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "body-invalid", api: "catalog", route: "POST /items", scenario: "unsigned"},
		{fault: "media-type", api: "catalog", route: "POST /items", scenario: "unsigned"},
		{fault: "too-large", api: "catalog", route: "POST /items", scenario: "unsigned"},
	}},
	{25, "the integration: timeout, missing permission, malformed answer", []stop{
		{fault: "integration-timeout", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "permission-missing", api: "catalog", route: "GET /items", scenario: "unsigned"},
		{fault: "malformed-answer", api: "catalog", route: "GET /items", scenario: "unsigned"},
	}},
	{26, "a browser's preflight is refused", []stop{
		{fault: "preflight-unrouted", api: "members", route: "GET /profile", scenario: "preflight"},
		{fault: "preflight-wants-token", api: "members", route: "GET /profile", scenario: "preflight"},
	}},
	{27, "the policy of the VPC endpoint", []stop{{fault: "endpoint-policy-denies", api: "reports", route: "GET /daily", scenario: "unsigned"}}},
	{28, "changed, but not deployed", []stop{
		{fault: "route-not-deployed", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
		{fault: "method-not-deployed", api: "orders", route: "GET /orders/{id}", scenario: "sigv4"},
	}},
	{29, "the prober's own clock is wrong", []stop{{fault: "clock", api: "ledger", route: "GET /entries", scenario: "sigv4"}}},
	{30, "a customised gateway response, of one type or of all", []stop{
		{fault: "gateway-response", api: "orders", route: "GET /orders/{id}", scenario: "unsigned"},
		{fault: "gateway-response-4xx", api: "orders", route: "GET /orders/{id}", scenario: "unsigned"},
	}},
	{31, "a public API through a VPC endpoint with private DNS", []stop{{fault: "private-dns", api: "catalog", route: "GET /items", scenario: "unsigned"}}},
}
