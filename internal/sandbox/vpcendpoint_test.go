package sandbox

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	here        = "vpce-0123456789abcdef0"
	elsewhere   = "vpce-fedcba98765432100"
	privateID   = "pr1v4t3abc"
	privateHost = "https://" + privateID + ".execute-api.eu-west-1.amazonaws.com"
	throughHere = "https://" + privateID + "-" + here + ".execute-api.eu-west-1.amazonaws.com"
)

// privateWorld is the world with the same API once more, as a private one that
// any endpoint may call.
func privateWorld() Model {
	m := world()
	m.VPCEndpoints = []VPCEndpoint{
		{ID: here, VPC: "vpc-1", Region: "eu-west-1", PrivateDNS: true},
		{ID: elsewhere, VPC: "vpc-2", Region: "eu-west-1"},
	}
	a := m.APIs[0]
	a.ID, a.Endpoint, a.VPCEndpoints, a.ResourcePolicy = privateID, Private, []string{here}, anything
	m.APIs = append(m.APIs, a)
	m.Plans[0].Stages = append(m.Plans[0].Stages, APIStage{privateID, "prod"})
	return m
}

// inside sends the request to where in-process tests ask: into the VPC.
func inside(r *http.Request) *http.Request { return insideOf(here, r) }

type vpcKey struct{}

func insideOf(endpoint string, r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), vpcKey{}, endpoint))
}

// handlerFor is the side of the gateway that a test's request is for.
func handlerFor(g *Gateway, r *http.Request) http.Handler {
	if endpoint, ok := r.Context().Value(vpcKey{}).(string); ok {
		return g.Inside(endpoint)
	}
	return g
}

// at gives the request another Host than that of the name it is connected to.
func at(host string, r *http.Request) *http.Request { r.Host = host; return r }

