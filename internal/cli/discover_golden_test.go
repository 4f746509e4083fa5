package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"apigwprobe/internal/sandbox"

	"github.com/google/go-cmp/cmp"
)

// crowded is an account with what seldom comes together.
func crowded() sandbox.Model {
	builtin := sandbox.Builtin()
	m := sandbox.Model{Principals: builtin.Principals, VPCEndpoints: builtin.VPCEndpoints}
	m.VPCEndpoints[0].PrivateDNS = true
	endpoint := m.VPCEndpoints[0].ID
	api := func(id, name string, a sandbox.API) sandbox.API {
		a.ID, a.Name, a.Account, a.Region = id, name, "111122223333", "eu-west-1"
		return a
	}
	prod := []sandbox.Stage{{Name: "prod"}}
	m.APIs = []sandbox.API{
		api("aaaaaaaaa1", "Orders API (old)", sandbox.API{
			KeySource: sandbox.KeyFromAuthorizer,
			Stages:    []sandbox.Stage{{Name: "v1", Canary: &sandbox.Canary{Every: 10}}, {Name: "v2"}},
			GatewayResponses: map[string]sandbox.GatewayResponse{
				"ACCESS_DENIED": {Status: 404, Template: `{"message":"not here","id":"$context.requestId"}`},
			},
			Authorizers: []sandbox.Authorizer{{
				Name: "tenant", Type: sandbox.RequestAuthorizer, Function: sandbox.AuthorizerFunction{Otherwise: sandbox.AllowAll},
				Sources: []sandbox.IdentitySource{{Header: "X-Tenant"}, {Query: "token"}},
			}},
			Routes: []sandbox.Route{
				{Method: "GET", Path: "/", Authorization: sandbox.None},
				{Method: "GET", Path: "/orders", Authorization: sandbox.Custom, Authorizer: "tenant", APIKeyRequired: true},
				{Method: "GET", Path: "/search", Authorization: sandbox.IAM, Validator: &sandbox.Validator{Parameters: []string{"method.request.querystring.q"}}},
				{Method: "GET", Path: "/{id}", Authorization: sandbox.IAM},
			},
		}),
		api("aaaaaaaaa2", "writer", sandbox.API{
			Stages: prod, Routes: []sandbox.Route{
				{Method: "GET", Path: "/jobs/{id}", Authorization: sandbox.None},
				{Method: "DELETE", Path: "/jobs/{id}", Authorization: sandbox.IAM},
			},
		}),
		api("aaaaaaaaa3", "inner", sandbox.API{
			Stages: prod, Endpoint: sandbox.Private, VPCEndpoints: []string{endpoint}, Routes: []sandbox.Route{{Method: "ANY", Path: "/ping", Authorization: sandbox.IAM}},
		}),
		api("aaaaaaaaa4", "innermost", sandbox.API{
			Stages: prod, Endpoint: sandbox.Private, Routes: []sandbox.Route{{Method: "GET", Path: "/ping", Authorization: sandbox.None}},
		}),
		api("aaaaaaaaa5", "draft", sandbox.API{Routes: []sandbox.Route{{Method: "GET", Path: "/", Authorization: sandbox.None}}}),
		api("aaaaaaaaa6", "web", sandbox.API{
			Type: sandbox.HTTP, Stages: []sandbox.Stage{{Name: "$default"}, {Name: "beta"}}, CORS: &sandbox.CORS{Origins: []string{"*"}},
			Routes: []sandbox.Route{{Path: "$default", Authorization: sandbox.IAM}, {Method: "GET", Path: "/about", Authorization: sandbox.None}},
		}),
		api("aaaaaaaaa7", "chat", sandbox.API{
			Type: sandbox.WebSocket, Stages: prod, Routes: []sandbox.Route{{Path: "$default", Authorization: sandbox.None}, {Path: "send", Authorization: sandbox.None}},
		}),
	}
	to := func(id, stage string) sandbox.APIStage { return sandbox.APIStage{API: id, Stage: stage} }
	m.Domains = []sandbox.Domain{
		{
			Host: "api.example.com", Rules: []sandbox.RoutingRule{{Header: "X-Beta", Value: "y*", APIStage: to("aaaaaaaaa6", "beta")}},
			Mappings: []sandbox.Mapping{{BasePath: "orders/v1", APIStage: to("aaaaaaaaa1", "v1")}, {BasePath: "", APIStage: to("aaaaaaaaa6", "$default")}},
		},
		{
			Host: "orders.example.com", MutualTLS: &sandbox.MutualTLS{},
			Mappings: []sandbox.Mapping{{BasePath: "", APIStage: to("aaaaaaaaa1", "v2")}, {BasePath: "jobs", APIStage: to("aaaaaaaaa2", "prod")}, {BasePath: "gone", APIStage: to("aaaaaaaaa2", "old")}},
		},
	}
	m.Keys = []sandbox.APIKey{{Name: "mobile", Value: "a-key-that-no-file-shows"}}
	m.Plans = []sandbox.UsagePlan{{Name: "gold", Stages: []sandbox.APIStage{to("aaaaaaaaa1", "v1")}, Keys: []string{"mobile"}}}
	return m
}

func TestDiscoverWritesAllItFinds(t *testing.T) {
	account(t, crowded())
	file, messages, code := discovered(t)
	if code != ExitOK || messages != "" {
		t.Errorf("got exit code %d and %q, want 0 and nothing", code, messages)
	}
	planOf(t, file)
	file = regexp.MustCompile(`(?m) on \d{4}-\d\d-\d\d\.$`).ReplaceAllString(file, " on DAY.")
	golden := filepath.Join("testdata", "discovered.yaml")
	if *update {
		if err := os.WriteFile(golden, []byte(file), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), file); diff != "" {
		t.Error(diff)
	}
}
