package cli_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// The set-ups of the attribution method's section 1 in which a naive engine is certain and wrong, each with the honest
// declaration and with every lie that can be told of it. What is declared is the hypothesis under test: whatever it
// says, nothing certain may be wrong, and the truth must be among the candidates.
func TestPostureSetups(t *testing.T) {
	checkAll(t, lied(setups, truthAndLies), nil)
}

// lies are declarations that are not true, whatever is deployed.
var lies = []option[probe.Plan]{
	{"authorization", func(p *probe.Plan) {
		eachRoute(func(r *probe.Route) {
			if r.Authorization == probe.AuthIAM {
				r.Authorization, r.Principal, r.Outsider, r.ExpiredSession = probe.AuthNone, "", "", ""
			} else {
				r.Authorization, r.Principal, r.Outsider, r.ExpiredSession = probe.AuthIAM, "caller", "outsider", "retired"
			}
		})(p)
	}},
	{"key", eachRoute(func(r *probe.Route) {
		r.APIKeyRequired = !r.APIKeyRequired
		r.APIKey = nil
		if r.APIKeyRequired {
			r.APIKey = probe.Literal(goodKey)
		}
	})},
	{"no key at hand", eachRoute(func(r *probe.Route) { r.APIKey = nil })},
	{"stage", func(p *probe.Plan) { p.APIs[0].Stage = "ghost" }},
	{"default endpoint", func(p *probe.Plan) {
		a := &p.APIs[0]
		a.DefaultEndpoint = map[probe.Declared]probe.Declared{probe.Enabled: probe.Disabled, probe.Disabled: probe.Enabled}[a.DefaultEndpoint]
	}},
	{"open catch-all", func(p *probe.Plan) { p.APIs[0].CatchAll = probe.Declared(probe.AuthNone) }},
	{"surroundings", func(p *probe.Plan) {
		a := &p.APIs[0]
		waf := a.WAF == nil || !*a.WAF
		a.WAF, a.Canary, a.BackendAWS = &waf, false, false
		if a.CatchAll == probe.Absent {
			a.CatchAll = probe.Declared(probe.AuthIAM)
		} else {
			a.CatchAll = probe.Absent
		}
		for i := range a.Domains {
			a.Domains[i].RootMapping = probe.Absent
		}
	}},
	{"principals swapped", signedBy("outsider", "caller")},
}

func webACL(rules ...sandbox.WAFRule) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.APIs[0].Stages[0].WebACL = rules }
}

func resourcePolicy(p ...sandbox.Statement) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.APIs[0].ResourcePolicy = p }
}

// proxied puts another gateway behind the first route.
func proxied(inner ...sandbox.Route) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		otherAPI(m, inner...)
		m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}"), open("/health")}
		for i := range m.APIs[0].Routes {
			m.APIs[0].Routes[i].Backend = sandbox.Backend{Kind: sandbox.HTTPProxy, URL: "https://" + m.APIs[1].Host() + "/prod/x"}
		}
	}
}

// without takes routes out of a deployment, by the beginning of their path.
func without(path string) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		m.APIs[0].Routes = slices.DeleteFunc(slices.Clone(m.APIs[0].Routes), func(r sandbox.Route) bool { return strings.HasPrefix(r.Path, path) })
	}
}

var (
	forbidden = map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 403, Template: `{"message":"Forbidden"}`}}
	sourceIP  = sandbox.Condition{Operator: "IpAddress", Key: "aws:SourceIp", Values: []string{"127.0.0.1"}}
	agent     = sandbox.Condition{Operator: "StringLike", Key: "aws:UserAgent", Values: []string{"probe/*"}}
)

