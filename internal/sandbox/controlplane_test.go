package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// clients are AWS's own, as a program would use them against the control plane.
type clients struct {
	gateway *Gateway
	config  aws.Config
}

// accountOf serves a model's control plane to the operator, who may do everything.
func accountOf(t testing.TB, change ...func(*Model)) clients {
	t.Helper()
	m := Builtin()
	for i := range m.Principals {
		if m.Principals[i].AccessKeyID == builtin.Operator.ID {
			m.Principals[i].Policy = Policy{{Effect: Allow, Action: []string{"*"}}}
		}
	}
	for _, c := range change {
		c(&m)
	}
	g := gateway(t, m)
	s := httptest.NewServer(g.ControlPlane())
	t.Cleanup(s.Close)
	return clients{g, aws.Config{
		Region: builtin.Region, BaseEndpoint: &s.URL,
		Credentials: credentials.NewStaticCredentialsProvider(builtin.Operator.ID, builtin.Operator.Secret, ""),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	}}
}

func operatorMay(p Policy) func(*Model) {
	return func(m *Model) {
		i := slices.IndexFunc(m.Principals, func(p Principal) bool { return p.AccessKeyID == builtin.Operator.ID })
		m.Principals[i].Policy = p
	}
}

func (c clients) rest() *apigateway.Client { return apigateway.NewFromConfig(c.config) }
func (c clients) v2() *apigatewayv2.Client { return apigatewayv2.NewFromConfig(c.config) }

// asJSON is a value as a test can compare it whole.
func asJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestControlPlaneListsWhatIsThere(t *testing.T) {
	c, ctx := accountOf(t), t.Context()
	var got []string
	apis := must[*apigateway.GetRestApisOutput](t)(c.rest().GetRestApis(ctx, nil))
	for _, a := range apis.Items {
		stages := must[*apigateway.GetStagesOutput](t)(c.rest().GetStages(ctx, &apigateway.GetStagesInput{RestApiId: a.Id}))
		for _, s := range stages.Item {
			got = append(got, *a.Name+" "+string(a.EndpointConfiguration.Types[0])+" "+*s.StageName)
		}
	}
	others := must[*apigatewayv2.GetApisOutput](t)(c.v2().GetApis(ctx, nil))
	for _, a := range others.Items {
		stages := must[*apigatewayv2.GetStagesOutput](t)(c.v2().GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: a.ApiId}))
		for _, s := range stages.Items {
			got = append(got, *a.Name+" "+string(a.ProtocolType)+" "+*s.StageName)
		}
	}
	want := []string{
		"orders REGIONAL prod", "catalog REGIONAL prod", "ledger EDGE prod", "legacy REGIONAL v1", "members REGIONAL prod",
		"reports PRIVATE prod", "vault REGIONAL prod", "shop HTTP $default", "feed WEBSOCKET prod",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestControlPlaneShowsDraftAndDeployment(t *testing.T) {
	c, ctx := accountOf(t, func(m *Model) {
		w := setting{Model: *m}
		onDeployment("orders", func(d *Deployment) { d.Routes[0].Authorization = None })(&w)
		*m = w.Model
	}), t.Context()
	id := aws.String(builtin.Orders)
	resources := must[*apigateway.GetResourcesOutput](t)(c.rest().GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: id, Embed: []string{"methods"}}))
	draft := map[string]string{}
	for _, r := range resources.Items {
		for verb, m := range r.ResourceMethods {
			draft[verb+" "+*r.Path] = *m.AuthorizationType
		}
	}
	stage := must[*apigateway.GetStageOutput](t)(c.rest().GetStage(ctx, &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("prod")}))
	deployment := must[*apigateway.GetDeploymentOutput](t)(c.rest().GetDeployment(ctx, &apigateway.GetDeploymentInput{
		RestApiId: id, DeploymentId: stage.DeploymentId, Embed: []string{"apisummary"},
	}))
	deployed := map[string]string{}
	for path, methods := range deployment.ApiSummary {
		for verb, m := range methods {
			deployed[verb+" "+path] = *m.AuthorizationType
		}
	}
	if diff := cmp.Diff(map[string]string{"GET /orders": "AWS_IAM", "GET /orders/{id}": "AWS_IAM"}, draft); diff != "" {
		t.Errorf("the API as it is edited: %s", diff)
	}
	if diff := cmp.Diff(map[string]string{"GET /orders": "AWS_IAM", "GET /orders/{id}": "NONE"}, deployed); diff != "" {
		t.Errorf("the deployment: %s", diff)
	}
}

