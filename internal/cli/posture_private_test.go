package cli_test

import (
	"slices"
	"testing"

	"apigwprobe/internal/cli"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// Private APIs, called from inside a VPC by each of their names, and public ones that are called from there.
func TestPosturePrivate(t *testing.T) {
	checkEach(t, private, func(f fault) func(outcome) []string {
		if len(f.want)+len(f.never) == 0 {
			return alarms
		}
		return f.unmet
	})
}

// The same with every lie that can be told of it.
func TestPosturePrivateLies(t *testing.T) {
	cli.Long(t)
	var postures []posture
	for _, f := range private {
		postures = append(postures, f.posture)
	}
	checkAll(t, lied(postures, lies), nil)
}

const vpce = "vpce-0123456789abcdef0"

// inVPC makes the API a private one that an endpoint with private DNS leads to, and everybody there may call.
func inVPC(m *sandbox.Model) {
	m.Domains = nil
	m.VPCEndpoints = []sandbox.VPCEndpoint{{ID: vpce, VPC: "vpc-1", Region: region, PrivateDNS: true}}
	m.APIs[0].Endpoint, m.APIs[0].VPCEndpoints = sandbox.Private, []string{vpce}
	m.APIs[0].ResourcePolicy = sandbox.Policy{{Effect: sandbox.Allow}}
	principal(m, "outsider").Policy = sandbox.Policy{{Effect: sandbox.Deny}} // the resource policy alone would let it in
}

func endpointPolicy(p *sandbox.Policy) func(*sandbox.Model) {
	return func(m *sandbox.Model) { m.VPCEndpoints[0].Policy = p }
}

// vpceHost is the endpoint's own name.
func vpceHost() string {
	e := sandbox.VPCEndpoint{ID: vpce, Region: region}
	return e.Host()
}

// waysIn are the only ways in that are declared.
func waysIn(door probe.Declared, ways ...probe.VPCEndpoint) func(*probe.Plan) {
	return func(p *probe.Plan) { p.APIs[0].DefaultEndpoint, p.APIs[0].Endpoints = door, ways }
}

func publicInVPC(m *sandbox.Model) {
	m.VPCEndpoints = []sandbox.VPCEndpoint{{ID: vpce, VPC: "vpc-1", Region: region, PrivateDNS: true}}
}

var private = []fault{
	{posture: posture{name: "private DNS", setup: inVPC, inside: vpce, declare: waysIn(probe.Enabled)}},
	{posture: posture{name: "name of API and endpoint", setup: inVPC, inside: vpce, declare: waysIn(probe.Unknown, probe.VPCEndpoint{ID: vpce})}},
	{posture: posture{name: "endpoint's own name, Host", setup: inVPC, inside: vpce, declare: waysIn(probe.Unknown, probe.VPCEndpoint{Host: vpceHost()})}},
	{posture: posture{name: "endpoint's own name, header", setup: inVPC, inside: vpce, declare: waysIn(probe.Unknown, probe.VPCEndpoint{Host: vpceHost(), ByHeader: true})}},
	{posture: posture{name: "every name", setup: inVPC, inside: vpce, declare: waysIn(probe.Enabled, probe.VPCEndpoint{ID: vpce}, probe.VPCEndpoint{Host: vpceHost()})}},
	{posture: posture{name: "endpoint with a policy", setup: both(inVPC, endpointPolicy(&sandbox.Policy{{Effect: sandbox.Allow}})), inside: vpce}},
	{posture: posture{name: "endpoint with a policy that parses tokens", setup: both(inVPC, endpointPolicy(&sandbox.Policy{{Effect: sandbox.Allow}}), func(m *sandbox.Model) {
		m.Switches.EndpointPolicyParsesTokens = true
	}), inside: vpce}},
	{posture: posture{name: "old wording in a VPC", setup: both(inVPC, oldWording), inside: vpce}},
	{
		posture: posture{name: "wrong names are refused", setup: both(inVPC, routes(iam("/orders/{id}"))), inside: vpce, declare: waysIn(probe.Unknown, probe.VPCEndpoint{Host: vpceHost(), ByHeader: true})},
		want:    []string{"GET /orders/{id} vpce-0123456789abcdef0-" + vpceHost()[23:31] + ".execute-api.eu-west-1.vpce.amazonaws.com private-host: pass"},
	},
	{
		posture: posture{name: "endpoint policy denies", setup: both(inVPC, routes(iam("/orders/{id}"))), fault: endpointPolicy(&sandbox.Policy{{Effect: sandbox.Deny}}), inside: vpce, declare: waysIn(probe.Enabled)},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "stage lost in a VPC", setup: both(inVPC, routes(keyed(iam("/orders")))), fault: func(m *sandbox.Model) {
			m.APIs[0].Stages[0].Name, m.Plans = "other", nil
			m.VPCEndpoints[0].Policy = &sandbox.Policy{{Effect: sandbox.Allow}}
		}, inside: vpce, declare: waysIn(probe.Enabled)},
		want:  []string{"GET /orders default sigv4: fail/blocked"},
		never: []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "private method open", setup: both(inVPC, routes(iam("/orders/{id}"))), fault: first(unprotected), inside: vpce, declare: waysIn(probe.Enabled), sel: probe.Selection{Scenarios: []string{"unsigned"}}},
		want:    []string{"GET /orders/{id} default unsigned: fail/open"},
	},
	{
		posture: posture{name: "private API from outside", setup: both(inVPC, routes(iam("/orders/{id}"))), declare: waysIn(probe.Enabled)},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "public API through a VPC endpoint", setup: both(noDomain, publicInVPC, routes(iam("/orders/{id}"))), inside: vpce},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default unsigned: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "private API that is declared public", setup: both(inVPC, routes(iam("/orders/{id}"))), inside: vpce, declare: func(p *probe.Plan) {
			p.APIs[0].EndpointType, p.APIs[0].Endpoints = probe.EndpointRegional, nil
		}},
		never: []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "public API that is declared private", setup: both(noDomain, routes(keyed(iam("/orders")))), declare: func(p *probe.Plan) {
			p.APIs[0].EndpointType = probe.EndpointPrivate
		}},
		want:  []string{"GET /orders default sigv4: pass"},
		never: []probe.VerdictKind{probe.Open},
	},
}

// The cause of a public API through a VPC endpoint is named, although nothing in the answer says it.
func TestPublicAPIThroughVPCEndpoint(t *testing.T) {
	t.Parallel()
	o := posture{setup: both(noDomain, publicInVPC, routes(iam("/orders/{id}"))), inside: vpce}.run(t)
	for _, r := range o.report.Results {
		if r.Control {
			got := []string{string(r.Attribution.Layer), string(r.Attribution.Cause), string(r.Attribution.Confidence)}
			if want := []string{"domain", "public-api-through-vpc-endpoint", "likely"}; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v; because %v", got, want, r.Attribution.Because)
			}
		}
	}
}
