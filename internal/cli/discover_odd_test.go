package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/google/go-cmp/cmp"
)

// oddities are names that an account takes, and that mean something to YAML, to a shell, or to a reader.
var oddities = []string{
	"my api", "my-api", "My Api", `quo"te`, "apo'strophe: yes", "ünïcødé 日本", "# comment", "- dash", "yes", "123", "null", "~", "0x1F", "1e3",
	"{brace}", "[x]", "tab\tname", "new\nline", "*star", "&anchor", "!tag", "%pct", "@at", "`tick`", "|", ">", "?q", "trailing:", "  blanks  ",
	"rtl \u202e name", "2024-01-01", "http://x", strings.Repeat("long", 50),
}

// An account that grew over years is named whole: every API and stage, what leads there, and what each route wants.
func TestDiscoverOddAccount(t *testing.T) {
	Long(t)
	moto(t)
	ids := seedOdd(t)
	file, messages, code := discovered(t)
	if code != ExitInconclusive { // for moto has neither exports nor summaries of deployments
		t.Errorf("got exit code %d, want 3\n%s", code, messages)
	}
	plan := planOf(t, file)
	var got []string
	for _, fact := range facts(plan) {
		for name, id := range ids {
			fact = strings.ReplaceAll(fact, " "+id+" ", " "+name+" ")
		}
		if !slices.ContainsFunc(oddities, func(name string) bool { return strings.HasPrefix(fact, "REST "+name+" ") }) {
			got = append(got, fact)
		}
	}
	want := []string{
		"HTTP quick $default: GET / AWS_IAM", // the only route takes everything
		"HTTP quick $default: waf unknown, catch-all AWS_IAM",
		"HTTP shop $default: GET /fn CUSTOM",
		"HTTP shop $default: GET /goods NONE",
		"HTTP shop $default: GET /wishlist JWT",
		"HTTP shop $default: https://shop.example.com/ root ",
		"HTTP shop $default: waf unknown, catch-all AWS_IAM",
		"HTTP shop v1: GET /fn CUSTOM",
		"HTTP shop v1: GET /goods NONE",
		"HTTP shop v1: GET /wishlist JWT",
		"HTTP shop v1: https://shop.example.com/v1/goods root shop",
		"HTTP shop v1: waf unknown, catch-all AWS_IAM",
		"REST edge v1: GET /a CUSTOM with a key",
		"REST edge v1: https://api.example.com/edge root orders",
		"REST edge v1: https://edge.example.com/v1 root none",
		"REST edge v1: waf none, catch-all NONE",
		"REST orders dev: ANY /health NONE",
		"REST orders dev: GET / NONE",
		"REST orders dev: GET /orders CUSTOM with a key",
		"REST orders dev: https://any.example.com/o/dev root none",
		"REST orders dev: https://api.example.com/dev root orders",
		"REST orders dev: waf none, catch-all none",
		"REST orders prod: ANY /health NONE",
		"REST orders prod: GET / NONE",
		"REST orders prod: GET /orders CUSTOM with a key",
		"REST orders prod: https://any.example.com/o/prod root none",
		"REST orders prod: https://api.example.com/ root ",
		"REST orders prod: waf attached, catch-all none",
		"REST private prod: GET /daily NONE",
		"REST private prod: endpoint vpce-0123456789abcdef0",
		"REST private prod: endpoint " + ids["endpoint"],
		"REST private prod: waf none, catch-all none",
		"WEBSOCKET feed prod: $connect CUSTOM with a key",
		"WEBSOCKET feed prod: https://shop.example.com/feed root shop",
		"WEBSOCKET feed prod: waf unknown, catch-all ",
		"WEBSOCKET feed test: $connect CUSTOM with a key",
		"WEBSOCKET feed test: waf unknown, catch-all ",
		"WEBSOCKET open prod: $connect NONE",
		"WEBSOCKET open prod: waf unknown, catch-all ",
	}
	slices.Sort(got)
	got = slices.DeleteFunc(got, func(fact string) bool { return strings.Contains(fact, "endpoint "+ids["endpoint"]+"-") }) // its host
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	entries := make(map[string]string) // of the odd names
	for _, a := range plan.APIs {
		entries[a.ID] = a.Name + " " + a.Routes[0].Name()
	}
	for _, name := range oddities {
		if entry := entries[ids[name]]; !strings.HasSuffix(entry, " GET /x") {
			t.Errorf("%q: got the entry %q, want one with its route", name, entry)
		}
	}
	if entries[ids["my-api"]] != "my-api GET /x" {
		t.Errorf("got the entry %q, want that of the API whose name it is", entries[ids["my-api"]])
	}
	for _, text := range []string{ // what a configuration can only say in comments
		`# REST API "undeployed" (` + ids["undeployed"] + `) has no stage: nothing of it is deployed`,
		"# web ACL: arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/acl/",
		`# api_key: {env: ORDERS_API_KEY}   # one of: usage plan "gold: all" with the keys ["alice" "bob \"b\""]`,
		`# api_key: {env: EDGE_API_KEY}   # no usage plan holds this stage: every key is refused`,
		"          # - request: DELETE /orders/{id}\n          #   authorization: AWS_IAM\n",
		"          # - request: ANY /orders/{id}/{proxy+}\n          #   authorization: COGNITO_USER_POOLS\n",
		"#   # scopes, one of which will do: orders/read, orders/write",
		"          #     sources: [{header: Auth}, {query: token}]\n",
		`# authorizer: request: "all"; identity source: context.path`,
		"# it requires the header X-Tenant",
		"# the account has no VPC endpoint vpce-0123456789abcdef0 in eu-west-1; another may",
		"# https://*.wild.example.com/ leads here, too",
		"# mutual_tls: {certificate: client.pem, key: {file: client.key}}",
		"        api_key_source: AUTHORIZER\n",
		`          ACCESS_DENIED: {status: 404, body: "{\"m\":\"no\"}"}`,
		"# other routes, which no handshake meets: $default, $disconnect, send: all",
	} {
		if !strings.Contains(file, text) {
			t.Errorf("got no %q", text)
		}
	}
	if t.Failed() {
		t.Log(file)
	}
}

