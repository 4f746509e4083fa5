package config

// object is a kind of mapping with keys of its own. A key may stand in several: objects are bits of a set.
type object uint

const (
	topLevel object = 1 << iota
	inDefaults
	inPrincipal
	inShared // an API under the top level's apis
	inEnvironment
	inAPI // an API of an environment
	inRoute
	inExpectation
	inDomain
	inMutualTLS
	inKeyFile
	inAcceptance
	inToken
	inTokenSource
	inTokenReference
	inOAuth2
	inWAFMarker
	inVPCEndpoint
	inCORS
	inGatewayResponse
	inReference // the last one
)

// Settings are looked up from the inside out.
const (
	anyAPI = inShared | inAPI
	forRun = inDefaults | inEnvironment // settings of a whole run
	forAPI = forRun | anyAPI            // settings of an API that may stand further out

	anyReference = inReference | inTokenReference
)

// ignoredPrefix begins keys of the top level that mean nothing: room for anchors.
const ignoredPrefix = "x-"

// key is one word of the schema.
type key struct {
	name string
	in   object // where it may stand
	must object // where it must stand
	shape
	fallback string // what holds where it stands nowhere; "" if nothing does
	hidden   bool   // its value may be or hold a secret: it is neither quoted nor printed
}

// schema is every key that there is. A setting is added here, and read in plan.go, principal.go or route.go.
var schema = []key{
	{name: "version", in: topLevel, must: topLevel, shape: scalar(one)},
	{name: "defaults", in: topLevel, shape: mappingOf(inDefaults)},
	{name: "principals", in: topLevel, shape: named(name, mappingOf(inPrincipal))},
	{name: "environments", in: topLevel, must: topLevel, shape: some(named(name, mappingOf(inEnvironment)))},

	// How a run is made.
	{name: "schedule", in: forRun, shape: scalar(schedule)},
	{name: "timezone", in: forRun, shape: scalar(timezone), fallback: "UTC"},
	{name: "total_rate", in: forRun, shape: scalar(positive), fallback: "20"},
	{name: "timeout", in: forRun, shape: scalar(duration), fallback: "10s"},
	{name: "run_timeout", in: forRun, shape: scalar(duration), fallback: "5m"},
	{name: "max_requests", in: forRun, shape: scalar(count), fallback: "5000"},
	{name: "correct_clock", in: forRun, shape: scalar(yesNo), fallback: "false"},
	{name: "connect_to", in: forRun, shape: named(hostOrAny, scalar(hostPort))},
	{name: "ca_file", in: forRun, shape: scalar(path)},
	{name: "proxy", in: forRun, shape: scalar(proxy), hidden: true},

	// What an API takes from further out.
	{name: "region", in: forAPI | inPrincipal, shape: scalar(region)},
	{name: "stage", in: forAPI, shape: scalar(stage)},
	{name: "mutation", in: forAPI, shape: enum("refused-only", "all"), fallback: "only GET, HEAD and OPTIONS"},
	{name: "rate", in: forAPI, shape: scalar(positive), fallback: "5"},
	{name: "concurrency", in: forAPI, shape: scalar(count), fallback: "4"},
	{name: "principal", in: forAPI | inRoute, shape: scalar(principalName)},
	{name: "outsider", in: forAPI | inRoute, shape: scalar(principalName)},
	{name: "cors", in: anyAPI | inRoute, shape: mappingOf(inCORS)},
	{name: "expired_session", in: forAPI | inRoute, shape: scalar(principalName)},

	// What is declared of an API. The top level and an environment hold APIs under the same word.
	{name: "apis", in: topLevel, shape: named(name, mappingOf(inShared))},
	{name: "apis", in: inEnvironment, must: inEnvironment, shape: some(listOf(mappingOf(inAPI)))},
	{name: "name", in: inAPI, shape: scalar(name)},
	{name: "from", in: inAPI, shape: scalar(sharedName)},
	{name: "type", in: anyAPI, shape: enum("REST", "HTTP", "WEBSOCKET"), fallback: "REST"},
	{name: "endpoint_type", in: anyAPI, shape: enum("EDGE", "REGIONAL", "PRIVATE")},
	{name: "id", in: anyAPI, shape: scalar(apiID)},
	{name: "default_endpoint", in: anyAPI, shape: enum("enabled", "disabled")},
	{name: "waf", in: anyAPI, shape: scalar(yesNo)},
	{name: "waf_marker", in: anyAPI, shape: mappingOf(inWAFMarker)},
	{name: "catch_all", in: anyAPI, shape: enum("none", "NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "JWT")},
	{name: "api_key_source", in: anyAPI, shape: enum("HEADER", "AUTHORIZER"), fallback: "HEADER"},
	{name: "canary", in: anyAPI, shape: scalar(yesNo), fallback: "false"},
	{name: "backend", in: anyAPI, shape: enum("aws")},
	{name: "custom_domains", in: anyAPI, shape: listOf(mappingOf(inDomain))},
	{name: "gateway_responses", in: anyAPI, shape: named(responseType, mappingOf(inGatewayResponse))},
	{name: "vpc_endpoints", in: anyAPI, shape: listOf(mappingOf(inVPCEndpoint))},
	{name: "routes", in: anyAPI, shape: some(listOf(mappingOf(inRoute)))},
	{name: "accept", in: anyAPI, shape: listOf(mappingOf(inAcceptance))},

	{name: "host", in: inDomain, must: inDomain, shape: scalar(host)},
	{name: "base_path", in: inDomain, shape: scalar(basePath)},
	{name: "root_mapping", in: inDomain, shape: scalar(rootMapping)},
	{name: "mutual_tls", in: inDomain, shape: mappingOf(inMutualTLS)},
	{name: "expired_client_certificate", in: inDomain, shape: mappingOf(inMutualTLS)},
	{name: "certificate", in: inMutualTLS, must: inMutualTLS, shape: scalar(path)},
	{name: "key", in: inMutualTLS, must: inMutualTLS, shape: mappingOf(inKeyFile)},

	{name: "id", in: inVPCEndpoint, shape: scalar(vpcEndpointID)},
	{name: "host", in: inVPCEndpoint, shape: scalar(host)},
	{name: "api_by", in: inVPCEndpoint, shape: enum("Host", apiIDHeader), fallback: "Host"},

	{name: "scenario", in: inAcceptance, must: inAcceptance, shape: scalar(scenarioName)},
	{name: "route", in: inAcceptance, shape: scalar(plainText)},
	{name: "access", in: inAcceptance, shape: scalar(plainText)},
	{name: "reason", in: inAcceptance, must: inAcceptance, shape: scalar(plainText)},
	{name: "until", in: inAcceptance, shape: scalar(day)},

	{name: "request", in: inRoute, must: inRoute, shape: scalar(requestLine)},
	{name: "authorization", in: inRoute, must: inRoute, shape: scalar(authorization)},
	{name: "path", in: inRoute, shape: named(anyName, scalar(wireText)), hidden: true},
	{name: "query", in: inRoute, shape: named(anyName, some(oneOrMore(scalar(wireText)))), hidden: true},
	{name: "headers", in: inRoute, shape: named(headerName, or(headerValue, inReference)), hidden: true},
	{name: "body", in: inRoute, shape: scalar(wireText), hidden: true},
	{name: "api_key_required", in: inRoute, shape: scalar(yesNo), fallback: "false"},
	{name: "api_key", in: inRoute, shape: mappingOf(inReference)},
	{name: "token", in: inRoute, shape: mappingOf(inToken)},
	{name: "success", in: inRoute, shape: some(oneOrMore(scalar(status))), fallback: "2xx"},
	{name: "expect", in: inRoute, shape: named(scenarioName, mappingOf(inExpectation))},
	{name: "layer", in: inExpectation, shape: scalar(layer)},
	{name: "layers", in: inExpectation, shape: some(listOf(scalar(layer)))},
	{name: "status", in: inExpectation, shape: some(oneOrMore(scalar(status)))},

	{name: "status", in: inGatewayResponse, shape: scalar(status)},
	{name: "body", in: inGatewayResponse, shape: scalar(plainText)},
	{name: "origins", in: inCORS, must: inCORS, shape: some(listOf(scalar(originName)))},
	{name: "header", in: inWAFMarker, shape: scalar(headerName)},
	{name: "query", in: inWAFMarker, shape: scalar(plainText)},
	{name: "value", in: inWAFMarker, must: inWAFMarker, shape: scalar(headerValue)},
	{name: "status", in: inWAFMarker, shape: some(oneOrMore(scalar(status))), fallback: "403"},

	{name: "profile", in: inPrincipal, shape: scalar(plainText)},
	{name: "role_arn", in: inPrincipal, shape: scalar(roleARN)},
	{name: "external_id", in: inPrincipal, shape: scalar(plainText), hidden: true},
	{name: "session_name", in: inPrincipal, shape: scalar(sessionName)},
	{name: "session_policy", in: inPrincipal, shape: scalar(sessionPolicy)},
	{name: "access_key_id", in: inPrincipal, shape: scalar(accessKeyID), hidden: true},
	{name: "secret_access_key", in: inPrincipal, shape: mappingOf(inReference)},
	{name: "session_token", in: inPrincipal, shape: mappingOf(inReference)},

	{name: "sources", in: inToken, shape: some(listOf(mappingOf(inTokenSource)))},
	{name: "header", in: inToken | inTokenSource, shape: scalar(headerName)},
	{name: "query", in: inTokenSource, shape: scalar(plainText)},
	{name: "scheme", in: inToken, shape: scalar(scheme)},
	{name: "valid", in: inToken, shape: mappingOf(inTokenReference)},
	{name: "denied", in: inToken, shape: mappingOf(inTokenReference)},
	{name: "expired", in: inToken, shape: mappingOf(inTokenReference)},
	{name: "wrong_audience", in: inToken, shape: mappingOf(inTokenReference)},
	{name: "wrong_issuer", in: inToken, shape: mappingOf(inTokenReference)},
	{name: "insufficient_scope", in: inToken, shape: mappingOf(inTokenReference)},
	{name: "oauth2", in: inTokenReference, shape: mappingOf(inOAuth2)},
	{name: "token_url", in: inOAuth2, must: inOAuth2, shape: scalar(tokenURL)},
	{name: "client_id", in: inOAuth2, must: inOAuth2, shape: scalar(plainText), hidden: true},
	{name: "client_secret", in: inOAuth2, must: inOAuth2, shape: mappingOf(inReference)},
	{name: "scopes", in: inOAuth2, shape: some(oneOrMore(scalar(plainText)))},
	{name: "audience", in: inOAuth2, shape: scalar(plainText)},

	{name: "env", in: anyReference, shape: scalar(variable)},
	{name: "file", in: anyReference, shape: scalar(absolutePath)},
	{name: "file", in: inKeyFile, must: inKeyFile, shape: scalar(path)},
	{name: "command", in: anyReference, shape: some(listOf(scalar(plainText)))},
	{name: "value", in: anyReference, shape: scalar(wireText)},
}

// keysOf are the keys that may stand in o, in the order of the schema.
func keysOf(o object) []*key {
	var keys []*key
	for i := range schema {
		if schema[i].in&o != 0 {
			keys = append(keys, &schema[i])
		}
	}
	return keys
}

// objectRules say how messages call an object, and what its keys must fulfil together.
var objectRules = map[object]struct {
	name    string
	private bool // a secret may stand in it by mistake: nothing of it is quoted
	want    string
	check   func(c *checker, n *node)
}{
	topLevel:          {name: "configuration"},
	inDefaults:        {name: "defaults"},
	inPrincipal:       {name: "principal", private: true, check: checkPrincipal, want: "a mapping ({} for the SDK's default chain)"},
	inShared:          {name: "shared api", check: checkAPI},
	inEnvironment:     {name: "environment"},
	inAPI:             {name: "api", check: checkAPI},
	inRoute:           {name: "route", check: checkRoute},
	inExpectation:     {name: "expectation", check: checkExpectation},
	inDomain:          {name: "custom domain", check: checkDomain},
	inMutualTLS:       {name: "mutual_tls", private: true, want: "{certificate: path, key: {file: path}}"},
	inKeyFile:         {name: "key", private: true, want: "{file: path}"},
	inAcceptance:      {name: "acceptance"},
	inVPCEndpoint:     {name: "vpc_endpoint", check: checkVPCEndpoint, want: "{id: vpce-…} or {host: name}"},
	inGatewayResponse: {name: "gateway response", check: checkGatewayResponse, want: "{status: 404}, {body: part of it}, or both"},
	inCORS:            {name: "cors", want: "{origins: [https://app.example.com]}"},
	inWAFMarker:       {name: "waf_marker", check: checkWAFMarker, want: "{header: name, value: text} or {query: name, value: text}"},
	inReference:       {name: "reference", private: true, check: checkReference, want: referenceWant},
	inToken:           {name: "token", private: true, check: checkToken, want: "{valid: reference}"},
	inTokenSource:     {name: "source", private: true, check: checkTokenSource, want: "{header: name} or {query: name}"},
	inTokenReference:  {name: "reference", private: true, check: checkTokenReference, want: tokenReferenceWant},
	inOAuth2:          {name: "oauth2", private: true, want: "{token_url: …, client_id: …, client_secret: reference}"},
}
