package cli_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// asSocket makes the orders API a WebSocket API with this route $connect.
func asSocket(connect sandbox.Route) func(*sandbox.Model) {
	connect.Method, connect.Path = "", "$connect"
	return func(m *sandbox.Model) {
		m.APIs[0].Type, m.APIs[0].Routes = sandbox.WebSocket, []sandbox.Route{connect, {Path: "hello", Authorization: sandbox.None}}
	}
}

var (
	socketIAM   = asSocket(iam(""))
	socketKeyed = asSocket(keyed(open("")))
	socketBoth  = asSocket(keyed(iam("")))

	// On $connect only a REQUEST authorizer is possible.
	socketToken = both(withAuthorizers(function(request(sandbox.IdentitySource{Header: "Authorization"}))), asSocket(lambda("")))
)

// Healthy WebSocket APIs end without a finding, and with something proven.
func TestPostureWebSocketHealthy(t *testing.T) {
	checkAll(t, []posture{
		{name: "IAM", setup: socketIAM},
		{name: "key", setup: socketKeyed},
		{name: "IAM and key", setup: socketBoth},
		{name: "function", setup: socketToken},
		{name: "function, custom domain only", setup: both(socketToken, doorShut)},
		{name: "NONE behind a shut door", setup: both(asSocket(open("")), doorShut)},
		{name: "default endpoint only", setup: both(socketIAM, noDomain)},
		{name: "custom domain only", setup: both(socketIAM, doorShut)},
		{name: "custom domain only, keys", setup: both(socketBoth, doorShut)},
		{name: "root mapping", setup: both(socketIAM, rootMapped)},
		{name: "query", setup: socketIAM, declare: eachRoute(func(r *probe.Route) { r.Query = map[string][]string{"room": {"a b"}} })},
		{name: "session token", setup: socketIAM, declare: signedBy("session", "outsider")},
		{name: "old wording", setup: both(socketIAM, oldWording)},
		{name: "no error types", setup: both(socketIAM, func(m *sandbox.Model) { m.Switches.WebSocketHidesErrorType = true })},
		{name: "no error types, key", setup: both(socketKeyed, func(m *sandbox.Model) { m.Switches.WebSocketHidesErrorType = true })},
		{name: "refusals only", setup: socketIAM, declare: refusalsOnly},
		{name: "refusals only, door shut", setup: both(socketIAM, doorShut), declare: refusalsOnly},
		{name: "nothing declared beside the route", setup: socketIAM, declare: func(p *probe.Plan) {
			a := &p.APIs[0]
			a.EndpointType, a.DefaultEndpoint, a.Domains[0].RootMapping = "", probe.Unknown, probe.Unknown
		}},
	}, alarms)
}

// Opened gates of WebSocket APIs are found, and what only looks like one is not.
func TestPostureWebSocketFaults(t *testing.T) {
	one, keys := both(socketIAM, noDomain), both(socketBoth, noDomain)
	token := both(socketToken, noDomain)
	checkFaults(t, []fault{
		{
			posture: posture{name: "handshake open", setup: one, fault: first(unprotected), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
			want:    []string{"$connect default sigv4: pass", "$connect default unsigned: fail/open"},
		},
		{
			posture: posture{name: "anybody may connect", setup: one, fault: func(m *sandbox.Model) { principal(m, "outsider").Policy = sandbox.Policy{{Effect: sandbox.Allow}} }},
			want:    []string{"$connect default unsigned: pass", "$connect default outsider: fail/open"},
		},
		{
			posture: posture{name: "key not required", setup: keys, fault: first(func(r *sandbox.Route) { r.APIKeyRequired = false }), sel: probe.Selection{Scenarios: []string{"missing-api-key"}}},
			want:    []string{"$connect default missing-api-key: fail/open"},
		},
		{
			posture: posture{name: "token not required", setup: token, fault: first(unprotected), sel: probe.Selection{Scenarios: []string{"missing-token"}}},
			want:    []string{"$connect default valid-token: pass", "$connect default missing-token: fail/open"},
		},
		{
			posture: posture{name: "function denies everybody", setup: token, fault: func(m *sandbox.Model) {
				always(sandbox.Decision{Policy: sandbox.Policy{{Effect: sandbox.Deny}}})(&m.APIs[0].Authorizers[0])
			}},
			want:  []string{"$connect default valid-token: fail/blocked"},
			never: []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "function crashes", setup: token, fault: func(m *sandbox.Model) {
				always(sandbox.Decision{Fails: sandbox.Crash})(&m.APIs[0].Authorizers[0])
			}},
			want:  []string{"$connect default valid-token: fail/blocked"},
			never: []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "default endpoint open", setup: both(socketIAM, doorShut), fault: func(m *sandbox.Model) { m.APIs[0].DefaultEndpointDisabled = false }},
			want:    []string{"$connect default default-endpoint: fail/open"},
		},
		{
			posture: posture{name: "function refuses behind an open gate", setup: one, fault: both(first(unprotected), first(behind(sandbox.Backend{Status: 401, Body: `{"error":"who"}`})))},
			want:    []string{"$connect default sigv4: fail/blocked", "$connect default unsigned: fail/open"},
		},
		{
			posture: posture{name: "function fails", setup: one, fault: first(behind(sandbox.Backend{Kind: sandbox.Throws}))},
			want:    []string{"$connect default sigv4: inconclusive/server-error"},
			never:   []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "caller lost its rights", setup: one, fault: func(m *sandbox.Model) { principal(m, "caller").Policy = nil }},
			want:    []string{"$connect default sigv4: fail/blocked", "$connect default outsider: inconclusive/control-failed"},
			never:   []probe.VerdictKind{probe.Open},
		},
		{
			posture: posture{name: "stage missing", setup: one, fault: func(m *sandbox.Model) { m.APIs[0].Stages[0].Name, m.Plans = "other", nil }},
			want:    []string{"$connect default sigv4: fail/blocked", "$connect default unsigned: inconclusive/control-failed"},
			never:   []probe.VerdictKind{probe.Open},
		},
	})
}