// oddAccount fills an account.
type oddAccount struct {
	*testing.T

	rest *apigateway.Client
	v2   *apigatewayv2.Client
	ids  map[string]string
}

const functionURI = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:team/invocations"

func seedOdd(t *testing.T) map[string]string {
	t.Helper()
	cfg, err := awsconfig.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := oddAccount{T: t, rest: apigateway.NewFromConfig(cfg), v2: apigatewayv2.NewFromConfig(cfg), ids: make(map[string]string)}
	for _, name := range oddities {
		o.api(apigateway.CreateRestApiInput{Name: &name})
		o.method(name, "GET /x", apigateway.PutMethodInput{})
		o.deploy(name, "prod")
	}
	o.orders(wafv2.NewFromConfig(cfg))
	o.edge()
	o.private(ec2.NewFromConfig(cfg))
	o.shop()
	o.feed()
	o.domains()
	return o.ids
}

func (o oddAccount) api(in apigateway.CreateRestApiInput) *string {
	out := got[*apigateway.CreateRestApiOutput](o.T)(o.rest.CreateRestApi(o.Context(), &in))
	o.ids[*in.Name] = *out.Id
	return out.Id
}

// method puts a method, with the resources on its way.
func (o oddAccount) method(api, line string, in apigateway.PutMethodInput) {
	o.Helper()
	verb, path, _ := strings.Cut(line, " ")
	id := o.ids[api]
	known := make(map[string]*string)
	for _, r := range got[*apigateway.GetResourcesOutput](o.T)(o.rest.GetResources(o.Context(), &apigateway.GetResourcesInput{RestApiId: &id, Limit: aws.Int32(500)})).Items {
		known[*r.Path] = r.Id
	}
	at := "/"
	for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		next := strings.TrimSuffix(at, "/") + "/" + part
		if known[next] == nil {
			known[next] = got[*apigateway.CreateResourceOutput](o.T)(o.rest.CreateResource(o.Context(), &apigateway.CreateResourceInput{RestApiId: &id, ParentId: known[at], PathPart: &part})).Id
		}
		at = next
	}
	in.RestApiId, in.ResourceId, in.HttpMethod = &id, known[at], &verb
	if in.AuthorizationType == nil {
		in.AuthorizationType = aws.String("NONE")
	}
	got[*apigateway.PutMethodOutput](o.T)(o.rest.PutMethod(o.Context(), &in))
	got[*apigateway.PutIntegrationOutput](o.T)(o.rest.PutIntegration(o.Context(), &apigateway.PutIntegrationInput{
		RestApiId: &id, ResourceId: known[at], HttpMethod: &verb, Type: types.IntegrationTypeMock,
	}))
}

