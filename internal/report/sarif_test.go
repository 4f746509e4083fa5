package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// A finding that the baseline has is none of this run's making; what passed there, or was not asked, is new.
func TestSARIFBaseline(t *testing.T) {
	const gate = probe.IAMAuthentication
	holds := func(scenario string) probe.Result {
		return refused(ordersList, scenario, gate, "unsigned-to-iam", probe.Certain)
	}
	accepted := acceptedFor(opened(ordersList, "tampered-signature", gate), "a ticket", "")
	before := reportOf(
		holds("unsigned"), opened(ordersList, "expired-signature", gate), accepted, ambiguous(ordersList, "missing-api-key"),
		blocked(ordersList, "sigv4"), skipped(ordersList, "outsider", "no outsider"), opened(ordersList, "presigned", gate))
	after := reportOf(
		opened(ordersList, "unsigned", gate), opened(ordersList, "expired-signature", gate), accepted,
		opened(ordersList, "missing-api-key", probe.APIKeyLayer), control(ordersList, "sigv4"), opened(ordersList, "outsider", gate))
	states := func() map[string]string {
		got := make(map[string]string)
		for _, res := range sarifOf(after, Options{}).Runs[0].Results {
			got[res.Properties.ID[len("orders|GET /orders|custom-domain:api.example.com/orders|"):]] = res.Baseline
		}
		return got
	}
	want := map[string]string{"unsigned": "", "expired-signature": "", "tampered-signature": "", "missing-api-key": "", "outsider": ""}
	if diff := cmp.Diff(want, states()); diff != "" {
		t.Errorf("without a baseline: (-want +got)\n%s", diff)
	}
	drift := probe.Compare(before, after)
	after.Drift = &drift
	want = map[string]string{
		"unsigned": "new", "expired-signature": "unchanged", "tampered-signature": "unchanged", "missing-api-key": "updated", "outsider": "new",
	}
	if diff := cmp.Diff(want, states()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
