package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"apigwprobe/internal/doctor"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// told is what a diagnosis says of a fault in place of its layer and cause, and why it cannot say these.
type told struct {
	layer  probe.Layer
	causes []probe.Cause // that it leaves possible, the likelier first
	why    string
}

// untold are the faults of which even the account does not say all.
var untold = map[string]told{
	"cdn-blocks": {probe.Edge, []probe.Cause{"cloudfront-blocked", "waf-at-edge"}, "only the web ACL of the CDN knows which of the two it was"},
	"cdn-shows-page": {probe.Edge, []probe.Cause{"cloudfront-error-page-masks-origin"},
		"the logs say that iam-authentication refuses, as it should; the page that stands in its place is what has to be mended"},
	"clock": {probe.IAMAuthentication, []probe.Cause{"clock-skew"}, "the signature has expired because our own clock is wrong, and that is what has to be mended"},
}

// healthyFaults change how a refusal looks, and nothing that is wrong: the diagnosis says which layer refuses what.
var healthyFaults = map[string]string{
	"gateway-response":     "iam-authentication refuses unsigned (unsigned-to-iam)",
	"gateway-response-4xx": "iam-authentication refuses unsigned (unsigned-to-iam)",
}

// For every fault of the sandbox, the diagnosis names the true layer and cause, or says what it cannot tell; and it is
// never certain of anything else. Test invocations do not mislead it.
func TestDoctorNamesEveryFault(t *testing.T) {
	Long(t)
	t.Parallel()
	for _, f := range sandbox.Faults() {
		for _, invoke := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s invoke=%t", f.Name, invoke), func(t *testing.T) {
				t.Parallel()
				d, code := diagnosisOf(t, f.Name, fmt.Sprintf("--invoke=%t", invoke))
				if words, ok := healthyFaults[f.Name]; ok {
					if code != ExitOK || len(d.Findings) > 0 || !slices.ContainsFunc(d.Fine, func(f string) bool { return strings.HasPrefix(f, words) }) {
						t.Errorf("got exit code %d, findings %v, fine %q, want nothing wrong and %q", code, d.Findings, d.Fine, words)
					}
					return
				}
				if len(d.Findings) == 0 {
					t.Fatalf("got no finding, exit code %d: %s", code, d.Headline)
				}
				want, other := untold[f.Name]
				if !other {
					want = told{layer: probe.Layer(f.Layer), causes: []probe.Cause{probe.Cause(f.Cause)}}
				}
				want.check(t, f, d.Findings[0], other)
				if code != ExitFail {
					t.Errorf("got exit code %d, want %d", code, ExitFail)
				}
			})
		}
	}
}

// check compares a finding with what is to be told of a fault; other says that it is not the fault's own layer and cause.
func (want told) check(t *testing.T, f sandbox.Fault, got doctor.Finding, other bool) {
	t.Helper()
	var named []probe.Cause
	if got.Cause != "" {
		named = append(named, got.Cause)
	}
	for _, c := range got.Candidates {
		if got.Cause == "" && c.Layer == got.Layer {
			named = append(named, c.Cause)
		}
	}
	if got.Layer != want.layer || !slices.Equal(named, want.causes) {
		t.Errorf("got %s %s %v, want %s %v; truth: %s/%s", got.Confidence, got.Layer, named, want.layer, want.causes, f.Layer, f.Cause)
	}
	if got.Confidence == probe.Certain && string(got.Layer) != f.Layer || got.CauseConfidence == probe.Certain && string(got.Cause) != f.Cause && !other {
		t.Errorf("got %s %s, certain; truth: %s/%s", got.Layer, got.Cause, f.Layer, f.Cause)
	}
	if got.Fix == nil || len(got.Fix.Steps) == 0 {
		t.Errorf("got no fix for %s %v", got.Layer, named)
	}
}

// diagnosisOf is what the command says of the route that a fault breaks.
func diagnosisOf(t *testing.T, fault string, args ...string) (doctor.Diagnosis, ExitCode) {
	t.Helper()
	api, route := "ledger", "GET /entries" // of what the tour does not show
	for _, r := range rows {
		for _, s := range r.shown {
			if s.fault == fault {
				api, route = s.api, s.route
			}
		}
	}
	var out, errs strings.Builder
	code := Run(t.Context(), append([]string{"doctor", "sandbox", api, route, "--fault", fault, "--format", "json"}, args...), Streams{Out: &out, Err: &errs})
	var d doctor.Diagnosis
	if err := json.Unmarshal([]byte(out.String()), &d); err != nil {
		t.Fatalf("reading the diagnosis: %v; standard error: %s", err, errs.String())
	}
	return d, code
}

// Where nothing is wrong, the doctor says so, of every route that the sandbox has.
func TestDoctorFindsHealth(t *testing.T) {
	Long(t)
	t.Parallel()
	for _, c := range []struct{ api, route string }{
		{"orders", "GET /orders"}, {"orders", "GET /orders/{id}"}, {"catalog", "GET /items"}, {"catalog", "GET /items/{id}"}, {"catalog", "POST /items"},
		{"ledger", "GET /entries"}, {"members", "GET /profile"}, {"members", "GET /account"}, {"shop", "GET /goods"}, {"shop", "GET /basket"},
		{"shop", "GET /wishlist"}, {"shop", "GET /offers"}, {"feed", "$connect"}, {"reports", "GET /daily"}, {"vault", "GET /documents"},
		{"legacy", "GET /export"}, {"legacy", "GET /report"}, // whose faults the configuration accepts
	} {
		var out, errs strings.Builder
		code := Run(t.Context(), []string{"doctor", "sandbox", c.api, c.route}, Streams{Out: &out, Err: &errs})
		if code != ExitOK || !strings.HasPrefix(out.String(), c.route+" of "+c.api+" in sandbox: nothing is wrong") {
			t.Errorf("%s %s: got exit code %d, %s%s", c.api, c.route, code, out.String(), errs.String())
		}
	}
}

func TestRouteOf(t *testing.T) {
	api := probe.API{Routes: []probe.Route{
		{Method: "GET", Path: "/orders/{id}"}, {Method: "GET", Path: "/orders/mine"}, {Method: "POST", Path: "/orders"},
		{Method: "GET", Path: "/files/{proxy+}"}, {Path: probe.ConnectRoute},
	}}
	for name, want := range map[string]string{
		"GET /orders/{id}": "GET /orders/{id}", "GET /orders/mine": "GET /orders/mine", "GET /orders/42": "GET /orders/{id}", "POST /orders": "POST /orders",
		"GET /files/a/b": "GET /files/{proxy+}", "$connect": "$connect", "GET /files": "", "GET /orders": "", "DELETE /orders/42": "", "": "", "GET /orders/42/x": "",
	} {
		got, _ := routeOf(api, name)
		if got.Name() != want {
			t.Errorf("%q: got %q, want %q", name, got.Name(), want)
		}
	}
}

// What is interrupted says what it knows, and ends in a code of its own.
func TestDoctorInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{{}, {"--verify"}} {
		var out, errs strings.Builder
		code := Run(ctx, append([]string{"doctor", "sandbox", "orders", "GET /orders"}, args...), Streams{Out: &out, Err: &errs})
		if code != ExitInterrupted || strings.Contains(out.String(), "nothing is wrong") || out.Len() == 0 {
			t.Errorf("%q: got exit code %d and %s%s, want %d", args, code, out.String(), errs.String(), ExitInterrupted)
		}
	}
}