func (o oddAccount) deploy(api, stage string) {
	o.Helper()
	got[*apigateway.CreateDeploymentOutput](o.T)(o.rest.CreateDeployment(o.Context(), &apigateway.CreateDeploymentInput{RestApiId: aws.String(o.ids[api]), StageName: &stage}))
}

func (o oddAccount) authorizer(api, name string, kind types.AuthorizerType, source, match string) *string {
	o.Helper()
	in := &apigateway.CreateAuthorizerInput{RestApiId: aws.String(o.ids[api]), Name: &name, Type: kind, IdentitySource: &source, AuthorizerUri: aws.String(functionURI)}
	if match != "" {
		in.IdentityValidationExpression = &match
	}
	if kind == types.AuthorizerTypeCognitoUserPools {
		in.AuthorizerUri, in.ProviderARNs = nil, []string{"arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_x"}
	}
	return got[*apigateway.CreateAuthorizerOutput](o.T)(o.rest.CreateAuthorizer(o.Context(), in)).Id
}

// orders has authorizers of all types, stages of several deployments, and a web ACL.
func (o oddAccount) orders(waf *wafv2.Client) {
	o.Helper()
	const api = "orders"
	id := o.api(apigateway.CreateRestApiInput{
		Name: aws.String(api), Tags: map[string]string{"team": "a: b"}, EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeRegional}},
	})
	token := o.authorizer(api, "token", types.AuthorizerTypeToken, "method.request.header.X-Team", "^Bearer .+$")
	request := o.authorizer(api, `request: "all"`, types.AuthorizerTypeRequest, "method.request.header.Auth,method.request.querystring.token,context.path", "")
	pool := o.authorizer(api, "pool", types.AuthorizerTypeCognitoUserPools, "method.request.header.Authorization", "")
	iam, custom := aws.String("AWS_IAM"), aws.String("CUSTOM")
	got[*apigateway.CreateModelOutput](o.T)(o.rest.CreateModel(o.Context(), &apigateway.CreateModelInput{
		RestApiId: id, Name: aws.String("Order"), ContentType: aws.String("application/json"), Schema: aws.String("{}"),
	}))
	o.method(api, "GET /", apigateway.PutMethodInput{})
	o.method(api, "ANY /health", apigateway.PutMethodInput{})
	o.method(api, "GET /orders", apigateway.PutMethodInput{AuthorizationType: custom, AuthorizerId: token, ApiKeyRequired: true})
	o.deploy(api, "prod")
	o.method(api, "POST /orders", apigateway.PutMethodInput{AuthorizationType: iam, ApiKeyRequired: true})
	o.method(api, "DELETE /orders/{id}", apigateway.PutMethodInput{AuthorizationType: iam})
	o.method(api, "GET /orders/{id}", apigateway.PutMethodInput{AuthorizationType: custom, AuthorizerId: request})
	o.method(api, "ANY /orders/{id}/{proxy+}", apigateway.PutMethodInput{
		AuthorizationType: aws.String("COGNITO_USER_POOLS"), AuthorizerId: pool, AuthorizationScopes: []string{"orders/read", "orders/write"},
	})
	o.method(api, "GET /search", apigateway.PutMethodInput{RequestParameters: map[string]bool{"method.request.header.X-Tenant": true, "method.request.querystring.page": false}})
	o.deploy(api, "dev")
	o.api(apigateway.CreateRestApiInput{Name: aws.String("undeployed")})
	for i := range 20 {
		got[*apigateway.CreateRestApiOutput](o.T)(o.rest.CreateRestApi(o.Context(), &apigateway.CreateRestApiInput{Name: aws.String(fmt.Sprintf("bulk-%02d", i))}))
	}
	plan := got[*apigateway.CreateUsagePlanOutput](o.T)(o.rest.CreateUsagePlan(o.Context(), &apigateway.CreateUsagePlanInput{
		Name: aws.String("gold: all"), ApiStages: []types.ApiStage{{ApiId: id, Stage: aws.String("prod")}, {ApiId: id, Stage: aws.String("dev")}},
	}))
	for _, name := range []string{"alice", `bob "b"`} {
		key := got[*apigateway.CreateApiKeyOutput](o.T)(o.rest.CreateApiKey(o.Context(), &apigateway.CreateApiKeyInput{Name: &name, Enabled: true}))
		got[*apigateway.CreateUsagePlanKeyOutput](o.T)(o.rest.CreateUsagePlanKey(o.Context(), &apigateway.CreateUsagePlanKeyInput{UsagePlanId: plan.Id, KeyId: key.Id, KeyType: aws.String("API_KEY")}))
	}
	acl := got[*wafv2.CreateWebACLOutput](o.T)(waf.CreateWebACL(o.Context(), &wafv2.CreateWebACLInput{
		Name: aws.String("acl"), Scope: waftypes.ScopeRegional, DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}},
		VisibilityConfig: &waftypes.VisibilityConfig{MetricName: aws.String("acl")},
	}))
	got[*wafv2.AssociateWebACLOutput](o.T)(waf.AssociateWebACL(o.Context(), &wafv2.AssociateWebACLInput{
		WebACLArn: acl.Summary.ARN, ResourceArn: aws.String("arn:aws:apigateway:eu-west-1::/restapis/" + *id + "/stages/prod"),
	}))
}

