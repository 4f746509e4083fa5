package cli_test

import (
	"slices"
	"testing"
	"time"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// fault is something that went wrong after the declaration was right, and what must be said of it.
type fault struct {
	posture
	// want are results that must be among the report's, written like [describe] does.
	want []string
	// never are kinds of verdict that must not be given.
	never []probe.VerdictKind
}

// Opened gates are found, and what only looks like one is not.
func TestPostureFaults(t *testing.T) {
	checkFaults(t, faults)
}

// unmet lists what the report lacks, and what it should not have.
func (f fault) unmet(o outcome) []string {
	var out, got []string
	for _, r := range o.report.Results {
		got = append(got, describe(r))
		if slices.Contains(f.never, r.Kind) {
			out = append(out, describe(r)+": "+r.Reason)
		}
	}
	for _, w := range f.want {
		if !slices.Contains(got, w) {
			scenario := w[:max(0, lastColon(w))]
			for i, g := range got {
				if g[:lastColon(g)] == scenario {
					out = append(out, "got "+g+", want "+w+"; reason: "+o.report.Results[i].Reason)
					scenario = ""
				}
			}
			if scenario != "" {
				out = append(out, "got no "+scenario+", want "+w)
			}
		}
	}
	return out
}

func lastColon(s string) int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == ':' {
			return i
		}
	}
	return 0
}

// first changes the first route of the deployment, if it has one.
func first(change func(*sandbox.Route)) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		if len(m.APIs[0].Routes) > 0 {
			change(&m.APIs[0].Routes[0])
		}
	}
}

func unprotected(r *sandbox.Route) { r.Authorization, r.Authorizer, r.Scopes = sandbox.None, "", nil }

func behind(b sandbox.Backend) func(*sandbox.Route) {
	return func(r *sandbox.Route) { r.Backend = b }
}

func plan(change func(*sandbox.UsagePlan)) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		if len(m.Plans) > 0 {
			change(&m.Plans[0])
		}
	}
}

// The deployments that faults happen to: small, so that each fault is one thing.
var (
	oneIAM  = both(noDomain, routes(iam("/orders/{id}")))
	oneBoth = both(noDomain, routes(keyed(iam("/orders"))))
	oneKey  = both(noDomain, routes(keyed(open("/orders"))))
	mapped  = both(doorShut, routes(iam("/orders/{id}")))
)

