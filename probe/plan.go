package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// APIType is a kind of API Gateway API.
type APIType string

// The API types. REST has the richest pipeline: resource policies, AWS WAF, API keys, usage plans. HTTP has none of
// these, and its refusals say no more than their status. A WebSocket API authorizes the handshake and nothing after it.
const (
	REST      APIType = "REST"
	HTTP      APIType = "HTTP"
	WebSocket APIType = "WEBSOCKET"
)

// DefaultStage is the stage of an HTTP API that takes every path which names no other stage: it stands in no URL.
const DefaultStage = "$default"

// EndpointType is how a REST API is reached.
type EndpointType string

// The endpoint types of API Gateway.
const (
	EndpointEdge     EndpointType = "EDGE"
	EndpointRegional EndpointType = "REGIONAL"
	EndpointPrivate  EndpointType = "PRIVATE"
)

// Authorization is API Gateway's authorizationType of a method.
type Authorization string

// The authorization types that a route may declare.
const (
	AuthNone    Authorization = "NONE"
	AuthIAM     Authorization = "AWS_IAM"
	AuthCustom  Authorization = "CUSTOM" // a Lambda authorizer
	AuthCognito Authorization = "COGNITO_USER_POOLS"
	AuthJWT     Authorization = "JWT" // of HTTP APIs
)

// TakesToken reports whether an authorizer decides by a token.
func (a Authorization) TakesToken() bool { return a == AuthCustom || a == AuthCognito || a == AuthJWT }

// Declared is a fact that a plan may leave open: the zero value says nothing.
type Declared string

// What may be declared of a default endpoint, a catch-all route and a root mapping, beside an [Authorization].
const (
	Unknown  Declared = ""
	Enabled  Declared = "enabled"
	Disabled Declared = "disabled"
	Absent   Declared = "none"
)

// Plan is one environment, resolved and immutable: what is declared of its APIs, and how it may be probed. It holds
// references to secrets, never secrets.
type Plan struct {
	Environment string
	APIs        []API
	Principals  map[string]Principal

	ConnectTo map[string]string // host, or "*", to address:port to dial in its place; names, SNI and signatures stay
	// Dial connects to an address in place of the network, for a gateway that is no server; nil: TCP.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	RootCAs *x509.CertPool // nil: the system's roots
	// CorrectClock lets signatures be made for the gateway's time where our clock is more than a minute off.
	CorrectClock bool
	Proxy        string // URL of a forward proxy; empty: none, whatever the environment says
	UserAgent    string // empty: probe/dev
	SourceHash   string // SHA-256 of the configuration, hexadecimal; empty for plans built in Go

	Rate           float64       // requests a second for each API; 0: [DefaultRate]
	TotalRate      float64       // requests a second for the whole run; 0: [DefaultTotalRate]
	Concurrency    int           // requests in flight for each API; 0: [DefaultConcurrency]
	RequestTimeout time.Duration // 0: [DefaultRequestTimeout]
	RunTimeout     time.Duration // 0: [DefaultRunTimeout]
	MaxRequests    int           // 0: [DefaultMaxRequests]
	ExtraRequests  int           // for each route, to separate candidates; 0: [DefaultExtraRequests], negative: none

	Schedule string // standard cron expression; empty: none
	Timezone string // IANA name; empty: UTC
}

// What holds where a plan says nothing: harmless against production. A CI runner's address is shared, and rate rules
// of AWS WAF may sit at 100 requests in five minutes.
const (
	DefaultRate           = 5.0
	DefaultTotalRate      = 20.0
	DefaultConcurrency    = 4
	DefaultRequestTimeout = 10 * time.Second
	DefaultRunTimeout     = 5 * time.Minute
	DefaultMaxRequests    = 5000
)

// Principal is an AWS identity that signs. The zero value but for Name is the SDK's default chain.
type Principal struct {
	Name    string
	Profile string // profile of the shared AWS configuration
	Region  string // of the STS calls; empty: the SDK's

	RoleARN     string // role to assume, with Profile or the default chain
	ExternalID  string
	SessionName string
	// SessionPolicy "deny-all" makes a valid identity that may do nothing; any other value is a policy document.
	SessionPolicy string

	AccessKeyID     string // static credentials
	SecretAccessKey *Reference
	SessionToken    *Reference
}