// edge takes keys from its authorizer, and has no default endpoint.
func (o oddAccount) edge() {
	o.Helper()
	const api = "edge"
	id := o.api(apigateway.CreateRestApiInput{
		Name: aws.String(api), EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeEdge}},
		ApiKeySource: types.ApiKeySourceTypeAuthorizer, DisableExecuteApiEndpoint: true,
	})
	keys := o.authorizer(api, "keys", types.AuthorizerTypeRequest, "method.request.header.X-Key", "")
	o.method(api, "GET /a", apigateway.PutMethodInput{AuthorizationType: aws.String("CUSTOM"), AuthorizerId: keys, ApiKeyRequired: true})
	o.method(api, "ANY /{proxy+}", apigateway.PutMethodInput{AuthorizationType: aws.String("AWS_IAM")})
	o.method(api, "GET /{proxy+}", apigateway.PutMethodInput{})
	got[*apigateway.PutGatewayResponseOutput](o.T)(o.rest.PutGatewayResponse(o.Context(), &apigateway.PutGatewayResponseInput{
		RestApiId: id, ResponseType: types.GatewayResponseTypeAccessDenied, StatusCode: aws.String("404"), ResponseTemplates: map[string]string{"application/json": `{"m":"no"}`},
	}))
	o.deploy(api, "v1")
}

