package cli_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// The same exchanges in any order of arrival give the same attributions.
func TestPostureOrder(t *testing.T) {
	t.Parallel()
	for _, p := range []posture{
		{name: "healthy"},
		{name: "healthy, old wording", setup: oldWording},
		{name: "catch-all", setup: routes(iam("/orders/{id}"), by("ANY", iam("/{proxy+}")))},
		{name: "gates open", fault: routes(open("/orders/{id}"), iam("/orders"), open("/health"))},
		{name: "route lost", fault: without("/orders")},
		{name: "keys only, door shut", setup: both(doorShut, routes(keyed(open("/orders")), open("/health")))},
		{name: "errors cached", setup: front(sandbox.CacheErrors(time.Hour, false, time.Now))},
		{name: "page in place of errors", setup: front(sandbox.ErrorPage())},
		{name: "ids hidden", setup: front(sandbox.StripResponseHeaders("x-amz-apigw-id", "x-amzn-requestid"))},
		{name: "canary", setup: canary(2, open("/health"))},
		{name: "inner gateway", setup: proxied(iam("/x"))},
		{name: "lied to", declare: both(lies[0].change, lies[1].change)},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			w := p.serve(t)
			exchanges := w.exchanges(t)
			want := make(map[string]probe.Attribution)
			for i, a := range probe.Attribute(w.matrix.Plan, exchanges) {
				want[exchanges[i].Request.ID] = a
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 5 {
				r.Shuffle(len(exchanges), func(i, j int) { exchanges[i], exchanges[j] = exchanges[j], exchanges[i] })
				got := make(map[string]probe.Attribution)
				for i, a := range probe.Attribute(w.matrix.Plan, exchanges) {
					got[exchanges[i].Request.ID] = a
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("another order of arrival gives other attributions (-first +shuffled):\n%s", diff)
				}
			}
		})
	}
}

// exchanges asks every case of the matrix once, and the controls once more at the end, as a run does.
func (w world) exchanges(t *testing.T) []probe.Exchange {
	t.Helper()
	material := resolve(t.Context(), w.matrix.Plan, probe.Needs{})
	prober := probe.NewProber(w.matrix.Plan, material)
	defer prober.Close()
	crafting := probe.Crafting{Run: "00000000-0000-4000-8000-000000000000", Salt: "salt", UserAgent: "probe/test"}
	var out []probe.Exchange
	ask := func(c probe.Case, extra string) {
		crafting.Now = time.Now()
		r, err := probe.Craft(c, material, crafting, extra)
		if err != nil {
			return // what cannot be crafted is not sent
		}
		out = append(out, probe.Exchange{Case: c, Request: r, Observation: prober.Observe(t.Context(), r), Extra: extra})
	}
	for _, c := range w.matrix.Cases {
		ask(c, "")
	}
	for _, c := range w.matrix.Cases {
		if c.Control {
			ask(c, probe.ExtraControl)
		}
	}
	if len(out) == 0 {
		t.Fatal("got no exchanges")
	}
	return out
}
