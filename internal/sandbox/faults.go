package sandbox

import (
	"fmt"
	"slices"
	"time"
)

// Fault is one thing that goes wrong with the built-in environment while its
// configuration stays as it is.
type Fault struct {
	Name         string
	Layer, Cause string // what refuses the requests that meet it
	Does         string // what it changes, in words
	change       func(*setting)
}

// Faults returns all faults, in the order of the layers that they make refuse.
func Faults() []Fault { return slices.Clone(faults) }

// setting is what a fault can change: the model, and what stands on the prober's
// side of it.
type setting struct {
	Model
	refusingProxy bool // the forward proxy that the prober is told to use lets nobody out
}

// findFault finds a fault by its name.
func findFault(name string) (Fault, error) {
	i := slices.IndexFunc(faults, func(f Fault) bool { return f.Name == name })
	if i < 0 {
		return Fault{}, fmt.Errorf("no fault %q", name)
	}
	return faults[i], nil
}

var faults = []Fault{
	{"proxy-refuses", "edge", "proxy-refused", "a forward proxy on the way out answers 403 to CONNECT",
		func(w *setting) { w.refusingProxy = true }},
	{"cdn-blocks", "edge", "waf-at-edge", "a web ACL of the CDN in front of the custom domain blocks the prober's User-Agent",
		before(EdgeWAF("User-Agent", "probe"))},
	{"cdn-caches-errors", "edge", "cached-answer", "the CDN in front of the custom domain keeps errors for 10 seconds, whatever credentials come",
		before(CacheErrors(10*time.Second, true, time.Now))},
	{"cdn-shows-page", "iam-authentication", "unsigned-to-iam", "the CDN in front of the custom domain shows a page with status 200 in place of each 403",
		before(ErrorPage())},
	{"cdn-strips-authorization", "iam-authentication", "credential-stripped", "the CDN in front of the custom domain does not forward Authorization",
		before(Chain(EdgeHeaders(), StripHeaders("Authorization")))},
	{"load-balancer", "edge", "alb-fixed-response", "a load balancer answers for the custom domain, and forwards nothing",
		before(FixedResponse())},

	{"private-dns", "domain", "public-api-through-vpc-endpoint", "the VPC endpoint that the prober is behind has private DNS, and so takes the names of public APIs",
		func(w *setting) { w.VPCEndpoints[0].PrivateDNS = true }},
	{"mapping-gone", "domain", "no-base-path-mapping", "somebody has deleted the base-path mapping of orders",
		func(w *setting) { w.Domains[0].Mappings = w.Domains[0].Mappings[1:] }},
	{"endpoint-policy-denies", "endpoint-policy", "endpoint-policy-deny", "the policy of the VPC endpoint denies execute-api:Invoke on reports",
		func(w *setting) {
			w.VPCEndpoints[0].Policy = &Policy{
				{Effect: Allow, Principal: []string{"*"}},
				{Effect: Deny, Principal: []string{"*"}, Resource: []string{"arn:aws:execute-api:*:*:" + builtin.Reports + "/*"}},
			}
		}},
	{"stage-gone", "stage", "unknown-stage", "somebody has deleted the stage of ledger",
		onAPI("ledger", func(a *API) { a.Stages[0].Name = "old" })},

	{"waf-blocks", "waf", "waf-blocked", "a rule on the stage of ledger blocks the prober's User-Agent",
		withWebACL(WAFRule{Match: WAFHeaderContains, Header: "User-Agent", Value: "probe"})},
	{"waf-custom-response", "waf", "waf-blocked", "the same, and the rule answers 451 in words of its own",
		withWebACL(WAFRule{Match: WAFHeaderContains, Header: "User-Agent", Value: "probe", Status: 451, Body: `{"error":"not for you"}`})},
	{"waf-rate", "waf", "waf-blocked", "a rate rule on the stage of ledger blocks after 10 requests",
		withWebACL(WAFRule{Match: WAFRate, After: 10})},

	{"route-not-deployed", "route", "no-such-resource", "what is deployed of orders lacks the resource /orders/{id}",
		onDeployment("orders", func(d *Deployment) { d.Routes = d.Routes[1:] })},
	{"method-not-deployed", "route", "wrong-method", "what is deployed of orders has PUT in place of GET on /orders/{id}",
		onDeployment("orders", func(d *Deployment) { d.Routes[0].Method = "PUT" })},

	{"resource-policy-denies", "resource-policy", "resource-policy-explicit-deny", "the resource policy of catalog denies the prober's address",
		ruledBy("catalog", Statement{Effect: Allow, Principal: []string{"*"}}, Statement{Effect: Deny, Principal: []string{"*"}, Condition: fromHere})},
	{"resource-policy-silent", "resource-policy", "resource-policy-implicit-deny", "the resource policy of catalog allows another network only",
		ruledBy("catalog", Statement{Effect: Allow, Principal: []string{"*"}, Condition: fromElsewhere})},

	{"clock", "iam-authentication", "signature-expired", "the prober's clock is ten minutes behind the gateway's",
		func(w *setting) { w.Now = func() time.Time { return time.Now().Add(10 * time.Minute) } }},
	{"gateway-response", "iam-authentication", "unsigned-to-iam", "the gateway response MISSING_AUTHENTICATION_TOKEN of orders is 404 in words of its own",
		answering("orders", map[string]GatewayResponse{"MISSING_AUTHENTICATION_TOKEN": {Status: 404, Template: `{"message":"Nothing here"}`}})},
	{"gateway-response-4xx", "iam-authentication", "unsigned-to-iam", "all 4xx gateway responses of orders are 400 with one text",
		answering("orders", map[string]GatewayResponse{"DEFAULT_4XX": {Status: 400, Template: `{"message":"Request refused"}`}})},

	{"authorizer-denies", "lambda-authorizer", "lambda-authorizer-deny", "the Lambda authorizer of members denies the member",
		onFunction(func(f *AuthorizerFunction) { f.Tokens, f.Otherwise = nil, DenyAll })},
	{"authorizer-silent", "lambda-authorizer", "lambda-authorizer-deny", "the policy of the Lambda authorizer of members does not mention the method",
		onFunction(func(f *AuthorizerFunction) { f.Tokens, f.Otherwise = nil, Decision{} })},
	{"authorizer-forgets", "lambda-authorizer", "lambda-authorizer-unauthorized", "the Lambda authorizer of members does not know the member any more",
		onFunction(func(f *AuthorizerFunction) { f.Tokens = nil })},
	{"authorizer-crashes", "lambda-authorizer", "lambda-authorizer-failure", "the Lambda authorizer of members throws",
		onFunction(func(f *AuthorizerFunction) { f.Tokens, f.Otherwise = nil, Decision{Fails: Crash} })},
	{"authorizer-malformed", "lambda-authorizer", "lambda-authorizer-misconfigured", "the Lambda authorizer of members returns no policy",
		onFunction(func(f *AuthorizerFunction) { f.Tokens, f.Otherwise = nil, Decision{Fails: MalformedPolicy} })},
	{"authorizer-not-permitted", "lambda-authorizer", "lambda-authorizer-misconfigured", "API Gateway may not invoke the Lambda authorizer of members",
		onFunction(func(f *AuthorizerFunction) { f.NotPermitted = true })},
	{"identity-source-moved", "lambda-authorizer", "lambda-authorizer-missing-identity-source", "the Lambda authorizer of members reads another header",
		onAPI("members", func(a *API) { a.Authorizers[0].Sources = []IdentitySource{{Header: "X-Member-Token"}} })},
	{"pool-replaced", "cognito-authorizer", "cognito-token-invalid", "the Cognito authorizer of members has another user pool",
		onAPI("members", func(a *API) { a.Authorizers[1].Issuer = builtinLogin })},
	{"audience-changed", "jwt-authorizer", "jwt-wrong-audience", "the JWT authorizer of shop wants another audience",
		onAPI("shop", func(a *API) { a.Authorizers[0].Audience = []string{"warehouse"} })},
	{"preflight-unrouted", "route", "cors-preflight-unrouted", "what is deployed of members lacks OPTIONS on /profile",
		onDeployment("members", func(d *Deployment) { d.Routes = slices.Delete(d.Routes, 1, 2) })},
	{"preflight-wants-token", "lambda-authorizer", "cors-preflight-authorizer", "OPTIONS on /profile of members wants a token",
		onRoute("members", 1, func(r *Route) { r.Authorization, r.Authorizer = Custom, "function" })},

	{"caller-denied", "iam-authorization", "iam-explicit-deny", "a policy of the caller denies execute-api:Invoke",
		callerMay(Policy{{Effect: Allow}, {Effect: Deny}})},
	{"caller-not-allowed", "iam-authorization", "iam-implicit-deny", "no policy of the caller allows execute-api:Invoke",
		callerMay(nil)},

	{"key-disabled", "api-key", "disabled-api-key", "the API key of orders is disabled",
		func(w *setting) { w.Keys[0].Disabled = true }},
	{"key-in-no-plan", "api-key", "api-key-not-in-usage-plan", "the usage plan of orders does not hold the API key any more",
		func(w *setting) { w.Plans[0].Keys = nil }},

	{"throttled", "usage-plan", "throttled", "the stage of ledger lets nothing pass: rate and burst 0",
		onAPI("ledger", func(a *API) { a.Stages[0].Throttle = &Throttle{} })},
	{"quota-used-up", "usage-plan", "quota-exceeded", "the API key of orders has made all requests of its quota",
		func(w *setting) { w.Plans[0].Quota, w.Plans[0].Used = 1000, 1000 }},

	{"parameter-required", "request-validation", "bad-request-parameters", "GET /items of catalog requires a query parameter that nobody declared",
		onRoute("catalog", 0, func(r *Route) { r.Validator = &Validator{Parameters: []string{"method.request.querystring.page"}} })},
	{"body-invalid", "request-validation", "bad-request-body", "POST /items of catalog requires a price that nobody declared",
		onRoute("catalog", 2, func(r *Route) {
			r.Validator = &Validator{Body: &Schema{Type: "object", Required: []string{"name", "price"}}}
		})},
	{"media-type", "request-validation", "unsupported-media-type", "POST /items of catalog takes XML only",
		onRoute("catalog", 2, func(r *Route) { r.Validator = &Validator{ContentTypes: []string{"application/xml"}} })},
	{"too-large", "request-validation", "request-too-large", "the limit on a request's body is 10 bytes, not 10 MB",
		func(w *setting) { w.MaxBody = 10 }},

	{"integration-timeout", "integration", "integration-timeout", "the integration of GET /items of catalog does not answer in time",
		answeredBy(Backend{Kind: Timeout})},
	{"permission-missing", "integration", "lambda-permission-missing", "API Gateway may not invoke the function of GET /items of catalog",
		answeredBy(Backend{Kind: PermissionMissing})},
	{"malformed-answer", "integration", "malformed-lambda-proxy-response", "the function of GET /items of catalog answers nonsense",
		answeredBy(Backend{Kind: Malformed})},

	{"backend-401", "backend", "backend-own-401", "the application behind GET /items of catalog answers 401 itself",
		answeredBy(Backend{Status: 401, Body: `{"detail":"who are you?"}`})},
	{"backend-403", "backend", "backend-own-403", "the application behind GET /items of catalog answers 403 in the gateway's words",
		answeredBy(Backend{Status: 403, Body: `{"message":"Forbidden"}`})},
	{"backend-imitates", "backend", "backend-own-403", "the same, and with the gateway's error type",
		answeredBy(Backend{Status: 403, Header: map[string]string{"x-amzn-ErrorType": "ForbiddenException"}, Body: `{"message":"Forbidden"}`})},
	{"backend-is-gateway", "backend", "backend-own-403", "behind GET /items of catalog stands another API that wants a signature",
		answeredBy(Backend{Kind: HTTPProxy, URL: "https://" + (&API{ID: builtin.Ledger, Region: builtin.Region}).Host() + "/prod/entries"})},
}

