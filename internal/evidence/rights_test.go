package evidence_test

import (
	"slices"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

func TestNeeded(t *testing.T) {
	at := func(resource string) probe.Right { return probe.Right{Action: "x:Get", Resource: resource} }
	rights := []probe.Right{
		at("{region} /restapis/{api}/stages/{stage}"), at("{region} /apis/{api}"), at("/apis/{api}/exports/OAS30"), at("/domainnames/{domain}"),
		at("/restapis/{api}/authorizers/{authorizer}"), at("/usageplans"), at("/apikeys"), at("/account"),
	}
	routes := func(all ...probe.Route) []probe.Route { return all }
	keyed, token := probe.Route{APIKeyRequired: true}, probe.Route{Authorization: probe.AuthCustom}
	domains := []probe.CustomDomain{{Host: "a.example.com"}, {Host: "b.example.com"}}
	for name, c := range map[string]struct {
		api  probe.API
		want []string
	}{
		"REST": {
			probe.API{Type: probe.REST, ID: "a1", Region: "cn-north-1", Stage: "prod", Domains: domains, Routes: routes(keyed)},
			[]string{"cn-north-1 /restapis/a1/stages/prod", "/domainnames/a.example.com", "/domainnames/b.example.com", "/usageplans", "/apikeys", "/account"},
		},
		"HTTP": {
			probe.API{Type: probe.HTTP, ID: "h1", Region: "eu-west-1", Stage: "$default", Routes: routes(token, keyed)},
			[]string{"eu-west-1 /apis/h1", "/apis/h1/exports/OAS30"},
		},
		"tokens": {
			probe.API{Type: probe.REST, ID: "*", Region: "*", Stage: "*", Routes: routes(token)},
			[]string{"* /restapis/*/stages/*", "/restapis/*/authorizers/*", "/account"},
		},
		"WebSocket": {
			probe.API{Type: probe.WebSocket, ID: "w1", Region: "eu-west-1", Stage: "prod", Routes: routes(keyed)},
			[]string{"eu-west-1 /apis/w1", "/usageplans", "/apikeys", "/account"},
		},
	} {
		var got []string
		for _, r := range evidence.Needed(c.api, rights) {
			got = append(got, r.On(c.api.Region))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

// What a call takes is told in one way, so that policies and notes name the same thing.
func TestRightsAreWhole(t *testing.T) {
	known := make(map[string]probe.Right)
	for _, r := range slices.Concat(
		evidence.LookRights(), evidence.TestifyRights(), evidence.NameRights(), evidence.NetworkRights(), evidence.FunctionRights(), evidence.TestInvokeRights(),
		evidence.LoggingRights(), evidence.TailRights(),
	) {
		if r.Call == "" || r.Shows == "" || (r.Action == "") != (r.Resource == "") {
			t.Errorf("%q: got %+v, want all of it, or neither action nor resource", r.Call, r)
		}
		if other, ok := known[r.Call+" "+r.Resource]; ok && other != r {
			t.Errorf("got %+v and %+v, want one of them", r, other)
		}
		known[r.Call+" "+r.Resource] = r
	}
}