// API is one API of an environment.
type API struct {
	Name         string
	Type         APIType
	EndpointType EndpointType // empty: unknown
	ID           string       // empty: there is no default endpoint to probe
	Region       string
	Stage        string

	DefaultEndpoint Declared // Enabled, Disabled, Unknown
	// CatchAll is the authorization of /{proxy+} or ANY if there is one, Absent if there is none, Unknown if not said.
	CatchAll  Declared
	WAF       *bool      // a web ACL is attached to the stage; nil: unknown
	WAFMarker *WAFMarker // what the web ACL blocks by agreement; nil: the owner consents to nothing of that kind
	Canary    bool       // a canary takes a random share of the requests: siblings prove nothing
	// KeySource says where API keys come from; empty: the header x-api-key.
	KeySource KeySource
	// BackendAWS says that an integration passes on answers of another AWS front, whose errors look like the gateway's.
	BackendAWS bool
	Mutation   Mutation
	Domains    []CustomDomain
	Endpoints  []VPCEndpoint // of a private API
	// GatewayResponses are the customised ones by their type; the others are as API Gateway has them.
	GatewayResponses map[string]GatewayResponse
	Routes           []Route
	Accept           []Acceptance

	Rate        float64 // 0: the plan's
	Concurrency int     // 0: the plan's
}

// WAFMarker is a harmless value that a rule of the web ACL blocks, so that the web ACL can be probed without an attack.
// It stands in a header or in a query parameter.
type WAFMarker struct {
	Header, Query, Value string
	Status               []int // of the block; empty: 403, which is AWS WAF's default
}

// KeySource is API Gateway's apiKeySource.
type KeySource string

// The sources of API keys.
const (
	KeyFromHeader     KeySource = "HEADER"
	KeyFromAuthorizer KeySource = "AUTHORIZER"
)

// Mutation says which requests with methods other than GET, HEAD and OPTIONS may be sent.
type Mutation string

// The consents to mutate.
const (
	MutationNone        Mutation = ""
	MutationRefusedOnly Mutation = "refused-only" // those that must be refused
	MutationAll         Mutation = "all"
)

// CustomDomain is one host and base path that lead to an API.
type CustomDomain struct {
	Host     string
	BasePath string // without slashes at its ends; empty: the root mapping
	// RootMapping is Absent if no (none) mapping exists on the host, Unknown if not said, otherwise what it leads to.
	RootMapping       Declared
	ClientCertificate *tls.Certificate // mutual TLS; nil: none
	// ExpiredCertificate is one that the truststore would take, had it not expired; nil: none at hand.
	ExpiredCertificate *tls.Certificate
}

// Route is a method and path of an API, and the one request that is known to be right for it.
type Route struct {
	Method        string // empty: the handshake
	Path          string // template, as in API Gateway: no stage, no base path; or [ConnectRoute]
	Authorization Authorization

	PathParameters map[string]string   // values of the template, not encoded
	Query          map[string][]string // not encoded
	Headers        []Header
	Body           []byte

	APIKeyRequired bool
	APIKey         *Reference // nil: the control cannot be sent
	Principal      string     // signs the control; empty: none
	Outsider       string     // a valid principal without rights; empty: none
	ExpiredSession string     // a principal whose session has long expired; empty: none
	Token          Token      // of a route that takes one

	CORS *CORS // what browsers are let read; nil: not declared

	Success []int // statuses that mean accepted; empty: any 2xx, for a handshake 101
	Expect  map[string]Expectation
}

// CORS is what a route answers browsers of other sites.
type CORS struct {
	Origins []string // "https://app.example.com", or "*"
}

// Header is a request header of a route. One with a Secret never goes to an address that a scenario changed.
type Header struct {
	Name, Value string
	Secret      *Reference
}

// Name is the method and the template, "GET /orders/{id}", or the key of the route, "$connect".
func (r Route) Name() string { return strings.TrimSpace(r.Method + " " + r.Path) }

// handshake reports whether the route takes WebSocket handshakes.
func (r Route) handshake() bool { return r.Path == ConnectRoute }

// Accepts reports whether status means that the route accepted the request.
func (r Route) Accepts(status int) bool {
	if len(r.Success) == 0 {
		return status >= 200 && status <= 299 && !r.handshake() || status == 101 && r.handshake()
	}
	for _, s := range r.Success {
		if s == status {
			return true
		}
	}
	return false
}

// Acceptance is a finding that the owner accepts, for a reason and possibly until a day.
type Acceptance struct {
	Scenario string
	Route    string // empty: every route
	Access   string // empty: every access; else "default", "custom-domain", a host, or the id of an access
	Reason   string
	Until    time.Time // the last day on which it holds, midnight UTC; zero: no end
}

// covers reports whether a finds the case c acceptable at now.
func (a Acceptance) covers(c Case, now time.Time) bool {
	if a.Scenario != c.Scenario.Name || a.Route != "" && a.Route != c.Route.Name() {
		return false
	}
	if a.Access != "" && !c.Access.Matches(a.Access) {
		return false
	}
	return a.Until.IsZero() || now.Before(a.Until.AddDate(0, 0, 1))
}

// AccessKind is a kind of way in.
type AccessKind string

