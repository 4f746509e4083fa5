package probe

import (
	"fmt"
	"testing"
	"time"
)

// many builds n exchanges of one API: routes with a control, an unsigned and a tampered request each.
func many(n int) (*Plan, []Exchange) {
	api := API{Name: "orders", ID: "a1b2c3d4e5", Region: "eu-west-1", Stage: "prod", DefaultEndpoint: Enabled}
	plan := &Plan{APIs: []API{api}}
	var out []Exchange
	for i := 0; len(out) < n; i++ {
		route := Route{Method: "GET", Path: fmt.Sprintf("/r%d", i), Authorization: AuthIAM, Principal: "caller"}
		for j, a := range []answer{taken, matAnswer, mismatch, taken} {
			sc := []Scenario{signedScenario, unsignedScenario, tamperedScenario, signedScenario}[j]
			extra := ""
			if j == 3 {
				extra = ExtraControl
			}
			id := fmt.Sprintf("%d-%d", i, j)
			req := &Request{ID: id, Method: "GET", Host: api.DefaultHost(), URL: "https://" + api.DefaultHost() + "/prod" + route.Path, Signed: j != 1}
			req.Facets[FacetHost], req.Facets[FacetStageSegment], req.Facets[FacetPath] = req.Host, "prod", "/prod"+route.Path
			req.Facets[FacetMethod], req.Facets[FacetAuth] = "GET", fmt.Sprint(j)
			out = append(out, Exchange{
				Case:    Case{Scenario: sc, Target: Target{plan, api, route, api.Door()}, Control: sc.Name == "sigv4", Expected: Refused(403, IAMAuthentication)},
				Request: req, Extra: extra,
				Observation: &Observation{
					Status: a.status, ErrorType: a.errorType, Message: a.message, RequestID: id, ExtendedRequestID: "x" + id, HeadersComplete: true,
					Conn: "c", Remote: "203.0.113.7:443", Headers: map[string]string{"x-amz-apigw-id": "x" + id},
				},
			})
		}
	}
	return plan, out[:n]
}

// BenchmarkAttribute reports how much longer ten times as many cases take: 10 is linear.
func BenchmarkAttribute(b *testing.B) {
	plan, large := many(10_000)
	_, small := many(1_000)
	var largeTime, smallTime time.Duration
	for b.Loop() {
		start := time.Now()
		Attribute(plan, large)
		middle := time.Now()
		Attribute(plan, small)
		largeTime += middle.Sub(start)
		smallTime += time.Since(middle)
	}
	b.ReportMetric(float64(largeTime)/float64(smallTime), "times/10x-cases")
	b.ReportMetric(largeTime.Seconds()/float64(b.N), "s/10000-cases")
}

// TestManyCasesAreAttributedAlike: size changes nothing but the time.
func TestManyCasesAreAttributedAlike(t *testing.T) {
	plan, exchanges := many(4_000)
	for i, a := range Attribute(plan, exchanges) {
		want := []Layer{None, IAMAuthentication, IAMAuthentication, None}[i%4]
		if a.Layer != want || a.Confidence != Certain {
			t.Fatalf("exchange %d: got %s %s, want %s certain: %v", i, a.Layer, a.Confidence, want, a.Because)
		}
	}
}
