package cli_test

import (
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// Customised gateway responses, declared, not declared, and declared otherwise than they are.
func TestPostureGatewayResponses(t *testing.T) {
	var postures []fault
	for _, f := range rewritten {
		for _, d := range declarations {
			f := f
			f.name += "/" + d.name
			f.declare = both(f.declare, d.change)
			if d.change != nil {
				f.want, f.never = nil, nil
			}
			postures = append(postures, f)
		}
	}
	checkFaults(t, postures)
}

var declarations = []option[probe.Plan]{
	{name: "declared"},
	{"undeclared", func(p *probe.Plan) { p.APIs[0].GatewayResponses = nil }},
	{"another type", func(p *probe.Plan) {
		moved := make(map[string]probe.GatewayResponse)
		for name, r := range p.APIs[0].GatewayResponses {
			moved[map[string]string{"DEFAULT_4XX": "INVALID_API_KEY", "INVALID_API_KEY": "ACCESS_DENIED", "ACCESS_DENIED": "MISSING_AUTHENTICATION_TOKEN"}[name]] = r
		}
		p.APIs[0].GatewayResponses = moved
	}},
	{"another answer", func(p *probe.Plan) {
		p.APIs[0].GatewayResponses = map[string]probe.GatewayResponse{"DEFAULT_4XX": {Status: 418, Body: "teapot"}}
	}},
	{"everything, vaguely", func(p *probe.Plan) {
		p.APIs[0].GatewayResponses = map[string]probe.GatewayResponse{"DEFAULT_4XX": {Body: "{"}, "DEFAULT_5XX": {Status: 200, Body: "{"}}
	}},
}

// customised deploys gateway responses, and declares them.
func customised(of map[string]sandbox.GatewayResponse) (func(*sandbox.Model), func(*probe.Plan)) {
	return responses(of), func(p *probe.Plan) {
		p.APIs[0].GatewayResponses = make(map[string]probe.GatewayResponse)
		for name, r := range of {
			p.APIs[0].GatewayResponses[name] = probe.GatewayResponse{Status: r.Status, Body: r.Template}
		}
	}
}

// custom is the posture of an API with gateway responses, as far as setup does not say otherwise.
func custom(name string, setup func(*sandbox.Model), of map[string]sandbox.GatewayResponse) posture {
	deploy, declare := customised(of)
	return posture{name: name, setup: both(setup, deploy), declare: declare}
}

// broken breaks a posture.
func (p posture) broken(fault func(*sandbox.Model)) posture { p.fault = fault; return p }

var (
	typesHidden = front(sandbox.StripResponseHeaders("x-amzn-errortype"))
	notFound    = map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 404, Template: `{"error":"nothing here"}`}}
	underOK     = map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 200, Template: `{"error":"nothing here"}`}}
	elsewhere   = map[string]sandbox.GatewayResponse{"DEFAULT_4XX": {Status: 302, Template: `see the login page`, Header: map[string]string{"Location": "https://login.example.test/"}}}
	keyOnly     = map[string]sandbox.GatewayResponse{"INVALID_API_KEY": {Status: 401, Template: `{"error":"no valid key"}`}}
	denied      = map[string]sandbox.GatewayResponse{"ACCESS_DENIED": {Status: 404, Template: `{"error":"no such thing"}`}}
)

var rewritten = []fault{
	{
		posture: custom("one type", oneBoth, keyOnly),
		want:    []string{"GET /orders default missing-api-key: pass", "GET /orders default unsigned: pass"},
	},
	{
		posture: custom("one type, keys only, types hidden", both(doorShut, routes(keyed(open("/orders"))), typesHidden), keyOnly),
		want:    []string{"GET /orders api.example.test missing-api-key: pass"},
	},
	{
		posture: custom("denials", oneIAM, denied),
		want:    []string{"GET /orders/{id} default outsider: pass", "GET /orders/{id} default unsigned: pass"},
	},
	{
		posture: custom("all 4xx", oneBoth, notFound),
		want: []string{
			"GET /orders default unsigned: pass", "GET /orders default missing-api-key: pass", "GET /orders default outsider: pass",
			"GET /orders default unknown-resource: pass", "GET /orders default wrong-stage: pass",
		},
	},
	{
		posture: custom("all 4xx, types hidden", both(mapped, typesHidden), notFound),
		want:    []string{"GET /orders/{id} api.example.test sigv4: pass"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: custom("all 4xx with status 200", oneBoth, underOK),
		want:    []string{"GET /orders default unsigned: pass", "GET /orders default missing-api-key: pass", "GET /orders default outsider: pass"},
		never:   []probe.VerdictKind{probe.Open, probe.WrongResponse},
	},
	{
		posture: custom("all 4xx with status 200, types hidden", both(mapped, typesHidden), underOK),
		want:    []string{"GET /orders/{id} api.example.test sigv4: pass"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: custom("all 4xx with status 302", oneBoth, elsewhere),
		want:    []string{"GET /orders default unsigned: pass", "GET /orders default missing-api-key: pass"},
		never:   []probe.VerdictKind{probe.Open, probe.WrongResponse},
	},
	{
		posture: custom("C32 Forbidden for everything", oneBoth, forbidden),
		want:    []string{"GET /orders default unsigned: pass", "GET /orders default missing-api-key: pass"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: custom("C32 Forbidden for everything, types hidden", both(doorShut, routes(keyed(iam("/orders"))), typesHidden), forbidden),
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: custom("C33 WAF words another refusal", both(oneIAM, blocking(sandbox.WAFRule{Status: 404, Body: `{"error":"no such thing"}`})), denied),
		want:    []string{"GET /orders/{id} default sigv4: pass"},
	},
	{
		posture: custom("open behind rewritten refusals", oneIAM, notFound).broken(first(unprotected)),
		want:    []string{"GET /orders/{id} default unsigned: fail/open"},
	},
	{
		posture: custom("blocked behind rewritten refusals", oneBoth, notFound).broken(func(m *sandbox.Model) { m.Keys[0].Disabled = true }),
		want:    []string{"GET /orders default sigv4: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: custom("backend answers like the rewritten refusals", oneIAM, notFound).broken(first(behind(sandbox.Backend{Status: 404, Body: `{"error":"nothing here"}`}))),
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked"},
	},
}
