package cli_test

import (
	"fmt"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// Healthy APIs of every kind end without a finding and with something proven, which is exit code 0.
func TestPostureHealthy(t *testing.T) {
	checkAll(t, healthyPostures, alarms)
}

// alarms are what a healthy API must not cause.
func alarms(o outcome) []string {
	var out []string
	for _, r := range o.report.Results {
		if r.Verdict == probe.Fail || r.Verdict == probe.Inconclusive {
			truth, _ := o.truth(r)
			out = append(out, fmt.Sprintf("%s: a false alarm, truth %s/%s: %s", describe(r), truth.Layer, truth.Cause, r.Reason))
		}
	}
	if o.report.Coverage.Proven == 0 {
		out = append(out, "got nothing proven, want something")
	}
	return out
}

// The changes that several postures share.
var (
	doorShut    = func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = true }
	noDomain    = func(m *sandbox.Model) { m.Domains = nil }
	harmlessWAF = func(m *sandbox.Model) {
		m.APIs[0].Stages[0].WebACL = []sandbox.WAFRule{{Match: sandbox.WAFHeaderContains, Header: "User-Agent", Value: "sqlmap"}}
	}
	oldWording = func(m *sandbox.Model) { m.Switches.OldParserWording, m.Switches.OldPolicyWording = true, true }
	atEdge     = func(m *sandbox.Model) {
		m.APIs[0].Endpoint = sandbox.Edge
		m.Domains[0].Endpoint = sandbox.Edge
	}
)

// front puts something before the custom domain.
func front(f sandbox.Front) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.Fronts = map[string]sandbox.Front{m.Domains[0].Host: f} }
}

func responses(r map[string]sandbox.GatewayResponse) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.APIs[0].GatewayResponses = r }
}

// eachRoute changes every declared route.
func eachRoute(change func(*probe.Route)) func(*probe.Plan) {
	return func(p *probe.Plan) {
		for i := range p.APIs {
			for j := range p.APIs[i].Routes {
				change(&p.APIs[i].Routes[j])
			}
		}
	}
}

func parameter(name, value string) func(*probe.Plan) {
	return eachRoute(func(r *probe.Route) { r.PathParameters = map[string]string{name: value} })
}

func signedBy(name, outsider string) func(*probe.Plan) {
	return eachRoute(func(r *probe.Route) {
		if r.Authorization == probe.AuthIAM {
			r.Principal, r.Outsider = name, outsider
		}
	})
}

func mutation(consent probe.Mutation) func(*probe.Plan) {
	return func(p *probe.Plan) { p.APIs[0].Mutation = consent }
}

