package sandbox

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestControlPlaneSamplesRequests(t *testing.T) {
	c, ctx := accountOf(t), t.Context()
	client := wafv2.NewFromConfig(c.config)
	stage := func(api string) *wafv2.GetWebACLForResourceInput {
		return &wafv2.GetWebACLForResourceInput{ResourceArn: aws.String("arn:aws:apigateway:eu-west-1::/restapis/" + api + "/stages/prod")}
	}
	if none := must[*wafv2.GetWebACLForResourceOutput](t)(client.GetWebACLForResource(ctx, stage(builtin.Orders))); none.WebACL != nil {
		t.Errorf("orders: got a web ACL, want none")
	}
	acl := must[*wafv2.GetWebACLForResourceOutput](t)(client.GetWebACLForResource(ctx, stage(builtin.Ledger))).WebACL
	byName := must[*wafv2.GetWebACLOutput](t)(client.GetWebACL(ctx, &wafv2.GetWebACLInput{Name: acl.Name, Id: acl.Id, Scope: waftypes.ScopeRegional})).WebACL
	byARN := must[*wafv2.GetWebACLOutput](t)(client.GetWebACL(ctx, &wafv2.GetWebACLInput{ARN: acl.ARN})).WebACL
	for _, same := range []*waftypes.WebACL{byName, byARN} {
		if diff := cmp.Diff(acl, same, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("the web ACL itself: %s", diff)
		}
	}
	if _, err := client.GetWebACL(ctx, &wafv2.GetWebACLInput{Name: acl.Name, Id: aws.String("another"), Scope: waftypes.ScopeRegional}); err == nil {
		t.Error("another id: got a web ACL, want none")
	}
	url := "https://" + c.gateway.byID[builtin.Ledger].Host() + "/prod/entries?x=1"
	c.gateway.ServeHTTP(httptest.NewRecorder(), get(url, "X-Probe-Waf: block-me", "X-Marker: one"))
	c.gateway.ServeHTTP(httptest.NewRecorder(), get(url, "X-Marker: two"))
	sampled := func(metric *string) (out []string) {
		samples := must[*wafv2.GetSampledRequestsOutput](t)(client.GetSampledRequests(ctx, &wafv2.GetSampledRequestsInput{
			WebAclArn: acl.ARN, RuleMetricName: metric, Scope: waftypes.ScopeRegional, MaxItems: aws.Int64(100),
			TimeWindow: &waftypes.TimeWindow{StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Minute))},
		}))
		for _, s := range samples.SampledRequests {
			for _, h := range s.Request.Headers {
				if *h.Name == "x-marker" {
					out = append(out, strings.Join([]string{*s.Action, *s.Request.Method, *s.Request.URI, *h.Value}, " "))
				}
			}
		}
		return out
	}
	if diff := cmp.Diff([]string{"BLOCK GET /prod/entries?x=1 one"}, sampled(acl.Rules[0].VisibilityConfig.MetricName)); diff != "" {
		t.Errorf("the rule: %s", diff)
	}
	if diff := cmp.Diff([]string{"ALLOW GET /prod/entries?x=1 two"}, sampled(acl.VisibilityConfig.MetricName)); diff != "" {
		t.Errorf("the default action: %s", diff)
	}
}

