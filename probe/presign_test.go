package probe

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestPresign: the signature stands in the query alone, and the request of the plan is otherwise as it was.
func TestPresign(t *testing.T) {
	route := iamRoute("/orders")
	route.Query = map[string][]string{"z": {"1"}, "ü": {"ä b"}}
	target := Target{API: oneAPI(route), Route: route, Access: oneAPI(route).Accesses()[0]}
	material := Material{Credentials: map[string]ResolvedCredentials{"outsider": testCredentials["outsider"]}}
	run := Crafting{Run: "run", Salt: "salt", UserAgent: "probe/test", Now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	craft := func(presign bool) *Request {
		t.Helper()
		s := Scenario{Name: "s", Change: func(r *Recipe) { r.Signing.Presign = presign }}
		r, err := Craft(Case{Scenario: s, Target: target, Principal: "outsider"}, material, run, "")
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	signed, r := craft(false), craft(true)
	for _, name := range []string{"Authorization", headerDate, headerToken} {
		if r.Header.Get(name) != "" {
			t.Errorf("got the header %s, want none", name)
		}
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	token := material.Credentials["outsider"].SessionToken.Reveal()
	checkEqual(t, "query", query, url.Values{
		"z": {"1"}, "ü": {"ä b"},
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-SignedHeaders": {"host"}, "X-Amz-Date": {"20261121T120000Z"},
		"X-Amz-Credential":     {"ASIAIOSFODNN7OUTSIDE/20261121/" + target.API.Region + "/execute-api/aws4_request"},
		"X-Amz-Security-Token": {token}, "X-Amz-Signature": query["X-Amz-Signature"],
	})
	checkEqual(t, "facets that differ from the signed request's", signed.Facets.Difference(r.Facets), []Facet{FacetQuery, FacetAuth})
	checkEqual(t, "signed", []any{r.Signed, r.signature()}, []any{true, query.Get("X-Amz-Signature")})

	shown, err := json.Marshal(r.info(newRedactor(nil), nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]string{"signature": r.signature(), "session token": url.QueryEscape(token), "access key": "ASIAIOSFODNN7OUTSIDE"} {
		if strings.Contains(string(shown), secret) {
			t.Errorf("got the %s in %s", name, shown)
		}
	}
	if !strings.Contains(string(shown), "z=1") {
		t.Errorf("got %s, want the plan's own query in it", shown)
	}
}