// private is reached through an endpoint of the account, and through one that is not.
func (o oddAccount) private(c *ec2.Client) {
	o.Helper()
	vpc := got[*ec2.CreateVpcOutput](o.T)(c.CreateVpc(o.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}))
	endpoint := got[*ec2.CreateVpcEndpointOutput](o.T)(c.CreateVpcEndpoint(o.Context(), &ec2.CreateVpcEndpointInput{
		VpcId: vpc.Vpc.VpcId, ServiceName: aws.String("com.amazonaws.eu-west-1.execute-api"), VpcEndpointType: ec2types.VpcEndpointTypeInterface,
	}))
	o.ids["endpoint"] = *endpoint.VpcEndpoint.VpcEndpointId
	o.api(apigateway.CreateRestApiInput{Name: aws.String("private"), EndpointConfiguration: &types.EndpointConfiguration{
		Types: []types.EndpointType{types.EndpointTypePrivate}, VpcEndpointIds: []string{o.ids["endpoint"], "vpce-0123456789abcdef0"},
	}})
	o.method("private", "GET /daily", apigateway.PutMethodInput{})
	o.deploy("private", "prod")
}

func (o oddAccount) v2API(name string, kind v2types.ProtocolType, stages ...string) *string {
	o.Helper()
	in := &apigatewayv2.CreateApiInput{Name: &name, ProtocolType: kind}
	if kind == v2types.ProtocolTypeWebsocket {
		in.RouteSelectionExpression = aws.String("$request.body.action")
	}
	id := got[*apigatewayv2.CreateApiOutput](o.T)(o.v2.CreateApi(o.Context(), in)).ApiId
	o.ids[name] = *id
	for _, stage := range stages {
		got[*apigatewayv2.CreateStageOutput](o.T)(o.v2.CreateStage(o.Context(), &apigatewayv2.CreateStageInput{ApiId: id, StageName: &stage, AutoDeploy: aws.Bool(stage == probe.DefaultStage)}))
	}
	return id
}

func (o oddAccount) route(api *string, key string, in apigatewayv2.CreateRouteInput) {
	o.Helper()
	in.ApiId, in.RouteKey = api, &key
	if in.AuthorizationType == "" {
		in.AuthorizationType = v2types.AuthorizationTypeNone
	}
	got[*apigatewayv2.CreateRouteOutput](o.T)(o.v2.CreateRoute(o.Context(), &in))
}

func (o oddAccount) v2Authorizer(api *string, name string, kind v2types.AuthorizerType, sources ...string) *string {
	o.Helper()
	in := &apigatewayv2.CreateAuthorizerInput{ApiId: api, Name: &name, AuthorizerType: kind, IdentitySource: sources}
	if kind == v2types.AuthorizerTypeJwt {
		in.JwtConfiguration = &v2types.JWTConfiguration{Issuer: aws.String("https://login.example.com"), Audience: []string{"shop"}}
	} else {
		in.AuthorizerUri, in.AuthorizerPayloadFormatVersion = aws.String(functionURI), aws.String("2.0")
	}
	return got[*apigatewayv2.CreateAuthorizerOutput](o.T)(o.v2.CreateAuthorizer(o.Context(), in)).AuthorizerId
}

