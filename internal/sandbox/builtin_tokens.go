package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"time"
)

// The issuers of the built-in environment. Their keys are made once for the
// process: what they sign opens nothing else, and is gone with it.
const (
	builtinPool  = "pool"  // a Cognito user pool
	builtinLogin = "login" // an OpenID provider

	builtinAudience = "shop"
	builtinOrigin   = "https://app.example.test"
)

var builtinIssuers = sync.OnceValue(func() []Issuer {
	issuers := []Issuer{
		{Name: builtinPool, URL: "https://cognito-idp." + builtin.Region + ".amazonaws.com/" + builtin.Region + "_Sandbox01"},
		{Name: builtinLogin, URL: "https://login.example.test"},
	}
	for i := range issuers {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic("sandbox: making a key: " + err.Error())
		}
		issuers[i].Key = key
	}
	return issuers
})

// builtinTokens are genuine tokens of the issuers, each by what is wrong with it.
var builtinTokens = sync.OnceValue(func() map[string]map[string]string {
	sign := func(issuer int, claims ...map[string]any) string {
		start := time.Now().Add(-time.Hour)
		all := map[string]any{"iat": start.Unix(), "exp": start.AddDate(0, 1, 0).Unix()}
		for _, c := range claims {
			for name, value := range c {
				all[name] = value
			}
		}
		token, err := newIssuer(&builtinIssuers()[issuer], time.Now).sign(all)
		if err != nil {
			panic("sandbox: " + err.Error())
		}
		return token
	}
	const pool, login = 0, 1
	expired := map[string]any{"iat": 1_600_000_000, "exp": 1_600_003_600}
	access := map[string]any{"token_use": "access", "scope": "account/read"}
	shopper := map[string]any{"aud": builtinAudience, "scope": "wishlist/read"}
	return map[string]map[string]string{
		"member": {
			"valid":  sign(pool, map[string]any{"sub": "member", "token_use": "id"}),
			"denied": sign(pool, map[string]any{"sub": "guest", "token_use": "id"}),
		},
		"account": {
			"valid":              sign(pool, access),
			"expired":            sign(pool, access, expired),
			"wrong_issuer":       sign(login, access),
			"insufficient_scope": sign(pool, access, map[string]any{"scope": "account/write"}),
		},
		"shopper": {
			"valid":              sign(login, shopper),
			"expired":            sign(login, shopper, expired),
			"wrong_audience":     sign(login, shopper, map[string]any{"aud": "warehouse"}),
			"wrong_issuer":       sign(pool, shopper),
			"insufficient_scope": sign(login, shopper, map[string]any{"scope": "wishlist/write"}),
		},
	}
})

// builtinFunction is the Lambda function of the authorizers named "function": it
// knows one member, and one guest who may do nothing.
func builtinFunction() AuthorizerFunction {
	tokens := builtinTokens()["member"]
	return AuthorizerFunction{
		Tokens:    map[string]Decision{tokens["valid"]: AllowAll, tokens["denied"]: DenyAll},
		Otherwise: Decision{Fails: Unauthorized},
	}
}

// builtinMembers is a REST API with both kinds of token authorizer, which
// browsers may call.
func builtinMembers() API {
	b := &builtin
	return API{
		ID: b.Members, Name: "members", Account: b.Account, Region: b.Region,
		Stages: []Stage{{Name: "prod"}},
		Authorizers: []Authorizer{
			{Name: "function", Type: TokenAuthorizer, Function: builtinFunction(), TTL: 5 * time.Minute},
			{Name: builtinPool, Type: CognitoAuthorizer, Issuer: builtinPool},
		},
		Routes: []Route{
			{Method: "GET", Path: "/profile", Authorization: Custom, Authorizer: "function"},
			{Method: "OPTIONS", Path: "/profile", Authorization: None, Backend: Backend{
				Header: map[string]string{"Access-Control-Allow-Origin": builtinOrigin, "Access-Control-Allow-Methods": "GET"},
			}},
			{Method: "GET", Path: "/account", Authorization: CognitoUserPools, Authorizer: builtinPool, Scopes: []string{"account/read"}},
		},
	}
}

// builtinShop is an HTTP API with all that its routes can want.
func builtinShop() API {
	b := &builtin
	return API{
		ID: b.Shop, Name: "shop", Account: b.Account, Region: b.Region, Type: HTTP,
		Stages: []Stage{{Name: "$default"}},
		Authorizers: []Authorizer{
			{Name: builtinLogin, Type: JWTAuthorizer, Issuer: builtinLogin, Audience: []string{builtinAudience}},
			{Name: "function", Type: RequestAuthorizer, Sources: []IdentitySource{{Header: "Authorization"}}, Function: builtinFunction()},
		},
		CORS: &CORS{Origins: []string{builtinOrigin}, Methods: []string{"GET"}},
		Routes: []Route{
			{Method: "GET", Path: "/goods", Authorization: None},
			{Method: "GET", Path: "/basket", Authorization: IAM},
			{Method: "GET", Path: "/wishlist", Authorization: JWT, Authorizer: builtinLogin, Scopes: []string{"wishlist/read"}},
			{Method: "GET", Path: "/offers", Authorization: Custom, Authorizer: "function"},
		},
	}
}
