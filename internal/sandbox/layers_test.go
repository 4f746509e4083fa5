package sandbox

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWAFRules(t *testing.T) {
	for _, tc := range []struct {
		rule            WAFRule
		blocked, passed *http.Request
	}{
		{WAFRule{Match: WAFHeaderAbsent, Header: "x-api-key"}, get("/prod/open"), get("/prod/open", "x-api-key: x")},
		{WAFRule{Match: WAFHeaderPresent, Header: "X-Bad"}, get("/prod/open", "X-Bad: 1"), get("/prod/open")},
		{WAFRule{Match: WAFHeaderContains, Header: "User-Agent", Value: "sqlmap"}, get("/prod/open", "User-Agent: sqlmap/1"), get("/prod/open", "User-Agent: probe/1")},
		{WAFRule{Match: WAFPathPrefix, Value: "/prod/admin"}, get("/prod/admin/x"), get("/prod/open")},
		{WAFRule{Match: WAFSource, Value: "192.0.2.0/24"}, get("/prod/open"), from("[::1]:5", get("/prod/open"))},
	} {
		t.Run(string(tc.rule.Match), func(t *testing.T) {
			m := world()
			m.APIs[0].Stages[0].WebACL = []WAFRule{tc.rule}
			g := gateway(t, m)
			got := []string{truth(t, g, tc.blocked), truth(t, g, tc.passed)}
			if diff := cmp.Diff([]string{"waf/waf-blocked", accepted}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func from(address string, r *http.Request) *http.Request { r.RemoteAddr = address; return r }

func TestWAFRateAndCustomResponse(t *testing.T) {
	m := world()
	m.APIs[0].Stages[0].WebACL = []WAFRule{{Match: WAFRate, After: 2, Status: 429, Body: `{"message":"Missing Authentication Token"}`}}
	// The custom response wins over what the owner says about blocked requests.
	m.APIs[0].GatewayResponses = map[string]GatewayResponse{"WAF_FILTERED": {Status: 500}}
	g := gateway(t, m)
	for range 2 {
		if got := truth(t, g, get("/prod/open")); got != accepted {
			t.Errorf("got %s", got)
		}
	}
	res := ask(t, g, get("/prod/open"))
	got := []any{res.Status, res.ErrorType, res.Message, res.Trace, res.Layer + "/" + res.Cause}
	if diff := cmp.Diff([]any{429, forbiddenET, mat, false, "waf/waf-blocked"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsagePlan(t *testing.T) {
	now := noon
	m := world()
	m.Now = func() time.Time { return now }
	m.Plans[0].Rate, m.Plans[0].Burst, m.Plans[0].Quota = 0.5, 2, 3
	g := gateway(t, m)
	send := func() string { return truth(t, g, get("/prod/keyed", "x-api-key: "+goodKey)) }
	got := []string{send(), send(), send()} // the burst, and one more
	now = now.Add(2 * time.Second)
	got = append(got, send(), send()) // one token has come back
	now = now.Add(time.Minute)
	got = append(got, send()) // the quota is used up; the throttled ones did not count
	want := []string{accepted, accepted, "usage-plan/throttled", accepted, "usage-plan/throttled", "usage-plan/quota-exceeded"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A method that requires no key does not count, whatever is sent.
	if got := truth(t, g, get("/prod/open", "x-api-key: "+goodKey)); got != accepted {
		t.Errorf("got %s", got)
	}
}

func TestMatch(t *testing.T) {
	routes := []Route{
		{Method: "ANY", Path: "/{proxy+}"},
		{Method: "GET", Path: "/a/{id}"},
		{Method: "ANY", Path: "/a/b"},
		{Method: "GET", Path: "/a/b"},
		{Method: "PUT", Path: "/a/{id}"},
		{Method: "GET", Path: "/"},
		{Method: "GET", Path: "/a/{id}/{rest+}"},
	}
	for _, tc := range []struct{ method, path, want string }{
		{"GET", "/", "GET /"},
		{"POST", "/", "none"}, // greedy, but of one segment at least
		{"GET", "/a/b", "GET /a/b"},
		{"GET", "/a/b/", "GET /a/b"},
		{"GET", "/a/%62", "GET /a/b"},
		{"PUT", "/a/b", "ANY /a/b"},
		{"PUT", "/a/c", "PUT /a/{id}"},
		{"DELETE", "/a/c", "ANY /{proxy+}"}, // falls back, because the pair is matched
		{"GET", "/a/c/d/e", "GET /a/{id}/{rest+}"},
		{"GET", "/a//x", "ANY /{proxy+}"},
		{"GET", "/A/b", "ANY /{proxy+}"},
	} {
		got := "none"
		if r := match(routes, tc.method, tc.path); r != nil {
			got = r.Method + " " + r.Path
		}
		if got != tc.want {
			t.Errorf("%s %s: got %s, want %s", tc.method, tc.path, got, tc.want)
		}
	}
}

func TestDomain(t *testing.T) {
	m := world()
	api := m.APIs[0].ID
	m.Domains[0].Rules = []RoutingRule{{"X-Version", "2*", APIStage{api, "prod"}}}
	m.Domains[0].Mappings = []Mapping{
		{"orders", APIStage{api, "prod"}},
		{"orders/admin", APIStage{api, "deleted"}},
	}
	m.Domains = append(m.Domains, Domain{Host: "root.example.test", Mappings: []Mapping{{"", APIStage{api, "prod"}}, {"v2", APIStage{api, "gone"}}}})
	g := gateway(t, m)
	for target, want := range map[string]string{
		domain + "/orders/open":              accepted,
		domain + "/orders":                   "route/no-such-resource",
		domain + "/orders/admin/list":        "stage/unknown-stage",
		domain + "/orders/administration":    "route/no-such-resource",
		domain + "/Orders/open":              "domain/no-base-path-mapping",
		"https://root.example.test/open":     accepted,
		"https://root.example.test/v2/open":  "stage/unknown-stage",
		"https://ROOT.example.test:443/open": accepted,
	} {
		if got := truth(t, g, get(target)); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
	if got := truth(t, g, get(domain+"/open", "X-Version: 2.1")); got != accepted {
		t.Errorf("routing rule: got %s", got)
	}
}

func TestCanary(t *testing.T) {
	m := world()
	m.APIs[0].Stages[0].Canary = &Canary{Every: 2}
	g := gateway(t, m)
	got := []string{truth(t, g, get("/prod/open")), truth(t, g, get("/prod/open")), truth(t, g, get("/prod/open"))}
	if diff := cmp.Diff([]string{accepted, "route/no-such-resource", accepted}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGatewayResponses(t *testing.T) {
	m := world()
	m.APIs[0].Stages[0].XRay = true
	m.APIs[0].GatewayResponses = map[string]GatewayResponse{
		"MISSING_AUTHENTICATION_TOKEN": {Status: 404, Template: `{"m":$context.error.messageString,"t":"$context.error.responseType","s":"$context.stage"}`, Header: map[string]string{"Access-Control-Allow-Origin": "*"}},
		"INVALID_API_KEY":              {Template: `$context.error.message $context.requestId`},
		"DEFAULT_5XX":                  {Status: 599},
	}
	m.APIs[0].Routes[1].Backend.Kind = Malformed
	g := gateway(t, m)
	const id = "11111111-1111-4111-8111-111111111111"
	type seen struct {
		Status             int
		Body, ET, Allow    string
		Trace, TraceIsRoot bool
	}
	for _, tc := range []struct {
		target string
		want   seen
	}{
		{"/prod/iam", seen{404, `{"m":"Missing Authentication Token","t":"MISSING_AUTHENTICATION_TOKEN","s":"prod"}`, missingTokenET, "*", true, true}},
		{"/prod/keyed", seen{403, "Forbidden " + id, forbiddenET, "", true, true}},
		{"/prod/open", seen{599, `{"message": "Internal server error"}`, "InternalServerErrorException", "", true, true}},
		{"/nothing/open", seen{403, `{"message":"Forbidden"}`, forbiddenET, "", false, true}}, // no API yet, nothing to customise
	} {
		res := ask(t, g, get(tc.target, requestIDHeader+": "+id))
		trace := res.header.Get("X-Amzn-Trace-Id")
		got := seen{res.Status, res.body, res.ErrorType, res.header.Get("Access-Control-Allow-Origin"), trace != "", !strings.Contains(trace, ";")}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", tc.target, diff)
		}
	}
}

func TestIDs(t *testing.T) {
	g := gateway(t, world())
	const mine = "0a1B2c3d-1111-4111-8111-111111111111"
	for sent, echoed := range map[string]bool{mine: true, "not-a-uuid": false, "": false} {
		res := ask(t, g, get("/prod/iam", requestIDHeader+": "+sent))
		got := res.header.Get(requestIDHeader)
		if (got == sent) != echoed || !uuid.MatchString(got) {
			t.Errorf("sent %q, got %q", sent, got)
		}
		if tr, ok := g.Truth(got); !ok || tr.Cause != "unsigned-to-iam" {
			t.Errorf("truth of %q: %v, %v", got, tr, ok)
		}
		if id := res.header.Get("x-amz-apigw-id"); len(id) != 16 || !strings.HasSuffix(id, "=") {
			t.Errorf("got extended id %q", id)
		}
	}
	if _, ok := g.Truth("22222222-2222-4222-8222-222222222222"); ok {
		t.Error("a request that was never sent has a truth")
	}
}

func TestTruthsAreBounded(t *testing.T) {
	var log truthLog
	for i := range maxTruths + 5 {
		log.add(Truth{RequestID: strconv.Itoa(i), ExtendedID: "x" + strconv.Itoa(i)})
	}
	log.add(Truth{RequestID: "last"})
	if len(log.order) != maxTruths || log.order[maxTruths-1].RequestID != "last" || len(log.byID) != 2*maxTruths-1 {
		t.Errorf("got %d truths by %d ids", len(log.order), len(log.byID))
	}
}

// A gateway behind a gateway: the outer one accepts and removes the signature,
// the inner one refuses, and its error type comes through.
func TestHTTPProxy(t *testing.T) {
	m := world()
	m.APIs = append(m.APIs, API{
		ID: "inner12345", Name: "inner", Account: account, Region: "eu-west-1", Stages: []Stage{{Name: "v1"}},
		Routes: []Route{
			{Method: "GET", Path: "/iam", Authorization: IAM},
			{Method: "GET", Path: "/echo", Authorization: None, Backend: Backend{Kind: Echo}},
			{Method: "GET", Path: "/loop", Authorization: None, Backend: Backend{Kind: HTTPProxy, URL: "https://inner12345.execute-api.eu-west-1.amazonaws.com/v1/loop"}},
		},
	})
	inner := func(path string) Backend {
		return Backend{Kind: HTTPProxy, URL: "https://inner12345.execute-api.eu-west-1.amazonaws.com/v1" + path}
	}
	m.APIs[0].Routes[0].Backend = inner("/iam")
	m.APIs[0].Routes[1].Backend = inner("/echo")
	m.APIs[0].Routes[2].Backend = inner("/loop")
	g := gateway(t, m)

	outer := ask(t, g, get("/prod/iam"))
	if outer.Layer != "iam-authentication" || outer.header.Get("x-amzn-Remapped-Date") != "" {
		t.Errorf("unsigned: got %s, headers %v", outer.Layer, outer.header)
	}
	res := ask(t, g, signed(get("/prod/iam"), caller()))
	got := []any{res.Status, res.ErrorType, res.Message, res.Layer + "/" + res.Cause}
	if diff := cmp.Diff([]any{403, missingTokenET, mat, "backend/backend-own-403"}, got); diff != "" {
		t.Errorf("signed: (-want +got):\n%s", diff)
	}
	for _, name := range []string{"Date", "Connection", "Content-Length", requestIDHeader} {
		if res.header.Get("x-amzn-Remapped-"+name) == "" {
			t.Errorf("no x-amzn-Remapped-%s", name)
		}
	}
	if res.header.Get("x-amzn-Remapped-"+requestIDHeader) == res.header.Get(requestIDHeader) {
		t.Error("both gateways have the same request id")
	}
	if n := len(g.Truths()); n != 2 {
		t.Errorf("got %d truths, want one for each request that a client sent", n)
	}

	var echoed struct {
		Headers http.Header
		Query   string
	}
	res = ask(t, g, get("/prod/open?a=1", "X-Secret: s"))
	if err := json.Unmarshal([]byte(res.body), &echoed); err != nil || echoed.Headers.Get("X-Secret") != "s" || echoed.Query != "a=1" {
		t.Errorf("echo: got %s, %v", res.body, err)
	}
	if got := truth(t, g, get("/prod/keyed", "x-api-key: "+goodKey)); got != "backend/backend-own-500" {
		t.Errorf("loop: got %s", got)
	}
}

func TestHost(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1":     "x.execute-api.eu-west-1.amazonaws.com",
		"us-gov-west-1": "x.execute-api.us-gov-west-1.amazonaws.com",
		"cn-north-1":    "x.execute-api.cn-north-1.amazonaws.com.cn",
	} {
		if got := (&API{ID: "x", Region: region}).Host(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
