package cli_test

import (
	"net/http"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// Requests beyond the mission's: each must be taken, or be refused by its layer, and be told from what only looks so.
func TestPostureRequests(t *testing.T) {
	checkFaults(t, requests)
}

// dropQuery is a CDN whose cache policy leaves out the query.
func dropQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.RawQuery, r.RequestURI = "", r.URL.EscapedPath()
		next.ServeHTTP(w, r)
	})
}

const wafHeader, wafValue = "X-Probe-Waf", "block-me"

// blocking is a web ACL with a rule for the marker, and marked what its owner declares.
func blocking(custom sandbox.WAFRule) func(*sandbox.Model) {
	custom.Match, custom.Header, custom.Value = sandbox.WAFHeaderContains, wafHeader, wafValue
	return webACL(custom)
}

func marked(status ...int) func(*probe.Plan) {
	return func(p *probe.Plan) {
		p.APIs[0].WAFMarker = &probe.WAFMarker{Header: wafHeader, Value: wafValue, Status: status}
	}
}

const site = "https://app.example.com"

// answering is an OPTIONS method of its own, as a mock integration makes it for CORS.
func answering(path, origin string) sandbox.Route {
	r := by("OPTIONS", open(path))
	r.Backend = sandbox.Backend{Status: 200, Header: map[string]string{"Access-Control-Allow-Origin": origin}}
	return r
}

var corsDeclared = eachRoute(func(r *probe.Route) { r.CORS = &probe.CORS{Origins: []string{site}} })