func TestControlPlaneExports(t *testing.T) {
	c, ctx := accountOf(t), t.Context()
	security := func(body []byte) map[string]any {
		var d struct {
			Paths map[string]map[string]struct{ Security any }
		}
		if err := json.Unmarshal(body, &d); err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		for path, verbs := range d.Paths {
			for verb, op := range verbs {
				out[verb+" "+path] = op.Security
			}
		}
		return out
	}
	rest := must[*apigateway.GetExportOutput](t)(c.rest().GetExport(ctx, &apigateway.GetExportInput{
		RestApiId: aws.String(builtin.Catalog), StageName: aws.String("prod"), ExportType: aws.String("oas30"),
		Parameters: map[string]string{"extensions": "apigateway"},
	}))
	want := asJSON(t, map[string]any{
		"get /items": nil, "post /items": nil, "get /items/{id}": []any{map[string]any{"api_key": []any{}}},
		"x-amazon-apigateway-any-method /{proxy+}": []any{map[string]any{"sigv4": []any{}}},
	})
	if diff := cmp.Diff(want, asJSON(t, security(rest.Body))); diff != "" {
		t.Errorf("a REST API: %s", diff)
	}
	http := must[*apigatewayv2.ExportApiOutput](t)(c.v2().ExportApi(ctx, &apigatewayv2.ExportApiInput{
		ApiId: aws.String(builtin.Shop), StageName: aws.String("$default"), Specification: aws.String("OAS30"), OutputType: aws.String("JSON"),
	}))
	want = asJSON(t, map[string]any{
		"get /goods": nil, "get /basket": []any{map[string]any{"sigv4": []any{}}},
		"get /wishlist": []any{map[string]any{"login": []any{"wishlist/read"}}}, "get /offers": []any{map[string]any{"function": []any{}}},
	})
	if diff := cmp.Diff(want, asJSON(t, security(http.Body))); diff != "" {
		t.Errorf("an HTTP API: %s", diff)
	}
}

func TestControlPlanePages(t *testing.T) {
	c, ctx := accountOf(t, func(m *Model) { m.ControlPlane.PageSize = 2 }), t.Context()
	pages, names := 0, []string{}
	for p := apigateway.NewGetRestApisPaginator(c.rest(), nil); p.HasMorePages(); pages++ {
		for _, a := range must[*apigateway.GetRestApisOutput](t)(p.NextPage(ctx)).Items {
			names = append(names, *a.Name)
		}
	}
	if got, want := strings.Join(names, " "), "orders catalog ledger legacy members reports vault"; got != want || pages != 4 {
		t.Errorf("paging: got %q on %d pages, want %q on 4", got, pages, want)
	}
}

func TestControlPlaneRefuses(t *testing.T) {
	code := func(err error) string {
		var api smithy.APIError
		if !errors.As(err, &api) {
			return ""
		}
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	operator := "arn:aws:iam::" + builtin.Account + ":user/operator"
	list := func(ctx context.Context, c clients) error {
		_, err := c.rest().GetRestApis(ctx, nil)
		return err
	}
	for name, test := range map[string]struct {
		change func(*Model)
		config func(*aws.Config)
		call   func(context.Context, clients) error
		want   string
	}{
		"no right": {
			change: operatorMay(nil), call: list,
			want: "AccessDeniedException: User: " + operator + " is not authorized to perform: apigateway:GET on resource: " +
				"arn:aws:apigateway:eu-west-1::/restapis because no identity-based policy allows the apigateway:GET action",
		},
		"a right on something else": {
			change: operatorMay(Policy{{Effect: Allow, Action: []string{"apigateway:*"}, Resource: []string{"arn:aws:apigateway:*::/restapis/*"}}}), call: list,
			want: "AccessDeniedException: User: " + operator + " is not authorized to perform: apigateway:GET on resource: " +
				"arn:aws:apigateway:eu-west-1::/restapis because no identity-based policy allows the apigateway:GET action",
		},
		"denied": {
			change: operatorMay(Policy{{Effect: Allow, Action: []string{"*"}}, {Effect: Deny, Action: []string{"apigateway:GET"}, Resource: []string{"*/stages"}}}),
			call: func(ctx context.Context, c clients) error {
				_, err := c.v2().GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: aws.String(builtin.Shop)})
				return err
			},
			want: "AccessDeniedException: User: " + operator + " is not authorized to perform: apigateway:GET on resource: " +
				"arn:aws:apigateway:eu-west-1::/apis/" + builtin.Shop + "/stages with an explicit deny in an identity-based policy",
		},
		"throttled": {
			change: func(m *Model) { m.ControlPlane.ThrottleEvery = 1 }, call: list, want: "TooManyRequestsException: Too Many Requests",
		},
		"wrong secret": {
			config: func(c *aws.Config) {
				c.Credentials = credentials.NewStaticCredentialsProvider(builtin.Operator.ID, "wrong", "")
			},
			call: list,
			want: "InvalidSignatureException: The request signature we calculated does not match the signature you provided. " +
				"Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
		},
		"unknown caller": {
			config: func(c *aws.Config) {
				c.Credentials = credentials.NewStaticCredentialsProvider("AKIANOBODY", "wrong", "")
			},
			call: list, want: "UnrecognizedClientException: The security token included in the request is invalid.",
		},
		"another region": {
			config: func(c *aws.Config) { c.Region = "us-east-1" },
			call: func(ctx context.Context, c clients) error {
				_, err := c.rest().GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: aws.String(builtin.Orders)})
				return err
			},
			want: "NotFoundException: Invalid API identifier specified",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*Model)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			c := accountOf(t, changes...)
			if test.config != nil {
				test.config(&c.config)
			}
			if got := code(test.call(t.Context(), c)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestControlPlaneHidesKeys(t *testing.T) {
	c, ctx := accountOf(t), t.Context()
	values := func(include *bool) []string {
		out := []string{}
		for _, k := range must[*apigateway.GetApiKeysOutput](t)(c.rest().GetApiKeys(ctx, &apigateway.GetApiKeysInput{IncludeValues: include})).Items {
			out = append(out, *k.Name+"="+aws.ToString(k.Value))
		}
		return out
	}
	if diff := cmp.Diff([]string{"orders=", "catalog="}, values(nil)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"orders=" + builtin.OrdersKey, "catalog=" + builtin.CatalogKey}, values(aws.Bool(true))); diff != "" {
		t.Error(diff)
	}
}

