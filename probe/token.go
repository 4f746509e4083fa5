package probe

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// TokenKind tells the tokens of a route apart. All of them are genuinely signed: a token that was edited fails its
// signature first, and says nothing of its claims.
type TokenKind string

// The tokens that a route may have.
const (
	ValidToken             TokenKind = "valid"              // must be accepted
	DeniedToken            TokenKind = "denied"             // of a caller without rights
	ExpiredToken           TokenKind = "expired"            // was valid once
	WrongAudienceToken     TokenKind = "wrong_audience"     // made for somebody else
	WrongIssuerToken       TokenKind = "wrong_issuer"       // made by somebody else
	InsufficientScopeToken TokenKind = "insufficient_scope" // lacks the route's scope
)

// TokenKinds lists all kinds.
func TokenKinds() []TokenKind {
	return []TokenKind{ValidToken, DeniedToken, ExpiredToken, WrongAudienceToken, WrongIssuerToken, InsufficientScopeToken}
}

// Token says where the authorizer of a route looks for the token, and which tokens there are.
type Token struct {
	Sources []TokenSource // the token is sent in each of them; none: the header Authorization
	Scheme  string        // word in front of a token that has none, such as Bearer; empty: as the reference says
	Given   map[TokenKind]*Reference
}

// TokenSource is a place in a request; one of its fields is set.
type TokenSource struct{ Header, Query string }

func (t Token) sources() []TokenSource {
	if len(t.Sources) == 0 {
		return []TokenSource{{Header: "Authorization"}}
	}
	return t.Sources
}

// inHeader reports whether the token stands in the header with this canonical name.
func (t Token) inHeader(name string) bool {
	return slices.ContainsFunc(t.Sources, func(s TokenSource) bool { return http.CanonicalHeaderKey(s.Header) == name })
}

// inQuery reports whether the token stands in the query parameter name.
func (t Token) inQuery(name string) bool {
	return slices.ContainsFunc(t.Sources, func(s TokenSource) bool { return s.Query != "" && s.Query == name })
}

// withScheme is the value that is sent: the token behind its scheme, if it has one.
func (t Token) withScheme(scheme, token string) string {
	if scheme == "" {
		scheme = t.Scheme
	}
	return strings.TrimSpace(scheme + " " + token)
}

// place puts a value into every source.
func (t Token) place(value string, h http.Header, query string) string {
	for _, s := range t.sources() {
		if s.Header != "" {
			h.Set(s.Header, value)
			continue
		}
		if query != "" {
			query += "&"
		}
		query += encodeQuery(s.Query) + "=" + encodeQuery(value)
	}
	return query
}

// hideQuery replaces the values of a query that are tokens.
func (t Token) hideQuery(query string, hidden func(string) string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && t.inQuery(decoded) {
			pairs[i] = name + "=" + hidden(value)
		}
	}
	return strings.Join(pairs, "&")
}

// hideURL is a URL as it may be shown.
func (t Token) hideURL(target string) string {
	before, query, ok := strings.Cut(target, "?")
	if !ok {
		return target
	}
	return before + "?" + t.hideQuery(query, func(string) string { return redacted })
}

// splitScheme takes the word in front of a token off.
func splitScheme(value string) (scheme, token string) {
	if before, after, ok := strings.Cut(value, " "); ok {
		return before, strings.TrimSpace(after)
	}
	return "", value
}

// TokenExpiry is when a JSON Web Token expires, whether or not a scheme stands before it; zero if it does not say so, or
// is none.
func TokenExpiry(value string) time.Time {
	_, token := splitScheme(value)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	const far = 1e11 // seconds; what is beyond is no time
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims.Exp <= 0 || claims.Exp > far {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0).UTC()
}

// tokenClock is the validity window that a token is in: steady, as long as the gateway's clock cannot make a difference.
func tokenClock(expires, now time.Time, id string) string {
	switch left := expires.Sub(now); {
	case expires.IsZero(), left > time.Minute:
		return "steady"
	case left < -time.Minute:
		return "expired"
	default:
		return "expiring " + id // equal to no other request
	}
}

// checkToken finds a token whose age hides what the scenario asks: one that should have expired and has not, or one
// that would be refused for its age alone.
func checkToken(c Case, r *Recipe, now time.Time) error {
	expires := TokenExpiry(r.Token.Reveal())
	if expires.IsZero() {
		return nil
	}
	at := expires.Format(time.RFC3339)
	switch c.Scenario.Token {
	case "", ValidToken:
		return nil
	case ExpiredToken:
		if expires.After(now) {
			return &NotCraftable{"the token given as expired is good until " + at}
		}
	default:
		if expires.Before(now) {
			return &CredentialsError{Err: fmt.Errorf("token.%s: got a token that expired at %s, want a current one", c.Scenario.Token, at), Expired: true}
		}
	}
	return nil
}
