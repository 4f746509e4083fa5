package cli

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/google/go-cmp/cmp"
)

// moto starts an independent implementation of AWS's APIs, where python has it, and leads AWS's clients to it.
func moto(t *testing.T) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import moto.server").Run(); err != nil {
		t.Skip("python3 has no moto: nothing independent to compare with")
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0")
	messages, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = server.Wait() })
	tooLong := time.AfterFunc(time.Minute, cancel)
	url := ""
	lines := bufio.NewScanner(messages)
	for url == "" && lines.Scan() { // it says which port it took
		_, url, _ = strings.Cut(lines.Text(), "Running on ")
	}
	if tooLong.Stop(); url == "" {
		t.Fatalf("starting moto: got no address within a minute: %v", lines.Err())
	}
	go func() { _, _ = io.Copy(io.Discard, messages) }() // one line for each request
	leadTo(t, url, "AKIAEXAMPLE", "secret")
}

// An account in moto has no exports and no summaries of deployments: what is written is what is being edited, and says so.
func TestDiscoverAgainstMoto(t *testing.T) {
	moto(t)
	seed(t)
	file, messages, _ := discovered(t)
	want := []string{
		"HTTP " + idOf(t, file, "shop") + " $default: GET /basket AWS_IAM",
		"HTTP " + idOf(t, file, "shop") + " $default: GET /goods NONE",
		"HTTP " + idOf(t, file, "shop") + " $default: GET /wishlist JWT",
		"HTTP " + idOf(t, file, "shop") + " $default: https://shop.example.com/v1/goods root none",
		"HTTP " + idOf(t, file, "shop") + " $default: waf unknown, catch-all none",
		"REST " + idOf(t, file, "orders") + " prod: GET /orders CUSTOM with a key",
		"REST " + idOf(t, file, "orders") + " prod: https://api.example.com/orders root none",
		"REST " + idOf(t, file, "orders") + " prod: waf none, catch-all none",
		"WEBSOCKET " + idOf(t, file, "feed") + " prod: $connect AWS_IAM with a key",
		"WEBSOCKET " + idOf(t, file, "feed") + " prod: waf unknown, catch-all ",
	}
	if diff := cmp.Diff(want, facts(planOf(t, file))); diff != "" {
		t.Errorf("%s\n%s\n%s", diff, messages, file)
	}
}

func idOf(t *testing.T, file, name string) string {
	t.Helper()
	for _, a := range planOf(t, file).APIs {
		if a.Name == name {
			return a.ID
		}
	}
	return ""
}