func TestControlPlaneMapsDomains(t *testing.T) {
	c, ctx := accountOf(t, func(m *Model) {
		m.Domains[0].Mappings = append(m.Domains[0].Mappings, Mapping{"", APIStage{builtin.Shop, "$default"}}, Mapping{"v2/ledger", APIStage{builtin.Ledger, "prod"}})
		m.Domains[0].Rules = []RoutingRule{{Header: "X-Canary", Value: "y*", APIStage: APIStage{builtin.Catalog, "prod"}}}
	}), t.Context()
	host := aws.String(builtin.Domain)
	first := must[*apigateway.GetBasePathMappingsOutput](t)(c.rest().GetBasePathMappings(ctx, &apigateway.GetBasePathMappingsInput{DomainName: host}))
	got := []string{}
	for _, m := range first.Items {
		got = append(got, *m.BasePath+" "+*m.RestApiId+" "+*m.Stage)
	}
	second := must[*apigatewayv2.GetApiMappingsOutput](t)(c.v2().GetApiMappings(ctx, &apigatewayv2.GetApiMappingsInput{DomainName: host}))
	for _, m := range second.Items {
		got = append(got, "v2: "+*m.ApiMappingKey+" "+*m.ApiId+" "+*m.Stage)
	}
	rules := must[*apigatewayv2.ListRoutingRulesOutput](t)(c.v2().ListRoutingRules(ctx, &apigatewayv2.ListRoutingRulesInput{DomainName: host}))
	for _, r := range rules.RoutingRules {
		h, to := r.Conditions[0].MatchHeaders.AnyOf[0], r.Actions[0].InvokeApi
		got = append(got, "rule: "+*h.Header+" "+*h.ValueGlob+" "+*to.ApiId+" "+*to.Stage)
	}
	domain := must[*apigateway.GetDomainNameOutput](t)(c.rest().GetDomainName(ctx, &apigateway.GetDomainNameInput{DomainName: aws.String(builtin.SecureDomain)}))
	got = append(got, *domain.MutualTlsAuthentication.TruststoreUri+" "+string(domain.RoutingMode))
	want := []string{
		"orders or4d3r5a1b prod", "catalog ca7a1og2c3 prod", "legacy l3gacyf6a7 v1",
		"v2: orders or4d3r5a1b prod", "v2: catalog ca7a1og2c3 prod", "v2: legacy l3gacyf6a7 v1", "v2:  5h0pe2f3g4 $default", "v2: v2/ledger l3d93rd4e5 prod",
		"rule: X-Canary y* ca7a1og2c3 prod",
		"s3://sandbox-truststores/secure.example.test.pem " + string(types.RoutingModeBasePathMappingOnly),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestControlPlaneAssumesRoles(t *testing.T) {
	c, ctx := accountOf(t), t.Context()
	out := must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(c.config).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + builtin.Account + ":role/caller"), RoleSessionName: aws.String("me"),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`),
	}))
	config := c.config.Copy()
	config.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	who := must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(config).GetCallerIdentity(ctx, nil))
	if got, want := *who.Arn, "arn:aws:sts::"+builtin.Account+":assumed-role/caller/me"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if until := time.Until(*out.Credentials.Expiration); until < 50*time.Minute {
		t.Errorf("got a session for %s, want an hour", until)
	}
	_, err := apigateway.NewFromConfig(config).GetRestApis(ctx, nil)
	if err == nil || !strings.Contains(err.Error(), "with an explicit deny") && !strings.Contains(err.Error(), "because no identity-based policy allows") {
		t.Errorf("got %v, want the session to have no right", err)
	}
	want := []Call{
		{Principal: "arn:aws:iam::" + builtin.Account + ":user/operator", Operation: "AssumeRole", Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + builtin.Account + ":role/caller"},
		{Principal: *who.Arn, Operation: "GetCallerIdentity", Resource: "*"},
		{Principal: *who.Arn, Operation: "GetRestApis", Action: "apigateway:GET", Resource: "arn:aws:apigateway:eu-west-1::/restapis", Failed: "AccessDeniedException"},
	}
	if diff := cmp.Diff(want, c.gateway.Calls()); diff != "" {
		t.Error(diff)
	}
}

func TestControlPlaneDescribesVPCEndpoints(t *testing.T) {
	c, ctx := accountOf(t, func(m *Model) { m.VPCEndpoints[0].PrivateDNS = true }), t.Context()
	client := ec2.NewFromConfig(c.config)
	all := must[*ec2.DescribeVpcEndpointsOutput](t)(client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{
		Filters: []ec2types.Filter{{Name: aws.String("service-name"), Values: []string{"com.amazonaws.eu-west-1.execute-api"}}},
	}))
	var got []string
	for _, e := range all.VpcEndpoints {
		got = append(got, *e.VpcEndpointId, *e.VpcId, strconv.FormatBool(*e.PrivateDnsEnabled), *e.PolicyDocument)
		for _, n := range e.DnsEntries {
			got = append(got, *n.DnsName)
		}
	}
	want := []string{
		builtin.Endpoint, "vpc-0a1b2c3d4e5f60718", "true",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["*"],"Resource":["*"]}]}`,
		c.gateway.model.VPCEndpoints[0].Host(), "*.execute-api.eu-west-1.amazonaws.com",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	none := must[*ec2.DescribeVpcEndpointsOutput](t)(client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{"vpc-elsewhere"}}},
	}))
	if len(none.VpcEndpoints) > 0 {
		t.Errorf("got %d endpoints of another VPC, want none", len(none.VpcEndpoints))
	}
	if _, err := client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{"vpce-0123"}}); apiCode(err) != "InvalidVpcEndpointId.NotFound" {
		t.Errorf("an unknown endpoint: got %v, want InvalidVpcEndpointId.NotFound", err)
	}
}