var setups = []posture{
	{name: "C1 CDN strips Authorization", setup: front(sandbox.StripHeaders("Authorization"))},
	{name: "C1 CDN strips x-api-key", setup: front(sandbox.StripHeaders("x-api-key"))},
	{name: "C1 CDN strips both and shows itself", setup: front(sandbox.Chain(sandbox.EdgeHeaders(), sandbox.StripHeaders("Authorization", "x-api-key")))},
	{name: "C2 inner gateway wants a signature", setup: proxied(iam("/x"))},
	{name: "C2 inner gateway wants a key", setup: proxied(keyed(open("/x")))},
	{name: "C2 inner gateway lost the route", setup: proxied(open("/y"))},
	{name: "C2 inner gateway accepts", setup: proxied(open("/x"))},
	{name: "C3 backend words a signature error", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}"), open("/health")}
		for i := range m.APIs[0].Routes {
			m.APIs[0].Routes[i].Backend = sandbox.Backend{
				Status: 403, Header: map[string]string{"x-amzn-ErrorType": "InvalidSignatureException"},
				Body: `{"message":"Credential should be scoped to a valid region, not 'execute-api'. "}`,
			}
		}
	}},
	{name: "C3 backend words a policy denial", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}"), open("/health")}
		m.APIs[0].Routes[0].Backend = sandbox.Backend{
			Status: 403, Header: map[string]string{"x-amzn-ErrorType": "AccessDeniedException"},
			Body: `{"Message":"User: arn:aws:sts::111122223333:assumed-role/f/f is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:eu-west-1:111122223333:table/t because no identity-based policy allows the dynamodb:GetItem action"}`,
		}
	}},
	{name: "C4 CDN caches errors", setup: front(sandbox.CacheErrors(time.Hour, false, time.Now))},
	{name: "C4 CDN caches errors and admits it", setup: front(sandbox.CacheErrors(time.Hour, true, time.Now))},
	{name: "C5 CDN shows a page", setup: front(sandbox.ErrorPage())},
	{name: "C5 gateway response 200", setup: responses(map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 200}})},
	{name: "C5 gateway response 302", setup: responses(map[string]sandbox.GatewayResponse{
		"DEFAULT_4XX": {Status: 302, Header: map[string]string{"Location": "https://login.example.test/"}},
	})},
	{name: "C6 policy denies our address, old wording", setup: both(oldWording, resourcePolicy(
		sandbox.Statement{Effect: sandbox.Allow}, sandbox.Statement{Effect: sandbox.Deny, Condition: []sandbox.Condition{sourceIP}}))},
	{name: "C6 policy denies our address", setup: resourcePolicy(
		sandbox.Statement{Effect: sandbox.Allow}, sandbox.Statement{Effect: sandbox.Deny, Condition: []sandbox.Condition{sourceIP}})},
	{name: "C8 route lost", fault: without("/orders")},
	{name: "C8 route lost, 404 needs rights", fault: both(without("/orders"), func(m *sandbox.Model) { m.Switches.UnmatchedNeedsRights = true })},
	{name: "C12 longest mapping, stage deleted", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = append(m.APIs[0].Routes, keyed(iam("/admin/list")))
		otherAPI(m, open("/x"))
		m.Domains[0].Mappings = append(m.Domains[0].Mappings, sandbox.Mapping{BasePath: "orders/admin", APIStage: sandbox.APIStage{API: otherID, Stage: "gone"}})
	}},
	{name: "C13 routing rule on the key", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{keyed(open("/orders/orders")), keyed(iam("/orders/both"))}
		otherAPI(m, iam("/y"))
		m.Domains[0].Rules = []sandbox.RoutingRule{{Header: "x-api-key", Value: "*", APIStage: sandbox.APIStage{API: ordersID, Stage: "prod"}}}
		m.Domains[0].Mappings = []sandbox.Mapping{{APIStage: sandbox.APIStage{API: otherID, Stage: "prod"}}}
	}, declare: func(p *probe.Plan) { p.APIs[0].Domains = []probe.CustomDomain{{Host: domain}} }},
	{name: "C13 routing rule to an open API", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{keyed(open("/orders")), keyed(iam("/both"))}
		otherAPI(m, by("ANY", open("/{proxy+}")))
		m.Domains[0].Rules = []sandbox.RoutingRule{{Header: "x-api-key", Value: "*", APIStage: sandbox.APIStage{API: ordersID, Stage: "prod"}}}
		m.Domains[0].Mappings = []sandbox.Mapping{{APIStage: sandbox.APIStage{API: otherID, Stage: "prod"}}}
	}, declare: func(p *probe.Plan) { p.APIs[0].Domains = []probe.CustomDomain{{Host: domain}} }},
	{name: "C14 key on one method only", setup: routes(open("/ping"), keyed(open("/orders")), keyed(iam("/both")))},
	{name: "C18 greedy path wants a signature", setup: routes(open("/health"), keyed(open("/orders")), by("ANY", iam("/{proxy+}")))},
	{name: "C18 greedy path is open", setup: routes(iam("/orders"), by("ANY", open("/{proxy+}")))},
	{name: "C20 open OPTIONS and HEAD", setup: routes(keyed(iam("/orders")), by("OPTIONS", open("/orders")), by("HEAD", open("/orders")))},
	{name: "C22 policy allows our user agent", setup: resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Condition: []sandbox.Condition{agent}})},
	{name: "C22 policy denies our user agent", setup: resourcePolicy(
		sandbox.Statement{Effect: sandbox.Allow}, sandbox.Statement{Effect: sandbox.Deny, Condition: []sandbox.Condition{agent}})},
	{name: "C22 policy denies one path", setup: both(oldWording, resourcePolicy(
		sandbox.Statement{Effect: sandbox.Allow}, sandbox.Statement{Effect: sandbox.Deny, Resource: []string{"execute-api:/prod/GET/orders/*"}}))},
	{name: "C23 session policy", setup: both(oldWording, func(m *sandbox.Model) {
		o := principal(m, "outsider")
		o.ARN, o.Policy, o.Session = principal(m, "caller").ARN, sandbox.Policy{{Effect: sandbox.Allow}}, &sandbox.Policy{}
	})},
	{name: "C23 other account, silent policy", setup: resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{account}}), declare: signedBy("friend", "stranger")},
	{name: "C23 other account, silent policy, old wording", setup: both(oldWording,
		resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{account}})), declare: signedBy("friend", "stranger")},
	{name: "C26 canary without the route", setup: canary(10, open("/health")), changes: true},
	{name: "C26 canary without authorization", setup: canary(3, open("/orders/{id}"), open("/orders"), open("/health")), changes: true},
	{name: "C28 WAF rate rule", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFRate, After: 20})},
	{name: "C28 WAF wants a header that we lack", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderAbsent, Header: "Cookie"})},
	{name: "C28 WAF wants a key", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderAbsent, Header: "x-api-key"})},
	{name: "C28 WAF wants Authorization", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderAbsent, Header: "Authorization"})},
	{name: "C28 WAF blocks one path", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFPathPrefix, Value: "/prod/orders"})},
	{name: "C28 WAF blocks session tokens", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderPresent, Header: "X-Amz-Security-Token"})},
	{name: "C32 Forbidden for everything, types hidden", setup: both(responses(forbidden), front(sandbox.StripResponseHeaders("x-amzn-", "x-amz-")))},
	{name: "C32 Forbidden for everything", setup: responses(forbidden)},
	{name: "C32 types hidden", setup: front(sandbox.StripResponseHeaders("x-amzn-errortype"))},
	{name: "C32 404 for everything", setup: responses(map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 404, Template: `{"message":"Not Found"}`}})},
	{name: "C33 WAF words Missing Authentication Token", setup: webACL(sandbox.WAFRule{
		Match: sandbox.WAFHeaderAbsent, Header: "Authorization", Status: 403, Body: `{"message":"Missing Authentication Token"}`,
	})},
	{name: "C33 WAF answers 200", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFAll, Status: 200, Body: `{"ok":true}`})},
	{name: "C33 WAF answers 429", setup: webACL(sandbox.WAFRule{Match: sandbox.WAFHeaderAbsent, Header: "Authorization", Status: 429, Body: `{"message":"Too Many Requests"}`}),
		sel: probe.Selection{Scenarios: []string{"unsigned", "missing-api-key", "malformed-authorization"}}},
	{name: "C35 oversize", setup: routes(by("POST", open("/orders"))), declare: func(p *probe.Plan) {
		mutation(probe.MutationAll)(p)
		p.APIs[0].Routes[0].Body = make([]byte, 10<<20+1)
	}, sel: probe.Selection{Scenarios: []string{"unsigned"}}},
	{name: "C36 WAF at the CDN", setup: front(sandbox.EdgeWAF("User-Agent", "probe"))},
	{name: "C36 WAF at the CDN, on a bearer token", setup: front(sandbox.EdgeWAF("Authorization", "Bearer"))},
	{name: "C37 edge-optimised", setup: atEdge},
	{name: "C39 X-Ray", setup: func(m *sandbox.Model) { m.APIs[0].Stages[0].XRay = true }},
	{name: "C41 shut door", setup: doorShut},
	{name: "C41 shut door says Missing Authentication Token", setup: both(doorShut, func(m *sandbox.Model) { m.Switches.DisabledEndpointSaysMissingToken = true })},
	{name: "C41 shut door, keys only", setup: both(doorShut, routes(keyed(open("/orders"))))},
	{name: "backend answers like the gateway", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}"), keyed(iam("/orders"))}
		for i := range m.APIs[0].Routes {
			m.APIs[0].Routes[i].Backend = sandbox.Backend{Status: 403, Header: map[string]string{"x-amzn-ErrorType": "ForbiddenException"}, Body: `{"message":"Forbidden"}`}
		}
	}},
	{name: "backend says Forbidden", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}"), keyed(open("/orders"))}
		for i := range m.APIs[0].Routes {
			m.APIs[0].Routes[i].Backend = sandbox.Backend{Status: 403, Body: `{"message":"Forbidden"}`}
		}
	}},
	{name: "backend says Missing Authentication Token", setup: func(m *sandbox.Model) {
		m.APIs[0].Routes = []sandbox.Route{open("/orders/{id}")}
		m.APIs[0].Routes[0].Backend = sandbox.Backend{Status: 403, Body: `{"message":"Missing Authentication Token"}`}
	}},
}

func canary(every int, rs ...sandbox.Route) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.APIs[0].Stages[0].Canary = &sandbox.Canary{Every: every, Routes: rs} }
}
