package evidence_test

import (
	"strings"
	"testing"

	"apigwprobe/probe"
)

func TestFactsAround(t *testing.T) {
	const (
		id       = "/restapis/a1b2c3d4e5"
		open     = `inferred standing: [domain] account: the default endpoint of a1b2c3d4e5 is enabled in the API (apigateway GetRestApi)`
		lawless  = `inferred standing: [resource-policy] account: a1b2c3d4e5 has no resource policy in the API (apigateway GetRestApi)`
		mapped   = `inferred standing: [domain] account: api.example.com leads with base path "orders" to stage "prod" of a1b2c3d4e5 (apigatewayv2 GetApiMappings)`
		noACL    = `inferred standing: [waf] account: no web ACL is attached to stage "prod" of a1b2c3d4e5 (apigateway GetStage)`
		isThere  = `inferred standing: [stage] account: stage "prod" of a1b2c3d4e5 is there and deployed (apigateway GetStage)`
		noCert   = `inferred standing: [tls] account: api.example.com asks for no client certificate (apigatewayv2 GetDomainName)`
		mappings = "/v2/domainnames/api.example.com/apimappings"
	)
	policy := func(statements string) map[string]string {
		text := strings.ReplaceAll(`{"Version":"2012-10-17","Statement":[`+statements+`]}`, `"`, `\\\"`)
		return map[string]string{id: `{"endpointConfiguration":{"types":["REGIONAL"]},"disableExecuteApiEndpoint":true,"policy":"` + text + `"}`}
	}
	merge := func(all ...map[string]string) map[string]string {
		out := map[string]string{id + "/stages/prod": `{"stageName":"prod","deploymentId":"d1"}`, id + "/deployments/d1": `{}`}
		for _, some := range all {
			for k, v := range some {
				out[k] = v
			}
		}
		return out
	}
	settings := func(text string) map[string]string {
		return map[string]string{id: `{"id":"a1b2c3d4e5",` + text + `}`}
	}
	behind := []probe.Layer{probe.IAMAuthorization, probe.LambdaAuthorizer, probe.APIKeyLayer, probe.UsagePlan, probe.Backend}
	own := func(by ...probe.Layer) probe.Result { return refused("GET", restHost, "/prod/orders", by...) }
	at := func(path string, by ...probe.Layer) probe.Result {
		return refused("GET", "api.example.com", path, by...)
	}
	for _, c := range []struct {
		name    string
		answers map[string]string
		sent    probe.Result
		want    []string
	}{
		{name: "default endpoint enabled", answers: settings(`"endpointConfiguration":{"types":["REGIONAL"]}`), sent: own(probe.Domain), want: []string{open}},
		{name: "default endpoint disabled", answers: settings(`"disableExecuteApiEndpoint":true`), sent: own(probe.Domain)},
		{name: "private", answers: settings(`"endpointConfiguration":{"types":["PRIVATE"]}`), sent: own(probe.Domain, probe.ResourcePolicy)},
		{name: "from inside a VPC", answers: settings(`"endpointConfiguration":{"types":["REGIONAL"]}`), sent: func() probe.Result {
			res := own(probe.Domain)
			res.Observed.Remote = "10.0.0.7:443"
			return res
		}()},
		{name: "through a VPC endpoint", answers: settings(`"endpointConfiguration":{"types":["REGIONAL"]}`), sent: func() probe.Result {
			res := own(probe.Domain)
			res.Observed.Headers = map[string]string{"server": "Server"}
			return res
		}()},
		{name: "no policy", sent: own(probe.ResourcePolicy), want: []string{lawless}},
		{name: "a policy that allows", answers: policy(`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}`), sent: own(append(behind, probe.ResourcePolicy)...)},
		{
			name: "a policy that names an account, which is not asked for", sent: own(append(behind, probe.ResourcePolicy)...),
			answers: policy(`{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/prod/GET/orders"}`),
		},
		{
			name: "a policy that denies everything", sent: own(append(behind, probe.ResourcePolicy)...),
			answers: policy(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`),
			want:    []string{"inferred standing: [iam-authorization api-key usage-plan backend] account: the resource policy of a1b2c3d4e5, in the API, denies GET /orders to everybody (apigateway GetRestApi): nothing behind it answers"},
		},
		{name: "a policy that denies some", answers: policy(`{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`), sent: own(behind...)},
		{name: "a policy that cannot be read", answers: policy(`1`), sent: own(behind...)},
		{name: "mapped", sent: at("/orders/items", probe.Domain, probe.Stage, probe.WAF), want: []string{mapped, isThere, noACL}},
		{name: "mapped, the root", answers: map[string]string{mappings: `{"items":[{"apiId":"a1b2c3d4e5","stage":"prod"}]}`}, sent: at("/orders/items", probe.WAF), want: []string{noACL}},
		{name: "a longer mapping leads elsewhere", answers: map[string]string{mappings: `{"items":[{"apiId":"a1b2c3d4e5","stage":"prod","apiMappingKey":"orders"},{"apiId":"b","stage":"prod","apiMappingKey":"orders/items"}]}`}, sent: at("/orders/items", probe.Domain, probe.WAF)},
		{name: "a longer mapping begins alike", answers: map[string]string{mappings: `{"items":[{"apiId":"a1b2c3d4e5","stage":"prod","apiMappingKey":"orders"},{"apiId":"b","stage":"prod","apiMappingKey":"orders/item"}]}`}, sent: at("/orders/items", probe.WAF), want: []string{noACL}},
		{name: "not mapped", sent: at("/else", probe.Domain, probe.WAF)},
		{name: "led by rules", answers: map[string]string{"/v2/domainnames/api.example.com": `{"routingMode":"ROUTING_RULE_THEN_API_MAPPING","mutualTlsAuthentication":{"truststoreUri":"s3"}}`}, sent: at("/orders/items", probe.Domain, probe.WAF, probe.TLS)},
		{name: "certificates are asked for", sent: at("/orders/items", probe.TLS)},
		{name: "no certificate is asked for", answers: map[string]string{"/v2/domainnames/api.example.com": `{"routingMode":"API_MAPPING_ONLY"}`}, sent: at("/orders/items", probe.TLS), want: []string{noCert}},
		{name: "a host that is not declared", sent: refused("GET", "cdn.example.com", "/orders/items", probe.TLS, probe.Domain, probe.WAF)},
		{
			name: "no key can pass", sent: own(probe.APIKeyLayer, probe.Backend),
			answers: map[string]string{id + "/deployments/d1": `{"apiSummary":{"/orders":{"GET":{"authorizationType":"NONE","apiKeyRequired":true}}}}`, "/usageplans/p1/keys": `{}`},
			want:    []string{`inferred standing: [backend] account: no usage plan has an API key for stage "prod" (apigateway GetUsagePlans): nothing behind the key answers`},
		},
		{
			name: "a key may pass", sent: own(probe.APIKeyLayer, probe.Backend),
			answers: map[string]string{id + "/deployments/d1": `{"apiSummary":{"/orders":{"GET":{"authorizationType":"NONE","apiKeyRequired":true}}}}`},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkFacts(t, restAPI(), restPlane(), merge(c.answers), c.sent, c.want, nil)
		})
	}
}
