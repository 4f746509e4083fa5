package probe

import (
	"net/http"
	"testing"
)

// TestRewrittenStatus: the statuses that are expected are those that are declared for the refusals of the layers.
func TestRewrittenStatus(t *testing.T) {
	for _, c := range []struct {
		name     string
		declared map[string]GatewayResponse
		in, want Expectation
	}{
		{"nothing declared", nil, Refused(403, APIKeyLayer), Refused(403, APIKeyLayer)},
		{
			"its type", map[string]GatewayResponse{"INVALID_API_KEY": {Status: 401}}, Refused(403, APIKeyLayer),
			Expectation{Layers: []Layer{APIKeyLayer}, Status: []int{401}, Declared: true},
		},
		{
			"its body alone", map[string]GatewayResponse{"INVALID_API_KEY": {Body: "no"}}, Refused(403, APIKeyLayer),
			Expectation{Layers: []Layer{APIKeyLayer}, Status: []int{403}, Declared: true},
		},
		{"another type", map[string]GatewayResponse{"ACCESS_DENIED": {Status: 404}}, Refused(403, APIKeyLayer), Refused(403, APIKeyLayer)},
		{
			"one type of several", map[string]GatewayResponse{"INVALID_SIGNATURE": {Status: 401}}, Refused(403, IAMAuthentication),
			Expectation{Layers: []Layer{IAMAuthentication}, Status: []int{401, 403}},
		},
		{
			"all of a class", map[string]GatewayResponse{"DEFAULT_4XX": {Status: 404}, "EXPIRED_TOKEN": {Status: 410}}, Refused(403, IAMAuthentication),
			Expectation{Layers: []Layer{IAMAuthentication}, Status: []int{404, 410}, Declared: true},
		},
		{"no API is known yet", map[string]GatewayResponse{"DEFAULT_4XX": {Status: 404}}, Refused(403, Domain), Refused(403, Domain)},
		{
			"one layer before the API, one in it", map[string]GatewayResponse{"DEFAULT_4XX": {Status: 404}}, Refused(403, RouteLayer, Domain),
			Expectation{Layers: []Layer{RouteLayer, Domain}, Status: []int{403, 404}},
		},
		{"any status", map[string]GatewayResponse{"DEFAULT_4XX": {Status: 404}}, Expectation{Layers: []Layer{TLS}}, Expectation{Layers: []Layer{TLS}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkEqual(t, "expectation", c.in.rewrittenStatus(API{GatewayResponses: c.declared}), c.want)
		})
	}
}

// TestRewritten: an answer tells its types only if it is not the gateway's own, and not one that everybody gives.
func TestRewritten(t *testing.T) {
	for _, c := range []struct {
		name     string
		declared map[string]GatewayResponse
		status   int
		body     string
		want     []string
	}{
		{"nothing declared", nil, 401, `{"message":"no"}`, nil},
		{"one type", map[string]GatewayResponse{"INVALID_API_KEY": {Status: 401, Body: "no"}}, 401, `{"message":"no"}`, []string{"INVALID_API_KEY"}},
		{"another body", map[string]GatewayResponse{"INVALID_API_KEY": {Status: 401, Body: "no"}}, 401, `{"message":"yes"}`, nil},
		{
			"one that is not customised says the same", map[string]GatewayResponse{"INVALID_API_KEY": {Status: 401}}, 401, `{"message":"Unauthorized"}`,
			[]string{"INVALID_API_KEY", "UNAUTHORIZED"},
		},
		{"declared as it is", map[string]GatewayResponse{"UNAUTHORIZED": {Status: 401}}, 401, `{"message":"Unauthorized"}`, nil},
		{"what is said before an API is known", map[string]GatewayResponse{"DEFAULT_4XX": {Body: "Forbidden"}}, 403, `{"message":"Forbidden"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := &Observation{Status: c.status, Body: c.body}
			o.readMessage(c.body)
			var got []string
			for _, r := range rewritten(&exchange{req: &Request{}, obs: o, c: Case{Target: Target{API: API{GatewayResponses: c.declared}}}}) {
				got = append(got, r.name)
			}
			checkEqual(t, "types", got, c.want)
		})
	}
}

func TestResponseTypeTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range responseTypes {
		switch {
		case seen[r.name]:
			t.Errorf("%s: stands twice", r.name)
		case r.status < http.StatusBadRequest || len(r.layers) == 0:
			t.Errorf("%s: got status %d and layers %v, want a refusal of some layer", r.name, r.status, r.layers)
		}
		seen[r.name] = true
	}
	// The developer guide names 21 types, two of which stand for the others.
	checkEqual(t, "types", len(ResponseTypes()), 21)
}
