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
	inAlerts
	inFlapping
	inHeartbeat
	inDestination
	inAlertmanager
	inWebhook
	inTopic
	inMaintenance
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
	help     string // what it is, for editors
}

// schema is every key that there is. A setting is added here, and read in plan.go, principal.go or route.go.
var schema = []key{
	{name: "version", in: topLevel, must: topLevel, shape: scalar(one),
		help: "of the configuration's form"},
	{name: "defaults", in: topLevel, shape: mappingOf(inDefaults),
		help: "what holds where nothing nearer is said; the order is route, api of the environment, shared api, environment, defaults"},
	{name: "principals", in: topLevel, shape: named(name, mappingOf(inPrincipal)),
		help: "AWS identities that sign, by their names; what only they make possible is skipped without them"},
	{name: "environments", in: topLevel, must: topLevel, shape: some(named(name, mappingOf(inEnvironment))),
		help: "what is probed together, by name: prod, staging, lab"},

	{name: "alerts", in: topLevel, shape: mappingOf(inAlerts),
		help: "whom the daemon tells what changed for the worse or the better"},

	// How a run is made.
	{name: "schedule", in: forRun, shape: scalar(schedule),
		help: "when the daemon probes; without it: never by itself"},
	{name: "timezone", in: forRun, shape: scalar(timezone), fallback: "UTC",
		help: "of the schedule"},
	{name: "maintenance", in: forRun, shape: listOf(mappingOf(inMaintenance)),
		help: "windows in which failures are expected: nobody is told of them, and they are recorded all the same"},
	{name: "total_rate", in: forRun, shape: scalar(positive), fallback: "20",
		help: "requests a second for the whole run"},
	{name: "timeout", in: forRun, shape: scalar(duration), fallback: "10s",
		help: "of one request"},
	{name: "run_timeout", in: forRun, shape: scalar(duration), fallback: "5m",
		help: "of the whole run"},
	{name: "max_requests", in: forRun, shape: scalar(count), fallback: "5000",
		help: "of a run; a larger plan is refused before anything is sent"},
	{name: "correct_clock", in: forRun, shape: scalar(yesNo), fallback: "false",
		help: "sign with the gateway's time if the clock of this machine is wrong"},
	{name: "connect_to", in: forRun, shape: named(hostOrAny, scalar(hostPort)),
		help: `where to connect for a host, or for all others under "*"; host names and signatures stay, as with curl's --connect-to`},
	{name: "ca_file", in: forRun, shape: scalar(path),
		help: "PEM file with certificates that are added to the system's roots"},
	{name: "proxy", in: forRun, shape: scalar(proxy), hidden: true,
		help: "forward proxy on the way out; without it: none, whatever HTTPS_PROXY says"},

	// What an API takes from further out.
	{name: "region", in: forAPI | inPrincipal, shape: scalar(region),
		help: "AWS region of the API, or of a principal's STS call"},
	{name: "stage", in: forAPI, shape: scalar(stage),
		help: "of the API"},
	{name: "mutation", in: forAPI, shape: enum("refused-only", "all"), fallback: "only GET, HEAD and OPTIONS",
		help: "which requests that may change something are sent: refused-only, where they must be refused; all, also the others"},
	{name: "rate", in: forAPI, shape: scalar(positive), fallback: "5",
		help: "requests a second for each API"},
	{name: "concurrency", in: forAPI, shape: scalar(count), fallback: "4",
		help: "requests in flight for each API"},
	{name: "principal", in: forAPI | inRoute, shape: scalar(principalName),
		help: "signs the request that must be accepted"},
	{name: "outsider", in: forAPI | inRoute, shape: scalar(principalName),
		help: "an identity that is valid and may do nothing: iam-authorization must refuse it"},
	{name: "cors", in: anyAPI | inRoute, shape: mappingOf(inCORS),
		help: "browsers of these sites are let in"},
	{name: "expired_session", in: forAPI | inRoute, shape: scalar(principalName),
		help: "a principal whose session has expired: iam-authentication must refuse it"},

	// What is declared of an API. The top level and an environment hold APIs under the same word.
	{name: "apis", in: topLevel, shape: named(name, mappingOf(inShared)),
		help: "APIs that environments share, by name"},
	{name: "apis", in: inEnvironment, must: inEnvironment, shape: some(listOf(mappingOf(inAPI))),
		help: "the APIs of the environment"},
	{name: "name", in: inAPI, shape: scalar(name),
		help: "of the API in results; without it: that of from"},
	{name: "from", in: inAPI, shape: scalar(sharedName),
		help: "takes over a shared API; what stands here is nearer and wins"},
	{name: "type", in: anyAPI, shape: enum("REST", "HTTP", "WEBSOCKET"), fallback: "REST",
		help: "of the API"},
	{name: "endpoint_type", in: anyAPI, shape: enum("EDGE", "REGIONAL", "PRIVATE"),
		help: "how the API is reached; without it: unknown"},
	{name: "id", in: anyAPI, shape: scalar(apiID),
		help: "of the API: {id}.execute-api.{region}.amazonaws.com"},
	{name: "default_endpoint", in: anyAPI, shape: enum("enabled", "disabled"),
		help: "whether the execute-api host answers; without it: unknown"},
	{name: "waf", in: anyAPI, shape: scalar(yesNo),
		help: "whether a web ACL is attached to the stage; without it: unknown"},
	{name: "waf_marker", in: anyAPI, shape: mappingOf(inWAFMarker),
		help: "a harmless value that a rule of yours blocks; consent to probe the web ACL with it"},
	{name: "catch_all", in: anyAPI, shape: enum("none", "NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "JWT"),
		help: "authorization of /{proxy+}, ANY or $default, or none if there is no such route; without it: unknown"},
	{name: "api_key_source", in: anyAPI, shape: enum("HEADER", "AUTHORIZER"), fallback: "HEADER",
		help: "where the API key of a request comes from"},
	{name: "canary", in: anyAPI, shape: scalar(yesNo), fallback: "false",
		help: "whether a canary takes a random share of the requests"},
	{name: "backend", in: anyAPI, shape: enum("aws"),
		help: "aws: an integration passes on answers of another AWS service"},
	{name: "custom_domains", in: anyAPI, shape: listOf(mappingOf(inDomain)),
		help: "host names and base paths under which the API is reached"},
	{name: "gateway_responses", in: anyAPI, shape: named(responseType, mappingOf(inGatewayResponse)),
		help: "those that were customised, by their types"},
	{name: "vpc_endpoints", in: anyAPI, shape: listOf(mappingOf(inVPCEndpoint)),
		help: "ways in from inside the VPC, of a private API"},
	{name: "routes", in: anyAPI, shape: some(listOf(mappingOf(inRoute))),
		help: "what is probed; those of the environment's API replace those of the shared one"},
	{name: "accept", in: anyAPI, shape: listOf(mappingOf(inAcceptance)),
		help: "findings that are known and accepted: they do not count"},

	{name: "host", in: inDomain, must: inDomain, shape: scalar(host),
		help: "the custom domain's name"},
	{name: "base_path", in: inDomain, shape: scalar(basePath),
		help: "of the mapping, without slashes at its ends; without it: the root mapping"},
	{name: "root_mapping", in: inDomain, shape: scalar(rootMapping),
		help: "none if nothing is mapped at the root of the host, or the name of what is; without it: unknown"},
	{name: "mutual_tls", in: inDomain, shape: mappingOf(inMutualTLS),
		help: "the client certificate that the domain takes"},
	{name: "expired_client_certificate", in: inDomain, shape: mappingOf(inMutualTLS),
		help: "one that the truststore would take, had it not expired"},
	{name: "certificate", in: inMutualTLS, must: inMutualTLS, shape: scalar(path),
		help: "PEM file, relative to this file"},
	{name: "key", in: inMutualTLS, must: inMutualTLS, shape: mappingOf(inKeyFile),
		help: "the key of the certificate"},

	{name: "id", in: inVPCEndpoint, shape: scalar(vpcEndpointID),
		help: "of an endpoint that the API is associated with: {id of the API}-{id}.execute-api.{region}.amazonaws.com"},
	{name: "host", in: inVPCEndpoint, shape: scalar(host),
		help: "the endpoint's own name"},
	{name: "api_by", in: inVPCEndpoint, shape: enum("Host", apiIDHeader), fallback: "Host",
		help: "what names the API at the endpoint's own name"},

	{name: "scenario", in: inAcceptance, must: inAcceptance, shape: scalar(scenarioName),
		help: "the scenario whose finding is accepted"},
	{name: "route", in: inAcceptance, shape: scalar(plainText),
		help: "method and path, such as GET /orders/{id}; without it: every route"},
	{name: "access", in: inAcceptance, shape: scalar(plainText),
		help: "default, custom-domain, vpc-endpoint or a host; without it: every way in"},
	{name: "reason", in: inAcceptance, must: inAcceptance, shape: scalar(plainText),
		help: "why it is accepted"},
	{name: "until", in: inAcceptance, shape: scalar(day),
		help: "the last day on which it is; without it: for good"},

	{name: "request", in: inRoute, must: inRoute, shape: scalar(requestLine),
		help: "method and path on the API, without stage and base path; or $connect"},
	{name: "authorization", in: inRoute, must: inRoute, shape: scalar(authorization),
		help: "of the method, in API Gateway's words"},
	{name: "path", in: inRoute, shape: named(anyName, scalar(wireText)), hidden: true,
		help: "values of the path's parameters"},
	{name: "query", in: inRoute, shape: named(anyName, some(oneOrMore(scalar(wireText)))), hidden: true,
		help: "parameters, not encoded; several values in byte order"},
	{name: "headers", in: inRoute, shape: named(headerName, or(headerValue, inReference)), hidden: true,
		help: "also sent; a secret one is a reference, and never goes to a changed address"},
	{name: "body", in: inRoute, shape: scalar(wireText), hidden: true,
		help: "of the request, as it is sent"},
	{name: "api_key_required", in: inRoute, shape: scalar(yesNo), fallback: "false",
		help: "whether the method wants an API key"},
	{name: "api_key", in: inRoute, shape: mappingOf(inReference),
		help: "without it only refusals are probed"},
	{name: "token", in: inRoute, shape: mappingOf(inToken),
		help: "of a route with CUSTOM, COGNITO_USER_POOLS or JWT"},
	{name: "success", in: inRoute, shape: some(oneOrMore(scalar(status))), fallback: "2xx",
		help: "statuses of a request that is accepted"},
	{name: "expect", in: inRoute, shape: named(scenarioName, mappingOf(inExpectation)),
		help: "where the API is unusual: what a scenario must come to, by its name"},
	{name: "layer", in: inExpectation, shape: scalar(layer),
		help: "that must refuse, or none if the request must be accepted"},
	{name: "layers", in: inExpectation, shape: some(listOf(scalar(layer))),
		help: "any of which may refuse"},
	{name: "status", in: inExpectation, shape: some(oneOrMore(scalar(status))),
		help: "any of which is right"},

	{name: "status", in: inGatewayResponse, shape: scalar(status),
		help: "of the customised answer"},
	{name: "body", in: inGatewayResponse, shape: scalar(plainText),
		help: "a part of the customised answer"},
	{name: "origins", in: inCORS, must: inCORS, shape: some(listOf(scalar(originName))),
		help: `sites, or "*"`},
	{name: "header", in: inWAFMarker, shape: scalar(headerName),
		help: "that bears the value"},
	{name: "query", in: inWAFMarker, shape: scalar(plainText),
		help: "parameter that bears the value"},
	{name: "value", in: inWAFMarker, must: inWAFMarker, shape: scalar(headerValue),
		help: "harmless, and blocked by a rule"},
	{name: "status", in: inWAFMarker, shape: some(oneOrMore(scalar(status))), fallback: "403",
		help: "that the rule answers with"},

	{name: "profile", in: inPrincipal, shape: scalar(plainText),
		help: "of the shared AWS configuration"},
	{name: "role_arn", in: inPrincipal, shape: scalar(roleARN),
		help: "role to assume, with the profile or the default chain"},
	{name: "external_id", in: inPrincipal, shape: scalar(plainText), hidden: true,
		help: "of the role's trust policy"},
	{name: "session_name", in: inPrincipal, shape: scalar(sessionName),
		help: "of the assumed role"},
	{name: "session_policy", in: inPrincipal, shape: scalar(sessionPolicy),
		help: "deny-all, or a policy document in JSON that narrows the role"},
	{name: "access_key_id", in: inPrincipal, shape: scalar(accessKeyID), hidden: true,
		help: "of static keys"},
	{name: "secret_access_key", in: inPrincipal, shape: mappingOf(inReference),
		help: "of static keys"},
	{name: "session_token", in: inPrincipal, shape: mappingOf(inReference),
		help: "of static keys that are a session"},

	{name: "sources", in: inToken, shape: some(listOf(mappingOf(inTokenSource))),
		help: "where a REQUEST authorizer looks: the token goes to each of them"},
	{name: "header", in: inToken | inTokenSource, shape: scalar(headerName),
		help: "that bears the token"},
	{name: "query", in: inTokenSource, shape: scalar(plainText),
		help: "parameter that bears the token"},
	{name: "scheme", in: inToken, shape: scalar(scheme),
		help: "put before a token that has no such word; without it: as the token comes"},
	{name: "valid", in: inToken, shape: mappingOf(inTokenReference),
		help: "must be accepted; without it only missing-token is asked"},
	{name: "denied", in: inToken, shape: mappingOf(inTokenReference),
		help: "genuine, of a caller without rights"},
	{name: "expired", in: inToken, shape: mappingOf(inTokenReference),
		help: "genuine, and expired"},
	{name: "wrong_audience", in: inToken, shape: mappingOf(inTokenReference),
		help: "genuine, for another audience"},
	{name: "wrong_issuer", in: inToken, shape: mappingOf(inTokenReference),
		help: "genuine, of another issuer"},
	{name: "insufficient_scope", in: inToken, shape: mappingOf(inTokenReference),
		help: "genuine, without the scope that the route wants"},
	{name: "oauth2", in: inTokenReference, shape: mappingOf(inOAuth2),
		help: "asks an issuer by the client credentials grant"},
	{name: "token_url", in: inOAuth2, must: inOAuth2, shape: scalar(tokenURL),
		help: "of the issuer's token endpoint"},
	{name: "client_id", in: inOAuth2, must: inOAuth2, shape: scalar(plainText), hidden: true,
		help: "of the client"},
	{name: "client_secret", in: inOAuth2, must: inOAuth2, shape: mappingOf(inReference),
		help: "of the client"},
	{name: "scopes", in: inOAuth2, shape: some(oneOrMore(scalar(plainText))),
		help: "to ask for"},
	{name: "audience", in: inOAuth2, shape: scalar(plainText),
		help: "to ask for; without it: none"},

	{name: "schedule", in: inMaintenance, shape: scalar(fiveFields),
		help: "when the window opens, again and again, by the clock of timezone"},
	{name: "for", in: inMaintenance, shape: scalar(duration),
		help: "how long it stays open"},
	{name: "from", in: inMaintenance, shape: scalar(instant),
		help: "when it opens, once"},
	{name: "until", in: inMaintenance, shape: scalar(instant),
		help: "when it closes"},
	{name: "reason", in: inMaintenance, must: inMaintenance, shape: scalar(plainText),
		help: "what is done then"},
	{name: "pause", in: inMaintenance, shape: scalar(yesNo), fallback: "false",
		help: "whether nothing is probed, either"},

	{name: "destinations", in: inAlerts, must: inAlerts, shape: some(named(name, mappingOf(inDestination))),
		help: "who is told, by name"},
	{name: "link", in: inAlerts, shape: scalar(webURL),
		help: "where people reach the daemon's page: alerts link to it"},
	{name: "confirm_after", in: inAlerts, shape: scalar(duration), fallback: "1m",
		help: "when a second run confirms what the first one showed; an open gate was confirmed by its own"},
	{name: "remind_after", in: inAlerts, shape: scalar(duration), fallback: "24h",
		help: "when it is told again that an alert is still open"},
	{name: "flapping", in: inAlerts, shape: mappingOf(inFlapping),
		help: "when an alert that comes and goes is told once, and resolved only after it was quiet"},
	{name: "raises", in: inFlapping, shape: scalar(count), fallback: "3",
		help: "so often within the time makes an alert flapping"},
	{name: "within", in: inFlapping, shape: scalar(duration), fallback: "1h",
		help: "the time; and how long it has to be quiet"},
	{name: "heartbeat", in: inAlerts, shape: mappingOf(inHeartbeat),
		help: "who is pinged after each whole cycle of the scheduler, so that a silent prober is noticed"},
	{name: "method", in: inHeartbeat, shape: enum("GET", "POST"), fallback: "POST",
		help: "of the ping"},
	{name: "severity", in: inDestination, shape: enum("info", "warning", "critical"), fallback: "info",
		help: "from which on alerts go there: critical, open gates; warning, all that fails; info, also what cannot be proven"},
	{name: "alertmanager", in: inDestination, shape: mappingOf(inAlertmanager),
		help: "Prometheus Alertmanager, over its API v2"},
	{name: "webhook", in: inDestination, shape: mappingOf(inWebhook),
		help: "gets CloudEvents 1.0 as JSON"},
	{name: "sns", in: inDestination, shape: mappingOf(inTopic),
		help: "a topic of Amazon SNS"},
	{name: "url", in: inHeartbeat | inAlertmanager | inWebhook, must: inHeartbeat | inAlertmanager | inWebhook,
		shape: or(webURL, inReference), hidden: true,
		help: "where it goes; a reference where the URL itself is a secret"},
	{name: "secret", in: inWebhook, shape: mappingOf(inReference),
		help: "signs in X-Probe-Signature; without it: nothing is signed"},
	{name: "bearer_token", in: inAlertmanager | inWebhook, shape: mappingOf(inReference),
		help: "sent as Authorization, over TLS or to this machine only"},
	{name: "ca_file", in: inAlertmanager | inWebhook, shape: scalar(path),
		help: "PEM file with certificates that are added to the system's roots"},
	{name: "watchdog", in: inAlertmanager, shape: scalar(yesNo), fallback: "false",
		help: "keep an alert firing for as long as the scheduler works"},
	{name: "topic_arn", in: inTopic, must: inTopic, shape: scalar(topicARN),
		help: "of the topic; first in, first out if it ends so"},
	{name: "principal", in: inTopic, shape: scalar(principalName),
		help: "publishes; without it: the SDK's default chain"},

	{name: "env", in: anyReference, shape: scalar(variable),
		help: "name of an environment variable"},
	{name: "file", in: anyReference, shape: scalar(absolutePath),
		help: "path of a file, relative to this file; a line break at its end is cut off"},
	{name: "file", in: inKeyFile, must: inKeyFile, shape: scalar(path),
		help: "path of the key, relative to this file"},
	{name: "command", in: anyReference, shape: some(listOf(scalar(plainText))),
		help: "program and arguments, run in the folder of this file; its output is the secret"},
	{name: "ssm", in: anyReference, shape: scalar(plainText),
		help: "name or ARN of a parameter of AWS Systems Manager"},
	{name: "secretsmanager", in: anyReference, shape: scalar(plainText),
		help: "name or ARN of a secret of AWS Secrets Manager"},
	{name: "region", in: anyReference, shape: scalar(region),
		help: "of the parameter or the secret; without it: that of its ARN, or of the AWS settings"},
	{name: "as", in: anyReference, shape: scalar(principalName),
		help: "the principal that reads the parameter or the secret; without it: the SDK's default chain"},
	{name: "value", in: anyReference, shape: scalar(wireText),
		help: "the secret itself; meant for the sandbox, elsewhere a warning"},
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
	inMaintenance:     {name: "maintenance", check: checkMaintenance, want: maintenanceWant},
	inAlerts:          {name: "alerts"},
	inFlapping:        {name: "flapping", want: "{raises: 3, within: 1h}"},
	inHeartbeat:       {name: "heartbeat", private: true, want: "{url: …}"},
	inDestination:     {name: "destination", private: true, check: checkDestination, want: destinationWant},
	inAlertmanager:    {name: "alertmanager", private: true, check: checkBearer, want: "{url: …}"},
	inWebhook:         {name: "webhook", private: true, check: checkBearer, want: "{url: …}"},
	inTopic:           {name: "sns", private: true, want: "{topic_arn: …}"},
	inReference:       {name: "reference", private: true, check: checkReference, want: referenceWant},
	inToken:           {name: "token", private: true, check: checkToken, want: "{valid: reference}"},
	inTokenSource:     {name: "source", private: true, check: checkTokenSource, want: "{header: name} or {query: name}"},
	inTokenReference:  {name: "token reference", private: true, check: checkTokenReference, want: tokenReferenceWant},
	inOAuth2:          {name: "oauth2", private: true, want: "{token_url: …, client_id: …, client_secret: reference}"},
}