// What misleads on WebSocket APIs, with every lie that can be told of it, and in every world.
func TestPostureWebSocketSetups(t *testing.T) {
	silent := func(m *sandbox.Model) { m.Switches.WebSocketHidesErrorType = true }
	checkAll(t, slices.Concat(lied([]posture{
		{name: "IAM", setup: socketIAM},
		{name: "IAM and key", setup: socketBoth},
		{name: "key, refusals only", setup: socketKeyed, declare: refusalsOnly},
		{name: "IAM, no error types", setup: both(socketIAM, silent)},
		{name: "key, no error types", setup: both(socketKeyed, silent)},
		{name: "function says Forbidden", setup: both(socketIAM, first(behind(sandbox.Backend{Status: 403, Body: `{"message":"Forbidden"}`})))},
		{name: "function refuses", setup: both(socketIAM, first(behind(sandbox.Backend{Status: 403, Body: `no`})))},
		{name: "function says nothing", setup: both(socketIAM, silent, first(behind(sandbox.Backend{Status: 403, Body: ` `})))},
		{name: "declared as a REST API", setup: asSocket(open("")), declare: func(p *probe.Plan) {
			p.APIs[0].Type, p.APIs[0].Routes[0].Method, p.APIs[0].Routes[0].Path = probe.REST, "GET", "/"
		}},
		{name: "a REST API declared as a WebSocket API", setup: routes(iam("/")), declare: func(p *probe.Plan) {
			p.APIs[0].Type, p.APIs[0].Routes[0].Method, p.APIs[0].Routes[0].Path = probe.WebSocket, "", probe.ConnectRoute
		}},
		{name: "an HTTP API declared as a WebSocket API", setup: both(httpNamed, routes(iam("/"))), declare: func(p *probe.Plan) {
			p.APIs[0].Type, p.APIs[0].Routes[0].Method, p.APIs[0].Routes[0].Path = probe.WebSocket, "", probe.ConnectRoute
		}},
		{name: "domain leads to a REST API", setup: socketIAM, fault: func(m *sandbox.Model) {
			otherAPI(m, iam("/"))
			m.Domains[0].Mappings[0].APIStage = sandbox.APIStage{API: otherID, Stage: "prod"}
		}},
		{name: "mapping lost", setup: socketIAM, fault: func(m *sandbox.Model) { m.Domains[0].Mappings = nil }},
	}, truthAndLies), inWorlds(t, []posture{
		{name: "shut", setup: both(socketBoth, doorShut)},
		{name: "open", setup: both(socketBoth, silent)},
	})), nil)
}

// WebSocket APIs at random: go test -run 'TestPostureAccuracyWebSocket/seed-17$' gives one again.
func TestPostureAccuracyWebSocket(t *testing.T) { checkSeeds(t, randomWebSocket) }

// randomWebSocket makes the posture of a seed.
func randomWebSocket(t *testing.T, seed uint64) posture {
	t.Helper()
	kinds := []option[sandbox.Model]{{"IAM", socketIAM}, {"key", socketKeyed}, {"IAM and key", socketBoth}, {"NONE", asSocket(open(""))}}
	setupPool := []option[sandbox.Model]{{"door shut", doorShut}, {"old wording", oldWording}, {"root mapping", atDomain(rootMapped)}}
	faultPool := leaving(faultPool, "integration is late", "WAF blocks everything", "WAF blocks bearers of a signature", "policy denies everybody", "all routes lost", "first route lost")
	r := rand.New(rand.NewPCG(seed, 20261123))
	turned := turn(rand.New(rand.NewPCG(seed, 3)))
	p := posture{setup: both(draw(t, r, "kind", kinds, 1), draw(t, r, "setup", setupPool, r.IntN(3)), func(m *sandbox.Model) { m.Switches = turned })}
	return p.misled(t, r, faultPool, liePool)
}
