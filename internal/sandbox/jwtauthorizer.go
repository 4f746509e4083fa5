package sandbox

import (
	"slices"
	"strings"
)

// checkJWT takes the documented steps in their order: the token is found, taken
// apart, verified with the issuer's key, and then its claims are compared.
func checkJWT(x *exchange) *refusal {
	a := x.authorizer()
	values, ok := x.identity(a)
	if !ok {
		no := unauthorized(x.missing(a, "jwt-missing"))
		no.challenge = "Bearer"
		return no
	}
	challenge := func(code, description string) string {
		return `Bearer scope="` + strings.Join(x.route.Scopes, " ") + `" error="` + code + `" error_description="` + description + `"`
	}
	t, err := parseToken(withoutScheme(values[0]))
	cause, description := "jwt-invalid", ""
	if err != nil {
		description = err.Error()
	} else {
		cause, description = x.judge(t, a)
	}
	if cause != "" {
		no := unauthorized(cause)
		no.challenge = challenge("invalid_token", description)
		return no
	}
	if !t.inScope(x.route.Scopes) {
		no := &refusal{cause: "jwt-insufficient-scope", kind: accessDenied}
		if x.model.Switches.ScopeRefusalHasChallenge {
			no.challenge = challenge("insufficient_scope", "the token does not have a required scope")
		}
		return no
	}
	return nil
}

// judge compares the token with what the authorizer wants and returns the cause of
// a refusal and its public description.
func (x *exchange) judge(t *token, a *Authorizer) (cause, description string) {
	issuer := x.issuers[a.Issuer]
	if err := t.verify(issuer.kid(), &issuer.key().PublicKey); err != nil {
		if x.genuine(t) { // though with another issuer's key
			return "jwt-wrong-issuer", err.Error()
		}
		return "jwt-invalid", err.Error()
	}
	audience := t.list("aud")
	if audience == nil {
		audience = t.list("client_id")
	}
	switch {
	case t.text("iss") != issuer.URL:
		return "jwt-wrong-issuer", "the token does not have a valid issuer"
	case !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(a.Audience, s) }):
		return "jwt-wrong-audience", "the token does not have a valid audience"
	case t.expired(x.now):
		return "jwt-expired", "the token has expired"
	case t.early(x.now):
		return "jwt-invalid", "the token is not valid yet"
	}
	return "", ""
}

// genuine tells whether any issuer of the model has signed the token.
func (x *exchange) genuine(t *token) bool {
	for _, i := range x.issuers {
		if t.verify(i.kid(), &i.key().PublicKey) == nil {
			return true
		}
	}
	return false
}
