package evidence_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// sentAt is when the requests of these tests were sent, by our clock.
var sentAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// refused is a request and the layers that may have refused it.
func refused(verb, host, path string, by ...probe.Layer) probe.Result {
	res := probe.Result{
		ID: verb + " " + host + path, API: "orders", At: sentAt, Attribution: &probe.Attribution{}, Observed: &probe.Observation{},
		Request: &probe.RequestInfo{Method: verb, URL: "https://" + host + path, Headers: map[string]string{}, Traits: &probe.Traits{Host: host}},
	}
	res.Request.Facets[probe.FacetPath] = path
	for _, l := range by {
		res.Attribution.Candidates = append(res.Attribution.Candidates, probe.Candidate{Layer: l})
	}
	return res
}

const (
	restHost = "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com"
	httpHost = "h1.execute-api.eu-west-1.amazonaws.com"
)

// told is evidence in a line each.
func told(all map[string][]probe.Evidence) []string {
	var out []string
	for _, es := range all {
		for _, e := range es {
			line := fmt.Sprintf("%s %s: %v %s", e.Grade, map[bool]string{true: "standing", false: "changing " + fmt.Sprint(e.Changing)}[e.Standing], e.Passed, e.Text)
			for _, c := range e.Causes {
				line += fmt.Sprintf("; for %s of %s", c.Cause, c.Layer)
			}
			out = append(out, line)
		}
	}
	return out
}

