package sandbox

import (
	"cmp"
	"io"
	"strings"
	"time"
)

// Model declares everything that a [Gateway] serves. It must not change once it
// has been given to [New].
type Model struct {
	Principals []Principal
	APIs       []API
	Keys       []APIKey
	Plans      []UsagePlan
	Domains    []Domain
	Issuers    []Issuer

	VPCEndpoints []VPCEndpoint

	AccountThrottles []AccountThrottle

	// Fronts are what somebody has put before a host: a CDN, a proxy.
	Fronts map[string]Front

	Switches Switches

	ControlPlane ControlPlane

	MaxBody int // bytes; 0: the service's limit

	Now  func() time.Time // nil: time.Now
	Rand io.Reader        // source of ids; nil: crypto/rand
}

// Principal is an AWS identity that can sign. Its account is that of its ARN.
type Principal struct {
	AccessKeyID  string
	SecretKey    string
	SessionToken string    // "" for long-term keys
	Expires      time.Time // of the session; zero: never
	ARN          string    // arn:aws:iam::ACCOUNT:user/x or arn:aws:sts::ACCOUNT:assumed-role/x/y
	Policy       Policy    // identity-based
	Session      *Policy   // session policy; nil: none, empty: allows nothing
}

func (p *Principal) account() string {
	fields := strings.SplitN(p.ARN, ":", 6)
	if len(fields) != 6 {
		return ""
	}
	return fields[4]
}

// EndpointType says how an API or a custom domain is reached.
type EndpointType string

// The endpoint types. EDGE stands behind AWS's own CloudFront; a PRIVATE API is
// reached through VPC endpoints alone.
const (
	Regional EndpointType = "REGIONAL"
	Edge     EndpointType = "EDGE"
	Private  EndpointType = "PRIVATE"
)

// APIType is the family of an API. Each has layers and a vocabulary of its own.
type APIType string

// The API types.
const (
	REST      APIType = "REST"
	HTTP      APIType = "HTTP"
	WebSocket APIType = "WEBSOCKET"
)

// API is an API with its deployments.
type API struct {
	ID, Name, Account, Region string

	Type APIType // "": REST

	Endpoint                EndpointType // "": Regional
	DefaultEndpointDisabled bool
	VPCEndpoints            []string // ids of those at which a PRIVATE API has a name
	ResourcePolicy          Policy   // empty: none, so open to all, or to nobody if PRIVATE
	GatewayResponses        map[string]GatewayResponse
	Stages                  []Stage
	Routes                  []Route
	Authorizers             []Authorizer
	CORS                    *CORS     // of HTTP APIs; nil: none
	KeySource               KeySource // "": the header
}

func (a *API) family() APIType { return cmp.Or(a.Type, REST) }

// KeySource says where a request's API key comes from.
type KeySource string

// The key sources: the header x-api-key, or what a Lambda authorizer answers.
const (
	KeyFromHeader     KeySource = "HEADER"
	KeyFromAuthorizer KeySource = "AUTHORIZER"
)

// Host is the API's default endpoint.
func (a *API) Host() string {
	return a.ID + "." + service + "." + a.Region + "." + suffix(a.Region)
}

func (a *API) stage(name string) *Stage {
	for i := range a.Stages {
		if a.Stages[i].Name == name {
			return &a.Stages[i]
		}
	}
	return nil
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// GatewayResponse replaces a refusal of one type, as an owner may configure it.
// Zero fields leave the default.
type GatewayResponse struct {
	Status   int
	Template string // plain substitution of $context variables
	Header   map[string]string
}

// Stage serves a deployment of its API.
type Stage struct {
	Name string

	// Deployment is what the stage really serves, where it differs from the API
	// because somebody has edited that and not deployed it; nil: they are equal.
	Deployment *Deployment

	WebACL []WAFRule // empty: none attached
	XRay   bool

	AccessLog    *AccessLog // nil: none is written
	ExecutionLog bool       // of REST and WebSocket APIs
	DataTrace    bool       // the execution log should have requests whole

	Throttle *Throttle // nil: none
	Canary   *Canary   // nil: none

	Updated time.Time // when it was changed last, as the control plane tells; zero: when everything was made
}

// updated is when the stage was changed last.
func (s *Stage) updated() time.Time {
	if s.Updated.IsZero() {
		return time.Unix(since, 0).UTC()
	}
	return s.Updated.UTC()
}

// Deployment is a snapshot of those parts of an API that take effect only when
// they are deployed.
type Deployment struct {
	Routes           []Route
	Authorizers      []Authorizer
	ResourcePolicy   Policy
	GatewayResponses map[string]GatewayResponse
}

// Canary sends a part of a stage's requests to another deployment.
type Canary struct {
	Every  int // every n-th request
	Routes []Route
}

// Authorization is the authorization type of a route.
type Authorization string

// The authorization types. The last three need an authorizer.
const (
	None             Authorization = "NONE"
	IAM              Authorization = "AWS_IAM"
	Custom           Authorization = "CUSTOM"             // a Lambda authorizer
	CognitoUserPools Authorization = "COGNITO_USER_POOLS" // of REST APIs
	JWT              Authorization = "JWT"                // of HTTP APIs
)

// Route is one method of one resource.
type Route struct {
	Method         string // a verb, or ANY; none with a route key
	Path           string // "/orders/{id}", "/{proxy+}", or the key of a route: "$default", "$connect"
	Authorization  Authorization
	Authorizer     string   // by name
	Scopes         []string // any of them will do; of COGNITO_USER_POOLS and JWT
	APIKeyRequired bool
	Validator      *Validator // nil: none
	Throttle       *Throttle  // of this method alone; nil: none
	Backend        Backend
}

// key is the route key, as HTTP APIs spell it.
func (r *Route) key() string { return strings.TrimSpace(r.Method + " " + r.Path) }

// APIKey is the value that a client sends as x-api-key.
type APIKey struct {
	Name, Value string
	Disabled    bool
}

// UsagePlan admits keys to stages.
type UsagePlan struct {
	Name   string
	Stages []APIStage
	Keys   []string // by name

	Rate  float64 // requests a second; with Burst 0: no throttle
	Burst int
	Quota int // requests in all; 0: none
	Used  int // of the quota of each key, before the gateway was started
}

// APIStage names one stage of one API, by the API's id.
type APIStage struct{ API, Stage string }

// Domain is a custom domain name.
type Domain struct {
	Host     string
	Endpoint EndpointType  // "": Regional
	Rules    []RoutingRule // by priority, before the mappings
	Mappings []Mapping

	MutualTLS *MutualTLS // nil: no client certificate is asked for
}

// RoutingRule leads requests that carry a header to a stage.
type RoutingRule struct {
	Header, Value string // the value may have wildcards
	APIStage
}

// Mapping leads a base path to a stage, which need not exist any more. The
// empty base path takes what no other one takes.
type Mapping struct {
	BasePath string // without slashes at its ends; may have several segments
	APIStage
}
