package sandbox

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const domain = "https://api.example.test"

// behind puts a front before the custom domain.
func behind(f Front) Model {
	m := world()
	m.Fronts = map[string]Front{"api.example.test": f}
	return m
}

// A CDN that strips a credential: the layer that refused is the truth, and the
// default endpoint shows the difference.
func TestStripHeaders(t *testing.T) {
	g := gateway(t, behind(StripHeaders("Authorization", "x-api-key")))
	got := map[string]string{
		"signed, through the front": truth(t, g, signed(get(domain+"/orders/iam"), caller())),
		"unsigned":                  truth(t, g, get(domain+"/orders/iam")),
		"key, through the front":    truth(t, g, get(domain+"/orders/keyed", "x-api-key: "+goodKey)),
		"no key":                    truth(t, g, get(domain+"/orders/keyed")),
		"signed, beside the front":  truth(t, g, signed(get("/prod/iam"), caller())),
		"key, beside the front":     truth(t, g, get("/prod/keyed", "x-api-key: "+goodKey)),
	}
	want := map[string]string{
		"signed, through the front": "iam-authentication/credential-stripped",
		"unsigned":                  "iam-authentication/unsigned-to-iam",
		"key, through the front":    "api-key/credential-stripped",
		"no key":                    "api-key/missing-api-key",
		"signed, beside the front":  accepted,
		"key, beside the front":     accepted,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCacheErrors(t *testing.T) {
	for _, showHit := range []bool{false, true} {
		now := noon
		g := gateway(t, behind(CacheErrors(10*time.Second, showHit, func() time.Time { return now })))
		send := func(id, key string) (result, string) {
			res := ask(t, g, get(domain+"/orders/keyed", "x-api-key: "+key, requestIDHeader+": "+id))
			return res, res.header.Get(requestIDHeader)
		}
		const first, second, third = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"

		if _, id := send(first, "nobody's"); id != first {
			t.Errorf("got id %s, want our own", id)
		}
		now = now.Add(9 * time.Second)
		res, id := send(second, goodKey)
		wantCache := "Error from cloudfront"
		if showHit {
			wantCache = "Hit from cloudfront"
		}
		if id != first || res.Status != 403 || res.header.Get("X-Cache") != wantCache {
			t.Errorf("got %d, id %s, X-Cache %q; want the first answer again", res.Status, id, res.header.Get("X-Cache"))
		}
		tr, _ := g.Truth(second)
		if diff := cmp.Diff(Truth{second, "GET", "api.example.test", "/orders/keyed", "edge", "cached-answer", 403, ""}, tr); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		now = now.Add(2 * time.Second)
		if res, id := send(third, goodKey); id != third || res.Status != 200 {
			t.Errorf("after the cache: got %d, id %s", res.Status, id)
		}
	}
}

func TestErrorPage(t *testing.T) {
	g := gateway(t, behind(ErrorPage()))
	res := ask(t, g, get(domain+"/orders/iam"))
	got := []any{res.Status, res.header.Get("Content-Type"), res.header.Get("x-amzn-ErrorType"), res.Layer, res.Cause}
	want := []any{200, "text/html", "", "iam-authentication", "unsigned-to-iam"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := truth(t, g, get(domain+"/orders/open")); got != accepted {
		t.Errorf("got %s", got)
	}
}

// All causes look alike behind a customised DEFAULT_4XX and a CDN that hides
// the gateway's headers.
func TestStripResponseHeaders(t *testing.T) {
	m := behind(Chain(EdgeHeaders(), StripResponseHeaders("x-amz")))
	m.APIs[0].GatewayResponses = map[string]GatewayResponse{"DEFAULT_4XX": {Status: 403, Template: `{"message":"Forbidden"}`}}
	g := gateway(t, m)
	for target, want := range map[string]string{
		"/orders/iam":     "iam-authentication/unsigned-to-iam",
		"/orders/keyed":   "api-key/missing-api-key",
		"/orders/nothing": "route/no-such-resource",
	} {
		rec := httptest.NewRecorder()
		g.ServeHTTP(rec, get(domain+target))
		wantHeader := http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {"23"}, "Connection": {"keep-alive"},
			"Date": {"Sat, 21 Nov 2026 12:00:00 GMT"}, "X-Cache": {"Error from cloudfront"},
			"Via": {"1.1 0123456789abcdef0123456789abcdef.cloudfront.net (CloudFront)"}, "X-Amz-Cf-Pop": {"DUB56-P1"},
		}
		if diff := cmp.Diff(wantHeader, rec.Header()); diff != "" || rec.Body.String() != `{"message":"Forbidden"}` {
			t.Errorf("%s: (-want +got):\n%s%s", target, diff, rec.Body)
		}
		if got := truth(t, g, get(domain+target)); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
}

func TestEdgeWAF(t *testing.T) {
	g := gateway(t, behind(EdgeWAF("User-Agent", "evil")))
	res := ask(t, g, get(domain+"/orders/open", "User-Agent: evil/1"))
	got := []any{res.Status, res.header.Get("Server"), res.header.Get(requestIDHeader), res.Layer + "/" + res.Cause}
	if diff := cmp.Diff([]any{403, "CloudFront", "", "edge/waf-at-edge"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := truth(t, g, get(domain+"/orders/open")); got != accepted {
		t.Errorf("got %s", got)
	}
}