func TestControlPlaneKeepsSecrets(t *testing.T) {
	c, ctx := accountOf(t), t.Context()
	parameter := func(name string, decrypt bool) (string, error) {
		out, err := ssm.NewFromConfig(c.config).GetParameter(ctx, &ssm.GetParameterInput{Name: &name, WithDecryption: &decrypt})
		if err != nil {
			return "", err
		}
		return *out.Parameter.Value, nil
	}
	secret := func(id string) (string, error) {
		out, err := secretsmanager.NewFromConfig(c.config).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			return "", err
		}
		return *out.SecretString, nil
	}
	if got := must[string](t)(parameter("/orders/api-key", true)); got != builtin.OrdersKey {
		t.Errorf("got %q, want %q", got, builtin.OrdersKey)
	}
	if got := must[string](t)(parameter("/orders/api-key", false)); got == builtin.OrdersKey {
		t.Error("got a value that nobody decrypted")
	}
	if _, err := parameter("/nothing", true); apiCode(err) != "ParameterNotFound" {
		t.Errorf("got %v, want ParameterNotFound", err)
	}
	if got := must[string](t)(secret("catalog/api-key")); got != builtin.CatalogKey {
		t.Errorf("got %q, want %q", got, builtin.CatalogKey)
	}
	if _, err := secret("nothing"); apiCode(err) != "ResourceNotFoundException" {
		t.Errorf("got %v, want ResourceNotFoundException", err)
	}
}

func apiCode(err error) string {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return ""
	}
	return api.ErrorCode()
}
