package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Authorizer decides by a token whether a request may pass. Routes name it.
type Authorizer struct {
	Name string
	Type AuthorizerType

	// Sources are where the identity comes from. Without any, a REQUEST
	// authorizer has none and the others read the header Authorization.
	Sources []IdentitySource

	// Validation is a regular expression for the whole token of a TOKEN
	// authorizer, or the whole audience of a Cognito one.
	Validation string

	Function AuthorizerFunction // of TOKEN and REQUEST
	TTL      time.Duration      // how long what the function said is kept; 0: not at all

	Issuer   string   // of COGNITO_USER_POOLS and JWT: the name of an issuer
	Audience []string // of JWT: any of them will do
}

// AuthorizerType says what an authorizer reads and who decides.
type AuthorizerType string

// The types of authorizer. TOKEN and REQUEST ask a Lambda function.
const (
	TokenAuthorizer   AuthorizerType = "TOKEN"
	RequestAuthorizer AuthorizerType = "REQUEST"
	CognitoAuthorizer AuthorizerType = "COGNITO_USER_POOLS"
	JWTAuthorizer     AuthorizerType = "JWT"
)

// authorizerTypes lists the types that fit an authorization of a route, for the
// API types that have it.
var authorizerTypes = map[APIType]map[Authorization][]AuthorizerType{
	REST:      {Custom: {TokenAuthorizer, RequestAuthorizer}, CognitoUserPools: {CognitoAuthorizer}},
	HTTP:      {Custom: {RequestAuthorizer}, JWT: {JWTAuthorizer}},
	WebSocket: {Custom: {RequestAuthorizer}},
}

// IdentitySource is one part of a request that an authorizer looks at; one of
// its fields is set.
type IdentitySource struct {
	Header, Query string
	RouteKey      bool // of HTTP APIs: what the function said is kept for each route apart
}

func (a *Authorizer) sources() []IdentitySource {
	if len(a.Sources) == 0 && a.Type != RequestAuthorizer {
		return []IdentitySource{{Header: "Authorization"}}
	}
	return a.Sources
}

// authorizer is the one that the route names.
func (x *exchange) authorizer() *Authorizer {
	for i := range x.api.Authorizers {
		if x.api.Authorizers[i].Name == x.route.Authorizer {
			return &x.api.Authorizers[i]
		}
	}
	return nil // not of a validated model
}

// identity reads the sources in their order. It is complete if none of them is
// missing or empty.
func (x *exchange) identity(a *Authorizer) (values []string, complete bool) {
	complete = true
	for _, s := range a.sources() {
		var value string
		switch {
		case s.Header != "":
			value = x.r.Header.Get(s.Header)
		case s.Query != "":
			value = x.queryValues().Get(s.Query)
		case s.RouteKey:
			value = x.route.key()
		}
		values = append(values, value)
		complete = complete && value != ""
	}
	return values, complete
}

// missing names the cause of a refusal for want of an identity. A browser's
// preflight never has one, and a front may have taken it away.
func (x *exchange) missing(a *Authorizer, cause string) string {
	for _, s := range a.sources() {
		if s.Header != "" && stripped(x.r, s.Header) {
			return "credential-stripped"
		}
	}
	if x.preflight() {
		return "cors-preflight-authorizer"
	}
	return cause
}

func (x *exchange) preflight() bool {
	return x.method == http.MethodOptions && x.r.Header.Get("Access-Control-Request-Method") != ""
}

// valid tells whether the validation expression, if there is one, fits the whole
// of s.
func (a *Authorizer) valid(s string) bool {
	if a.Validation == "" {
		return true
	}
	ok, err := regexp.MatchString("^(?:"+a.Validation+")$", s)
	return err == nil && ok
}

// withoutScheme is a token as it stands behind the word Bearer, or alone.
func withoutScheme(value string) string {
	const scheme = "bearer "
	if len(value) >= len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		value = value[len(scheme):]
	}
	return strings.TrimSpace(value)
}
