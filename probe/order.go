package probe

import "slices"

// Grade says how well something is known.
type Grade string

// The grades of knowledge.
const (
	Recorded   Grade = "recorded"   // seen in answers of the real service
	Documented Grade = "documented" // AWS says so
	Inferred   Grade = "inferred"   // follows from facts beside it; never used for certain
)

// edge says that a request meets Before before After: an answer of After proves that Before let it pass.
type edge struct {
	apis          []APIType // kinds of API in which it holds; nil: all
	before, after Layer
	grade         Grade
	source        string
}

// The columns of the tables of edges and reads.
var (
	onAny  []APIType // whatever kind of API it is
	onREST = []APIType{REST}
	onHTTP = []APIType{HTTP}

	onWebSocket = []APIType{WebSocket}
	withKeys    = []APIType{REST, WebSocket}
	onV2        = []APIType{HTTP, WebSocket}
)

// edges is section 3.3 of the method, whatever the authorization of a route: the partial order that a proof may
// use. An edge that is only inferred, and every pair that is not here, serves reading order and rank, never a proof.
// The edges compose, in a proof only through what every request meets: that a web ACL comes before an authorizer, and an
// authorizer before the key, says nothing of the key of a method without an authorizer.
var edges = []edge{
	{onAny, TLS, Domain, Documented, "developer guide, rest-api-mutual-tls and http-api-mutual-tls: the certificate is checked before the API is called"},
	{onAny, Domain, Stage, Documented, "developer guide, rest-api-mappings and http-api-mappings: the mapping names the stage"},
	{onAny, Stage, RouteLayer, Documented, "developer guide, http-api-develop-routes: the stage is selected first; on REST APIs recorded (fellow-unknown-stage-bearer)"},
	{onREST, Stage, WAF, Documented, "developer guide, apigateway-control-access-aws-waf: a web ACL is bound to a stage"},
	{onREST, WAF, ResourcePolicy, Documented, "developer guide, apigateway-control-access-aws-waf: before resource policies"},
	{onREST, WAF, IAMAuthorization, Documented, "developer guide, apigateway-control-access-aws-waf: before IAM policies"},
	{onREST, WAF, LambdaAuthorizer, Documented, "developer guide, apigateway-control-access-aws-waf: before Lambda authorizers"},
	{onREST, WAF, CognitoAuthorizer, Documented, "developer guide, apigateway-control-access-aws-waf: before Cognito authorizers"},
	{onREST, WAF, RouteLayer, Inferred, "not stated; reading order"},
	{onREST, WAF, IAMAuthentication, Inferred, "not stated for the signature check; reading order"},
	{onREST, WAF, APIKeyLayer, Inferred, "follows from WAF first; not stated for keys"},
	{onREST, RouteLayer, ResourcePolicy, Documented, "developer guide, apigateway-authorization-flow: policies see the method's ARN"},
	{onAny, RouteLayer, IAMAuthentication, Documented, "developer guide, supported-gateway-response-types: authorization belongs to the method or route"},
	{onAny, RouteLayer, IAMAuthorization, Documented, "policies see the method's ARN"},
	{onAny, RouteLayer, LambdaAuthorizer, Documented, "an authorizer belongs to the method or route"},
	{onREST, RouteLayer, CognitoAuthorizer, Documented, "an authorizer belongs to the method"},
	{onHTTP, RouteLayer, JWTAuthorizer, Documented, "an authorizer belongs to the route"},
	{withKeys, RouteLayer, APIKeyLayer, Documented, "a key requirement belongs to the method"},
	{onAny, RouteLayer, UsagePlan, Inferred, "position of stage and account throttles is not stated"},
	{onREST, EndpointPolicy, IAMAuthentication, Documented, "developer guide, apigateway-vpc-endpoint-policies: evaluated before the method's own authorization"},
	{onREST, EndpointPolicy, IAMAuthorization, Documented, "developer guide, apigateway-vpc-endpoint-policies"},
	{onREST, EndpointPolicy, LambdaAuthorizer, Documented, "developer guide, apigateway-vpc-endpoint-policies"},
	{onREST, EndpointPolicy, CognitoAuthorizer, Documented, "developer guide, apigateway-vpc-endpoint-policies"},
	{onAny, IAMAuthentication, IAMAuthorization, Documented, "IAM guide: a request is authenticated before it is authorized"},
	{onREST, IAMAuthentication, ResourcePolicy, Inferred, "true of AWS_IAM methods only, and the authorization type is what is being tested"},
	{withKeys, IAMAuthentication, APIKeyLayer, Inferred, "stated for Lambda authorizers only"},
	{onREST, LambdaAuthorizer, APIKeyLayer, Documented, "knowledge centre, api-gateway-logs: the usage plan is verified after the authorizer"},
	{onWebSocket, LambdaAuthorizer, APIKeyLayer, Inferred, "assumed the same as for REST APIs"},
	{onREST, CognitoAuthorizer, ResourcePolicy, Documented, "developer guide, apigateway-authorization-flow"},
	{onREST, ResourcePolicy, APIKeyLayer, Inferred, "one report (serverless/serverless#11808)"},
	{withKeys, IAMAuthorization, APIKeyLayer, Inferred, "assumed the same as for Lambda authorizers"},
	{withKeys, APIKeyLayer, UsagePlan, Inferred, "a plan is found by its key"},
	{onREST, UsagePlan, RequestValidation, Inferred, "sequence of the execution log"},
	{onAny, RouteLayer, Integration, Documented, "an integration belongs to the method or route"},
	{onREST, RouteLayer, RequestValidation, Documented, "a validator belongs to the method"},
	{onAny, RequestValidation, Integration, Documented, "developer guide, api-gateway-method-request-validation: before the integration request"},
	{onAny, IAMAuthentication, Integration, Documented, "by construction: what is refused is not integrated"},
	{onAny, IAMAuthorization, Integration, Documented, "by construction"},
	{onAny, ResourcePolicy, Integration, Documented, "by construction"},
	{onAny, LambdaAuthorizer, Integration, Documented, "by construction"},
	{onAny, CognitoAuthorizer, Integration, Documented, "by construction"},
	{onAny, JWTAuthorizer, Integration, Documented, "by construction"},
	{onAny, APIKeyLayer, Integration, Documented, "by construction"},
	{onAny, UsagePlan, Integration, Documented, "by construction"},
	{onAny, WAF, Integration, Documented, "by construction"},
	{onAny, EndpointPolicy, Integration, Documented, "by construction"},
	{onAny, Integration, Backend, Documented, "by construction"},
	{onAny, Backend, None, Documented, "by construction"},
}

