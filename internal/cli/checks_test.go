package cli

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	gocmp "github.com/google/go-cmp/cmp"
)

var loopback = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// checksOf are the checks of a route of the embedded sandbox with these faults, one a line.
func checksOf(t *testing.T, api, route string, faults []string, check func(*evidence.Account, evidence.Subject) []evidence.Check) []string {
	t.Helper()
	env, err := openBuiltin(faults)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(env.close)
	plan, err := env.plan()
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{APIs: []string{api}, Routes: []string{route}})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(matrix.Cases, func(c probe.Case) bool { return c.Control })
	account, err := evidence.Open(t.Context(), evidence.DefaultBudget, accountOf(env.sandbox)...)
	if err != nil {
		t.Fatal(err)
	}
	material := secrets.Resolve(t.Context(), plan, probe.NeedsOf(matrix.Cases))
	s := evidence.Subject{Control: matrix.Cases[at], Material: material, Crafting: probe.Crafting{Run: "run", Now: time.Now()}}
	var out []string
	for _, c := range check(account, s) {
		out = append(out, loopback.ReplaceAllString(fmt.Sprintf("%s: %s: %s", c.Name, c.Outcome, c.Text), "127.0.0.1:PORT"))
		if c.Outcome == evidence.Wrong {
			out[len(out)-1] += fmt.Sprintf(" [%s %s]", c.Layer, c.Cause)
		}
	}
	for _, secret := range material.Secrets {
		if text := strings.Join(out, "\n"); strings.Contains(text, secret.Reveal()) {
			t.Errorf("a secret is shown in %s", text)
		}
	}
	for _, failed := range env.sandbox.Calls() {
		if failed.Failed != "" && !strings.Contains(failed.Failed, "NotFound") {
			out = append(out, failed.Operation+" failed: "+failed.Failed)
		}
	}
	return out
}

// truth is the layer and the cause of a fault, as a check that finds it ends in them.
func truth(fault string) string {
	for _, f := range sandbox.Faults() {
		if f.Name == fault {
			return fmt.Sprintf(" [%s %s]", f.Layer, f.Cause)
		}
	}
	return "nothing wrong"
}

// The checks of the embedded sandbox, healthy and with each fault that one of them may see. They name the true layer and
// cause of each that they find wrong, and find nothing wrong where nothing is.
func TestChecksOfSandbox(t *testing.T) {
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)
	network := func(a *evidence.Account, s evidence.Subject) []evidence.Check {
		return a.Network(t.Context(), s.Control.Plan, s.Control.API, net.DefaultResolver)
	}
	functions := func(a *evidence.Account, s evidence.Subject) []evidence.Check {
		return a.Functions(t.Context(), s, from, to)
	}
	invoke := func(a *evidence.Account, s evidence.Subject) []evidence.Check { return a.TestInvoke(t.Context(), s) }
	tested := func(a *evidence.Account, s evidence.Subject) []evidence.Check {
		a.TestInvoke(t.Context(), s)
		return a.Functions(t.Context(), s, from, to) // of what the functions wrote meanwhile
	}
	var out strings.Builder
	for _, c := range []struct {
		name       string
		way        func(*evidence.Account, evidence.Subject) []evidence.Check
		api, route string
		faults     []string
	}{
		{"network", network, "shop", "GET /goods", []string{"", "private-dns"}},
		{"network", network, "reports", "GET /daily", []string{"", "endpoint-policy-denies"}},
		{"functions", functions, "members", "GET /profile", []string{"", "authorizer-not-permitted", "identity-source-moved"}},
		{"functions", functions, "members", "GET /account", []string{"", "pool-replaced"}},
		{"functions", functions, "shop", "GET /wishlist", []string{"", "audience-changed"}},
		{"functions", functions, "shop", "GET /offers", []string{""}},
		{"functions", functions, "feed", "$connect", []string{""}},
		{"functions", functions, "catalog", "GET /items", []string{"", "permission-missing"}},
		{"functions after a test", tested, "members", "GET /profile", []string{"", "authorizer-crashes", "authorizer-forgets"}},
		{"test invocations", invoke, "members", "GET /profile", []string{
			"", "authorizer-denies", "authorizer-silent", "authorizer-forgets", "authorizer-crashes", "authorizer-malformed", "authorizer-not-permitted",
			"identity-source-moved",
		}},
		{"test invocations", invoke, "members", "GET /account", []string{"", "pool-replaced"}},
		{"test invocations", invoke, "shop", "GET /offers", []string{""}},
		{"test invocations", invoke, "shop", "GET /wishlist", []string{""}},
		{"test invocations", invoke, "orders", "GET /orders/{id}", []string{"", "method-not-deployed"}},
		{"test invocations", invoke, "catalog", "GET /items", []string{
			"", "parameter-required", "integration-timeout", "permission-missing", "malformed-answer", "backend-401", "backend-403", "backend-is-gateway",
		}},
		{"test invocations", invoke, "catalog", "POST /items", []string{"", "body-invalid", "media-type"}},
	} {
		for _, name := range c.faults {
			var faults []string
			if name != "" {
				faults = []string{name}
			}
			fmt.Fprintf(&out, "%s of %s %s; fault: %s\n", c.name, c.api, c.route, cmp.Or(name, "none"))
			for _, line := range checksOf(t, c.api, c.route, faults, c.way) {
				fmt.Fprintf(&out, "    %s\n", line)
				if strings.Contains(line, ": wrong: ") && !strings.HasSuffix(line, truth(name)) {
					t.Errorf("%s of %s %s; fault: %q: got %s, want %s", c.name, c.api, c.route, name, line, truth(name))
				}
			}
		}
	}
	const golden = "testdata/checks.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := gocmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("%s; -update writes it anew: %s", golden, d)
	}
}
