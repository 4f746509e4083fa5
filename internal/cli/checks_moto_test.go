package cli

import (
	"archive/zip"
	"bytes"
	"net"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	gocmp "github.com/google/go-cmp/cmp"
)

// The reads of the checks against an implementation of the services that is not ours. It has no test invocations.
func TestChecksAgainstMoto(t *testing.T) {
	Long(t)
	moto(t)
	api, endpoint, vpc, authorizer := seedFunctions(t)
	account, err := evidence.Open(t.Context(), evidence.DefaultBudget)
	if err != nil {
		t.Fatal(err)
	}
	plan := probe.Plan{ConnectTo: map[string]string{"*": "127.0.0.1:1"}, APIs: []probe.API{api}}
	s := evidence.Subject{
		Control: probe.Case{
			Target: probe.Target{Plan: &plan, API: api, Route: api.Routes[0], Access: api.Door()}, Control: true,
			Scenario: probe.Scenario{Name: "control"}, Token: api.Routes[0].Token.Given[probe.ValidToken],
		},
		Crafting: probe.Crafting{Run: "run", Now: time.Now()},
	}
	from := time.Now().Add(-time.Hour)
	checks := append(account.Network(t.Context(), &plan, api, net.DefaultResolver), account.Functions(t.Context(), s, from, from.Add(2*time.Hour))...)
	got := make(map[string]evidence.CheckOutcome)
	for _, c := range checks {
		got[c.Name] = c.Outcome
	}
	want := map[string]evidence.CheckOutcome{
		"DNS " + api.DefaultHost():                    evidence.Unseen,
		"VPC endpoints":                               evidence.Unseen, // private DNS is on
		"identity sources of authorizer team":         evidence.Fine,
		"permission to invoke the authorizer team":    evidence.Fine,
		"permission to invoke the integration orders": evidence.Wrong,
		"log of team":                                 evidence.Wrong,
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Errorf("%s\n%+v (endpoint %s in %s, authorizer %s)", d, checks, endpoint, vpc, authorizer)
	}
}

// seedFunctions fills an account with an API before a Lambda authorizer that API Gateway may invoke, and a function that
// it may not, in a region with a VPC endpoint.
func seedFunctions(t *testing.T) (api probe.API, endpoint, vpc, authorizer string) {
	t.Helper()
	ctx := t.Context()
	cfg := got[aws.Config](t)(awsconfig.LoadDefaultConfig(ctx))
	const arn = "arn:aws:lambda:eu-west-1:123456789012:function:"
	uri := func(name string) *string {
		return aws.String("arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + arn + name + "/invocations")
	}

	rest := apigateway.NewFromConfig(cfg)
	orders := got[*apigateway.CreateRestApiOutput](t)(rest.CreateRestApi(ctx, &apigateway.CreateRestApiInput{
		Name: aws.String("orders"), EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeRegional}},
	}))
	root := got[*apigateway.GetResourcesOutput](t)(rest.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: orders.Id})).Items[0]
	team := got[*apigateway.CreateAuthorizerOutput](t)(rest.CreateAuthorizer(ctx, &apigateway.CreateAuthorizerInput{
		RestApiId: orders.Id, Name: aws.String("team"), Type: types.AuthorizerTypeToken, IdentitySource: aws.String("method.request.header.Authorization"), AuthorizerUri: uri("team"),
	}))
	got[*apigateway.PutMethodOutput](t)(rest.PutMethod(ctx, &apigateway.PutMethodInput{
		RestApiId: orders.Id, ResourceId: root.Id, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("CUSTOM"), AuthorizerId: team.Id,
	}))
	got[*apigateway.PutIntegrationOutput](t)(rest.PutIntegration(ctx, &apigateway.PutIntegrationInput{
		RestApiId: orders.Id, ResourceId: root.Id, HttpMethod: aws.String("GET"), Type: types.IntegrationTypeAwsProxy, IntegrationHttpMethod: aws.String("POST"), Uri: uri("orders"),
	}))
	got[*apigateway.CreateDeploymentOutput](t)(rest.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: orders.Id, StageName: aws.String("prod")}))

	role := got[*iam.CreateRoleOutput](t)(iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`),
	}))
	var code bytes.Buffer
	archive := zip.NewWriter(&code)
	got[any](t)(archive.Create("main.py"))
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	functions := lambda.NewFromConfig(cfg)
	for _, name := range []string{"team", "orders"} {
		got[*lambda.CreateFunctionOutput](t)(functions.CreateFunction(ctx, &lambda.CreateFunctionInput{
			FunctionName: aws.String(name), Role: role.Role.Arn, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("main.handler"),
			Code: &lambdatypes.FunctionCode{ZipFile: code.Bytes()},
		}))
	}
	got[*lambda.AddPermissionOutput](t)(functions.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String("team"), StatementId: aws.String("gateway"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
		SourceArn: aws.String("arn:aws:execute-api:eu-west-1:123456789012:" + *orders.Id + "/authorizers/*"),
	}))

	logs := cloudwatchlogs.NewFromConfig(cfg)
	group, stream := aws.String("/aws/lambda/team"), aws.String("stream")
	_, _ = logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}) // may be there with the function
	got[*cloudwatchlogs.CreateLogStreamOutput](t)(logs.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}))
	now := aws.Int64(time.Now().UnixMilli())
	got[*cloudwatchlogs.PutLogEventsOutput](t)(logs.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: []logtypes.InputLogEvent{
		{Timestamp: now, Message: aws.String("START RequestId: 1 Version: $LATEST")}, {Timestamp: now, Message: aws.String("[ERROR] KeyError: 'sub'")},
	}}))

	compute := ec2.NewFromConfig(cfg)
	network := got[*ec2.CreateVpcOutput](t)(compute.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")}))
	made := got[*ec2.CreateVpcEndpointOutput](t)(compute.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{
		VpcId: network.Vpc.VpcId, ServiceName: aws.String("com.amazonaws.eu-west-1.execute-api"), VpcEndpointType: ec2types.VpcEndpointTypeInterface, PrivateDnsEnabled: aws.Bool(true),
	}))

	return probe.API{
		Name: "orders", Type: probe.REST, EndpointType: probe.EndpointRegional, ID: *orders.Id, Region: "eu-west-1", Stage: "prod", DefaultEndpoint: probe.Enabled,
		Routes: []probe.Route{{
			Method: "GET", Path: "/", Authorization: probe.AuthCustom,
			Token: probe.Token{Given: map[probe.TokenKind]*probe.Reference{probe.ValidToken: {Value: probe.NewSecret("a-token")}}},
		}},
	}, *made.VpcEndpoint.VpcEndpointId, *network.Vpc.VpcId, *team.Id
}
