package probe

// Layer is a place in API Gateway's pipeline, in front of it or behind it, that can answer a request.
type Layer string

// The layers in the order in which a request meets them. The order is for reading; what may be used in a proof is in
// order.go.
const (
	Network           Layer = "network"
	TLS               Layer = "tls"
	Edge              Layer = "edge"
	Domain            Layer = "domain"
	EndpointPolicy    Layer = "endpoint-policy"
	Stage             Layer = "stage"
	WAF               Layer = "waf"
	RouteLayer        Layer = "route"
	ResourcePolicy    Layer = "resource-policy"
	IAMAuthentication Layer = "iam-authentication"
	LambdaAuthorizer  Layer = "lambda-authorizer"
	CognitoAuthorizer Layer = "cognito-authorizer"
	JWTAuthorizer     Layer = "jwt-authorizer"
	IAMAuthorization  Layer = "iam-authorization"
	APIKeyLayer       Layer = "api-key"
	UsagePlan         Layer = "usage-plan"
	RequestValidation Layer = "request-validation"
	Integration       Layer = "integration"
	Backend           Layer = "backend"
	None              Layer = "none"
)

var layers = []Layer{
	Network, TLS, Edge, Domain, EndpointPolicy, Stage, WAF, RouteLayer, ResourcePolicy, IAMAuthentication,
	LambdaAuthorizer, CognitoAuthorizer, JWTAuthorizer, IAMAuthorization, APIKeyLayer, UsagePlan, RequestValidation,
	Integration, Backend, None,
}

var layerRank = func() map[Layer]int {
	m := make(map[Layer]int, len(layers))
	for i, l := range layers {
		m[l] = i
	}
	return m
}()

// Layers returns all layers in reading order.
func Layers() []Layer { return append([]Layer(nil), layers...) }

// Valid reports whether l is one of [Layers].
func (l Layer) Valid() bool { _, ok := layerRank[l]; return ok }

// gates reports whether l decides whether a request may pass, and not what comes of it.
func (l Layer) gates() bool {
	switch l {
	case RequestValidation, Integration, Backend, None:
		return false
	}
	return true
}

// rank is the position of l in reading order.
func (l Layer) rank() int { return layerRank[l] }