func TestFacts(t *testing.T) {
	every := []probe.Layer{
		probe.Domain, probe.Stage, probe.WAF, probe.RouteLayer, probe.ResourcePolicy, probe.IAMAuthentication, probe.IAMAuthorization, probe.LambdaAuthorizer,
		probe.CognitoAuthorizer, probe.APIKeyLayer, probe.RequestValidation, probe.Integration, probe.Backend,
	}
	stage := func(change string) string {
		return `{"stageName":"prod","deploymentId":"d1","lastUpdatedDate":1767225600` + change + `}`
	}
	const deployment = "/restapis/a1b2c3d4e5/deployments/d1"
	deployed := func(methods string) map[string]string {
		return map[string]string{"/restapis/a1b2c3d4e5/stages/prod": stage(`,"webAclArn":"arn"`), deployment: `{"id":"d1","apiSummary":{` + methods + `}}`}
	}
	const (
		isThere = `documented standing: [stage] account: stage "prod" of a1b2c3d4e5 is there and deployed (apigateway GetStage)`
		lawless = `inferred standing: [resource-policy] account: a1b2c3d4e5 has no resource policy in the API (apigateway GetRestApi)`
	)
	summary := func(layers, text string) string {
		return "documented standing: [" + layers + "] account: " + text + " (apigateway GetDeployment)"
	}
	for _, c := range []struct {
		name    string
		answers map[string]string
		sent    probe.Result
		want    []string
		notes   []string
	}{
		{
			name: "a method with IAM", answers: deployed(`"/orders":{"GET":{"authorizationType":"AWS_IAM","apiKeyRequired":true}}`),
			sent: refused("GET", restHost, "/prod/orders", every...),
			want: []string{
				isThere, summary("route", `GET /orders of stage "prod" takes it`),
				summary("lambda-authorizer cognito-authorizer", `GET /orders of stage "prod" has authorization AWS_IAM`), lawless,
			},
		},
		{
			name: "methods that may take it", answers: deployed(`"/orders":{"GET":{"authorizationType":"CUSTOM","apiKeyRequired":false}},"/{proxy+}":{"ANY":{"authorizationType":"COGNITO_USER_POOLS","apiKeyRequired":false}}`),
			sent: refused("GET", restHost, "/prod/orders/", every...),
			want: []string{
				isThere, summary("iam-authentication iam-authorization", `ANY /{proxy+} or GET /orders of stage "prod" has authorization COGNITO_USER_POOLS or CUSTOM`),
				summary("api-key", `ANY /{proxy+} or GET /orders of stage "prod" requires no API key`), lawless,
			},
		},
		{
			name: "no method", answers: deployed(`"/orders":{"GET":{"authorizationType":"NONE"}}`), sent: refused("GET", restHost, "/prod/else", every...),
			want: []string{isThere, summary("iam-authentication iam-authorization lambda-authorizer cognito-authorizer api-key request-validation integration backend", `stage "prod" has nothing for GET /else`), lawless},
		},
		{
			name: "an authorization that nobody knows", answers: deployed(`"/orders":{"GET":{"authorizationType":"NEW","apiKeyRequired":true}}`),
			sent: refused("GET", restHost, "/prod/orders", probe.IAMAuthentication, probe.APIKeyLayer),
		},
		{
			name: "a path that steps up", answers: deployed(`"/orders":{"GET":{"authorizationType":"NONE"}}`), sent: refused("GET", restHost, "/prod/orders/%2e%2e", every...),
			want: []string{isThere, lawless},
		},
		{
			name: "no web ACL", answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": stage(""), deployment: "403 AccessDeniedException"},
			sent:  refused("GET", restHost, "/prod/orders", probe.WAF, probe.APIKeyLayer),
			want:  []string{`documented standing: [waf] account: no web ACL is attached to stage "prod" of a1b2c3d4e5 (apigateway GetStage)`},
			notes: []string{"account: not seen: the deployed methods: apigateway:GET on arn:aws:apigateway:eu-west-1::" + deployment + " is not allowed"},
		},
		{
			name: "when it was changed is not said", answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": `{"stageName":"prod","deploymentId":"d1"}`, deployment: `{"id":"d1"}`},
			sent: refused("GET", restHost, "/prod/orders", probe.WAF),
			want: []string{`inferred standing: [waf] account: no web ACL is attached to stage "prod" of a1b2c3d4e5 (apigateway GetStage)`},
		},
		{
			name: "changed just before", answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": strings.Replace(stage(""), "1767225600", fmt.Sprint(sentAt.Unix()-59), 1), deployment: `{"id":"d1"}`},
			sent: refused("GET", restHost, "/prod/orders", probe.WAF),
			want: []string{
				`documented changing true: [] account: stage "prod" was changed at 2026-03-01T11:59:01Z, not a minute before the first request or later`,
				`inferred standing: [waf] account: no web ACL is attached to stage "prod" of a1b2c3d4e5 (apigateway GetStage)`,
			},
		},
		{
			name: "changed just before, by the gateway's clock", answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": stage(`,"webAclArn":"arn"`), deployment: `{"id":"d1"}`},
			sent: func() probe.Result {
				res := refused("GET", restHost, "/prod/orders", probe.WAF)
				res.Observed.Headers = map[string]string{"date": "Thu, 01 Jan 2026 00:00:30 GMT"}
				return res
			}(),
			want: []string{`documented changing true: [] account: stage "prod" was changed at 2026-01-01T00:00:00Z, not a minute before the first request or later`},
		},
		{
			name: "a canary", answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": stage(`,"canarySettings":{"percentTraffic":10,"deploymentId":"d2"}`)},
			sent: refused("GET", restHost, "/prod/orders", probe.WAF, probe.RouteLayer),
			want: []string{
				`documented changing true: [] account: stage "prod" has a canary, which takes a share of the requests (apigateway GetStage)`,
				`documented standing: [waf] account: no web ACL is attached to stage "prod" of a1b2c3d4e5 (apigateway GetStage)`,
			},
		},
		{name: "another stage", sent: refused("GET", restHost, "/test/orders", every...)},
		{name: "another API", sent: refused("GET", "b"+restHost, "/prod/orders", every...)},
		{name: "another region", sent: refused("GET", "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com", "/prod/orders", every...)},
		{name: "a custom domain", sent: refused("GET", "api.example.com", "/prod/orders", every...)},
		{
			name: "an overridden method", answers: deployed(`"/orders":{"GET":{"authorizationType":"NONE"}}`),
			sent: func() probe.Result {
				res := refused("GET", restHost, "/prod/orders", probe.RouteLayer, probe.IAMAuthentication)
				res.Request.Headers["x-http-method-override"] = "POST"
				return res
			}(),
		},
		{name: "accepted", sent: refused("GET", restHost, "/prod/orders", probe.None)},
		{name: "no stage", answers: map[string]string{"/restapis/a1b2c3d4e5/stages/prod": "404 NotFoundException"}, sent: refused("GET", restHost, "/prod/orders", every...)},
	} {
		t.Run(c.name, func(t *testing.T) { checkFacts(t, restAPI(), restPlane(), c.answers, c.sent, c.want, c.notes) })
	}
}