// The ways in.
const (
	AccessDefault      AccessKind = "default"
	AccessCustomDomain AccessKind = "custom-domain"
	AccessVPCEndpoint  AccessKind = "vpc-endpoint"
)

// Access is one way in to an API: a host, and what stands before the route's path.
type Access struct {
	Kind              AccessKind
	Host              string
	Prefix            string // "/prod" on the default endpoint, "/orders" with a base path, "" with the root mapping or $default
	RootMapping       Declared
	ClientCertificate *tls.Certificate

	ExpiredCertificate *tls.Certificate

	Connect string // the name to connect to, if it is not the host
	APIID   string // sent as x-apigw-api-id; empty: not sent
}

// ID is "default", or the kind with the name and what stands before the path.
func (a Access) ID() string {
	if a.Kind == AccessDefault {
		return string(a.Kind)
	}
	return string(a.Kind) + ":" + a.Name() + a.Prefix
}

// Matches reports whether name selects a: a kind, a host or an id.
func (a Access) Matches(name string) bool {
	return name == string(a.Kind) || name == a.Name() || name == a.ID()
}

// DefaultHost is the host of the default endpoint, or "" if the API has no id.
func (a API) DefaultHost() string {
	if a.ID == "" {
		return ""
	}
	suffix := "amazonaws.com"
	if strings.HasPrefix(a.Region, "cn-") {
		suffix = "amazonaws.com.cn"
	}
	return fmt.Sprintf("%s.execute-api.%s.%s", a.ID, a.Region, suffix)
}

// Door is the default endpoint as an access, whether it should be open or shut.
func (a API) Door() Access {
	door := Access{Kind: AccessDefault, Host: a.DefaultHost(), Prefix: "/" + a.Stage}
	if a.Stage == DefaultStage {
		door.Prefix = ""
	}
	return door
}

// Accesses are the ways in that should be open: every custom domain and VPC endpoint, and the default endpoint if it is declared
// enabled, or if nothing is said of it and there is no other way.
func (a API) Accesses() []Access {
	var out []Access
	open := a.DefaultEndpoint == Enabled || a.DefaultEndpoint == Unknown && len(a.Domains)+len(a.Endpoints) == 0
	if open && a.ID != "" {
		out = append(out, a.Door())
	}
	for _, d := range a.Domains {
		prefix := ""
		if d.BasePath != "" {
			prefix = "/" + d.BasePath
		}
		out = append(out, Access{
			Kind: AccessCustomDomain, Host: d.Host, Prefix: prefix, RootMapping: d.RootMapping,
			ClientCertificate: d.ClientCertificate, ExpiredCertificate: d.ExpiredCertificate,
		})
	}
	for _, e := range a.Endpoints {
		out = append(out, a.through(e))
	}
	return out
}

// catchAll is what the plan knows of a route that takes requests no other route takes: what is declared, or else
// what the declared routes show.
func (a API) catchAll() Declared {
	if a.CatchAll != Unknown {
		return a.CatchAll
	}
	for _, r := range a.Routes {
		if r.Path == "/{proxy+}" && (r.Method == "ANY" || r.Method == "GET") {
			return Declared(r.Authorization)
		}
	}
	return Unknown
}

// DialAddress is where to connect for host: the plan's ConnectTo, or host:443.
func (p Plan) DialAddress(host string) string {
	for _, key := range []string{host, "*"} {
		if to, ok := p.ConnectTo[key]; ok {
			return to
		}
	}
	return host + ":443"
}

// Redirected reports whether ConnectTo decides where requests for host go.
func (p Plan) Redirected(host string) bool { return p.DialAddress(host) != host+":443" }

// publicAddress reports whether a remote address can be that of a public endpoint. Loopback counts: it is what
// connect_to leads to, under the assumption that the reasons name.
func publicAddress(remote string) bool {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	ip := ap.Addr().Unmap()
	return ip.IsLoopback() || ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// References lists every secret that the plan refers to, in the order of the plan.
func (p *Plan) References() []*Reference {
	var out []*Reference
	var add func(*Reference)
	add = func(r *Reference) {
		if r == nil {
			return
		}
		out = append(out, r)
		if r.As != nil {
			add(r.As.SecretAccessKey)
			add(r.As.SessionToken)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Principals)) {
		add(p.Principals[name].SecretAccessKey)
		add(p.Principals[name].SessionToken)
	}
	for _, a := range p.APIs {
		for _, r := range a.Routes {
			add(r.APIKey)
			for _, kind := range TokenKinds() {
				if token := r.Token.Given[kind]; token != nil {
					add(token)
					if token.OAuth2 != nil {
						add(token.OAuth2.ClientSecret)
					}
				}
			}
			for _, h := range r.Headers {
				add(h.Secret)
			}
		}
	}
	return out
}
