package sandbox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each throttle stops what it covers and nothing else.
func TestThrottles(t *testing.T) {
	const throttled = "usage-plan/throttled"
	never := Throttle{}
	for name, tc := range map[string]struct {
		set                               func(*Model)
		method, stage, account, elsewhere string
	}{
		"method":  {func(m *Model) { m.APIs[0].Routes[1].Throttle = &never }, throttled, accepted, accepted, accepted},
		"stage":   {func(m *Model) { m.APIs[0].Stages[0].Throttle = &never }, throttled, throttled, accepted, accepted},
		"account": {func(m *Model) { m.AccountThrottles = []AccountThrottle{{account, "eu-west-1", never}} }, throttled, throttled, throttled, accepted},
		"shared": {func(m *Model) {
			one := &Throttle{Burst: 1}
			m.APIs[0].Stages[0].Throttle, m.APIs[0].Stages[1].Throttle = one, one
		}, accepted, throttled, throttled, accepted},
	} {
		m := world()
		open := m.APIs[0].Routes[1]
		m.APIs[0].Routes = append(m.APIs[0].Routes, Route{Method: "GET", Path: "/other", Authorization: None})
		m.APIs[0].Stages = append(m.APIs[0].Stages, Stage{Name: "test"})
		m.APIs = append(m.APIs, API{ID: "e1s3wh3r31", Account: account, Region: "us-east-1", Stages: []Stage{{Name: "prod"}}, Routes: []Route{open}})
		tc.set(&m)
		g := gateway(t, m)
		got := []string{
			truth(t, g, get("/prod/open")), truth(t, g, get("/prod/other")), truth(t, g, get("/test/other")),
			truth(t, g, get("https://e1s3wh3r31.execute-api.us-east-1.amazonaws.com/prod/open")),
		}
		if diff := cmp.Diff([]string{tc.method, tc.stage, tc.account, tc.elsewhere}, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
	}
}

// The limit of a method is known once the route is, whatever comes first otherwise.
func TestThrottlePositions(t *testing.T) {
	for _, tc := range []struct {
		name           string
		switches       Switches
		unsigned, lost string // an unsigned request to a throttled method, and to none
	}{
		{"last", Switches{}, "iam-authentication/unsigned-to-iam", "route/no-such-resource"},
		{"first", Switches{ThrottleFirst: true}, "usage-plan/throttled", "route/no-such-resource"},
		{"before WAF", Switches{ThrottleBeforeWAF: true}, "iam-authentication/unsigned-to-iam", "route/no-such-resource"},
	} {
		m := world()
		m.Switches = tc.switches
		m.APIs[0].Routes[0].Throttle = &Throttle{}
		g := gateway(t, m)
		got := []string{truth(t, g, get("/prod/iam")), truth(t, g, get("/prod/nothing")), truth(t, g, signed(get("/prod/iam"), caller()))}
		if diff := cmp.Diff([]string{tc.unsigned, tc.lost, "usage-plan/throttled"}, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", tc.name, diff)
		}
	}
}
