package evidence_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
)

// plane answers as the control plane does, from what a test says of each path.
type plane struct {
	answers map[string]string // by path and, of later pages, query; "403 Code" is an error
	mu      sync.Mutex
	asked   []string
}

func (p *plane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := r.URL.Path
	for _, token := range []string{"position", "nextToken"} {
		if v := r.URL.Query().Get(token); v != "" {
			at += "?" + v
		}
	}
	p.mu.Lock()
	p.asked = append(p.asked, at)
	p.mu.Unlock()
	answer, ok := p.answers[at]
	if !ok {
		answer = "404 NotFoundException"
	}
	var status int
	var code string
	if n, _ := fmt.Sscanf(answer, "%d %s", &status, &code); n == 2 {
		w.Header().Set("x-amzn-ErrorType", code)
		w.WriteHeader(status)
		answer = `{"message":"User: arn:aws:iam::123456789012:user/somebody is not"}`
	}
	_, _ = w.Write([]byte(answer))
}

func (p *plane) open(t *testing.T, budget int) *evidence.Account {
	t.Helper()
	return openPlane(t, p, budget)
}

// openPlane opens the account that a handler answers for.
func openPlane(t *testing.T, h http.Handler, budget int) *evidence.Account {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	a, err := evidence.Open(t.Context(), budget, config.WithBaseEndpoint(server.URL), config.WithRegion("us-east-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// restPlane is the account of [restAPI], all as declared.
func restPlane() map[string]string {
	return map[string]string{
		"/restapis/a1b2c3d4e5": `{"id":"a1b2c3d4e5","disableExecuteApiEndpoint":true,"apiKeySource":"HEADER","endpointConfiguration":{"types":["REGIONAL"]}}`,
		"/restapis/a1b2c3d4e5/stages/prod": `{"stageName":"prod","deploymentId":"d1","webAclArn":"arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/x/1",
			"accessLogSettings":{"destinationArn":"arn:aws:logs:eu-west-1:123456789012:log-group:orders","format":"$context.requestId"}}`,
		"/restapis/a1b2c3d4e5/deployments/d1":         `{"id":"d1","apiSummary":{"/orders/{id}":{"GET":{"authorizationType":"AWS_IAM","apiKeyRequired":true}},"/{proxy+}":{"ANY":{"authorizationType":"NONE"}}}}`,
		"/restapis/a1b2c3d4e5/resources":              `{"item":[{"id":"r1","path":"/orders/{id}","resourceMethods":{"GET":{"authorizationType":"AWS_IAM","apiKeyRequired":true}}}],"position":"p2"}`,
		"/restapis/a1b2c3d4e5/resources?p2":           `{"item":[{"id":"r2","path":"/{proxy+}","resourceMethods":{"ANY":{"authorizationType":"NONE","apiKeyRequired":false}}}]}`,
		"/restapis/a1b2c3d4e5/gatewayresponses":       `{"item":[{"responseType":"THROTTLED","statusCode":"429","defaultResponse":true}]}`,
		"/usageplans":                                 `{"item":[{"id":"p1","name":"gold","apiStages":[{"apiId":"a1b2c3d4e5","stage":"prod"}]}]}`,
		"/usageplans/p1/keys":                         `{"item":[{"id":"k1","name":"shop","type":"API_KEY"}]}`,
		"/apikeys":                                    `{"item":[{"id":"k1","name":"shop","enabled":true}]}`,
		"/v2/domainnames/api.example.com":             `{"domainName":"api.example.com","routingMode":"API_MAPPING_ONLY","mutualTlsAuthentication":{"truststoreUri":"s3://t/a.pem"}}`,
		"/v2/domainnames/api.example.com/apimappings": `{"items":[{"apiId":"a1b2c3d4e5","stage":"prod","apiMappingKey":"orders"}]}`,
	}
}

func restAPI() probe.API {
	acl := true
	return probe.API{
		Name: "orders", Type: probe.REST, EndpointType: probe.EndpointRegional, ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod",
		DefaultEndpoint: probe.Disabled, WAF: &acl,
		Domains: []probe.CustomDomain{{Host: "api.example.com", BasePath: "orders", ClientCertificate: &tls.Certificate{}}},
		Routes: []probe.Route{
			{Method: "GET", Path: "/orders/{id}", Authorization: probe.AuthIAM, APIKeyRequired: true},
			{Method: "GET", Path: "/help/me", Authorization: probe.AuthNone},
		},
	}
}

// httpPlane is the account of [httpAPI], all as declared and deployed by hand.
func httpPlane() map[string]string {
	return map[string]string{
		"/v2/apis/h1":             `{"apiId":"h1","protocolType":"HTTP","disableExecuteApiEndpoint":false}`,
		"/v2/apis/h1/stages/prod": `{"stageName":"prod","autoDeploy":false,"accessLogSettings":{"destinationArn":"arn:aws:logs:eu-west-1:123456789012:log-group:shop"}}`,
		"/v2/apis/h1/routes":      `{"items":[{"routeKey":"GET /cart","authorizationType":"JWT"}],"nextToken":"n2"}`,
		"/v2/apis/h1/routes?n2":   `{"items":[{"routeKey":"GET /admin","authorizationType":"CUSTOM"},{"routeKey":"$default","authorizationType":"AWS_IAM"}]}`,
		"/v2/apis/h1/exports/OAS30": `{"paths":{"/cart":{"get":{"security":[{"pool":["a"]}]}},"/admin":{"get":{"security":[{"function":[]}]}},
			"/$default":{"x-amazon-apigateway-any-method":{"security":[{"sigv4":[]}]}}},
			"components":{"securitySchemes":{"pool":{"x-amazon-apigateway-authorizer":{"type":"jwt"}},"function":{"x-amazon-apigateway-authorizer":{"type":"request"}},
			"sigv4":{"x-amazon-apigateway-authtype":"awsSigv4"}}}}`,
	}
}

func httpAPI() probe.API {
	return probe.API{Name: "shop", Type: probe.HTTP, ID: "h1", Region: "eu-west-1", Stage: "prod", DefaultEndpoint: probe.Enabled, Routes: []probe.Route{
		{Method: "GET", Path: "/cart", Authorization: probe.AuthJWT}, {Method: "GET", Path: "/admin", Authorization: probe.AuthCustom},
		{Method: "GET", Path: "/else", Authorization: probe.AuthIAM},
	}}
}

// unsigned is what came of a request without a signature.
func unsigned(v probe.Verdict, kind probe.VerdictKind) probe.Result {
	return probe.Result{
		API: "orders", Route: "GET /orders/{id}", Scenario: "unsigned", ScenarioKind: probe.Gate, Verdict: v, Kind: kind, Proven: v == probe.Pass,
		Expected: probe.Expected{Layers: []probe.Layer{probe.IAMAuthentication}},
	}
}

func TestLook(t *testing.T) {
	const id = "/restapis/a1b2c3d4e5"
	open := []probe.Result{unsigned(probe.Fail, probe.Open)}
	for _, c := range []struct {
		name    string
		answers map[string]string // in place of those of a healthy account
		api     func(*probe.API)
		sent    []probe.Result
		want    []string
		notes   []string
	}{
		{name: "all as declared"},
		{
			name: "changed, not deployed", sent: open,
			answers: map[string]string{id + "/deployments/d1": `{"apiSummary":{"/orders/{id}":{"GET":{"authorizationType":"NONE","apiKeyRequired":true}},"/{proxy+}":{"ANY":{"authorizationType":"NONE"}}}}`},
			want:    []string{"not-deployed: GET /orders/{id}: declared AWS_IAM; deployed: NONE; in the API: AWS_IAM: changed, not deployed; the gateway let past: unsigned"},
		},
		{
			name: "declared otherwise", sent: []probe.Result{unsigned(probe.Pass, "")},
			api: func(a *probe.API) { a.Routes[0].Authorization, a.Routes[0].APIKeyRequired = probe.AuthCustom, false },
			want: []string{
				"authorization: GET /orders/{id}: declared CUSTOM; deployed: AWS_IAM; the gateway refused: unsigned",
				"api-key: GET /orders/{id}: declared no API key required; deployed: API key required; the answers of the gateway do not show it",
			},
		},
		{
			name: "the gateway does otherwise", sent: open,
			want: []string{"behaviour: GET /orders/{id}: declared AWS_IAM; deployed: AWS_IAM, too; but the gateway let past: unsigned: something else answers there, or a change is on its way"},
		},
		{
			name: "route only in the API", answers: map[string]string{id + "/deployments/d1": `{"apiSummary":{"/other":{"GET":{"authorizationType":"NONE"}}}}`},
			want: []string{
				"not-deployed: GET /orders/{id}: declared and in the API, but not deployed",
				"not-deployed: GET /help/me: declared and in the API, but not deployed",
			},
		},
		{
			name: "another method deployed", answers: map[string]string{id + "/deployments/d1": `{"apiSummary":{"/orders/{id}":{"PUT":{"authorizationType":"NONE"},"DELETE":{"authorizationType":"NONE"}}}}`},
			api:  func(a *probe.API) { a.Routes = a.Routes[:1] },
			want: []string{"not-deployed: GET /orders/{id}: declared and in the API, but not deployed; deployed there: DELETE, PUT"},
		},
		{
			name: "route only deployed", answers: map[string]string{id + "/resources": `{"item":[]}`},
			want: []string{
				"not-deployed: GET /orders/{id}: deployed, but no more in the API: changed, not deployed",
				"not-deployed: GET /help/me: deployed, but no more in the API: changed, not deployed",
			},
		},
		{
			name: "around it",
			answers: map[string]string{
				id:                                `{"disableExecuteApiEndpoint":false,"apiKeySource":"AUTHORIZER","endpointConfiguration":{"types":["EDGE"]}}`,
				id + "/stages/prod":               `{"deploymentId":"d1","canarySettings":{"percentTraffic":10}}`,
				id + "/gatewayresponses":          `{"item":[{"responseType":"THROTTLED","statusCode":"418","defaultResponse":false}]}`,
				"/v2/domainnames/api.example.com": `{"domainName":"api.example.com","routingMode":"API_MAPPING_ONLY"}`,
				"/v2/domainnames/api.example.com/apimappings": `{"items":[{"apiId":"other","stage":"prod","apiMappingKey":"orders"}]}`,
				"/usageplans/p1/keys":                         `{"item":[]}`,
			},
			want: []string{
				"default-endpoint: the default endpoint is declared disabled; in the account it is enabled",
				"endpoint-type: the endpoint type is declared REGIONAL; in the account it is EDGE",
				"key-source: API keys are declared to come from HEADER; in the account they come from AUTHORIZER",
				`web-acl: a web ACL is declared; none is attached to stage "prod"`,
				`canary: no canary is declared; stage "prod" has one, which takes a share of the requests`,
				`logging: stage "prod" writes no access log: no answer can be looked up there`,
				`usage-plan: usage plan "gold" (p1) holds stage "prod", but no API key`,
				"gateway-response: customised in the API, and not declared: THROTTLED",
				"mutual-tls: api.example.com: declared mutual TLS; in the account: no mutual TLS",
				`mapping: api.example.com: the base path "orders" leads to stage "prod" of other, and is declared for stage "prod" of a1b2c3d4e5`,
			},
		},
		{
			name: "the plan holds another stage", answers: map[string]string{"/usageplans": `{"item":[{"id":"p1","name":"gold","apiStages":[{"apiId":"a1b2c3d4e5","stage":"test"}]}]}`},
			want: []string{`usage-plan: routes are declared to want an API key, and no usage plan holds stage "prod": no key can pass there; the account has 1`},
		},
		{
			name: "the key is disabled", answers: map[string]string{"/apikeys": `{"item":[{"id":"k1","name":"shop","enabled":false}]}`},
			want: []string{`key-disabled: usage plan "gold" (p1) of stage "prod" has API keys that are disabled: "shop" (k1)`},
		},
		{
			name: "no web ACL and no gateway response", api: func(a *probe.API) {
				*a.WAF = false
				a.GatewayResponses = map[string]probe.GatewayResponse{"THROTTLED": {Status: 418}}
			},
			want: []string{
				`web-acl: no web ACL is declared; attached to stage "prod": arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/x/1`,
				"gateway-response: THROTTLED is declared as customised; in the API it is not",
			},
		},
		{
			name: "no mapping but a rule", answers: map[string]string{
				"/v2/domainnames/api.example.com":              `{"routingMode":"ROUTING_RULE_THEN_API_MAPPING","mutualTlsAuthentication":{"truststoreUri":"s3://t/a.pem"}}`,
				"/v2/domainnames/api.example.com/apimappings":  `{"items":[]}`,
				"/v2/domainnames/api.example.com/routingrules": `{"routingRules":[{"actions":[{"invokeApi":{"apiId":"a1b2c3d4e5","stage":"prod"}}]}]}`,
			},
		},
		{
			name: "no mapping, and rules for others", answers: map[string]string{
				"/v2/domainnames/api.example.com":              `{"routingMode":"ROUTING_RULE_THEN_API_MAPPING","mutualTlsAuthentication":{"truststoreUri":"s3://t/a.pem"}}`,
				"/v2/domainnames/api.example.com/apimappings":  `{"items":[]}`,
				"/v2/domainnames/api.example.com/routingrules": `{"routingRules":[{"actions":[{"invokeApi":{"apiId":"other","stage":"prod"}}]}]}`,
			},
			want: []string{`mapping: api.example.com has no base path "orders"`},
		},
		{
			name: "nothing there", answers: map[string]string{id + "/stages/prod": "404 NotFoundException", "/v2/domainnames/api.example.com": "404 NotFoundException"},
			want: []string{`stage-missing: no stage "prod" of a1b2c3d4e5`, "domain-missing: the account has no custom domain api.example.com in eu-west-1"},
		},
		{
			name: "a private domain, perhaps", answers: map[string]string{
				id: `{"disableExecuteApiEndpoint":true,"endpointConfiguration":{"types":["PRIVATE"]}}`, "/v2/domainnames/api.example.com": "404 NotFoundException",
			},
			api:   func(a *probe.API) { a.EndpointType = probe.EndpointPrivate },
			notes: []string{"api.example.com: not compared with the account: a private custom domain is not known by its name alone"},
		},
		{
			name: "an edge-optimised domain", answers: map[string]string{
				"/v2/domainnames/api.example.com": "404 NotFoundException", "/domainnames/api.example.com": `{"domainName":"api.example.com"}`,
				"/domainnames/api.example.com/basepathmappings": `{"item":[{"basePath":"orders","restApiId":"a1b2c3d4e5","stage":"test"}]}`,
			},
			want: []string{
				"mutual-tls: api.example.com: declared mutual TLS; in the account: no mutual TLS",
				`mapping: api.example.com: the base path "orders" leads to stage "test" of a1b2c3d4e5, and is declared for stage "prod" of a1b2c3d4e5`,
			},
		},
		{name: "no API", answers: map[string]string{id: "404 NotFoundException"}, want: []string{"api-missing: no REST API a1b2c3d4e5 in eu-west-1"}},
		{
			name: "rights are missing",
			answers: map[string]string{
				id + "/deployments/d1": "403 AccessDeniedException", id + "/gatewayresponses": "400 BadRequestException", "/usageplans": "403 AccessDeniedException",
			},
			api: func(a *probe.API) { a.Routes = a.Routes[:1] },
			notes: []string{
				"account: not seen: customised gateway responses: apigateway GetGatewayResponses on arn:aws:apigateway:eu-west-1::" + id + "/gatewayresponses was answered BadRequestException",
				"account: not seen: the deployed methods: apigateway:GET on arn:aws:apigateway:eu-west-1::" + id + "/deployments/d1 is not allowed",
				"account: not seen: usage plans: apigateway:GET on arn:aws:apigateway:eu-west-1::/usageplans is not allowed",
			},
		},
		{
			name: "not named", api: func(a *probe.API) { a.ID = "" },
			notes: []string{"orders: not compared with the account: it has no id, region or stage in the configuration"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := restAPI()
			if c.api != nil {
				c.api(&api)
			}
			checkLook(t, api, restPlane(), c.answers, c.sent, c.want, c.notes)
		})
	}
}

func TestLookAtV2(t *testing.T) {
	auto := `{"stageName":"prod","autoDeploy":true,"accessLogSettings":{"destinationArn":"arn:aws:logs:eu-west-1:123456789012:log-group:shop"}}`
	for _, c := range []struct {
		name    string
		answers map[string]string
		api     func(*probe.API)
		want    []string
		notes   []string
	}{
		{name: "all as declared"},
		{
			name: "changed, not deployed", answers: map[string]string{"/v2/apis/h1/exports/OAS30": `{"paths":{"/cart":{"get":{}},"/admin":{"get":{}}}}`},
			want: []string{
				"not-deployed: GET /cart: declared JWT; deployed: NONE; in the API: JWT: changed, not deployed; the answers of the gateway do not show it",
				"not-deployed: GET /admin: declared CUSTOM; deployed: NONE; in the API: CUSTOM: changed, not deployed; the answers of the gateway do not show it",
				"not-deployed: GET /else: declared and in the API, but not deployed",
			},
		},
		{
			name: "deployed by itself", answers: map[string]string{"/v2/apis/h1/stages/prod": auto, "/v2/apis/h1/exports/OAS30": "403 AccessDeniedException", "/v2/apis/h1/routes?n2": `{"items":[]}`},
			want: []string{"route-missing: GET /admin: declared, but not deployed", "route-missing: GET /else: declared, but not deployed"},
		},
		{
			name: "export refused", answers: map[string]string{"/v2/apis/h1/exports/OAS30": "403 AccessDeniedException"},
			api:   func(a *probe.API) { a.Routes[0].Authorization = probe.AuthNone },
			want:  []string{"authorization: GET /cart: declared NONE; in the API: JWT; the answers of the gateway do not show it"},
			notes: []string{"account: not seen: the deployed routes: apigateway:GET on arn:aws:apigateway:eu-west-1::/apis/h1/exports/OAS30 is not allowed"},
		},
		{
			name: "another type", api: func(a *probe.API) { a.Type, a.Routes = probe.WebSocket, nil },
			want:  []string{"api-type: the type is declared WEBSOCKET; in the account it is HTTP"},
			notes: []string{"shop: what is deployed of a WebSocket API cannot be read; its routes were compared with the API itself"},
		},
		{name: "no API", answers: map[string]string{"/v2/apis/h1": "404 NotFoundException"}, want: []string{"api-missing: no HTTP or WebSocket API h1 in eu-west-1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := httpAPI()
			if c.api != nil {
				c.api(&api)
			}
			checkLook(t, api, httpPlane(), c.answers, nil, c.want, c.notes)
		})
	}
}

func checkLook(t *testing.T, api probe.API, healthy, answers map[string]string, sent []probe.Result, want, notes []string) {
	t.Helper()
	p := &plane{answers: healthy}
	for path, answer := range answers {
		p.answers[path] = answer
	}
	got := p.open(t, evidence.DefaultBudget).Look(t.Context(), api, sent)
	var findings []string
	for _, f := range got.Findings {
		if f.API != api.Name {
			t.Errorf("finding %q: got API %q, want %q", f.Kind, f.API, api.Name)
		}
		findings = append(findings, f.Kind+": "+f.Text)
	}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(notes, got.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// TestLookAsksOnce: what several APIs share is asked for once, side by side, too.
func TestLookAsksOnce(t *testing.T) {
	p := &plane{answers: restPlane()}
	a := p.open(t, evidence.DefaultBudget)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { a.Look(t.Context(), restAPI(), nil) })
	}
	wg.Wait()
	slices.Sort(p.asked)
	if diff := cmp.Diff(slices.Compact(slices.Clone(p.asked)), p.asked); diff != "" {
		t.Errorf("calls (-once +got):\n%s", diff)
	}
	if len(p.asked) != len(p.answers) {
		t.Errorf("calls: got %d, want each of %d", len(p.asked), len(p.answers))
	}
}

func TestLookWithoutMeans(t *testing.T) {
	check := func(t *testing.T, got probe.Sight, note string) {
		t.Helper()
		if len(got.Findings) != 0 || len(got.Notes) == 0 || !strings.Contains(strings.Join(got.Notes, "\n"), note) {
			t.Errorf("got %+v, want no finding, and a note with %q", got, note)
		}
	}
	t.Run("budget", func(t *testing.T) {
		p := &plane{answers: restPlane()}
		check(t, p.open(t, 3).Look(t.Context(), restAPI(), nil), "the budget of calls is used up")
		if len(p.asked) != 3 {
			t.Errorf("calls: got %q, want 3", p.asked)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		check(t, (&plane{}).open(t, 9).Look(ctx, restAPI(), nil), "got no answer in time")
	})
	t.Run("unreachable", func(t *testing.T) {
		a, err := evidence.Open(t.Context(), 9, config.WithBaseEndpoint("http://127.0.0.1:1"), config.WithRetryMaxAttempts(1),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")))
		if err != nil {
			t.Fatal(err)
		}
		check(t, a.Look(t.Context(), restAPI(), nil), "connection refused")
	})
}