// Every name by which a private or a public API may be called, from the VPC and
// from the internet.
func TestHostForms(t *testing.T) {
	m := privateWorld()
	endpointHost := "https://" + m.VPCEndpoints[0].Host()
	otherHost := "https://" + m.VPCEndpoints[1].Host()
	const (
		id      = "x-apigw-api-id: " + privateID
		wrong   = "domain/private-api-wrong-host"
		public  = "domain/public-api-through-vpc-endpoint"
		apiHost = privateID + ".execute-api.eu-west-1.amazonaws.com"
	)
	g := gateway(t, m)
	for _, tc := range []struct {
		name    string
		request *http.Request
		want    string
		through bool // the answer came through an endpoint
	}{
		{"private DNS", inside(get(privateHost + "/prod/open")), accepted, true},
		{"name of API and endpoint", inside(get(throughHere + "/prod/open")), accepted, true},
		{"name of the endpoint, Host", inside(at(apiHost, get(endpointHost+"/prod/open"))), accepted, true},
		{"name of the endpoint, header", inside(get(endpointHost+"/prod/open", id)), accepted, true},
		{"name of the endpoint alone", inside(get(endpointHost + "/prod/open")), wrong, true},
		{"name of the endpoint, unknown id", inside(get(endpointHost+"/prod/open", "x-apigw-api-id: zzzzzzzzzz")), wrong, true},
		{"Host of another partition", inside(at(apiHost+".cn", get(endpointHost+"/prod/open"))), wrong, true},
		{"Host goes before the header", inside(at(host, get(endpointHost+"/prod/open", id))), public, true},
		{"no such API", inside(get("https://zzzzzzzzzz.execute-api.eu-west-1.amazonaws.com/prod/open")), wrong, true},
		{"API without a name here", insideOf(elsewhere, get("https://"+privateID+"-"+elsewhere+".execute-api.eu-west-1.amazonaws.com/prod/open")), wrong, true},
		{"any endpoint, by Host", insideOf(elsewhere, at(apiHost, get(otherHost+"/prod/open"))), accepted, true},
		{"no private DNS", insideOf(elsewhere, get(privateHost+"/prod/open")), wrong, false},
		{"stage first", inside(get(throughHere + "/gone/open")), "stage/unknown-stage", true},

		{"public API, private DNS", inside(get("/prod/open")), public, true},
		{"public API, by id", inside(get(endpointHost+"/prod/open", "x-apigw-api-id: a1b2c3d4e5")), public, true},
		{"public API, no private DNS", insideOf(elsewhere, get("/prod/open")), accepted, false},
		{"public API, custom domain", inside(get(domain + "/orders/open")), accepted, false},
		{"public API, other region", inside(get("https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/open")), "domain/unknown-host", false},

		{"private API from outside", get(privateHost + "/prod/open"), wrong, false},
		{"private API from outside, endpoint's name", get(throughHere + "/prod/open"), "domain/unknown-host", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			res := ask(t, g, tc.request)
			got := []any{res.Layer + "/" + res.Cause, res.header.Get("Server") == "Server"}
			if diff := cmp.Diff([]any{tc.want, tc.through}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tc.want != accepted {
				got := []any{res.Status, res.ErrorType, res.Message, res.Trace}
				if diff := cmp.Diff([]any{403, forbiddenET, "Forbidden", false}, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestChinaEndpoint(t *testing.T) {
	e := VPCEndpoint{ID: here, Region: "cn-northwest-1"}
	want := here + "-" + hash(here)[:8] + ".execute-api.cn-northwest-1.vpce.amazonaws.com.cn"
	if e.Host() != want || !e.takes(want) {
		t.Errorf("got %s, want %s", e.Host(), want)
	}
}

// A private API rests on its resource policy, and on the endpoint by its means.
func TestPrivateResourcePolicy(t *testing.T) {
	when := func(effect Effect, operator, key, value string) Policy {
		return Policy{{Effect: effect, Condition: []Condition{{operator, key, []string{value}}}}}
	}
	for _, tc := range []struct {
		name   string
		policy Policy
		want   string
	}{
		{"none", nil, resourceImplicit},
		{"everyone", anything, accepted},
		{"this endpoint", when(Allow, "StringEquals", "aws:SourceVpce", here), accepted},
		{"this VPC", when(Allow, "StringEquals", "aws:SourceVpc", "vpc-1"), accepted},
		{"other endpoint", when(Allow, "StringEquals", "aws:SourceVpce", elsewhere), resourceImplicit},
		{"not by another", append(when(Deny, "StringNotEquals", "aws:SourceVpce", elsewhere), anything...), resourceExplicit},
		{"no address in a VPC", when(Allow, "IpAddress", "aws:SourceIp", "0.0.0.0/0"), resourceImplicit},
	} {
		m := privateWorld()
		m.APIs[1].ResourcePolicy = tc.policy
		if got := truth(t, gateway(t, m), inside(get(privateHost+"/prod/open"))); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
	m := privateWorld()
	m.APIs[1].ResourcePolicy = nil
	if got := truth(t, gateway(t, m), inside(signed(get(privateHost+"/prod/iam"), caller()))); got != resourceImplicit {
		t.Errorf("signed, no policy: got %s", got)
	}
	// A public API has no endpoint to speak of.
	m = world()
	m.APIs[0].ResourcePolicy = when(Allow, "StringEquals", "aws:SourceVpce", here)
	if got := truth(t, gateway(t, m), get("/prod/open")); got != resourceImplicit {
		t.Errorf("public: got %s", got)
	}
}

// What the endpoint's policy makes of the Authorization header, before the
// method's own authorization.
func TestEndpointPolicy(t *testing.T) {
	const (
		denied   = "endpoint-policy/endpoint-policy-deny"
		unread   = "endpoint-policy/vpce-policy-authorization"
		unsigned = "iam-authentication/unsigned-to-iam"
	)
	byCaller := Policy{{Effect: Allow, Principal: []string{account}}}
	open, iam := privateHost+"/prod/open", privateHost+"/prod/iam"
	for _, tc := range []struct {
		name    string
		policy  *Policy
		request *http.Request
		want    string
	}{
		{"default policy", nil, get(open), accepted},
		{"default policy reads nothing", nil, get(open, "Authorization: AWS4-HMAC-SHA256 x"), accepted},
		{"empty", &Policy{}, get(open), denied},
		{"denies", &Policy{{Effect: Deny}}, get(open), denied},
		{"everyone", &anything, get(open), accepted},
		{"everyone, token", &anything, get(open, "Authorization: Bearer abc"), accepted},
		{"everyone, signed", &anything, signed(get(iam), caller()), accepted},
		{"everyone, unsigned", &anything, get(iam), unsigned},
		{"everyone, bad signature", &anything, signing{secret: "x"}.sign(get(open), caller()), unread},
		{"everyone, half a signature", &anything, get(open, "Authorization: AWS4-HMAC-SHA256 x=y"), unread},
		{"principal, anonymous", &byCaller, get(open), denied},
		{"principal, token", &byCaller, get(open, "Authorization: Bearer abc"), denied},
		{"principal, signed though needless", &byCaller, signed(get(open), caller()), accepted},
		{"principal, presigned", &byCaller, signing{presign: true}.sign(get(open), caller()), accepted},
		{"other API", &Policy{{Effect: Allow, Resource: []string{"arn:aws:execute-api:*:*:other/*"}}}, get(open), denied},
		{"before the stage", &Policy{}, get(privateHost + "/gone/open"), denied},
		{"before the route", &Policy{}, get(privateHost + "/prod/nothing"), denied},
	} {
		m := privateWorld()
		m.VPCEndpoints[0].Policy = tc.policy
		if got := truth(t, gateway(t, m), inside(tc.request)); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestEndpointPolicyTexts(t *testing.T) {
	const who = "User: anonymous is not authorized to perform: execute-api:Invoke on resource: " +
		"arn:aws:execute-api:eu-west-1:********3333:" + privateID + "/prod/GET/open"
	for _, tc := range []struct {
		policy Policy
		old    bool
		want   string
	}{
		{Policy{}, false, who + " because no VPC endpoint policy allows the execute-api:Invoke action"},
		{Policy{}, true, who},
		{Policy{{Effect: Deny}}, false, who + " with an explicit deny in a VPC endpoint policy"},
		{Policy{{Effect: Deny}}, true, who + " with an explicit deny"},
	} {
		m := privateWorld()
		m.VPCEndpoints[0].Policy, m.Switches.OldPolicyWording = &tc.policy, tc.old
		res := ask(t, gateway(t, m), inside(get(privateHost+"/prod/open")))
		got := []any{res.Status, res.ErrorType, res.Key, res.Message, res.header.Get("Server")}
		if diff := cmp.Diff([]any{403, "AccessDeniedException", "Message", tc.want, "Server"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// In the world where tokens are parsed, those of authorizers are left alone.
func TestEndpointLeavesTokensOfAuthorizers(t *testing.T) {
	m := guarded()
	m.Switches.EndpointPolicyParsesTokens = true
	m.Domains, m.VPCEndpoints = nil, privateWorld().VPCEndpoints
	m.VPCEndpoints[0].Policy = &anything
	a := &m.APIs[0]
	a.Endpoint, a.VPCEndpoints, a.ResourcePolicy = Private, []string{here}, anything
	g := gateway(t, m)
	if res := ask(t, g, inside(get("/prod/token", "Authorization: allow"))); res.Layer == "endpoint-policy" {
		t.Errorf("got %s/%s", res.Layer, res.Cause)
	}
	if got := truth(t, g, inside(get("/prod/nothing", "Authorization: allow"))); got != "endpoint-policy/vpce-policy-authorization" {
		t.Errorf("no such route: got %s", got)
	}
}

// Two sockets, one authority: the internet and the VPC, with SNI other than Host.
func TestListenInside(t *testing.T) {
	m := privateWorld()
	g, outside, config := listen(t, m)
	within, err := g.ListenInside(here, ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer within.Close()
	ask := func(s *Server, config *tls.Config, target, host string) string {
		client := clientOf(s, config, true)
		defer client.CloseIdleConnections()
		r, err := http.NewRequest("GET", target, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		tr, _ := g.Truth(resp.Header.Get(requestIDHeader))
		return tr.Layer + "/" + tr.Cause + " " + resp.Header.Get("Server")
	}
	const apiHost = privateID + ".execute-api.eu-west-1.amazonaws.com"
	got := []string{
		ask(within, config, privateHost+"/prod/open", ""),
		ask(within, config, throughHere+"/prod/open", ""),
		ask(within, config, "https://"+m.VPCEndpoints[0].Host()+"/prod/open", apiHost),
		ask(within, config, "https://"+m.VPCEndpoints[0].Host()+"/prod/open", ""),
		ask(within, config, "https://"+host+"/prod/open", ""),
		ask(within, config, domain+"/orders/open", ""),
		ask(outside, config, privateHost+"/prod/open", ""),
	}
	want := []string{
		accepted + " Server", accepted + " Server", accepted + " Server", "domain/private-api-wrong-host Server",
		"domain/public-api-through-vpc-endpoint Server", accepted + " ", "domain/private-api-wrong-host ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := g.ListenInside("vpce-0", ":0"); err == nil || err.Error() != `listening on ":0": no VPC endpoint "vpce-0"` {
		t.Errorf("got error %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic over an endpoint that does not exist")
		}
	}()
	g.Inside("vpce-0").ServeHTTP(httptest.NewRecorder(), get("/"))
}
