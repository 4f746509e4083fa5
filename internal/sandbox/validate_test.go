package sandbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// All mistakes of a model come at once.
func TestValidate(t *testing.T) {
	_, err := New(Model{
		Principals: []Principal{
			{AccessKeyID: "A", ARN: "arn"},
			{AccessKeyID: "A", SecretKey: "s", ARN: "arn:aws:iam::111122223333:user/a",
				Policy:  Policy{{Effect: "allow"}},
				Session: &Policy{{Effect: Allow, Condition: []Condition{{"Like", "aws:x", nil}}}}},
		},
		APIs: []API{{
			ID: "a", Account: "1", Endpoint: "LOCAL", GatewayResponses: map[string]GatewayResponse{"X": {}},
			Stages: []Stage{
				{Name: "s", WebACL: []WAFRule{{Match: "x"}, {Match: WAFSource, Value: "here"}}, Canary: &Canary{}},
				{Name: "s"},
			},
			Routes: []Route{
				{Method: "GET", Path: "x", Authorization: "JWT", Backend: Backend{Kind: "x"}},
				{Method: "GET", Path: "/p", Authorization: None, Backend: Backend{Kind: HTTPProxy, URL: "https://elsewhere/"}},
			},
		}},
		Keys: []APIKey{{Name: "k", Value: "short"}, {Name: "l", Value: "short"}},
		Plans: []UsagePlan{
			{Name: "p", Rate: 1, Stages: []APIStage{{"a", "s"}, {"a", "t"}}, Keys: []string{"k", "m"}},
			{Name: "q", Stages: []APIStage{{"a", "s"}}, Keys: []string{"k"}},
		},
		Domains: []Domain{{
			Host:     "d",
			Rules:    []RoutingRule{{}},
			Mappings: []Mapping{{"/x", APIStage{"b", "s"}}, {"y", APIStage{"a", "gone"}}, {"y", APIStage{"a", "s"}}},
		}},
		Fronts: map[string]Front{"nowhere": EdgeHeaders()},
	})
	if err == nil {
		t.Fatal("no error")
	}
	want := `principal "A": missing secret key
principal "A": got ARN "arn", want one with an account
principal "A": declared twice
principal "A": got effect "allow", want Allow or Deny
principal "A": unknown condition operator "Like"
principal "A": unknown condition key "aws:x"
API "a": missing region
API "a": got account "1", want 12 digits
API "a": got endpoint type "LOCAL", want one of ["EDGE" "PRIVATE" "REGIONAL"]
API "a": stage "s": unknown WAF match "x"
API "a": stage "s": got WAF source "here", want a network
API "a": stage "s": got a canary of every 0 requests, want at least 1
API "a": stage "s": declared twice
API "a": unknown gateway response type "X"
API "a": route "GET x": want a method and a path that begins with a slash
API "a": route "GET x": got authorization "JWT", which an API of type REST does not have
API "a": route "GET x": unknown kind of backend "x"
API "a": route "GET /p": got backend "https://elsewhere/", want the address of an API of this model
API key "k": got a value of 5 characters, want 20 to 128
API key "l": its value is another key's
API key "l": got a value of 5 characters, want 20 to 128
usage plan "p": a rate needs a burst
usage plan "p": no stage "t" of API "a"
usage plan "p": no API key "m"
usage plan "q": API key "k" already has a plan for stage "s" of API "a"
domain "d": got base path "/x", want none of its slashes at the ends
domain "d": no API "b"
domain "d": base path "y" mapped twice
domain "d": a routing rule needs a header and an API, got "" and ""
front of "nowhere": no such host`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestValidatePrivateAndMutual(t *testing.T) {
	m := world()
	m.APIs[0].Endpoint, m.APIs[0].VPCEndpoints = Private, []string{elsewhere}
	m.APIs[0].Routes[0].Validator = &Validator{
		Parameters: []string{"x-header", "method.request.body.x"},
		Body:       &Schema{Type: "map", Properties: map[string]Schema{"x": {Type: "text"}}, Items: &Schema{Type: "list"}},
	}
	m.APIs[0].Stages[0].Deployment = &Deployment{
		Routes:           []Route{{Method: "GET", Path: "x", Authorization: None}},
		GatewayResponses: map[string]GatewayResponse{"X": {}},
	}
	m.APIs = append(m.APIs,
		API{ID: "b", Account: account, Region: "r", VPCEndpoints: []string{"vpce-1"}},
		API{ID: "c", Account: account, Region: "r", Type: HTTP, Endpoint: Private,
			Routes: []Route{{Method: "GET", Path: "/", Authorization: None, Validator: &Validator{}}}})
	m.VPCEndpoints = []VPCEndpoint{{ID: "vpce-1", VPC: "v", Policy: &Policy{{Effect: "maybe"}}}}
	m.Domains[0].Endpoint = Edge
	m.Domains[0].MutualTLS = &MutualTLS{Truststore: []byte("x")}
	m.Fronts = map[string]Front{"api.example.test": EdgeHeaders()}
	m.AccountThrottles = []AccountThrottle{{Account: account, Region: "r"}, {Account: account, Region: "r"}, {Account: "1", Region: "r"}}
	_, err := New(m)
	if err == nil {
		t.Fatal("no error")
	}
	want := `API "a1b2c3d4e5": route "GET /iam": got parameter "x-header", want one like method.request.header.NAME
API "a1b2c3d4e5": route "GET /iam": got parameter "method.request.body.x", want one like method.request.header.NAME
API "a1b2c3d4e5": route "GET /iam": unknown type "map" in a schema
API "a1b2c3d4e5": route "GET /iam": unknown type "text" in a schema
API "a1b2c3d4e5": route "GET /iam": unknown type "list" in a schema
API "a1b2c3d4e5": deployment to "prod": unknown gateway response type "X"
API "a1b2c3d4e5": deployment to "prod": route "GET x": want a method and a path that begins with a slash
API "c": an API of type HTTP has no private endpoint
API "c": an API of type HTTP has no request validation
domain "api.example.test": got mutual TLS on an EDGE domain, want a REGIONAL one
domain "api.example.test": got mutual TLS behind a front, which cannot hand a certificate on
domain "api.example.test": got a truststore without certificates, want PEM
domain "api.example.test": API "a1b2c3d4e5" is PRIVATE, and the domain is not
VPC endpoint "vpce-1": want an id like vpce-0123456789abcdef0
VPC endpoint "vpce-1": got VPC "v" and region "", want both
VPC endpoint "vpce-1": got effect "maybe", want Allow or Deny
API "a1b2c3d4e5": no VPC endpoint "vpce-fedcba98765432100"
API "b": got VPC endpoints, want none of an API that is not PRIVATE
account throttle "111122223333 r": declared twice
account throttle: no API of account "1" in region "r"`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
