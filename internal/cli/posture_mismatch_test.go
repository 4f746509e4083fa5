package cli_test

import (
	"testing"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// A signature that does not match is explained by what the gateway says it would have signed. The sandbox computes that
// on its own, so that odd paths and queries show whether both sides agree.
func TestPostureMismatchExplained(t *testing.T) {
	t.Parallel()
	const arrived = "the gateway computed the same canonical request: what was sent is what arrived, so the secret access key is not that of the access key"
	odd := func(p *probe.Plan) {
		r := &p.APIs[0].Routes[0]
		r.PathParameters = map[string]string{"id": "a b:c@d/ü+*"}
		r.Query = map[string][]string{"b": {"2", "1"}, "a": {"1 +/ü~"}, "A": {""}}
		r.Headers = []probe.Header{{Name: "X-Odd", Value: "two  blanks"}}
	}
	rotated := func(m *sandbox.Model) { principal(m, "caller").SecretKey = "another" }
	for name, tt := range map[string]struct {
		p    posture
		want string
	}{
		"secret":         {posture{fault: rotated}, arrived},
		"secret and odd": {posture{fault: rotated, declare: odd}, arrived},
		"nothing shown": {
			posture{fault: both(rotated, func(m *sandbox.Model) { m.Switches.NoCanonicalDump = true })},
			"the gateway does not show what it would have signed; look at the secret access key first, then at what may rewrite the Host header, the path or a signed header on the way",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.p.setup = routes(iam("/orders/{id}"))
			tt.p.sel = probe.Selection{Scenarios: []string{probe.SelectControl}}
			var got []string
			for _, r := range tt.p.run(t).report.Results {
				if r.Verdict == probe.Fail {
					got = append(got, r.Next)
				}
			}
			if diff := cmp.Diff([]string{tt.want, tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
