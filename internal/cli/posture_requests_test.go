package cli_test

import (
	"net/http"
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// Requests beyond the mission's: each must be taken, or be refused by its layer, and be told from what only looks so.
func TestPostureRequests(t *testing.T) {
	count := newTally(t)
	for _, f := range requests {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.check(t, count, f.unmet)
		})
	}
}

// dropQuery is a CDN whose cache policy leaves out the query.
func dropQuery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.RawQuery, r.RequestURI = "", r.URL.EscapedPath()
		next.ServeHTTP(w, r)
	})
}

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
}