// seed fills an account with an API of each type.
func seed(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rest, v2 := apigateway.NewFromConfig(cfg), apigatewayv2.NewFromConfig(cfg)

	orders := got[*apigateway.CreateRestApiOutput](t)(rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{
		Name: aws.String("orders"), EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeRegional}},
	}))
	root := got[*apigateway.GetResourcesOutput](t)(rest.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: orders.Id})).Items[0]
	resource := got[*apigateway.CreateResourceOutput](t)(rest.CreateResource(ctx, &apigateway.CreateResourceInput{RestApiId: orders.Id, ParentId: root.Id, PathPart: aws.String("orders")}))
	authorizer := got[*apigateway.CreateAuthorizerOutput](t)(rest.CreateAuthorizer(ctx, &apigateway.CreateAuthorizerInput{
		RestApiId: orders.Id, Name: aws.String("team"), Type: types.AuthorizerTypeToken, IdentitySource: aws.String("method.request.header.X-Team"),
		AuthorizerUri: aws.String("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:123456789012:function:team/invocations"),
	}))
	for method, authorization := range map[string]string{"GET": "CUSTOM", "POST": "AWS_IAM"} {
		input := &apigateway.PutMethodInput{RestApiId: orders.Id, ResourceId: resource.Id, HttpMethod: &method, AuthorizationType: &authorization, ApiKeyRequired: method == "GET"}
		if method == "GET" {
			input.AuthorizerId = authorizer.Id
		}
		got[*apigateway.PutMethodOutput](t)(rest.PutMethod(ctx, input))
		got[*apigateway.PutIntegrationOutput](t)(rest.PutIntegration(ctx, &apigateway.PutIntegrationInput{
			RestApiId: orders.Id, ResourceId: resource.Id, HttpMethod: &method, Type: types.IntegrationTypeMock,
		}))
	}
	got[*apigateway.CreateDeploymentOutput](t)(rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: orders.Id, StageName: aws.String("prod")}))
	got[*apigateway.CreateUsagePlanOutput](t)(rest.CreateUsagePlan(ctx, &apigateway.CreateUsagePlanInput{
		Name: aws.String("gold"), ApiStages: []types.ApiStage{{ApiId: orders.Id, Stage: aws.String("prod")}},
	}))
	got[*apigateway.CreateDomainNameOutput](t)(rest.CreateDomainName(ctx, &apigateway.CreateDomainNameInput{DomainName: aws.String("api.example.com")}))
	got[*apigateway.CreateBasePathMappingOutput](t)(rest.CreateBasePathMapping(ctx, &apigateway.CreateBasePathMappingInput{
		DomainName: aws.String("api.example.com"), BasePath: aws.String("orders"), RestApiId: orders.Id, Stage: aws.String("prod"),
	}))

	shop := got[*apigatewayv2.CreateApiOutput](t)(v2.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("shop"), ProtocolType: v2types.ProtocolTypeHttp}))
	login := got[*apigatewayv2.CreateAuthorizerOutput](t)(v2.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{
		ApiId: shop.ApiId, Name: aws.String("login"), AuthorizerType: v2types.AuthorizerTypeJwt, IdentitySource: []string{"$request.header.Authorization"},
		JwtConfiguration: &v2types.JWTConfiguration{Issuer: aws.String("https://login.example.com"), Audience: []string{"shop"}},
	}))
	for key, authorization := range map[string]v2types.AuthorizationType{
		"GET /goods": v2types.AuthorizationTypeNone, "GET /basket": v2types.AuthorizationTypeAwsIam, "GET /wishlist": v2types.AuthorizationTypeJwt,
	} {
		input := &apigatewayv2.CreateRouteInput{ApiId: shop.ApiId, RouteKey: &key, AuthorizationType: authorization}
		if authorization == v2types.AuthorizationTypeJwt {
			input.AuthorizerId, input.AuthorizationScopes = login.AuthorizerId, []string{"wishlist/read"}
		}
		got[*apigatewayv2.CreateRouteOutput](t)(v2.CreateRoute(ctx, input))
	}
	got[*apigatewayv2.CreateStageOutput](t)(v2.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: shop.ApiId, StageName: aws.String(probe.DefaultStage), AutoDeploy: aws.Bool(true)}))
	got[*apigatewayv2.CreateDomainNameOutput](t)(v2.CreateDomainName(ctx, &apigatewayv2.CreateDomainNameInput{DomainName: aws.String("shop.example.com")}))
	got[*apigatewayv2.CreateApiMappingOutput](t)(v2.CreateApiMapping(ctx, &apigatewayv2.CreateApiMappingInput{
		DomainName: aws.String("shop.example.com"), ApiMappingKey: aws.String("v1/goods"), ApiId: shop.ApiId, Stage: aws.String(probe.DefaultStage),
	}))

	feed := got[*apigatewayv2.CreateApiOutput](t)(v2.CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: aws.String("feed"), ProtocolType: v2types.ProtocolTypeWebsocket, RouteSelectionExpression: aws.String("$request.body.action"),
	}))
	got[*apigatewayv2.CreateRouteOutput](t)(v2.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: feed.ApiId, RouteKey: aws.String("$connect"), AuthorizationType: v2types.AuthorizationTypeAwsIam, ApiKeyRequired: aws.Bool(true),
	}))
	got[*apigatewayv2.CreateStageOutput](t)(v2.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: feed.ApiId, StageName: aws.String("prod")}))
}

// got fails the test where a call did.
func got[T any](t *testing.T) func(out T, err error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