// shop has a proxy before the route that takes everything else; quick has that route alone.
func (o oddAccount) shop() {
	o.Helper()
	shop := o.v2API("shop", v2types.ProtocolTypeHttp, probe.DefaultStage, "v1")
	login := o.v2Authorizer(shop, "login", v2types.AuthorizerTypeJwt, "$request.header.X-Token", "$request.querystring.t")
	function := o.v2Authorizer(shop, "function", v2types.AuthorizerTypeRequest, "$request.header.Cookie", "$context.identity.sourceIp")
	o.route(shop, "GET /goods", apigatewayv2.CreateRouteInput{})
	o.route(shop, "GET /wishlist", apigatewayv2.CreateRouteInput{AuthorizationType: v2types.AuthorizationTypeJwt, AuthorizerId: login, AuthorizationScopes: []string{"read"}})
	o.route(shop, "GET /fn", apigatewayv2.CreateRouteInput{AuthorizationType: v2types.AuthorizationTypeCustom, AuthorizerId: function})
	o.route(shop, "ANY /{proxy+}", apigatewayv2.CreateRouteInput{AuthorizationType: v2types.AuthorizationTypeAwsIam})
	o.route(shop, "$default", apigatewayv2.CreateRouteInput{})
	quick := o.v2API("quick", v2types.ProtocolTypeHttp, probe.DefaultStage)
	o.route(quick, "$default", apigatewayv2.CreateRouteInput{AuthorizationType: v2types.AuthorizationTypeAwsIam})
	o.v2API("no stage", v2types.ProtocolTypeHttp)
}

func (o oddAccount) feed() {
	o.Helper()
	feed := o.v2API("feed", v2types.ProtocolTypeWebsocket, "prod", "test")
	guard := o.v2Authorizer(feed, "guard", v2types.AuthorizerTypeRequest, "route.request.querystring.token", "route.request.header.Auth")
	o.route(feed, "$connect", apigatewayv2.CreateRouteInput{AuthorizationType: v2types.AuthorizationTypeCustom, AuthorizerId: guard, ApiKeyRequired: aws.Bool(true)})
	for _, key := range []string{"$disconnect", "$default", "send: all"} {
		o.route(feed, key, apigatewayv2.CreateRouteInput{})
	}
	o.v2API("open", v2types.ProtocolTypeWebsocket, "prod")
}

// domains lead to several APIs each, one of them without a stage.
func (o oddAccount) domains() {
	o.Helper()
	for host, mappings := range map[string][][3]string{
		"api.example.com":  {{"(none)", "orders", "prod"}, {"dev", "orders", "dev"}, {"edge", "edge", "v1"}},
		"edge.example.com": {{"v1", "edge", "v1"}},
		"any.example.com":  {{"o", "orders", ""}},
	} {
		kind := map[bool]types.EndpointType{true: types.EndpointTypeEdge, false: types.EndpointTypeRegional}[host == "edge.example.com"]
		got[*apigateway.CreateDomainNameOutput](o.T)(o.rest.CreateDomainName(o.Context(), &apigateway.CreateDomainNameInput{
			DomainName: &host, EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{kind}},
		}))
		for _, m := range mappings {
			in := &apigateway.CreateBasePathMappingInput{DomainName: &host, BasePath: &m[0], RestApiId: aws.String(o.ids[m[1]])}
			if m[2] != "" {
				in.Stage = &m[2]
			}
			got[*apigateway.CreateBasePathMappingOutput](o.T)(o.rest.CreateBasePathMapping(o.Context(), in))
		}
	}
	for host, mappings := range map[string][][3]string{
		"shop.example.com":   {{"", "shop", probe.DefaultStage}, {"v1/goods", "shop", "v1"}, {"feed", "feed", "prod"}},
		"*.wild.example.com": {{"", "shop", "v1"}},
	} {
		in := &apigatewayv2.CreateDomainNameInput{DomainName: &host}
		if host == "shop.example.com" {
			in.MutualTlsAuthentication = &v2types.MutualTlsAuthenticationInput{TruststoreUri: aws.String("s3://trust/store.pem")}
		}
		got[*apigatewayv2.CreateDomainNameOutput](o.T)(o.v2.CreateDomainName(o.Context(), in))
		for _, m := range mappings {
			got[*apigatewayv2.CreateApiMappingOutput](o.T)(o.v2.CreateApiMapping(o.Context(), &apigatewayv2.CreateApiMappingInput{
				DomainName: &host, ApiMappingKey: &m[0], ApiId: aws.String(o.ids[m[1]]), Stage: &m[2],
			}))
		}
	}
}
