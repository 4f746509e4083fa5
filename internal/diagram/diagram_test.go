package diagram

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apigwprobe/probe"
)

// answered is a result as the layers that it speaks of.
func answered(v probe.Verdict, k probe.VerdictKind, c probe.Confidence, expected probe.Layer, by ...probe.Layer) probe.Result {
	a := &probe.Attribution{Confidence: c}
	for _, l := range by {
		a.Candidates = append(a.Candidates, probe.Candidate{Layer: l})
	}
	if len(by) > 0 {
		a.Layer = by[0]
	}
	return probe.Result{
		API: "orders", Route: "GET /", AccessID: "default", Verdict: v, Kind: k, Attempts: 1, Attribution: a,
		Expected: probe.Expected{Layers: []probe.Layer{expected}},
	}
}

func TestLines(t *testing.T) {
	const iam, key = probe.IAMAuthentication, probe.APIKeyLayer
	unsent := answered(probe.Inconclusive, probe.KindStopped, "", iam)
	unsent.Attempts, unsent.Attribution = 0, nil
	for _, tt := range []struct {
		name string
		probe.Result
		want string
		tone Tone
	}{
		{"accepted", answered(probe.Pass, "", probe.Certain, probe.None, probe.None), "──┼──┼──┼──┼──▶", Good},
		{"refused", answered(probe.Pass, "", probe.Certain, iam, iam), "──┼──┼──■  │", Good},
		{"refused, likely", answered(probe.Pass, "", probe.Likely, iam, iam, probe.WAF), "╌╌┼╌╌┼╌╌■  │", Good},
		{"open", answered(probe.Fail, probe.Open, probe.Certain, iam, probe.None), "──┼──┼──○──┼──▶", Bad},
		{"open, and refused behind", answered(probe.Fail, probe.Open, probe.Likely, iam, key), "╌╌┼╌╌┼╌╌○╌╌✗", Bad},
		{"blocked", answered(probe.Fail, probe.Blocked, probe.Likely, probe.None, probe.WAF), "╌╌┼╌╌✗  │  │", Bad},
		{"ambiguous", answered(probe.Inconclusive, probe.KindAmbiguous, probe.Ambiguous, key, key, probe.WAF), "┈┈┼┈┈?┈┈┊┈┈■", Unsure},
		{"the first of several", answered(probe.Pass, "", probe.Ambiguous, probe.WAF, probe.WAF, iam), "┈┈┼┈┈■┈┈?  │", Good},
		{"perhaps accepted", answered(probe.Inconclusive, probe.KindAmbiguous, probe.Ambiguous, key, key, probe.None), "┈┈┼┈┈┼┈┈┼┈┈■┈┈?", Unsure},
		{"unknown", answered(probe.Inconclusive, probe.KindAmbiguous, probe.UnknownConfidence, key), "┈┈?┈┈?┈┈?┈┈?", Unsure},
		{"not sent", unsent, "  │  │  │  │", Unsure},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Another result brings the gates that matter to others, in an order that is not theirs.
			other := answered(probe.Pass, "", probe.Ambiguous, key, key, iam, probe.WAF, probe.Stage)
			left := answered(probe.Skipped, "", "", probe.Backend)
			apis := Draw([]probe.Result{left, other, tt.Result})
			if diff := cmp.Diff([]probe.Layer{probe.Stage, probe.WAF, iam, key}, apis[0].Gates); diff != "" {
				t.Errorf("gates differ (-want +got):\n%s", diff)
			}
			line := apis[0].Routes[0].Lines[1]
			got, columns := "", 0
			for _, s := range line.Text() {
				got += s.Text
				columns += len([]rune(s.Text))
				if s.Tone != tt.tone && s.Tone != Faint {
					t.Errorf("%q: got tone %d, want %d", s.Text, s.Tone, tt.tone)
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if columns > apis[0].Columns() {
				t.Errorf("got %d columns, want at most %d", columns, apis[0].Columns())
			}
		})
	}
}

// Each way into a route is a picture of its own, and all those of an API have the same gates.
func TestDrawSortsByAPIRouteAndAccess(t *testing.T) {
	at := func(api, route, access string) probe.Result {
		res := answered(probe.Pass, "", probe.Certain, probe.Stage, probe.Stage)
		res.API, res.Route, res.AccessID = api, route, access
		return res
	}
	var got []string
	for _, a := range Draw([]probe.Result{
		at("orders", "GET /", "default"), at("catalog", "GET /", "default"), at("orders", "GET /", "custom-domain:host"),
		at("orders", "PUT /", "default"), at("orders", "GET /", "default"),
	}) {
		for _, r := range a.Routes {
			got = append(got, strings.Join([]string{a.Name, r.Name, r.Access}, " ")+strings.Repeat(" *", len(r.Lines)))
		}
	}
	want := []string{"orders GET / default * *", "orders GET / custom-domain:host *", "orders PUT / default *", "catalog GET / default *"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pictures differ (-want +got):\n%s", diff)
	}
}

func TestHeader(t *testing.T) {
	got := strings.Join(API{Gates: []probe.Layer{probe.Stage, probe.WAF, probe.RouteLayer}}.Header(), "\n")
	want := "  ┌ stage\n  │  ┌ waf\n  │  │  ┌ route"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
