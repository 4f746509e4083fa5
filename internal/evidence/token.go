package evidence

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"apigwprobe/probe"
)

// missingIdentity are the causes of a request that does not bear what an authorizer looks at.
var missingIdentity = map[probe.Layer]probe.Cause{
	probe.LambdaAuthorizer: "lambda-authorizer-missing-identity-source", probe.CognitoAuthorizer: "cognito-token-missing", probe.JWTAuthorizer: "jwt-missing",
}

// identitySources compares what the authorizer looks at with what the right request bears.
func (r *route) identitySources(z *authorizer) {
	c := Check{Name: "identity sources of authorizer " + z.name, Layer: z.layer(), Cause: missingIdentity[z.layer()]}
	if r.request == nil {
		r.found(c, Unseen, "the right request cannot be made: %v", r.err)
		return
	}
	values, missing := z.identity(r.request)
	all := strings.Join(z.sources, ", ")
	switch {
	case len(values) == 0:
		r.found(c, Fine, "it looks at nothing of the request that must be there")
	case len(missing) > 0 && z.kind == "REQUEST" && r.api.Type == probe.REST && !z.cached:
		r.found(c, Fine, "the request lacks %s, which it may, as decisions are not cached", strings.Join(missing, ", "))
	case len(missing) > 0:
		r.found(c, Wrong, "the request lacks %s: it is refused and the authorizer not asked", strings.Join(missing, ", "))
	case z.kind == "TOKEN" && z.validation != "":
		r.validated(c, z, all, values[0])
	default:
		r.found(c, Fine, "the request bears %s", all)
	}
}

// validated compares a token with the validation expression of its authorizer, which takes all of it.
func (r *route) validated(c Check, z *authorizer, source, token string) {
	switch e, err := regexp.Compile("^(?:" + z.validation + ")$"); {
	case err != nil:
		r.found(c, Unseen, "the request bears %s; whether it matches %q cannot be told here", source, z.validation)
	case e.MatchString(token):
		r.found(c, Fine, "the request bears %s, and it matches %q", source, z.validation)
	default:
		r.found(c, Wrong, "what the request bears in %s does not match %q: it is refused and the authorizer not asked", source, z.validation)
	}
}

// claims are those of a JSON Web Token that authorizers compare.
type claims struct {
	Issuer   string          `json:"iss"`
	Audience json.RawMessage `json:"aud"` // a text or several
	ClientID string          `json:"client_id"`
	Expires  float64         `json:"exp"`
	From     float64         `json:"nbf"`
	Scope    string          `json:"scope"`
	Scopes   json.RawMessage `json:"scp"`
}

// token compares the claims of the right token with what a JWT or Cognito authorizer wants of it. The signature is not
// looked at.
func (r *route) token(z *authorizer) {
	if r.request == nil || z.layer() == probe.LambdaAuthorizer {
		return
	}
	c := Check{Name: "claims of the token", Layer: z.layer()}
	values, missing := z.identity(r.request)
	if len(values) == 0 || len(missing) > 0 {
		return
	}
	held, err := readClaims(values[0])
	if err != nil {
		c.Cause = map[probe.Layer]probe.Cause{probe.JWTAuthorizer: "jwt-invalid", probe.CognitoAuthorizer: "cognito-token-invalid"}[c.Layer]
		r.found(c, Wrong, "the token is no JSON Web Token: %v", err)
		return
	}
	now := r.subject.Crafting.Now
	cause, why := held.againstPool(z, now)
	if c.Layer == probe.JWTAuthorizer {
		cause, why = held.against(z, r.scopes, now)
	}
	if c.Cause = cause; cause != "" {
		r.found(c, Wrong, "%s", why)
		return
	}
	r.found(c, Fine, "%s; its signature was not looked at", why)
}

// readClaims reads those of a token, with or without its scheme.
func readClaims(token string) (claims, error) {
	var out claims
	_, bare, ok := strings.Cut(token, " ")
	if !ok {
		bare = token
	}
	parts := strings.Split(bare, ".")
	if len(parts) != 3 {
		return out, fmt.Errorf("got %d parts, want 3", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return out, fmt.Errorf("its claims are not in base64")
	}
	if json.Unmarshal(payload, &out) != nil {
		return out, fmt.Errorf("its claims are no JSON of the form that they have")
	}
	return out, nil
}

// against is what a JWT authorizer has against the claims, in the order of the developer guide (http-api-jwt-authorizer);
// without a cause, what more was found fine.
func (c claims) against(z *authorizer, scopes []string, now time.Time) (probe.Cause, string) {
	audience, _ := elements{"aud": c.Audience}.texts("aud")
	if c.Audience == nil && c.ClientID != "" {
		audience = []string{c.ClientID}
	}
	switch {
	case c.Issuer != z.issuer:
		return "jwt-invalid", fmt.Sprintf("the token is of the issuer %s, want %s", c.Issuer, z.issuer)
	case !slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(z.audience, a) }):
		return "jwt-wrong-audience", fmt.Sprintf("the token is for %s, want one of %s", strings.Join(audience, ", "), strings.Join(z.audience, ", "))
	case c.expired(now):
		return "jwt-expired", "the token expired at " + c.expiry()
	case c.From > float64(now.Unix()):
		return "jwt-invalid", "the token is not valid yet"
	case len(scopes) > 0 && !slices.ContainsFunc(c.scopes(), func(s string) bool { return slices.Contains(scopes, s) }):
		return "jwt-insufficient-scope", "the token has none of the scopes " + strings.Join(scopes, ", ")
	}
	return "", "the token is of the issuer, for the audience and for the time that the authorizer wants"
}

// againstPool is what a Cognito authorizer has against the claims.
func (c claims) againstPool(z *authorizer, now time.Time) (probe.Cause, string) {
	pool := c.Issuer[strings.LastIndex(c.Issuer, "/")+1:]
	switch {
	case !slices.Contains(z.pools, pool):
		return "cognito-token-invalid", fmt.Sprintf("the token is of the user pool %s, want %s", pool, strings.Join(z.pools, ", "))
	case c.expired(now):
		return "cognito-token-expired", "the token expired at " + c.expiry()
	}
	return "", "the token is of the authorizer's user pool, and has not expired"
}

func (c claims) expired(now time.Time) bool { return c.Expires > 0 && c.Expires <= float64(now.Unix()) }

func (c claims) expiry() string { return time.Unix(int64(c.Expires), 0).UTC().Format(time.RFC3339) }

func (c claims) scopes() []string {
	more, _ := elements{"scp": c.Scopes}.texts("scp")
	return append(strings.Fields(c.Scope), more...)
}

// asEdited says of what was found wrong so far that the stage may serve something else.
func (r *route) asEdited() {
	for i := range r.checks {
		if c := &r.checks[i]; c.Outcome == Wrong && !r.deploys {
			c.Text = "as the API is being edited, " + c.Text
		}
	}
}