var (
	fromHere      = []Condition{{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"127.0.0.0/8", "::1/128"}}}
	fromElsewhere = []Condition{{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"192.0.2.0/24"}}}
)

// front puts something before the custom domain.
func before(f Front) func(*setting) {
	return func(w *setting) { w.Fronts = map[string]Front{builtin.Domain: f} }
}

// api changes an API by its name.
func onAPI(name string, change func(*API)) func(*setting) {
	return func(w *setting) {
		change(&w.APIs[slices.IndexFunc(w.APIs, func(a API) bool { return a.Name == name })])
	}
}

func onRoute(of string, n int, change func(*Route)) func(*setting) {
	return onAPI(of, func(a *API) { change(&a.Routes[n]) })
}

func onFunction(change func(*AuthorizerFunction)) func(*setting) {
	return onAPI("members", func(a *API) { change(&a.Authorizers[0].Function) })
}

func answeredBy(b Backend) func(*setting) {
	return onRoute("catalog", 0, func(r *Route) { r.Backend = b })
}

func withWebACL(rules ...WAFRule) func(*setting) {
	return onAPI("ledger", func(a *API) { a.Stages[0].WebACL = rules })
}

func ruledBy(of string, p ...Statement) func(*setting) {
	return onAPI(of, func(a *API) { a.ResourcePolicy = p })
}

func answering(of string, all map[string]GatewayResponse) func(*setting) {
	return onAPI(of, func(a *API) { a.GatewayResponses = all })
}

// deployed changes what a stage serves, and not the API that its owner looks at.
func onDeployment(of string, change func(*Deployment)) func(*setting) {
	return onAPI(of, func(a *API) {
		d := &Deployment{
			Routes: slices.Clone(a.Routes), Authorizers: a.Authorizers, ResourcePolicy: a.ResourcePolicy, GatewayResponses: a.GatewayResponses,
		}
		change(d)
		a.Stages[0].Deployment = d
	})
}

func callerMay(p Policy) func(*setting) {
	return func(w *setting) { w.Principals[0].Policy = p }
}
