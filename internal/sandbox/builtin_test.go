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
	e, err := Serve("127.0.0.1:0", "proxy-refuses")
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	files := e.Files(`C:\a b\"ca"`)
	text := string(files[ConfigName])
	for _, want := range []string{
		ConfigHeader + "\n", `connect_to: {"*": "` + e.Addr + `"}`, "proxy: " + e.proxy.url + "\n",
		`ca_file: "C:\\a b\\\"ca\"`, "ca.pem\"\n", builtin.OrdersKey, builtin.CatalogKey,
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
			if !strings.Contains(text+string(files[AccountName]), secret) {
				t.Errorf("no %s", secret)
			}
		}
	}
	for name := range files {
		if name != ConfigName && name != AccountName && !strings.Contains(text, name) {
			t.Errorf("no file %s", name)
		}
	}
	if strings.Contains(text, "<no value>") || strings.Contains(text, "{{") {
		t.Errorf("unfilled template:\n%s", text)
	}
}

// Every fault makes a valid model, alone and with every other one, and says what it does.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Faults() {
		if seen[f.Name] || f.Name == "" || f.Layer == "" || f.Cause == "" || f.Does == "" {
			t.Errorf("fault %q: stands twice, or lacks a field: %+v", f.Name, f)
		}
		seen[f.Name] = true
		for _, other := range Faults() {
			w := setting{Model: Builtin()}
			f.change(&w)
			if other.Name != f.Name {
				other.change(&w)
			}
			if _, err := New(w.Model); err != nil {
				t.Errorf("faults %q and %q: %v", f.Name, other.Name, err)
			}
		}
	}
	if _, err := Serve("127.0.0.1:0", "no-such-fault"); err == nil || err.Error() != `no fault "no-such-fault"` {
		t.Errorf("unknown fault: got error %v", err)
	}
}
