package probe

import (
	"crypto/tls"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind says what it means when a scenario's request gets past.
type Kind string

// The kinds of scenario.
const (
	Gate    Kind = "gate"    // an authorization layer must refuse; past it is critical
	Routing Kind = "routing" // the address is wrong; past it is never critical
)

// Signer says whose AWS identity a scenario needs on a route with AWS_IAM.
type Signer string

// The signers.
const (
	AsControl      Signer = ""                // the route's principal, where the control is signed
	Nobody         Signer = "nobody"          // needs no identity
	Outsider       Signer = "outsider"        // the route's outsider
	ExpiredSession Signer = "expired-session" // the route's expired session
	IfAny          Signer = "if-any"          // the route's principal, if it has one
)

// Scope says how often a scenario is asked.
type Scope string

// The scopes of scenarios.
const (
	ScopeRoute  Scope = "route"  // for each route and access
	ScopeAccess Scope = "access" // once for each API and access, because it does not depend on the route
)

// Scenario is a named, single change to the control of a route, with the outcome that it should bring. It is a value:
// a newcomer adds one in one file of the catalogue, and nothing else changes.
type Scenario struct {
	Name  string
	Title string // what is sent, in a few words
	Why   string // why it matters, in a sentence or two
	Kind  Kind
	Scope Scope
	Smoke bool // part of the smoke matrix
	// Door makes a scenario ask at the default endpoint although that is not a way in that should be open.
	Door bool
	// Misroutes marks a change of domain, base path or stage: the request may land on another team's API, so it
	// carries no API key, no token and no secret header. A SigV4 signature is bound to its URL and stays.
	Misroutes bool
	// Anonymous says that the request carries nothing of the route's but its address, and a method that changes nothing: no
	// key, no header and no consent is needed for it.
	Anonymous bool
	// Signer says whose signature the request needs. Nobody's bears no token either.
	Signer Signer
	// Token says which token the request bears where the route takes one; empty: the control's, which is the valid one.
	Token TokenKind
	// Changes lists all facets in which the request differs from the control; a test derives the same from the bytes.
	Changes []Facet
	// ControlFor are the authorization types whose control this scenario is.
	ControlFor []Authorization

	// Applies says why the scenario makes no sense on t, or "" if it does.
	Applies func(t Target) string
	// Change turns the control's recipe into the scenario's.
	Change func(r *Recipe)
	// Check says what is wrong with an answer that is an acceptance, or "" if nothing is; nil: there is nothing to check.
	Check func(t Target, o *Observation) string
	// Expect derives from the declared posture what should come back.
	Expect func(t Target) Expectation
}

// IsControl reports whether s is the control of routes with this authorization.
func (s Scenario) IsControl(a Authorization) bool { return slices.Contains(s.ControlFor, a) }

// Target is what a scenario is asked on.
type Target struct {
	Plan   *Plan
	API    API
	Route  Route
	Access Access
}

// NeedsKey reports whether requests need an API key in their header.
func (t Target) NeedsKey() bool {
	return t.Route.APIKeyRequired && t.API.KeySource != KeyFromAuthorizer
}

// CatchAll is what is known of a route of the API that takes every request no other route takes.
func (t Target) CatchAll() Declared { return t.API.catchAll() }

// Expectation is what should come back. Layers are alternatives, the first is the one to name; None among them means
// that acceptance is right. No layers at all means that any refusal is right, because the posture does not say more.
type Expectation struct {
	Layers []Layer
	Status []int // empty: any
	// Declared says that the owner gave the statuses: they are compared to the letter.
	Declared bool
	// Undeclared names the key of the posture that would make the expectation definite.
	Undeclared string
}

// accepts reports whether nothing but acceptance is right.
func (e Expectation) accepts() bool { return slices.Equal(e.Layers, []Layer{None}) }

// Refused is the expectation of a refusal by one of these layers with this status.
func Refused(status int, layers ...Layer) Expectation {
	return Expectation{Layers: layers, Status: []int{status}}
}

// Recipe is a request before it is signed, in the parts that a scenario may change.
type Recipe struct {
	Target Target // what is asked; to read, not to change

	Method  string
	Connect string // name to connect to, and the SNI; empty: Host
	Host    string
	APIID   string // sent as x-apigw-api-id; empty: not sent
	Prefix  string // stage on the default endpoint, base path on a custom domain; with its leading slash or empty
	Path    string // on the API, percent-encoded
	Query   string // percent-encoded, in canonical order
	Headers http.Header
	Body    []byte

	Signing *Signing // nil: unsigned
	APIKey  Secret   // empty: none
	// Token stands in the sources of the route, behind TokenScheme; empty: none.
	Token       Secret
	TokenScheme string
	// Authorization is sent as it is, in place of a signature.
	Authorization string

	ClientCertificate *tls.Certificate

	// Bare says that something the route wants may not or cannot be sent: a key, a signature, a secret header. Refused
	// for the lack of it would look like refused for what the scenario changed.
	Bare bool
	// Skip says why the scenario cannot be crafted after all; empty: it can.
	Skip string

	// Random is a fresh name for this case, [a-z0-9-], that nothing in the account has.
	Random string
	// DeadEnd is the layer that, as declared, the changed address cannot get past: no stage, mapping or route takes it.
	DeadEnd Layer
}

// Signing is what goes into a SigV4 signature: every value that can be wrong.
type Signing struct {
	Credentials      Credentials
	Region           string
	Service          string
	Offset           time.Duration // added to the time of signing
	OmitSessionToken bool          // sign and send without the session token that the credentials need
	Tamper           bool          // change the last digit of the signature
	Presign          bool          // in the query, not in headers
}

// Credentials are a principal's, resolved for one run.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret
	Expires         time.Time // zero: never
}

// Case is one scenario on one route through one access.
type Case struct {
	Scenario Scenario
	Target
	Control bool
	// Principal is the name of the identity that signs, empty if none does.
	Principal string
	// Token is where the token comes from, nil if none is sent.
	Token    *Reference
	Expected Expectation
}

// accepts reports whether status means that the request was taken: for one that must be, those that are expected of it.
func (c Case) accepts(status int) bool {
	if c.Expected.accepts() {
		route := c.Route
		route.Success = c.Expected.Status
		return route.Accepts(status)
	}
	return c.Route.Accepts(status)
}

// ID is the stable key of a case over runs: API, route, access and scenario.
func (c Case) ID() string {
	return strings.Join([]string{c.API.Name, c.Route.Name(), c.Access.ID(), c.Scenario.Name}, "|")
}

// Skip is a case that is not sent, and why.
type Skip struct {
	Case
	Reason string
	// Inapplicable says that the scenario makes no sense on the target; otherwise consent or credentials are missing.
	Inapplicable bool
}
