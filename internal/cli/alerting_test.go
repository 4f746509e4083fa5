package cli

import (
	"context"
	"slices"
	"testing"
	"time"

	"apigwprobe/internal/alert"
	"apigwprobe/internal/secrets"
	"apigwprobe/probe"
	"apigwprobe/scenarios"

	"github.com/google/go-cmp/cmp"
)

// TestAlertsOfFaults holds alerts to one for each root cause, however many rows of a real run it makes.
func TestAlertsOfFaults(t *testing.T) {
	const orders = "orders through custom-domain:api.example.test/orders: "
	tests := []struct {
		fault string // empty: none
		rows  int    // that count
		want  []string
	}{
		{"", 0, nil},
		{"proxy-refuses", 183, []string{"info all APIs: network"}},
		{"mapping-gone", 34, []string{"warning " + orders + "blocked"}},
		{"waf-custom-response", 16, []string{"warning ledger through default: waf blocked"}},
		{"caller-denied", 25, []string{
			"warning feed through default: iam-authorization blocked", "warning " + orders + "iam-authorization blocked", "warning shop through default: blocked",
		}},
		{"audience-changed", 8, []string{"critical shop through default: jwt-authorizer open", "warning shop through default: blocked"}},
	}
	for _, test := range tests {
		t.Run("fault="+test.fault, func(t *testing.T) {
			r := reportOf(t, test.fault)
			if rows := r.Summary.Fail + r.Summary.Inconclusive - r.Summary.Accepted; rows != test.rows {
				t.Errorf("rows: got %d, want %d", rows, test.rows)
			}
			m, err := alert.New(alert.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := m.See(r, r.Run.Started); err != nil {
					t.Fatal(err)
				}
				r.Run.Started = r.Run.Started.Add(2 * time.Minute)
			}
			var got []string
			for _, a := range m.Active(r.Run.Started) {
				if a.State == alert.Firing {
					got = append(got, string(a.Severity)+" "+a.Key.String())
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("alerts (-want +got):\n%s", diff)
			}
		})
	}
}

// reportOf is that of a run against the built-in sandbox.
func reportOf(t *testing.T, fault string) probe.Report {
	t.Helper()
	env, err := openBuiltin(slices.DeleteFunc([]string{fault}, func(s string) bool { return s == "" }))
	if err != nil {
		t.Fatal(err)
	}
	defer env.close()
	plan, err := env.plan()
	if err != nil {
		t.Fatal(err)
	}
	matrix, err := probe.NewMatrix(&plan, scenarios.All(), probe.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	var r probe.Report
	for e := range matrix.Run(t.Context(), probe.RunOptions{Resolve: func(ctx context.Context, plan *probe.Plan, needs probe.Needs) probe.Material {
		return secrets.Resolve(ctx, *plan, needs)
	}}) {
		if end, ok := e.(probe.RunFinished); ok {
			r = end.Report
		}
	}
	return r
}
