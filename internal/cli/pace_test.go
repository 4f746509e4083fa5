package cli

import (
	"testing"
	"time"

	"apigwprobe/probe"

	"github.com/google/go-cmp/cmp"
)

// A flag wins over the environment and over what an API says for itself; the rest stays.
func TestPace(t *testing.T) {
	t.Parallel()
	configured := func() probe.Plan {
		return probe.Plan{
			Rate: 5, TotalRate: 20, Concurrency: 4, RequestTimeout: 10 * time.Second, MaxRequests: 5000,
			APIs: []probe.API{{Name: "slow", Rate: 1, Concurrency: 1}, {Name: "other"}},
		}
	}
	with := func(change func(*probe.Plan)) probe.Plan {
		p := configured()
		change(&p)
		return p
	}
	for _, tt := range []struct {
		name string
		pace pace
		want probe.Plan
	}{
		{"nothing", pace{}, configured()},
		{"slower", pace{rate: 2}, with(func(p *probe.Plan) { p.Rate, p.APIs[0].Rate = 2, 0 })},
		{"faster than the whole run", pace{rate: 50}, with(func(p *probe.Plan) { p.Rate, p.TotalRate, p.APIs[0].Rate = 50, 50, 0 })},
		{"concurrency", pace{concurrency: 9}, with(func(p *probe.Plan) { p.Concurrency, p.APIs[0].Concurrency = 9, 0 })},
		{"time-out", pace{timeout: time.Second}, with(func(p *probe.Plan) { p.RequestTimeout = time.Second })},
		{"size", pace{maxRequests: 7}, with(func(p *probe.Plan) { p.MaxRequests = 7 })},
		{"budget", pace{budget: 5}, with(func(p *probe.Plan) { p.ExtraRequests = 5 })},
		{"nothing extra", pace{budget: 3, noExtra: true}, with(func(p *probe.Plan) { p.ExtraRequests = -1 })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := configured()
			tt.pace.apply(&got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
