package sandbox

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The controls of the built-in environment are accepted, its gates refuse, and
// its deliberate faults are there.
func TestBuiltin(t *testing.T) {
	m := Builtin()
	g := gateway(t, m)
	b := builtin
	by := func(r *http.Request, i int) *http.Request {
		return signing{at: g.model.Now().UTC()}.sign(r, &m.Principals[i])
	}
	const callerNo, outsiderNo, retiredNo, partnerNo = 0, 1, 2, 3
	d := "https://" + b.Domain
	at := func(id, path string) string {
		return "https://" + id + ".execute-api." + b.Region + ".amazonaws.com" + path
	}
	got := map[string]string{
		"orders":                   truth(t, g, by(get(d+"/orders/orders", "x-api-key: "+b.OrdersKey), callerNo)),
		"orders, no key":           truth(t, g, by(get(d+"/orders/orders"), callerNo)),
		"orders, outsider":         truth(t, g, by(get(d+"/orders/orders/42"), outsiderNo)),
		"orders, retired":          truth(t, g, by(get(d+"/orders/orders/42"), retiredNo)),
		"orders, default endpoint": truth(t, g, by(get(at(b.Orders, "/prod/orders/42")), callerNo)),
		"catalog":                  truth(t, g, get(d+"/catalog/items")),
		"catalog, key":             truth(t, g, get(at(b.Catalog, "/prod/items/7"), "x-api-key: "+b.CatalogKey)),
		"catalog, other key":       truth(t, g, get(at(b.Catalog, "/prod/items/7"), "x-api-key: "+b.OrdersKey)),
		"catalog, catch-all":       truth(t, g, get(d+"/catalog/elsewhere")),
		"ledger":                   truth(t, g, by(get(at(b.Ledger, "/prod/entries")), partnerNo)),
		"ledger, outsider":         truth(t, g, by(get(at(b.Ledger, "/prod/entries")), outsiderNo)),
		"unmapped":                 truth(t, g, get(d+"/nothing")),
		"legacy, no key":           truth(t, g, get(d+"/legacy/export")),
		"legacy, unsigned":         truth(t, g, get(d+"/legacy/report")),
		"legacy, default endpoint": truth(t, g, get(at(b.Legacy, "/v1/report"))),
	}
	want := map[string]string{
		"orders":                   accepted,
		"orders, no key":           "api-key/missing-api-key",
		"orders, outsider":         iamImplicit,
		"orders, retired":          "iam-authentication/expired-session-token",
		"orders, default endpoint": "domain/default-endpoint-disabled",
		"catalog":                  accepted,
		"catalog, key":             accepted,
		"catalog, other key":       "api-key/api-key-not-in-usage-plan",
		"catalog, catch-all":       "iam-authentication/unsigned-to-iam",
		"ledger":                   accepted,
		"ledger, outsider":         iamImplicit,
		"unmapped":                 "domain/no-base-path-mapping",
		"legacy, no key":           accepted,
		"legacy, unsigned":         accepted,
		"legacy, default endpoint": accepted,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The configuration names what the model serves. Whether it is valid is for the
// tests of the package that reads it.
func TestBuiltinConfig(t *testing.T) {
	text := BuiltinConfig("127.0.0.1:8443", `C:\a b\"ca".pem`)
	for _, want := range []string{
		`connect_to: {"*": "127.0.0.1:8443"}`,
		`ca_file: "C:\\a b\\\"ca\".pem"`,
		builtin.OrdersKey, builtin.CatalogKey,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	m := Builtin()
	for _, a := range m.APIs {
		if !strings.Contains(text, "- name: "+a.Name) || !strings.Contains(text, "id: "+a.ID) {
			t.Errorf("no API %s", a.Name)
		}
	}
	for _, p := range m.Principals {
		for _, secret := range []string{p.AccessKeyID, p.SecretKey, p.SessionToken} {
			if !strings.Contains(text, secret) {
				t.Errorf("no %s", secret)
			}
		}
	}
	if strings.Contains(text, "<no value>") || strings.Contains(text, "{{") {
		t.Errorf("unfilled template:\n%s", text)
	}
}
