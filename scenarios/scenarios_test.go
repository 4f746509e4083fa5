package scenarios_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// plan has a route for each distinct way in which a scenario can change a request.
func plan() (*probe.Plan, probe.Material) {
	secret := probe.Literal("a-secret-header-value")
	iam := probe.Route{
		Method: "GET", Path: "/orders/{id}", Authorization: probe.AuthIAM, PathParameters: map[string]string{"id": "42"},
		Query: map[string][]string{"verbose": {"1"}}, Principal: "caller", Outsider: "outsider", ExpiredSession: "retired",
		Headers: []probe.Header{{Name: "X-Tenant", Secret: secret}},
	}
	keyed := iam
	keyed.CORS = &probe.CORS{Origins: []string{"https://app.example.com"}}
	keyed.Path, keyed.APIKeyRequired, keyed.APIKey = "/keyed/{id}", true, probe.Literal("a-key-of-twenty-chars")
	open := probe.Route{Method: "GET", Path: "/open", Authorization: probe.AuthNone, APIKeyRequired: true, APIKey: keyed.APIKey}
	post := probe.Route{Method: "POST", Path: "/post", Authorization: probe.AuthIAM, Principal: "caller", Body: []byte(`{"a":1}`), CORS: &probe.CORS{Origins: []string{"*"}}}
	api := probe.API{
		Name: "orders", Type: probe.REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", DefaultEndpoint: probe.Enabled,
		CatchAll: probe.Absent, Mutation: probe.MutationAll, Routes: []probe.Route{iam, keyed, open, post},
		Domains: []probe.CustomDomain{{Host: "api.example.com", BasePath: "orders", RootMapping: probe.Absent}},
	}
	api.WAFMarker = &probe.WAFMarker{Header: "X-Block", Value: "me"}
	private := api
	private.Name, private.EndpointType, private.Domains, private.Routes = "private", probe.EndpointPrivate, nil, []probe.Route{keyed}
	private.Endpoints = []probe.VPCEndpoint{{ID: "vpce-0123456789abcdef0"}, {Host: "a.vpce.example.com"}, {Host: "b.vpce.example.com", ByHeader: true}}
	shut := api
	shut.WAFMarker = &probe.WAFMarker{Query: "block", Value: "me"}
	shut.Name, shut.DefaultEndpoint = "shut", probe.Disabled
	keyedOnly := shut
	keyedOnly.Name, keyedOnly.Routes = "keyed-only", []probe.Route{keyed}
	keyedDoor := keyedOnly
	keyedDoor.Name, keyedDoor.DefaultEndpoint = "keyed-open", probe.Enabled
	root := api
	root.Name, root.Routes = "root", []probe.Route{post}
	root.Domains = []probe.CustomDomain{{Host: "root.example.com"}}
	mutual := api
	mutual.Name, mutual.DefaultEndpoint = "mutual", probe.Disabled
	mutual.Domains = []probe.CustomDomain{{
		Host: "mtls.example.com", ClientCertificate: &tls.Certificate{Certificate: [][]byte{{1}}},
		ExpiredCertificate: &tls.Certificate{Certificate: [][]byte{{2}}},
	}}
	http := shut
	http.Name, http.Type, http.Routes = "http", probe.HTTP, []probe.Route{{Method: "GET", Path: "/orders", Authorization: probe.AuthNone, Headers: iam.Headers}}
	signed := api
	signed.Name, signed.Type, signed.Stage, signed.Routes = "http-signed", probe.HTTP, probe.DefaultStage, []probe.Route{iam}
	socket := shut
	socket.Name, socket.Type = "socket", probe.WebSocket
	socket.Routes = []probe.Route{{Path: probe.ConnectRoute, Authorization: probe.AuthIAM, Principal: "caller", APIKeyRequired: true, APIKey: keyed.APIKey}}
	tokens := api
	tokens.Name, tokens.Routes = "tokens", []probe.Route{tokened()}
	tokensOnly := mutual
	tokensOnly.Name, tokensOnly.Routes = "mutual-tokens", tokens.Routes
	p := &probe.Plan{Environment: "test", APIs: []probe.API{api, shut, keyedOnly, keyedDoor, root, mutual, private, http, signed, socket, tokens, tokensOnly}}
	session := func(id string, expires time.Time) probe.ResolvedCredentials {
		return probe.ResolvedCredentials{Credentials: probe.Credentials{
			AccessKeyID: id, SecretAccessKey: probe.NewSecret("secret of " + id), SessionToken: probe.NewSecret("token of " + id), Expires: expires,
		}}
	}
	return p, probe.Material{Credentials: map[string]probe.ResolvedCredentials{
		"caller":   session("ASIACALLER", time.Time{}),
		"outsider": session("ASIAOUTSIDER", time.Time{}),
		"retired":  session("ASIARETIRED", now.AddDate(-1, 0, 0)),
	}}
}

