package sandbox

// checkCognito takes a user pool's ID token, or its access token where the method
// names scopes. All that is wrong with a token looks the same, but for its age.
func checkCognito(x *exchange) *refusal {
	a := x.authorizer()
	values, ok := x.identity(a)
	if !ok {
		return unauthorized(x.missing(a, "cognito-token-missing"))
	}
	invalid := unauthorized("cognito-token-invalid")
	t, err := parseToken(withoutScheme(values[0]))
	if err != nil {
		return invalid
	}
	pool := x.issuers[a.Issuer]
	if t.verify(pool.kid(), &pool.key().PublicKey) != nil || t.text("iss") != pool.URL {
		return invalid
	}
	if t.expired(x.now) {
		return &refusal{cause: "cognito-token-expired", kind: notAuthenticated, message: "The incoming token has expired"}
	}
	use := "id"
	if len(x.route.Scopes) > 0 {
		use = "access"
	}
	if t.text("token_use") != use || t.early(x.now) || !a.valid(t.text("aud")) || !t.inScope(x.route.Scopes) {
		return invalid
	}
	return nil
}
