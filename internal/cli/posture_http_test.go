package cli_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// asHTTP makes the orders API an HTTP API, with these stages; the custom domain leads to the first one.
func asHTTP(stages ...string) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		a := &m.APIs[0]
		a.Type, a.Stages, m.Keys, m.Plans = sandbox.HTTP, nil, nil, nil
		a.Routes = []sandbox.Route{iam("/orders/{id}"), open("/health")}
		for _, s := range stages {
			a.Stages = append(a.Stages, sandbox.Stage{Name: s})
		}
		for i := range m.Domains {
			for j := range m.Domains[i].Mappings {
				m.Domains[i].Mappings[j].Stage = stages[0]
			}
		}
	}
}

var (
	httpAPI   = asHTTP("$default")
	httpNamed = asHTTP("prod")
	httpBoth  = asHTTP("prod", "$default")
)

func rootMapped(m *sandbox.Model) {
	m.Domains[0].Mappings = []sandbox.Mapping{{APIStage: sandbox.APIStage{API: ordersID, Stage: m.APIs[0].Stages[0].Name}}}
}

func catchAll(r sandbox.Route) func(*sandbox.Model) {
	r.Method, r.Path = "", "$default"
	return adding(r)
}

// Healthy HTTP APIs end without a finding, and with something proven.
func TestPostureHTTPHealthy(t *testing.T) {
	checkAll(t, []posture{
		{name: "everything", setup: httpAPI},
		{name: "named stage", setup: httpNamed},
		{name: "named stage beside $default", setup: httpBoth},
		{name: "IAM", setup: both(httpAPI, routes(iam("/orders/{id}")))},
		{name: "default endpoint only", setup: both(httpAPI, noDomain)},
		{name: "default endpoint only, named stage", setup: both(httpNamed, noDomain)},
		{name: "custom domain only", setup: both(httpAPI, doorShut)},
		{name: "custom domain only, named stage", setup: both(httpNamed, doorShut)},
		{name: "custom domain only, NONE", setup: both(httpAPI, doorShut, routes(open("/health")))},
		{name: "root mapping", setup: both(httpNamed, rootMapped)},
		{name: "base path of several segments", setup: func(m *sandbox.Model) {
			m.Domains[0].Mappings = []sandbox.Mapping{mapping("shop/v1/orders")}
			httpAPI(m)
		}},
		{name: "catch-all NONE", setup: both(httpAPI, catchAll(open("")))},
		{name: "catch-all AWS_IAM", setup: both(httpAPI, catchAll(iam("")))},
		{name: "catch-all NONE, named stage", setup: both(httpNamed, catchAll(open("")))},
		{name: "catch-all AWS_IAM, both stages", setup: both(httpBoth, catchAll(iam("")))},
		{name: "no catch-all, undeclared", setup: httpAPI, declare: func(p *probe.Plan) { p.APIs[0].CatchAll = probe.Unknown }},
		{name: "refusals only", setup: httpAPI, declare: refusalsOnly},
		{name: "refusals only, door shut", setup: both(httpAPI, doorShut), declare: refusalsOnly},
		{name: "refusals only, one route, door shut", setup: both(httpNamed, doorShut, routes(iam("/orders/{id}"))), declare: refusalsOnly},
		{name: "ANY and HEAD", setup: both(httpAPI, routes(by("ANY", iam("/orders")), by("HEAD", iam("/head")), by("HEAD", open("/health"))))},
		{name: "greedy path", setup: both(httpAPI, routes(iam("/files/{proxy+}")))},
		{name: "greedy path at the root", setup: both(httpAPI, routes(iam("/orders"), by("ANY", iam("/{proxy+}"))))},
		{name: "path with escapes", setup: both(httpAPI, routes(iam("/orders/{id}"))), declare: parameter("id", "a b:c@d")},
		{name: "session token", setup: httpAPI, declare: signedBy("session", "outsider")},
		{name: "CORS", setup: both(httpAPI, func(m *sandbox.Model) { m.APIs[0].CORS = &sandbox.CORS{Origins: []string{"*"}} })},
		{name: "own CDN", setup: both(httpAPI, doorShut, front(sandbox.EdgeHeaders()))},
		{name: "nothing declared beside the routes", setup: httpAPI, declare: func(p *probe.Plan) {
			a := &p.APIs[0]
			a.EndpointType, a.DefaultEndpoint, a.CatchAll, a.Domains[0].RootMapping = "", probe.Unknown, probe.Unknown, probe.Unknown
		}},
	}, alarms)
}