func TestFactsOfV2(t *testing.T) {
	every := []probe.Layer{probe.Stage, probe.RouteLayer, probe.IAMAuthentication, probe.LambdaAuthorizer, probe.JWTAuthorizer, probe.APIKeyLayer}
	settled := `{"stageName":"prod","autoDeploy":%t,"deploymentId":"d1","lastUpdatedDate":"2026-01-01T00:00:00Z"}`
	const isThere = `documented standing: [stage] account: stage "prod" of h1 is there and deployed (apigatewayv2 GetStage)`
	for _, c := range []struct {
		name    string
		answers map[string]string
		api     func(*probe.API)
		sent    probe.Result
		want    []string
		notes   []string
	}{
		{
			name: "deployed by hand", sent: refused("GET", httpHost, "/prod/cart", every...), answers: map[string]string{"/v2/apis/h1/stages/prod": fmt.Sprintf(settled, false)},
			want: []string{
				isThere, `documented standing: [route] account: $default or GET /cart of stage "prod" takes it (apigatewayv2 ExportApi)`,
				`documented standing: [lambda-authorizer] account: $default or GET /cart of stage "prod" has authorization AWS_IAM or JWT (apigatewayv2 ExportApi)`,
				`documented standing: [api-key] account: $default or GET /cart of stage "prod" requires no API key (apigatewayv2 ExportApi)`,
			},
		},
		{
			name: "deployed by itself", sent: refused("GET", httpHost, "/prod/cart", every...),
			answers: map[string]string{"/v2/apis/h1/stages/prod": fmt.Sprintf(settled, true), "/v2/apis/h1/routes": `{"items":[{"routeKey":"GET /cart","authorizationType":"JWT"}]}`},
			want: []string{
				isThere, `inferred standing: [route] account: GET /cart of stage "prod" takes it (apigatewayv2 GetRoutes), in the API, which deploys itself`,
				`inferred standing: [iam-authentication lambda-authorizer] account: GET /cart of stage "prod" has authorization JWT (apigatewayv2 GetRoutes), in the API, which deploys itself`,
				`inferred standing: [api-key] account: GET /cart of stage "prod" requires no API key (apigatewayv2 GetRoutes), in the API, which deploys itself`,
			},
		},
		{
			name: "a WebSocket API", sent: refused("GET", httpHost, "/prod", every...), api: func(a *probe.API) { a.Type = probe.WebSocket },
			answers: map[string]string{"/v2/apis/h1/stages/prod": fmt.Sprintf(settled, true), "/v2/apis/h1/routes": `{"items":[{"routeKey":"$connect","authorizationType":"AWS_IAM","apiKeyRequired":true}]}`},
			want: []string{
				isThere, `inferred standing: [lambda-authorizer jwt-authorizer] account: $connect of stage "prod" has authorization AWS_IAM (apigatewayv2 GetRoutes), in the API, which deploys itself`,
			},
		},
		{
			name: "a WebSocket API that is deployed by hand", sent: refused("GET", httpHost, "/prod", every...), api: func(a *probe.API) { a.Type = probe.WebSocket },
			answers: map[string]string{"/v2/apis/h1/stages/prod": fmt.Sprintf(settled, false)}, want: []string{isThere},
		},
		{name: "not deployed", sent: refused("GET", httpHost, "/prod/cart", every...), answers: map[string]string{"/v2/apis/h1/stages/prod": `{"stageName":"prod"}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			api := httpAPI()
			if c.api != nil {
				c.api(&api)
			}
			checkFacts(t, api, httpPlane(), c.answers, c.sent, c.want, c.notes)
		})
	}
}

var accessLogSettings = regexp.MustCompile(`,\s*"accessLogSettings":\{[^}]*\}`)

func checkFacts(t *testing.T, api probe.API, healthy, answers map[string]string, sent probe.Result, want, notes []string) {
	t.Helper()
	for path, answer := range healthy { // logs have tests of their own
		healthy[path] = accessLogSettings.ReplaceAllString(answer, "")
	}
	p := &plane{answers: healthy}
	for path, answer := range answers {
		p.answers[path] = answer
	}
	got := p.open(t, evidence.DefaultBudget).Testify(t.Context(), api, []probe.Result{sent})
	if diff := cmp.Diff(want, told(got.Evidence)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(notes, got.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}