var healthyPostures = []posture{
	{name: "everything"},
	{name: "IAM", setup: routes(iam("/orders/{id}"))},
	{name: "IAM and key", setup: routes(keyed(iam("/orders")))},
	{name: "key only", setup: routes(keyed(open("/orders")))},
	{name: "NONE behind a shut door", setup: both(doorShut, routes(open("/health")))},
	{name: "default endpoint only", setup: noDomain},
	{name: "custom domain only", setup: doorShut},
	{name: "custom domain only, keys only", setup: both(doorShut, routes(keyed(open("/orders"))))},
	{name: "default endpoint undeclared", setup: doorShut, declare: func(p *probe.Plan) { p.APIs[0].DefaultEndpoint = probe.Unknown }},
	{name: "catch-all NONE", setup: routes(iam("/orders/{id}"), by("ANY", open("/{proxy+}")))},
	{name: "catch-all AWS_IAM", setup: routes(iam("/orders/{id}"), open("/health"), by("ANY", iam("/{proxy+}")))},
	{name: "catch-all AWS_IAM with key", setup: routes(by("ANY", keyed(iam("/{proxy+}"))))},
	{name: "catch-all GET", setup: routes(iam("/orders/{id}"), iam("/{proxy+}"))},
	{name: "catch-all undeclared", setup: routes(iam("/orders/{id}"), by("ANY", iam("/{proxy+}"))), declare: func(p *probe.Plan) {
		p.APIs[0].CatchAll, p.APIs[0].Routes = probe.Unknown, p.APIs[0].Routes[:1]
	}},
	{name: "no catch-all, undeclared", declare: func(p *probe.Plan) { p.APIs[0].CatchAll = probe.Unknown }},
	{name: "greedy path below", setup: routes(iam("/files/{proxy+}"))},
	{name: "ANY", setup: routes(by("ANY", iam("/orders")), by("ANY", open("/health")))},
	{name: "HEAD", setup: routes(by("HEAD", iam("/orders")), by("HEAD", keyed(open("/health"))))},
	{name: "OPTIONS beside GET", setup: routes(iam("/orders"), by("OPTIONS", open("/orders")))},
	{name: "POST, refused only", setup: routes(by("POST", keyed(iam("/orders"))), iam("/orders")), declare: mutation(probe.MutationRefusedOnly)},
	{name: "POST, all", setup: routes(by("POST", keyed(iam("/orders"))), by("DELETE", iam("/orders/{id}"))), declare: both(
		mutation(probe.MutationAll), eachRoute(func(r *probe.Route) { r.Body = []byte(`{"count": 1}`) }))},
	{name: "POST, no consent", setup: routes(by("POST", iam("/orders")), iam("/orders"))},
	{name: "root mapping", setup: func(m *sandbox.Model) { m.Domains[0].Mappings = []sandbox.Mapping{mapping("")} }},
	{name: "root mapping of another API", setup: func(m *sandbox.Model) {
		otherAPI(m, open("/{proxy+}"))
		m.Domains[0].Mappings = append(m.Domains[0].Mappings, sandbox.Mapping{APIStage: sandbox.APIStage{API: otherID, Stage: "prod"}})
	}},
	{name: "domain shared with another API", setup: func(m *sandbox.Model) {
		otherAPI(m, open("/items"))
		m.Domains[0].Mappings = append(m.Domains[0].Mappings, sandbox.Mapping{BasePath: "catalog", APIStage: sandbox.APIStage{API: otherID, Stage: "prod"}})
	}},
	{name: "base path of several segments", setup: func(m *sandbox.Model) { m.Domains[0].Mappings = []sandbox.Mapping{mapping("shop/v1/orders")} }},
	{name: "two custom domains", setup: func(m *sandbox.Model) {
		m.Domains = append(m.Domains, sandbox.Domain{Host: "orders.example.test", Mappings: []sandbox.Mapping{mapping("")}})
	}},
	{name: "two base paths", setup: func(m *sandbox.Model) { m.Domains[0].Mappings = append(m.Domains[0].Mappings, mapping("v2/orders")) }},
	{name: "stage named like a resource", setup: func(m *sandbox.Model) {
		m.APIs[0].Stages[0].Name, m.Plans[0].Stages[0].Stage, m.Domains[0].Mappings[0].Stage = "orders", "orders", "orders"
	}},
	{name: "edge-optimised", setup: atEdge},
	{name: "own CDN", setup: both(doorShut, front(sandbox.EdgeHeaders()))},
	{name: "CDN hides the ids", setup: both(doorShut, front(sandbox.StripResponseHeaders("x-amz-apigw-id", "x-amzn-requestid")))},
	{name: "gateway responses, body", setup: responses(map[string]sandbox.GatewayResponse{
		"DEFAULT_4XX": {Template: `{"type":"$context.error.responseType","message":$context.error.messageString}`},
	})},
	{name: "gateway responses, text hidden", setup: responses(map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Template: `{"error":"no"}`}})},
	{name: "gateway responses, status", setup: responses(map[string]sandbox.GatewayResponse{
		"MISSING_AUTHENTICATION_TOKEN": {Status: 404}, "INVALID_API_KEY": {Status: 401}, "ACCESS_DENIED": {Status: 404}, "INVALID_SIGNATURE": {Status: 401},
	})},
	{name: "gateway responses, CORS", setup: responses(map[string]sandbox.GatewayResponse{
		"DEFAULT_4XX": {Header: map[string]string{"Access-Control-Allow-Origin": "*"}},
	})},
	{name: "X-Ray", setup: func(m *sandbox.Model) { m.APIs[0].Stages[0].XRay = true }},
	{name: "session token", declare: signedBy("session", "outsider")},
	{name: "cross-account caller", setup: func(m *sandbox.Model) {
		m.APIs[0].ResourcePolicy = sandbox.Policy{{Effect: sandbox.Allow, Principal: []string{partner}}, {Effect: sandbox.Allow, Principal: []string{"*"}, Resource: []string{"execute-api:/prod/GET/health"}}}
	}, declare: signedBy("friend", "stranger")},
	{name: "cross-account outsider", declare: signedBy("caller", "friend")},
	{name: "resource policy of networks", setup: func(m *sandbox.Model) {
		m.APIs[0].ResourcePolicy = sandbox.Policy{{Effect: sandbox.Allow, Principal: []string{account}, Condition: []sandbox.Condition{{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"127.0.0.0/8"}}}}}
		m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}")}
		*principal(m, "outsider") = sandbox.Principal{ // denied by its own policy, where the resource policy allows the account
			AccessKeyID: principal(m, "outsider").AccessKeyID, SecretKey: principal(m, "outsider").SecretKey, ARN: principal(m, "outsider").ARN,
			Policy: sandbox.Policy{{Effect: sandbox.Deny}},
		}
	}},
	{name: "outsider by session policy", setup: func(m *sandbox.Model) {
		principal(m, "outsider").Policy = sandbox.Policy{{Effect: sandbox.Allow}}
		principal(m, "outsider").Session = &sandbox.Policy{}
	}},
	{name: "old wording", setup: oldWording},
	{name: "WAF", setup: harmlessWAF},
	{name: "WAF undeclared", setup: harmlessWAF, declare: func(p *probe.Plan) { p.APIs[0].WAF = nil }},
	{name: "no WAF, undeclared", declare: func(p *probe.Plan) { p.APIs[0].WAF = nil }},
	{name: "WAF undeclared, keys only", setup: both(harmlessWAF, routes(keyed(open("/orders")))), declare: func(p *probe.Plan) { p.APIs[0].WAF = nil }},
	{name: "refusals only", declare: refusalsOnly},
	{name: "refusals only, one route", setup: both(noDomain, routes(keyed(iam("/orders")))), declare: refusalsOnly},
	{name: "no key at hand", declare: eachRoute(func(r *probe.Route) { r.APIKey = nil })},
	{name: "nothing declared beside the routes", declare: func(p *probe.Plan) {
		a := &p.APIs[0]
		a.EndpointType, a.DefaultEndpoint, a.CatchAll, a.WAF, a.Domains[0].RootMapping = "", probe.Unknown, probe.Unknown, nil, probe.Unknown
	}},
	{name: "path with escapes", setup: routes(keyed(iam("/orders/{id}"))), declare: parameter("id", "a b:c@d")},
	{name: "path with a sign for every escape", setup: routes(iam("/orders/{id}")), declare: parameter("id", `!$&'()*+,;=:@~%"<>`)},
	{name: "path with double slash", setup: routes(iam("/files/{proxy+}")), declare: parameter("proxy", "a//b")},
	{name: "path with unicode", setup: routes(keyed(iam("/orders/{id}"))), declare: parameter("id", "größe-日本")},
	{name: "path that ends with a slash", setup: routes(iam("/orders/")), declare: nil},
	{name: "query with several values", declare: eachRoute(func(r *probe.Route) {
		r.Query = map[string][]string{"tag": {"b", "a", "a"}, "empty": {""}, "q": {"x y+z&=%"}, "B": {"1"}}
	})},
	{name: "query that sorts differently once encoded", declare: eachRoute(func(r *probe.Route) {
		r.Query = map[string][]string{"z": {"z", "ü"}, "ü": {"ä"}}
	})},
	{name: "headers", declare: eachRoute(func(r *probe.Route) {
		r.Headers = []probe.Header{{Name: "Accept", Value: "application/json"}, {Name: "X-Tenant", Secret: probe.Literal("tenant-secret-0001")}, {Name: "X-Many", Value: "a"}, {Name: "X-Many", Value: "b"}}
	})},
	{name: "clock ten minutes behind, corrected", setup: clockOff(10 * time.Minute), declare: correctClock},
	{name: "clock a day ahead, corrected", setup: both(clockOff(-24*time.Hour), routes(keyed(iam("/orders")))), declare: correctClock},
	{name: "clock two minutes behind", setup: clockOff(2 * time.Minute)},
	{name: "clock ten minutes behind, refusals only", setup: clockOff(10 * time.Minute), declare: both(refusalsOnly, correctClock)},
	{name: "two APIs", setup: func(m *sandbox.Model) {
		otherAPI(m, iam("/items"), open("/{proxy+}"))
		m.APIs[1].Name = "catalog"
	}},
}

// clockOff lets the gateway's clock be ahead of the prober's.
func clockOff(ahead time.Duration) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.Now = func() time.Time { return time.Now().Add(ahead) } }
}

func correctClock(p *probe.Plan) { p.CorrectClock = true }

func refusalsOnly(p *probe.Plan) {
	eachRoute(func(r *probe.Route) { r.Principal, r.Outsider, r.ExpiredSession, r.APIKey = "", "", "", nil })(p)
}

// otherAPI adds an API that is not ours.
func otherAPI(m *sandbox.Model, rs ...sandbox.Route) {
	m.APIs = append(m.APIs, sandbox.API{
		ID: otherID, Account: account, Region: region, Stages: []sandbox.Stage{{Name: "prod"}}, Routes: rs,
	})
}
