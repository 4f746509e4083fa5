package sandbox

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValidateAuthorizers(t *testing.T) {
	api := func(id string, a API) API {
		a.ID, a.Account, a.Region = id, account, "eu-west-1"
		return a
	}
	_, err := New(Model{
		Issuers: []Issuer{{Name: "i", URL: "http://i", Clients: []Client{{ID: "c"}, {ID: "c"}}}, {Name: "i", URL: "https://i"}, {Name: "j", URL: "https://i"}},
		APIs: []API{
			api("r", API{
				Type: REST, KeySource: "x", CORS: &CORS{},
				Authorizers: []Authorizer{
					{Name: "a", Type: JWTAuthorizer},
					{Name: "a", Type: TokenAuthorizer, Sources: []IdentitySource{{}, {Header: "A", Query: "b"}}, Validation: "("},
					{Name: "b", Type: RequestAuthorizer, TTL: time.Second, Function: AuthorizerFunction{Otherwise: Decision{Fails: "x"}}},
					{Name: "c", Type: CognitoAuthorizer, Issuer: "k"},
				},
				Routes: []Route{
					{Method: "GET", Path: "/a", Authorization: Custom, Authorizer: "c"},
					{Method: "GET", Path: "/b", Authorization: CognitoUserPools},
					{Method: "GET", Path: "/c", Authorization: None, Authorizer: "c", Scopes: []string{"s"}},
					{Path: "$default", Authorization: None},
				},
			}),
			api("h", API{
				Type: HTTP, Endpoint: Edge, ResourcePolicy: anything, GatewayResponses: map[string]GatewayResponse{"UNAUTHORIZED": {}},
				Stages:      []Stage{{Name: "s", WebACL: []WAFRule{{Match: WAFAll}}, Canary: &Canary{Every: 1}}},
				Authorizers: []Authorizer{{Name: "j", Type: JWTAuthorizer, Issuer: "j"}},
				Routes:      []Route{{Path: "$default", Authorization: CognitoUserPools, APIKeyRequired: true}},
			}),
			api("w", API{Type: WebSocket, Routes: []Route{{Path: "$connect", Authorization: IAM, APIKeyRequired: true}, {Path: "x", Authorization: IAM}}}),
			api("o", API{Type: "SOAP"}),
		},
		Domains: []Domain{{Host: "d", Mappings: []Mapping{{"", APIStage{"w", "s"}}, {"h", APIStage{"h", "s"}}}}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	want := `API "r": got key source "x", want HEADER or AUTHORIZER
API "r": an API of type REST has no CORS configuration
API "r": authorizer "a": got type "JWT", want one of ["COGNITO_USER_POOLS" "REQUEST" "TOKEN"] for an API of type REST
API "r": authorizer "a": no issuer ""
API "r": authorizer "a": missing audience
API "r": authorizer "a": declared twice
API "r": authorizer "a": got an identity source {Header: Query: RouteKey:false}, want a header or a query parameter
API "r": authorizer "a": got an identity source {Header:A Query:b RouteKey:false}, want a header or a query parameter
API "r": authorizer "a": got 2 identity sources, want one header
API "r": authorizer "a": got validation expression "(": error parsing regexp: missing closing ): ` + "`(`" + `
API "r": authorizer "b": keeping what it answers needs an identity source
API "r": authorizer "b": unknown failure "x"
API "r": authorizer "c": no issuer "k"
API "r": route "GET /a": authorizer "c" is of type COGNITO_USER_POOLS, want one of ["TOKEN" "REQUEST"]
API "r": route "GET /b": no authorizer ""
API "r": route "GET /c": authorization NONE takes no authorizer, got "c"
API "r": route "GET /c": authorization NONE takes no scopes
API "r": route "$default": want a method and a path that begins with a slash
API "h": an API of type HTTP has no resource policy
API "h": an API of type HTTP has no gateway responses
API "h": an API of type HTTP has no edge-optimized endpoint
API "h": an API of type HTTP has no web ACL
API "h": an API of type HTTP has no canary
API "h": an API of type HTTP has no API keys
API "h": authorizer "j": missing audience
API "h": route "$default": got authorization "COGNITO_USER_POOLS", which an API of type HTTP does not have
API "w": route "x": only $connect can be protected
API "o": got type "SOAP", want REST, HTTP or WEBSOCKET
domain "d": a WebSocket API shares it with no API of another type
issuer "i": got URL "http://i", want https://host/path
issuer "i": client "c": declared twice
issuer "i": declared twice
issuer "j": URL "https://i": declared twice`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