// tokened is a route whose token stands everywhere.
func tokened() probe.Route {
	return probe.Route{
		Method: "GET", Path: "/mine", Authorization: probe.AuthCustom, CORS: &probe.CORS{Origins: []string{"*"}}, Token: probe.Token{
			Sources: []probe.TokenSource{{Header: "Authorization"}, {Header: "X-Token"}, {Query: "token"}}, Scheme: "Bearer",
			Given: map[probe.TokenKind]*probe.Reference{
				probe.ValidToken:             probe.Literal(token(jose.RS256, "valid", now.Add(time.Hour))),
				probe.DeniedToken:            probe.Literal(token(jose.RS256, "denied", now.Add(time.Hour))),
				probe.ExpiredToken:           probe.Literal("Bearer " + token(jose.RS256, "expired", now.Add(-time.Hour))),
				probe.WrongAudienceToken:     probe.Literal(token(jose.RS256, "audience", now.Add(time.Hour))),
				probe.WrongIssuerToken:       probe.Literal(token(jose.RS256, "issuer", now.Add(time.Hour))),
				probe.InsufficientScopeToken: probe.Literal("opaque-token-without-scope"),
			},
		},
	}
}

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// TestChanges derives from the crafted bytes in which facets each scenario differs from the control, and holds that
// against what it says of itself: all of it, and nothing but it.
func TestChanges(t *testing.T) {
	p, material := plan()
	run := probe.Crafting{Run: "run", Salt: "salt", UserAgent: "probe/test", Now: now}
	cases, _ := probe.Expand(p, scenarios.All(), probe.Selection{})
	controls := make(map[string]probe.Case)
	for _, c := range cases {
		if c.Control {
			controls[c.API.Name+c.Route.Name()+c.Access.ID()] = c
		}
	}
	changed := make(map[string][]probe.Facet)
	for _, c := range cases {
		if c.Control {
			continue
		}
		access := c.Access
		if c.Scenario.Door {
			access = c.API.Accesses()[0] // the way that should be open instead
		}
		control, ok := controls[c.API.Name+c.Route.Name()+access.ID()]
		if !ok {
			t.Fatalf("%s: no control", c.ID())
		}
		want, err := probe.Craft(control, material, run, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := probe.Craft(c, material, run, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range want.Facets.Difference(got.Facets) {
			if !slices.Contains(c.Scenario.Changes, f) {
				t.Errorf("%s: changes facet %s, which the scenario does not say: control %q, scenario %q", c.ID(), f, want.Facets[f], got.Facets[f])
			}
			if !slices.Contains(changed[c.Scenario.Name], f) {
				changed[c.Scenario.Name] = append(changed[c.Scenario.Name], f)
			}
		}
	}
	for _, s := range scenarios.All() {
		if s.Name == "sigv4" || s.Name == "valid-token" {
			continue // only ever a control
		}
		got, want := slices.Sorted(slices.Values(changed[s.Name])), slices.Sorted(slices.Values(s.Changes))
		if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
			t.Errorf("%s: facets that it says it changes, and those that it does (-says +does):\n%s", s.Name, diff)
		}
	}
}

// TestMisroutedRequestsCarryNoSecrets: they may land on another team's API.
func TestMisroutedRequestsCarryNoSecrets(t *testing.T) {
	p, material := plan()
	run := probe.Crafting{Run: "run", Salt: "salt", UserAgent: "probe/test", Now: now}
	cases, _ := probe.Expand(p, scenarios.All(), probe.Selection{})
	seen := 0
	for _, c := range cases {
		if !c.Scenario.Misroutes {
			continue
		}
		seen++
		r, err := probe.Craft(c, material, run, "")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"X-Api-Key", "X-Tenant", "X-Token"} {
			if r.Header.Get(name) != "" {
				t.Errorf("%s: carries %s", c.ID(), name)
			}
		}
		if strings.Contains(r.URL+r.Header.Get("Authorization"), "eyJ") {
			t.Errorf("%s: carries a token: %s %s", c.ID(), r.URL, r.Header.Get("Authorization"))
		}
	}
	if seen < 8 {
		t.Fatalf("misrouted cases: got %d, want at least 8", seen)
	}
}

func TestCatalogue(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range scenarios.All() {
		switch {
		case seen[s.Name]:
			t.Errorf("%s: stands twice in the catalogue", s.Name)
		case s.Title == "" || s.Why == "":
			t.Errorf("%s: has no title, or does not say why it matters", s.Name)
		case s.Kind != probe.Gate && s.Kind != probe.Routing:
			t.Errorf("%s: got kind %q, want gate or routing", s.Name, s.Kind)
		case s.Scope != probe.ScopeRoute && s.Scope != probe.ScopeAccess:
			t.Errorf("%s: got scope %q, want route or access", s.Name, s.Scope)
		case s.Expect == nil && len(s.ControlFor) == 0:
			t.Errorf("%s: expects nothing", s.Name)
		}
		seen[s.Name] = true
	}
	smoke := []string{
		"sigv4", "unsigned", "expired-signature", "valid-token", "missing-token", "missing-api-key", "wrong-stage", "stage-in-custom-domain-url", "default-endpoint",
	}
	var got []string
	for _, s := range scenarios.All() {
		if s.Smoke {
			got = append(got, s.Name)
		}
	}
	if diff := cmp.Diff(smoke, got); diff != "" {
		t.Errorf("smoke matrix (-want +got):\n%s", diff)
	}
}
