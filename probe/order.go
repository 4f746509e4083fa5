package probe

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
	before, after Layer
	grade         Grade
	source        string
}

// edges is section 3.3 of the method for REST APIs, whatever their authorization: the partial order that a proof may
// use. An edge that is only inferred, and every pair that is not here, serves reading order and rank, never a proof.
// The edges compose: tls before stage follows from tls before domain and domain before stage.
var edges = []edge{
	{TLS, Domain, Documented, "developer guide, rest-api-mutual-tls: the certificate is checked before the API is called"},
	{Domain, Stage, Documented, "developer guide, rest-api-mappings: the mapping names the stage"},
	{Stage, RouteLayer, Recorded, "an unknown stage answers Forbidden even with an Authorization header (fellow-unknown-stage-bearer)"},
	{Stage, WAF, Documented, "developer guide, apigateway-control-access-aws-waf: a web ACL is bound to a stage"},
	{WAF, ResourcePolicy, Documented, "developer guide, apigateway-control-access-aws-waf: before resource policies"},
	{WAF, IAMAuthorization, Documented, "developer guide, apigateway-control-access-aws-waf: before IAM policies"},
	{WAF, LambdaAuthorizer, Documented, "developer guide, apigateway-control-access-aws-waf: before Lambda authorizers"},
	{WAF, CognitoAuthorizer, Documented, "developer guide, apigateway-control-access-aws-waf: before Cognito authorizers"},
	{WAF, RouteLayer, Inferred, "not stated; reading order"},
	{WAF, IAMAuthentication, Inferred, "not stated for the signature check; reading order"},
	{WAF, APIKeyLayer, Inferred, "follows from WAF first; not stated for keys"},
	{RouteLayer, ResourcePolicy, Documented, "developer guide, apigateway-authorization-flow: policies see the method's ARN"},
	{RouteLayer, IAMAuthentication, Documented, "developer guide, supported-gateway-response-types: a method's authorization belongs to the method"},
	{RouteLayer, LambdaAuthorizer, Documented, "an authorizer belongs to the method"},
	{RouteLayer, CognitoAuthorizer, Documented, "an authorizer belongs to the method"},
	{RouteLayer, APIKeyLayer, Documented, "a key requirement belongs to the method"},
	{RouteLayer, UsagePlan, Inferred, "position of stage and account throttles is not stated"},
	{EndpointPolicy, IAMAuthentication, Documented, "developer guide, apigateway-vpc-endpoint-policies: evaluated before the method's own authorization"},
	{EndpointPolicy, LambdaAuthorizer, Documented, "developer guide, apigateway-vpc-endpoint-policies"},
	{EndpointPolicy, CognitoAuthorizer, Documented, "developer guide, apigateway-vpc-endpoint-policies"},
	{IAMAuthentication, IAMAuthorization, Documented, "IAM guide: a request is authenticated before it is authorized"},
	{IAMAuthentication, ResourcePolicy, Inferred, "true of AWS_IAM methods only, and the authorization type is what is being tested"},
	{IAMAuthentication, APIKeyLayer, Inferred, "stated for Lambda authorizers only"},
	{LambdaAuthorizer, APIKeyLayer, Documented, "knowledge centre, api-gateway-logs: the usage plan is verified after the authorizer"},
	{CognitoAuthorizer, ResourcePolicy, Documented, "developer guide, apigateway-authorization-flow"},
	{ResourcePolicy, APIKeyLayer, Inferred, "one report (serverless/serverless#11808)"},
	{IAMAuthorization, APIKeyLayer, Inferred, "assumed the same as for Lambda authorizers"},
	{APIKeyLayer, UsagePlan, Inferred, "a plan is found by its key"},
	{UsagePlan, RequestValidation, Inferred, "sequence of the execution log"},
	{RouteLayer, RequestValidation, Documented, "a validator belongs to the method"},
	{RequestValidation, Integration, Documented, "developer guide, api-gateway-method-request-validation: before the integration request"},
	{IAMAuthorization, Integration, Documented, "by construction: what is refused is not integrated"},
	{ResourcePolicy, Integration, Documented, "by construction"},
	{LambdaAuthorizer, Integration, Documented, "by construction"},
	{CognitoAuthorizer, Integration, Documented, "by construction"},
	{APIKeyLayer, Integration, Documented, "by construction"},
	{UsagePlan, Integration, Documented, "by construction"},
	{WAF, Integration, Documented, "by construction"},
	{EndpointPolicy, Integration, Documented, "by construction"},
	{Integration, Backend, Documented, "by construction"},
	{Backend, None, Documented, "by construction"},
}

// order holds the transitive closure of the edges: order[a][b] means that a comes before b.
type order map[Layer]map[Layer]bool

func newOrder(usable func(edge) bool) order {
	o := make(order)
	for _, l := range layers {
		o[l] = make(map[Layer]bool)
	}
	for _, e := range edges {
		if usable(e) {
			o[e.before][e.after] = true
		}
	}
	for _, mid := range layers {
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

// The two orders: soundOrder proves, plainOrder ranks.
var (
	soundOrder = newOrder(func(e edge) bool { return e.grade != Inferred })
	plainOrder = newOrder(func(edge) bool { return true })
)

// before reports whether a comes before b.
func (o order) before(a, b Layer) bool { return o[a][b] }