// What a naive engine gets wrong on HTTP APIs, with every lie that can be told of it.
func TestPostureHTTPSetups(t *testing.T) {
	refusing := func(b sandbox.Backend) func(*sandbox.Model) {
		return func(m *sandbox.Model) {
			for i := range m.APIs[0].Routes {
				m.APIs[0].Routes[i].Backend = b
			}
		}
	}
	checkAll(t, lied([]posture{
		{name: "healthy", setup: httpAPI},
		{name: "named stage", setup: httpNamed},
		{name: "refusals only", setup: httpAPI, declare: refusalsOnly},
		{name: "door shut", setup: both(httpAPI, doorShut)},
		{name: "door shut, refusals only", setup: both(httpAPI, doorShut), declare: refusalsOnly},
		{name: "C1 CDN strips Authorization", setup: both(httpAPI, front(sandbox.StripHeaders("Authorization")))},
		{name: "C2 inner REST API", setup: innerAPI(sandbox.REST)},
		{name: "C2 inner HTTP API", setup: innerAPI(sandbox.HTTP)},
		{name: "C2 inner HTTP API behind a REST API", setup: func(m *sandbox.Model) {
			proxied(iam("/x"))(m)
			m.APIs[1].Type, m.APIs[1].Stages[0].Name = sandbox.HTTP, "prod"
		}},
		{name: "C19 $default stage and route", setup: both(httpBoth, catchAll(open("")))},
		{name: "C19 $default route wants a signature", setup: both(httpBoth, catchAll(iam("")))},
		{name: "C19 application has no such path", setup: both(httpBoth, catchAll(open("")), refusing(sandbox.Backend{Status: 404, Body: `{"message":"Not Found"}`}))},
		{name: "C20 CORS answers the preflight", setup: both(httpAPI, routes(iam("/orders"), open("/health")), func(m *sandbox.Model) {
			m.APIs[0].CORS = &sandbox.CORS{Origins: []string{"https://app.example.test"}, Methods: []string{"GET"}}
		})},
		{name: "C38 domain leads to a REST API", setup: httpAPI, fault: func(m *sandbox.Model) {
			otherAPI(m, iam("/orders/{id}"), open("/health"))
			m.Domains[0].Mappings[0].APIStage = sandbox.APIStage{API: otherID, Stage: "prod"}
		}},
		{name: "C38 domain of a REST API leads to an HTTP API", fault: func(m *sandbox.Model) {
			otherAPI(m, iam("/orders/{id}"), open("/health"))
			m.APIs[1].Type = sandbox.HTTP
			m.Domains[0].Mappings[0].APIStage = sandbox.APIStage{API: otherID, Stage: "prod"}
		}},
		{name: "type declared wrongly: HTTP", declare: retyped(probe.HTTP)},
		{name: "type declared wrongly: REST", setup: httpNamed, declare: retyped(probe.REST)},
		{name: "application says Forbidden", setup: both(httpAPI, refusing(sandbox.Backend{Status: 403, Body: `{"message":"Forbidden"}`}))},
		{name: "application says Unauthorized", setup: both(httpAPI, refusing(sandbox.Backend{Status: 401, Body: `{"message":"Unauthorized"}`, Header: map[string]string{"www-authenticate": "Bearer"}}))},
		{name: "application refuses in its own words", setup: both(httpAPI, refusing(sandbox.Backend{Status: 403, Body: `{"detail":"no"}`}))},
		{name: "application says something else", setup: both(httpAPI, refusing(sandbox.Backend{Status: 403, Body: `{"message":"no"}`}))},
		{name: "application fails", setup: both(httpAPI, refusing(sandbox.Backend{Status: 500, Body: `{"message":"Internal Server Error"}`}))},
		{name: "function may not be called", setup: both(httpAPI, refusing(sandbox.Backend{Kind: sandbox.PermissionMissing}))},
		{name: "function is late", setup: both(httpAPI, noDomain, routes(open("/health")), refusing(sandbox.Backend{Kind: sandbox.Timeout})),
			sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		{name: "throttled", setup: both(httpAPI, noDomain, routes(open("/health")), func(m *sandbox.Model) { m.APIs[0].Stages[0].Throttle = &sandbox.Throttle{Rate: 1e-9, Burst: 1} }),
			sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		{name: "route lost", setup: httpAPI, fault: without("/orders")},
		{name: "stage lost", setup: httpNamed, fault: func(m *sandbox.Model) { m.APIs[0].Stages[0].Name = "other" }},
		{name: "mapping lost", setup: httpAPI, fault: func(m *sandbox.Model) { m.Domains[0].Mappings = nil }},
		{name: "caller's secret rotated", setup: httpAPI, fault: func(m *sandbox.Model) { principal(m, "caller").SecretKey = "another" }},
		{name: "caller without rights", setup: httpAPI, fault: func(m *sandbox.Model) { principal(m, "caller").Policy = nil }},
		{name: "CDN hides the id", setup: both(httpAPI, front(sandbox.StripResponseHeaders("apigw-requestid")))},
		{name: "CDN shows a page", setup: both(httpAPI, front(sandbox.ErrorPage()))},
	}, truthAndLies), nil)
}

func retyped(api probe.APIType) func(*probe.Plan) {
	return func(p *probe.Plan) { p.APIs[0].Type = api }
}

// innerAPI puts an API of a kind behind the routes of an HTTP API.
func innerAPI(kind sandbox.APIType) func(*sandbox.Model) {
	return func(m *sandbox.Model) {
		proxied(iam("/x"))(m)
		outer := m.APIs[0].Routes
		httpAPI(m)
		m.APIs[0].Routes, m.APIs[1].Type = outer, kind
	}
}

// Opened gates of HTTP APIs are found.
func TestPostureHTTPFaults(t *testing.T) {
	httpOne := both(httpAPI, noDomain, routes(iam("/orders/{id}")))
	checkFaults(t, []fault{
		{
			posture: posture{name: "IAM route open", setup: httpOne, fault: first(unprotected), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
			want:    []string{"GET /orders/{id} default sigv4: pass", "GET /orders/{id} default unsigned: fail/open"},
		},
		{
			posture: posture{name: "anybody may call", setup: httpOne, fault: func(m *sandbox.Model) { principal(m, "outsider").Policy = sandbox.Policy{{Effect: sandbox.Allow}} }},
			want:    []string{"GET /orders/{id} default unsigned: pass", "GET /orders/{id} default outsider: fail/open"},
		},
		{
			posture: posture{name: "default endpoint open", setup: both(httpAPI, doorShut), fault: func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false }},
			want:    []string{"GET /orders/{id} default default-endpoint: fail/open"},
		},
		{
			posture: posture{name: "application refuses behind an open gate", setup: httpOne, fault: both(first(unprotected), first(behind(sandbox.Backend{Status: 403, Body: `{"error":"who"}`})))},
			want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default unsigned: fail/open"},
		},
		{
			posture: posture{name: "caller lost its rights", setup: httpOne, fault: func(m *sandbox.Model) { principal(m, "caller").Policy = nil }},
			want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default outsider: inconclusive/control-failed"},
			never:   []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "route lost", setup: httpOne, fault: routes(open("/health"))},
			want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default unsigned: inconclusive/control-failed"},
			never:   []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "another kind of API answers", setup: both(httpAPI, doorShut), fault: func(m *sandbox.Model) {
				otherAPI(m, iam("/orders/{id}"), open("/health"))
				m.Domains[0].Mappings[0].APIStage = sandbox.APIStage{API: otherID, Stage: "prod"}
			}},
			want: []string{"GET /orders/{id} api.example.test sigv4: inconclusive/ambiguous", "GET /orders/{id} api.example.test unsigned: inconclusive/control-failed"},
		},
	})
}