// order holds some edges and what follows from them: order[a][b] means that a comes before b.
type order map[Layer]map[Layer]bool

// met are the layers that no request gets around on its way to those behind them.
var met = []Layer{Domain, Stage, RouteLayer, Integration, Backend}

// newOrder composes edges through some layers.
func newOrder(through []Layer, usable func(edge) bool) order {
	o := make(order)
	for _, l := range layers {
		o[l] = make(map[Layer]bool)
	}
	for _, e := range edges {
		if usable(e) {
			o[e.before][e.after] = true
		}
	}
	for _, mid := range through {
		for _, a := range layers {
			for _, b := range layers {
				if o[a][mid] && o[mid][b] {
					o[a][b] = true
				}
			}
		}
	}
	return o
}

// orders are the orders of each kind of API. That of "" holds whatever kind it is.
type orders map[APIType]order

func newOrders(through []Layer, usable func(edge) bool) orders {
	o := make(orders)
	for _, api := range []APIType{"", REST, HTTP, WebSocket} {
		o[api] = newOrder(through, func(e edge) bool { return usable(e) && (e.apis == nil || slices.Contains(e.apis, api)) })
	}
	return o
}

// The two orders of each kind of API: the sound one proves, the plain one ranks.
var (
	soundOrders = newOrders(met, func(e edge) bool { return e.grade != Inferred })
	plainOrders = newOrders(layers, func(edge) bool { return true })
)

// before reports whether a comes before b.
func (o order) before(a, b Layer) bool { return o[a][b] }