var requests = []fault{
	{
		posture: posture{name: "presigned", setup: oneIAM},
		want:    []string{"GET /orders/{id} default presigned: pass"},
	},
	{
		posture: posture{name: "presigned by a session", setup: oneIAM, declare: signedBy("session", "outsider")},
		want:    []string{"GET /orders/{id} default presigned: pass"},
	},
	{
		posture: posture{name: "presigned with a query", setup: both(mapped, routes(keyed(iam("/orders")))), declare: eachRoute(func(r *probe.Route) {
			r.Query = map[string][]string{"z": {"z", "ü"}, "ü": {"ä"}, "empty": {""}}
		})},
		want: []string{"GET /orders api.example.test presigned: pass"},
	},
	{
		posture: posture{name: "presigned, and the query is dropped on the way", setup: both(mapped, front(dropQuery))},
		want:    []string{"GET /orders/{id} api.example.test sigv4: pass", "GET /orders/{id} api.example.test presigned: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "presigned by a caller without rights", setup: oneIAM, fault: func(m *sandbox.Model) { principal(m, "caller").Policy = nil }},
		want:    []string{"GET /orders/{id} default presigned: inconclusive/control-failed"},
	},
	{
		posture: posture{name: "preflight", setup: both(noDomain, routes(keyed(iam("/orders")), answering("/orders", site))), declare: corsDeclared},
		want:    []string{"GET /orders default sigv4: pass", "GET /orders default preflight: pass"},
	},
	{
		posture: posture{name: "preflight, every site", setup: both(mapped, routes(iam("/orders"), answering("/orders", "*"))), declare: corsDeclared},
		want:    []string{"GET /orders api.example.test preflight: pass"},
	},
	{
		posture: posture{name: "preflight before a POST, without a consent or a secret", setup: both(noDomain, routes(by("POST", keyed(iam("/orders"))), answering("/orders", site))),
			declare: both(corsDeclared, refusalsOnly)},
		want: []string{"POST /orders default preflight: pass"},
	},
	{
		posture: posture{name: "preflight, another site", setup: both(noDomain, routes(iam("/orders"), answering("/orders", "https://other.example"))), declare: corsDeclared},
		want:    []string{"GET /orders default preflight: fail/wrong-response"},
	},
	{
		posture: posture{name: "preflight without an OPTIONS method", setup: both(noDomain, routes(iam("/orders"))), declare: corsDeclared},
		want:    []string{"GET /orders default preflight: fail/blocked"},
		never:   []probe.VerdictKind{probe.Open},
	},
	{
		posture: posture{name: "preflight on ANY with AWS_IAM", setup: both(noDomain, routes(by("ANY", iam("/orders")))), declare: corsDeclared},
		want:    []string{"ANY /orders default preflight: fail/blocked"},
	},
	{
		posture: posture{name: "preflight that wants a key", setup: both(noDomain, routes(iam("/orders"), keyed(answering("/orders", site)))), declare: corsDeclared},
		want:    []string{"GET /orders default preflight: fail/blocked"},
	},
	{
		posture: posture{name: "preflight before an HTTP API", setup: func(m *sandbox.Model) {
			noDomain(m)
			m.APIs[0].Type, m.Plans, m.Keys = sandbox.HTTP, nil, nil
			m.APIs[0].CORS = &sandbox.CORS{Origins: []string{site}, Methods: []string{"GET"}}
			m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}")}
		}, declare: corsDeclared},
		want: []string{"GET /orders/{id} default preflight: pass"},
	},
	{
		posture: posture{name: "preflight before an HTTP API without CORS", setup: func(m *sandbox.Model) {
			noDomain(m)
			m.APIs[0].Type, m.Plans, m.Keys = sandbox.HTTP, nil, nil
			m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}")}
		}, declare: corsDeclared},
		want: []string{"GET /orders/{id} default preflight: fail/blocked"},
	},
	{
		posture: posture{name: "preflight before an HTTP API that lets in others", setup: func(m *sandbox.Model) {
			noDomain(m)
			m.APIs[0].Type, m.Plans, m.Keys = sandbox.HTTP, nil, nil
			m.APIs[0].CORS = &sandbox.CORS{Origins: []string{"https://other.example"}, Methods: []string{"GET"}}
			m.APIs[0].Routes = []sandbox.Route{iam("/orders/{id}")}
		}, declare: corsDeclared},
		want: []string{"GET /orders/{id} default preflight: fail/wrong-response"},
	},
	{
		posture: posture{name: "WAF marker", setup: both(oneIAM, blocking(sandbox.WAFRule{})), declare: marked()},
		want:    []string{"GET /orders/{id} default sigv4: pass", "GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker, nothing else declared", setup: both(oneIAM, blocking(sandbox.WAFRule{})), declare: both(marked(), func(p *probe.Plan) {
			p.APIs[0].WAF, p.APIs[0].EndpointType = nil, ""
		})},
		want: []string{"GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker, refusals only", setup: both(oneIAM, blocking(sandbox.WAFRule{})), declare: both(marked(), refusalsOnly)},
		want:    []string{"GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker on a custom domain with keys", setup: both(doorShut, routes(keyed(iam("/orders"))), blocking(sandbox.WAFRule{})), declare: marked()},
		want:    []string{"GET /orders api.example.test waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker in the query", setup: both(oneIAM, webACL(sandbox.WAFRule{Match: sandbox.WAFQueryContains, Value: wafValue})), declare: func(p *probe.Plan) {
			p.APIs[0].WAFMarker = &probe.WAFMarker{Query: "a b", Value: wafValue}
			p.APIs[0].Routes[0].Query = map[string][]string{"a": {"1"}, "z": {"2"}}
		}},
		want: []string{"GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker, custom response", setup: both(oneIAM, blocking(sandbox.WAFRule{Status: 404, Body: `{"message":"Missing Authentication Token"}`})), declare: marked(404)},
		want:    []string{"GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker, custom response 429", setup: both(oneIAM, blocking(sandbox.WAFRule{Status: 429, Body: "slow down"})), declare: marked(429)},
		want:    []string{"GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker, custom response 200", setup: both(oneIAM, blocking(sandbox.WAFRule{Status: 200, Body: "{}"})), declare: marked(200)},
		want:    []string{"GET /orders/{id} default waf-marker: pass"},
	},
	{
		posture: posture{name: "WAF marker, another custom response than declared", setup: both(oneIAM, blocking(sandbox.WAFRule{Status: 406})), declare: marked(404)},
		want:    []string{"GET /orders/{id} default waf-marker: fail/wrong-response"},
	},
	{
		posture: posture{name: "WAF marker, and the web ACL is gone", setup: both(oneIAM, blocking(sandbox.WAFRule{})), fault: webACL(), declare: marked()},
		want:    []string{"GET /orders/{id} default waf-marker: fail/open"},
	},
	{
		posture: posture{name: "WAF marker, and the web ACL blocks everything", setup: both(oneIAM, blocking(sandbox.WAFRule{})), fault: webACL(sandbox.WAFRule{Match: sandbox.WAFAll}), declare: marked()},
		want:    []string{"GET /orders/{id} default sigv4: fail/blocked", "GET /orders/{id} default waf-marker: inconclusive/control-failed"},
		never:   []probe.VerdictKind{probe.Open},
	},
}