func TestControlPlaneSimulates(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/caller"
	method := "arn:aws:execute-api:eu-west-1:111122223333:" + builtin.Orders + "/prod/GET/orders"
	fromHome := Policy{{Effect: Allow, Condition: []Condition{{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"192.0.2.0/24"}}}}}
	for name, test := range map[string]struct {
		policy  Policy
		input   iam.SimulatePrincipalPolicyInput
		want    types.PolicyEvaluationDecisionType
		missing []string
	}{
		"allowed":    {policy: anything, want: types.PolicyEvaluationDecisionTypeAllowed},
		"silent":     {want: types.PolicyEvaluationDecisionTypeImplicitDeny},
		"denied":     {policy: Policy{{Effect: Allow}, {Effect: Deny}}, want: types.PolicyEvaluationDecisionTypeExplicitDeny},
		"condition":  {policy: fromHome, want: types.PolicyEvaluationDecisionTypeImplicitDeny, missing: []string{"aws:SourceIp"}},
		"with value": {policy: fromHome, want: types.PolicyEvaluationDecisionTypeAllowed, input: iam.SimulatePrincipalPolicyInput{ContextEntries: []types.ContextEntry{{ContextKeyName: aws.String("aws:SourceIp"), ContextKeyType: types.ContextKeyTypeEnumIp, ContextKeyValues: []string{"192.0.2.7"}}}}},
		"resource policy": {want: types.PolicyEvaluationDecisionTypeAllowed, input: iam.SimulatePrincipalPolicyInput{
			ResourcePolicy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"execute-api:Invoke","Resource":"*"}]}`),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := accountOf(t, func(m *Model) { m.Principals[0].Policy = test.policy })
			test.input.PolicySourceArn, test.input.ActionNames, test.input.ResourceArns = aws.String(role), []string{invoke}, []string{method}
			out := must[*iam.SimulatePrincipalPolicyOutput](t)(iam.NewFromConfig(c.config).SimulatePrincipalPolicy(t.Context(), &test.input))
			got := out.EvaluationResults[0]
			if got.EvalDecision != test.want || *got.EvalResourceName != method {
				t.Errorf("got %s on %s, want %s", got.EvalDecision, *got.EvalResourceName, test.want)
			}
			if diff := cmp.Diff(test.missing, got.MissingContextValues, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	c := accountOf(t)
	_, err := iam.NewFromConfig(c.config).SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:sts::111122223333:assumed-role/caller/probe"), ActionNames: []string{invoke},
	})
	if apiCode(err) != "InvalidInput" {
		t.Errorf("a session: got %v, want InvalidInput", err)
	}
}

func TestControlPlaneInvokesFunctions(t *testing.T) {
	tokens := builtinTokens()["member"]
	for name, test := range map[string]struct {
		change   func(*Model)
		function string
		event    any
		want     string
		failed   string
	}{
		"allows": {
			function: "members-authorizer-function", event: object{"type": "TOKEN", "authorizationToken": "Bearer " + tokens["valid"], "methodArn": "arn:x"},
			want: `{"policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["execute-api:Invoke"],"Resource":["*"]}]},"principalId":"sandbox"}`,
		},
		"does not know": {
			function: "members-authorizer-function", event: object{"type": "TOKEN", "authorizationToken": "x"}, failed: "Unhandled",
			want: `{"errorMessage":"Unauthorized","errorType":"Error","trace":[]}`,
		},
		"of an HTTP API": {
			function: "arn:aws:lambda:eu-west-1:111122223333:function:shop-authorizer-function",
			event:    object{"version": "2.0", "headers": object{"authorization": tokens["denied"]}, "routeArn": "arn:x"},
			want:     `{"policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["execute-api:Invoke"],"Resource":["*"]}]},"principalId":"sandbox"}`,
		},
		"simple": {
			change: func(m *Model) {
				w := setting{Model: *m}
				onAPI("shop", func(a *API) { a.Authorizers[1].Function.Simple = true })(&w)
			},
			function: "shop-authorizer-function", event: object{"version": "2.0", "headers": object{"Authorization": tokens["valid"]}},
			want: `{"isAuthorized":true}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*Model)
			if test.change != nil {
				changes = append(changes, test.change)
			}
			c := accountOf(t, changes...)
			payload := must[[]byte](t)(json.Marshal(test.event))
			out := must[*lambda.InvokeOutput](t)(lambda.NewFromConfig(c.config).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &test.function, Payload: payload}))
			if got := string(out.Payload); got != test.want || aws.ToString(out.FunctionError) != test.failed {
				t.Errorf("got  %s %s\nwant %s %s", got, aws.ToString(out.FunctionError), test.want, test.failed)
			}
		})
	}
}

func TestControlPlaneShowsWhoMayInvoke(t *testing.T) {
	c := accountOf(t, func(m *Model) {
		w := setting{Model: *m}
		onFunction(func(f *AuthorizerFunction) { f.NotPermitted = true })(&w)
	})
	client := lambda.NewFromConfig(c.config)
	shop := must[*lambda.GetPolicyOutput](t)(client.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("shop-authorizer-function")}))
	if want := `"AWS:SourceArn":"arn:aws:execute-api:eu-west-1:111122223333:` + builtin.Shop + `/*"`; !strings.Contains(*shop.Policy, want) {
		t.Errorf("got %s, want %s in it", *shop.Policy, want)
	}
	_, err := client.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("members-authorizer-function")})
	if apiCode(err) != "ResourceNotFoundException" {
		t.Errorf("got %v, want ResourceNotFoundException", err)
	}
}

func TestControlPlaneTestInvokes(t *testing.T) {
	c, ctx := accountOf(t, func(m *Model) {
		w := setting{Model: *m}
		onRoute("catalog", 0, func(r *Route) {
			r.Backend = Backend{Status: 418, Body: "short and stout"}
			r.Validator = &Validator{Parameters: []string{"method.request.querystring.page"}}
		})(&w)
	}), t.Context()
	resource := resourceID(c.gateway.byID[builtin.Catalog], "/items")
	method := func(path string) string {
		out := must[*apigateway.TestInvokeMethodOutput](t)(c.rest().TestInvokeMethod(ctx, &apigateway.TestInvokeMethodInput{
			RestApiId: aws.String(builtin.Catalog), ResourceId: &resource, HttpMethod: aws.String("GET"), PathWithQueryString: &path,
		}))
		if !strings.Contains(*out.Log, " : Method completed with status: ") {
			t.Errorf("got the log %s, want how it ended", *out.Log)
		}
		return *out.Body
	}
	if got, want := method("/items?page=1"), "short and stout"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := method("/items"), `{"message": "Missing required request parameters: [page]"}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}

	members := c.gateway.byID[builtin.Members]
	ask := func(name, token string) *apigateway.TestInvokeAuthorizerOutput {
		return must[*apigateway.TestInvokeAuthorizerOutput](t)(c.rest().TestInvokeAuthorizer(ctx, &apigateway.TestInvokeAuthorizerInput{
			RestApiId: aws.String(members.ID), AuthorizerId: aws.String(authorizerID(members, name)), Headers: map[string]string{"Authorization": token},
		}))
	}
	if out := ask("function", builtinTokens()["member"]["denied"]); out.ClientStatus != 0 || !strings.Contains(aws.ToString(out.Policy), `"Effect":"Deny"`) {
		t.Errorf("a guest: got status %d and policy %q, want 0 and a deny", out.ClientStatus, aws.ToString(out.Policy))
	}
	if out := ask("function", "nobody"); out.ClientStatus != 401 {
		t.Errorf("nobody: got status %d, want 401", out.ClientStatus)
	}
	if out := ask(builtinPool, builtinTokens()["member"]["valid"]); out.ClientStatus != 0 || out.Claims["sub"] != "member" {
		t.Errorf("a member of the pool: got status %d and claims %v, want 0 and those of the member", out.ClientStatus, out.Claims)
	}
	if out := ask(builtinPool, "nobody"); out.ClientStatus != 401 {
		t.Errorf("nobody in the pool: got status %d, want 401", out.ClientStatus)
	}
}