var faults = []fault{
	{
		posture: posture{name: "IAM method open", setup: oneIAM, fault: first(unprotected)},
		want:    []string{"GET /orders/{id} default sigv4: pass"},
	},
	{
		posture: posture{name: "IAM method open, smoke", setup: oneIAM, fault: first(unprotected), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		want:    []string{"GET /orders/{id} default sigv4: pass", "GET /orders/{id} default unsigned: fail/open"},
	},
	{
		posture: posture{name: "IAM method open on a custom domain", setup: mapped, fault: first(unprotected), sel: probe.Selection{Scenarios: []string{"unsigned", "outsider"}}},
		want:    []string{"GET /orders/{id} api.example.test unsigned: fail/open", "GET /orders/{id} api.example.test outsider: fail/open"},
	},
	{
		posture: posture{name: "anybody may call", setup: oneIAM, fault: resourcePolicy(sandbox.Statement{Effect: sandbox.Allow, Principal: []string{"*"}})},
		want:    []string{"GET /orders/{id} default unsigned: pass", "GET /orders/{id} default outsider: fail/open"},
	},
	{
		posture: posture{name: "key not required", setup: oneBoth, fault: first(func(r *sandbox.Route) { r.APIKeyRequired = false }), sel: probe.Selection{Scenarios: []string{"missing-api-key", "unsigned"}}},
		want:    []string{"GET /orders default missing-api-key: fail/open", "GET /orders default unsigned: pass"},
	},
	{
		posture: posture{name: "key not required, nothing else", setup: oneKey, fault: first(func(r *sandbox.Route) { r.APIKeyRequired = false }), sel: probe.Selection{Scenarios: []string{"missing-api-key"}}},
		want:    []string{"GET /orders default unsigned: pass", "GET /orders default missing-api-key: fail/open"},
	},
	{
		posture: posture{name: "default endpoint open", setup: mapped, fault: func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false }},
		want:    []string{"GET /orders/{id} default default-endpoint: fail/open"},
	},
	{
		posture: posture{name: "default endpoint open, keys only", setup: both(doorShut, routes(keyed(open("/orders")))), fault: func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false }},
		want:    []string{"GET /orders default default-endpoint: fail/open"},
	},
	{
		posture: posture{
			name: "default endpoint open, no secrets", setup: mapped, fault: func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false },
			declare: refusalsOnly,
		},
		want: []string{"GET /orders/{id} default default-endpoint: fail/open"},
	},
	{
		posture: posture{name: "integration fails behind an open gate", setup: oneIAM, fault: both(first(unprotected), first(behind(sandbox.Backend{Kind: sandbox.Malformed}))), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		want:    []string{"GET /orders/{id} default sigv4: inconclusive/server-error", "GET /orders/{id} default unsigned: fail/open"},
	},
	{
		posture: posture{name: "integration is late behind an open gate", setup: mapped, fault: both(first(unprotected), first(behind(sandbox.Backend{Kind: sandbox.Timeout}))), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		want:    []string{"GET /orders/{id} api.example.test unsigned: fail/open"},
	},
	{
		posture: posture{name: "function may not be called behind an open gate", setup: oneIAM, fault: both(first(unprotected), first(behind(sandbox.Backend{Kind: sandbox.PermissionMissing})))},
		want:    []string{"GET /orders/{id} default sigv4: inconclusive/server-error", "GET /orders/{id} default unsigned: inconclusive/control-failed"},
	},
	{
		posture: posture{name: "integration fails behind a shut gate", setup: oneIAM, fault: first(behind(sandbox.Backend{Kind: sandbox.Malformed}))},
		want:    []string{"GET /orders/{id} default sigv4: inconclusive/server-error"},
		never:   []probe.VerdictKind{probe.Open, probe.WrongLayer},
	},
	{
		posture: posture{name: "backend refuses behind an open gate", setup: oneIAM, fault: both(first(unprotected), first(behind(sandbox.Backend{Status: 403, Body: `{"error":"who are you"}`}))), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default unsigned: fail/open"},
	},
	{
		posture: posture{name: "backend says Forbidden behind an open gate", setup: oneIAM, fault: both(first(unprotected), first(behind(sandbox.Backend{Status: 403, Body: `{"message":"Forbidden"}`}))), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		want:    []string{"GET /orders/{id} default unsigned: fail/open"},
	},
	{
		posture: posture{name: "backend wants its own token behind an open gate", setup: mapped, fault: both(first(unprotected), first(behind(sandbox.Backend{Status: 401, Body: `{"error":"token"}`}))), sel: probe.Selection{Scenarios: []string{"unsigned", "unknown-resource"}}},
		want:    []string{"GET /orders/{id} api.example.test unsigned: fail/open"},
	},
	{
		posture: posture{name: "caller lost its rights", setup: oneIAM, fault: func(m *sandbox.Model) { principal(m, "caller").Policy = nil }},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default outsider: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "caller's access key deleted", setup: oneIAM, fault: func(m *sandbox.Model) { principal(m, "caller").AccessKeyID = "AKIAPOSTURENOBODY001" }},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "caller's secret rotated", setup: oneIAM, fault: func(m *sandbox.Model) { principal(m, "caller").SecretKey = "another" }},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "own session expired", setup: oneIAM, fault: func(m *sandbox.Model) { principal(m, "session").Expires = time.Unix(0, 0) }, declare: signedBy("session", "outsider")},
		want:    []string{"GET /orders/{id} default sigv4: inconclusive/credentials"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "key disabled", setup: oneBoth, fault: func(m *sandbox.Model) { m.Keys[0].Disabled = true }},
		want:    []string{"GET /orders default sigv4: fail/blocked", "GET /orders default missing-api-key: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "key in no plan", setup: oneKey, fault: plan(func(p *sandbox.UsagePlan) { p.Keys = nil })},
		want:    []string{"GET /orders default unsigned: fail/blocked", "GET /orders default missing-api-key: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "route lost from the deployment", setup: oneIAM, fault: routes(open("/health"))},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default unsigned: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "keyed route lost from the deployment", setup: oneKey, fault: routes(open("/health"))},
		want:    []string{"GET /orders default unsigned: fail/blocked", "GET /orders default missing-api-key: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "stage missing", setup: oneIAM, fault: func(m *sandbox.Model) { m.APIs[0].Stages[0].Name, m.Plans = "other", nil }},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default unsigned: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "base-path mapping gone", setup: mapped, fault: func(m *sandbox.Model) { m.Domains[0].Mappings = nil }},
		want:    []string{"GET /orders/{id} api.example.test sigv4: fail/blocked", "GET /orders/{id} api.example.test unsigned: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "mapping leads to a stage that is gone", setup: mapped, fault: func(m *sandbox.Model) { m.Domains[0].Mappings[0].Stage = "gone" }},
		want:    []string{"GET /orders/{id} api.example.test sigv4: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "mapping leads to another API", setup: mapped, fault: func(m *sandbox.Model) {
			otherAPI(m, iam("/items"))
			m.Domains[0].Mappings[0].API = otherID
		}},
		want:  []string{"GET /orders/{id} api.example.test sigv4: fail/blocked"},
		never: []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "WAF blocks everything", setup: oneBoth, fault: webACL(sandbox.WAFRule{Match: sandbox.WAFAll})},
		want:    []string{"GET /orders default sigv4: fail/blocked", "GET /orders default unsigned: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "throttled from the start", setup: oneKey, fault: plan(func(p *sandbox.UsagePlan) { p.Rate, p.Burst, p.Quota = 1e-9, 1, 1 }), sel: probe.Selection{Scenarios: []string{"missing-api-key", "invalid-api-key"}}},
		want:    []string{"GET /orders default missing-api-key: pass"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "quota used up", setup: both(noDomain, routes(keyed(open("/a")), keyed(open("/b")))), fault: plan(func(p *sandbox.UsagePlan) { p.Quota = 1 }), sel: probe.Selection{Scenarios: []string{"missing-api-key"}}},
		never:   []probe.VerdictKind{probe.Open, probe.Blocked, probe.WrongLayer},
	},
	{
		posture: posture{name: "gateway's clock ten minutes ahead", setup: oneIAM, fault: clockOff(10 * time.Minute)},
		want:    []string{"GET /orders/{id} default sigv4: inconclusive/credentials"},
		never:   []probe.VerdictKind{probe.Open}, // what is dated ahead is dated right
	},
	{
		posture: posture{name: "gateway's clock ten minutes behind", setup: oneIAM, fault: clockOff(-10 * time.Minute)},
		want:    []string{"GET /orders/{id} default sigv4: inconclusive/credentials"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{posture: posture{name: "gate opens in the middle", setup: oneIAM, later: first(unprotected), after: 5}},
	{posture: posture{name: "gate opens early", setup: oneIAM, later: first(unprotected), after: 2}},
	{posture: posture{name: "gate opens late", setup: both(noDomain, routes(keyed(iam("/orders")), iam("/orders/{id}"))), later: first(unprotected), after: 15}},
	{posture: posture{name: "key is dropped in the middle", setup: oneBoth, later: first(func(r *sandbox.Route) { r.APIKeyRequired = false }), after: 4}},
	{posture: posture{name: "route is lost in the middle", setup: oneIAM, later: routes(open("/health")), after: 6}},
	{posture: posture{name: "rights are lost in the middle", setup: oneIAM, later: func(m *sandbox.Model) { principal(m, "caller").Policy = nil }, after: 6}},
	{posture: posture{name: "door opens in the middle", setup: mapped, later: func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false }, after: 3}},
}