// HTTP APIs in every world where the real behaviour is unknown.
func TestPostureHTTPSwitches(t *testing.T) {
	checkAll(t, inWorlds(t, []posture{
		{name: "healthy", setup: httpBoth},
		{name: "door shut", setup: both(httpBoth, doorShut)},
		{name: "gates open", setup: httpBoth, fault: first(unprotected)},
		{name: "lied to", setup: httpBoth, declare: lies[0].change},
	}), nil)
}

// HTTP APIs at random: go test -run 'TestPostureAccuracyHTTP/seed-17$' gives one again.
func TestPostureAccuracyHTTP(t *testing.T) { checkSeeds(t, randomHTTP) }

// randomHTTP makes the posture of a seed.
func randomHTTP(t *testing.T, seed uint64) posture {
	t.Helper()
	kinds := []option[sandbox.Model]{{"$default", httpAPI}, {"named stage", httpNamed}, {"both stages", httpBoth}}
	routePool := append(leaving(routePool, "IAM and key", "key"), option[sandbox.Model]{"catch-all", catchAll(open(""))}, option[sandbox.Model]{"catch-all with IAM", catchAll(iam(""))})
	setupPool := leaving(setupPool, "WAF", "WAF on a header", "edge-optimised", "X-Ray", "hidden texts", "other statuses", "Forbidden", "refusals under success", "refusals that lead elsewhere",
		"policy for the account", "policy against a path", "root mapping")
	setupPool = append(setupPool, option[sandbox.Model]{"root mapping", atDomain(rootMapped)},
		option[sandbox.Model]{"CORS", func(m *sandbox.Model) { m.APIs[0].CORS = &sandbox.CORS{Origins: []string{"*"}} }})
	faultPool := append(leaving(faultPool, "first route without key", "first route wants a key", "stage lost", "key disabled", "key in no plan", "integration is late", "WAF blocks everything",
		"WAF blocks bearers of a signature", "policy denies everybody"),
		option[sandbox.Model]{"stage lost", func(m *sandbox.Model) { m.APIs[0].Stages = m.APIs[0].Stages[1:] }},
		option[sandbox.Model]{"backend says Forbidden", first(behind(sandbox.Backend{Status: 403, Body: `{"message":"Forbidden"}`}))},
		option[sandbox.Model]{"backend says Not Found", first(behind(sandbox.Backend{Status: 404, Body: `{"message":"Not Found"}`}))})
	liePool := append(slices.Clone(liePool), option[probe.Plan]{"type", retyped(probe.REST)})
	r := rand.New(rand.NewPCG(seed, 20261122))
	turned := turn(rand.New(rand.NewPCG(seed, 2)))
	p := posture{setup: both(draw(t, r, "kind", kinds, 1), routes(open("/ping")),
		draw(t, r, "route", routePool, 1+r.IntN(3)), draw(t, r, "setup", setupPool, r.IntN(3)), func(m *sandbox.Model) { m.Switches = turned })}
	return p.misled(t, r, faultPool, liePool)
}
