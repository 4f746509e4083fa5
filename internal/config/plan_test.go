package config

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// comparePlans compares pools by what they trust and secrets by what they hold.
var comparePlans = cmp.Options{
	cmp.Comparer(func(a, b *x509.CertPool) bool { return a == b || a != nil && b != nil && a.Equal(b) }),
	cmp.Comparer(func(a, b probe.Secret) bool { return a == b }),
}

func plan(t *testing.T, f *File, environment string) probe.Plan {
	t.Helper()
	p, err := f.Plan(environment)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	return p
}

func TestPlan(t *testing.T) {
	text, err := os.ReadFile("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	key := &probe.Reference{Command: []string{"./key", "orders"}, Dir: here, Origin: "probe.yaml:10:12"}
	yes := true
	cors := &probe.CORS{Origins: []string{"https://app.example.com", "http://localhost:3000"}}
	want := probe.Plan{
		Environment: "prod",
		Principals: map[string]probe.Principal{
			"caller": {Name: "caller", Profile: "probe-caller", RoleARN: "arn:aws:iam::123456789012:role/probe", ExternalID: "x", SessionName: "probe", Region: "us-east-1"},
			"chain":  {Name: "chain"},
			"old": {
				Name: "old", AccessKeyID: "ASIAIOSFODNN7EXAMPLE",
				SecretAccessKey: &probe.Reference{Env: "SECRET", Origin: "probe.yaml:6:65"},
				SessionToken:    &probe.Reference{File: filepath.Join(here, "old.token"), Origin: "probe.yaml:6:95"},
			},
		},
		ConnectTo:      map[string]string{"*": "127.0.0.1:8443"},
		Proxy:          "http://user:hunter2@proxy.example.com:3128",
		SourceHash:     "HASH",
		Rate:           2,
		TotalRate:      7.5,
		Concurrency:    2,
		RequestTimeout: 20 * time.Second,
		RunTimeout:     time.Minute,
		MaxRequests:    100,
		CorrectClock:   true,
		Schedule:       "*/15 * * * *",
		Timezone:       "Europe/Dublin",
		APIs: []probe.API{{
			Name: "orders", Type: probe.REST, EndpointType: probe.EndpointPrivate,
			ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
			DefaultEndpoint: probe.Disabled, CatchAll: "NONE", WAF: &yes, WAFMarker: &probe.WAFMarker{Query: "block", Value: "me", Status: []int{403, 429}}, Canary: true, KeySource: probe.KeyFromAuthorizer, BackendAWS: true, Mutation: probe.MutationAll,
			Rate: 3, Concurrency: 1,
			Domains: []probe.CustomDomain{
				{Host: "api.example.com", BasePath: "v1/orders", RootMapping: probe.Absent},
				{Host: "orders.example.com"},
			},
			GatewayResponses: map[string]probe.GatewayResponse{"DEFAULT_4XX": {Status: 404, Body: "nothing here"}, "WAF_FILTERED": {Status: 406}},
			Endpoints:        []probe.VPCEndpoint{{ID: "vpce-0123456789abcdef0"}, {Host: "a.vpce.example.com"}, {Host: "b.vpce.example.com", ByHeader: true}},
			Routes: []probe.Route{
				{
					Method: "GET", Path: "/orders/{id}/{proxy+}", Authorization: probe.AuthIAM,
					PathParameters: map[string]string{"id": "007", "proxy": "a/b"},
					Query:          map[string][]string{"verbose": {"1", "2"}, "page": {"3"}},
					Headers: []probe.Header{
						{Name: "Accept", Value: "application/json"},
						{Name: "X-Tenant", Secret: &probe.Reference{Env: "TENANT", Origin: "probe.yaml:31:55"}},
					},
					APIKeyRequired: true, APIKey: key,
					Principal: "caller", Outsider: "chain", ExpiredSession: "old",
					CORS:    cors,
					Success: []int{200, 304},
					Expect: map[string]probe.Expectation{
						"unsigned": {Layers: []probe.Layer{probe.WAF}, Status: []int{403}},
						"sigv4":    {Layers: []probe.Layer{probe.None, probe.Backend}},
					},
				},
				{
					Method: "POST", Path: "/orders", Authorization: probe.AuthIAM, Body: []byte(`{"a": 1}`),
					APIKeyRequired: true, APIKey: key, Principal: "old", Outsider: "chain", Success: []int{201}, CORS: &probe.CORS{Origins: []string{"*"}},
				},
				{
					Method: "GET", Path: "/mine", Authorization: probe.AuthCustom, Principal: "caller", Outsider: "chain", CORS: cors,
					Token: probe.Token{
						Sources: []probe.TokenSource{{Header: "Authorization"}, {Query: "token"}}, Scheme: "Bearer",
						Given: map[probe.TokenKind]*probe.Reference{
							probe.ValidToken: {Origin: "probe.yaml:44:13", OAuth2: &probe.OAuth2{
								TokenURL: "https://login.example.com/oauth2/token", ClientID: "prober",
								ClientSecret: &probe.Reference{Env: "CLIENT_SECRET", Origin: "probe.yaml:47:30"},
								Scopes:       []string{"orders/read", "orders/list"}, Audience: "orders",
							}},
							probe.DeniedToken: {Env: "DENIED", Origin: "probe.yaml:50:19"},
						},
					},
				},
				{
					Method: "GET", Path: "/yours", Authorization: probe.AuthCognito, Principal: "caller", Outsider: "chain", CORS: cors,
					Token: probe.Token{
						Sources: []probe.TokenSource{{Header: "X-Token"}},
						Given: map[probe.TokenKind]*probe.Reference{
							probe.ExpiredToken: {File: filepath.Join(here, "expired.jwt"), Origin: "probe.yaml:51:100"},
						},
					},
				},
			},
			Accept: []probe.Acceptance{{
				Scenario: "default-endpoint", Route: "POST /orders", Access: "default", Reason: "ticket 123",
				Until: time.Date(2027, time.January, 31, 0, 0, 0, 0, time.UTC),
			}},
		}},
	}
	got := plan(t, load(t, string(text)), "prod")
	if len(got.SourceHash) != 64 {
		t.Errorf("hash: got %q, want SHA-256", got.SourceHash)
	}
	got.SourceHash = "HASH"
	if diff := cmp.Diff(want, got, comparePlans); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if a, b := got.APIs[0].Routes[0].APIKey, got.APIs[0].Routes[1].APIKey; a != b {
		t.Errorf("reference of an anchor: got two, want one that is resolved once")
	}
}

// TestRefusalOnly holds the smallest configuration, which needs no secret, to the defaults of the library.
func TestRefusalOnly(t *testing.T) {
	f := load(t, `
version: 1
environments:
  prod:
    apis: [{name: a, id: a1b2c3d4e5, region: eu-west-1, stage: prod, routes: [{request: GET /a, authorization: AWS_IAM}]}]
`)
	want := probe.Plan{
		Environment: "prod",
		Principals:  map[string]probe.Principal{},
		Rate:        probe.DefaultRate, TotalRate: probe.DefaultTotalRate, Concurrency: probe.DefaultConcurrency,
		RequestTimeout: probe.DefaultRequestTimeout, RunTimeout: probe.DefaultRunTimeout, MaxRequests: probe.DefaultMaxRequests,
		APIs: []probe.API{{
			Name: "a", Type: probe.REST, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
			Routes: []probe.Route{{Method: "GET", Path: "/a", Authorization: probe.AuthIAM}},
		}},
	}
	got := plan(t, f, "prod")
	want.SourceHash = got.SourceHash
	if diff := cmp.Diff(want, got, comparePlans); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestKindsOfAPI(t *testing.T) {
	f := load(t, `
version: 1
defaults: {region: eu-west-1}
environments:
  prod:
    apis:
      - {name: a, type: HTTP, id: a1b2c3d4e5, stage: $default, routes: [{request: GET /a, authorization: AWS_IAM}]}
      - {name: b, type: WEBSOCKET, id: b1b2c3d4e5, stage: prod, routes: [{request: $connect, authorization: NONE, query: {room: a}}]}
`)
	want := []probe.API{
		{
			Name: "a", Type: probe.HTTP, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: probe.DefaultStage,
			Routes: []probe.Route{{Method: "GET", Path: "/a", Authorization: probe.AuthIAM}},
		},
		{
			Name: "b", Type: probe.WebSocket, ID: "b1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
			Routes: []probe.Route{{Path: probe.ConnectRoute, Authorization: probe.AuthNone, Query: map[string][]string{"room": {"a"}}}},
		},
	}
	if diff := cmp.Diff(want, plan(t, f, "prod").APIs, comparePlans); diff != "" {
		t.Errorf("APIs (-want +got):\n%s", diff)
	}
}

// TestInheritance takes the nearest of the places in which principal, stage and rate stand away, one by one.
func TestInheritance(t *testing.T) {
	const whole = `
version: 1
principals: {p1: {}, p2: {}, p3: {}, p4: {}, p5: {}}
defaults:
  region: eu-west-1
  {principal: p5, stage: s5, rate: 5}
apis:
  shared:
    {principal: p3, stage: s3, rate: 3}
    id: a1b2c3d4e5
    routes: [{request: GET /a, authorization: AWS_IAM}]
environments:
  prod:
    {principal: p4, stage: s4, rate: 4}
    apis:
      - from: shared
        {principal: p2, stage: s2, rate: 2}
        routes:
          - request: GET /a
            authorization: AWS_IAM
            {principal: p1}
`
	type settings struct {
		Principal, Stage  string
		PlanRate, APIRate float64
	}
	tests := []struct {
		name    string
		without []string
		want    settings
	}{
		{"route", nil, settings{"p1", "s2", 4, 2}},
		{"api", []string{"1"}, settings{"p2", "s2", 4, 2}},
		{"shared-api", []string{"1", "2"}, settings{"p3", "s3", 4, 3}},
		{"environment", []string{"1", "2", "3"}, settings{"p4", "s4", 4, 0}},
		{"defaults", []string{"1", "2", "3", "4"}, settings{"p5", "s5", 5, 0}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var lines []string
			for line := range strings.Lines(whole) {
				inner := strings.TrimSpace(line)
				if !strings.HasPrefix(inner, "{principal") {
					lines = append(lines, line)
					continue
				}
				indent := line[:strings.Index(line, "{")]
				for _, setting := range strings.Split(strings.Trim(inner, "{}"), ", ") {
					if level := setting[len(setting)-1:]; !strings.Contains(strings.Join(test.without, ""), level) {
						lines = append(lines, indent+setting+"\n")
					}
				}
			}
			p := plan(t, load(t, strings.Join(lines, "")), "prod")
			a := p.APIs[0]
			got := settings{a.Routes[0].Principal, a.Stage, p.Rate, a.Rate}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			if a.Name != "shared" {
				t.Errorf("name: got %q, want that of the shared api", a.Name)
			}
		})
	}
}

func TestUnknownEnvironment(t *testing.T) {
	f := load(t, small)
	want := `environment "prd": got an unknown name, want "prod"; did you mean "prod"?`
	_, err := f.Plan("prd")
	if got := errorText(err); got != want {
		t.Errorf("plan: got %q, want %q", got, want)
	}
	if got := errorText(f.Print(os.Stdout, "prd")); got != want {
		t.Errorf("print: got %q, want %q", got, want)
	}
}

const small = `version: 1
environments:
  prod:
    region: eu-west-1
    apis:
      - name: orders
        id: a1b2c3d4e5
        stage: prod
        routes: [{request: GET /health, authorization: NONE}]
`

func TestWarnings(t *testing.T) {
	const api = `[{name: a, id: a1b2c3d4e5, region: eu-west-1, stage: s, routes: [{request: GET /a, authorization: NONE, <<: *key}]}]`
	f := load(t, `version: 1
x-key: &key
  api_key_required: true
  api_key: {value: sk-live-0123456789}
  headers: {authorization: Bearer sk-live-0123456789, Cookie: {env: COOKIE}}
environments:
  sandbox: {apis: `+api+`}
  prod: {apis: `+api+`}
`)
	want := []string{
		`probe.yaml:4:12: reference: got the secret itself, want {env: …}, {file: …} or {command: […]} outside environment "sandbox"`,
		`probe.yaml:5:13: "headers": got a plain "Authorization", want a reference: it would be sent to wrong addresses too, and shown`,
	}
	if diff := cmp.Diff(want, f.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if got := plan(t, f, "sandbox").APIs[0].Routes[0].APIKey.Value.Reveal(); got != "sk-live-0123456789" {
		t.Errorf("value: got %d bytes, want the key", len(got))
	}
}
