package cli

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"apigwprobe/internal/evidence"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// understood says how well the requests that meet a fault are understood: how many there are, and of how many the layer is
// named rightly, certain or likely.
type understood struct{ met, right, certain int }

func (u understood) String() string {
	return fmt.Sprintf("%d met, %d right, %d certain", u.met, u.right, u.certain)
}

// Fault by fault: what the logs say is never wrong, and names the layers of what met the fault.
func TestFaultsWithLogs(t *testing.T) {
	Long(t)
	t.Parallel()
	apis := map[string][]string{"waf-rate": {"ledger"}}
	for _, r := range rows {
		for _, s := range r.shown {
			apis[s.fault] = append(apis[s.fault], s.api)
		}
	}
	for _, f := range sandbox.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			w := &world{fault: f.Name, apis: apis[f.Name]}
			without, with := w.understood(t, f, false), w.understood(t, f, true)
			t.Logf("without logs: %v; with them: %v", without, with)
			if with.met == 0 || with.right < without.right {
				t.Errorf("without logs: %v; with them: %v, want no less", without, with)
			}
			if with.certain == 0 && uncertain[f.Name] == "" {
				t.Error("got nothing certain, want some")
			}
			if right := unnamed[f.Name] == ""; (with.right == with.met) != right {
				t.Errorf("all named rightly: got %t, want %t", !right, right)
			}
		})
	}
}

// uncertain are the faults of which nothing need become certain, and why.
var uncertain = map[string]string{
	"clock":      "the refused controls tell the time, and so are not the same first and last where a second has passed",
	"cdn-blocks": "it never came to the stage", "cdn-caches-errors": "it never came to the stage", "load-balancer": "it never came to the stage",
	"private-dns": "it never came to the stage", "mapping-gone": "it never came to the stage", "stage-gone": "it never came to the stage",
	"too-large":                "it is refused before the stage is known",
	"cdn-shows-page":           "the page bears no id, so that the entry is of the request and not of the answer",
	"cdn-strips-authorization": "that a signature came and was taken off is what only we know",
	"gateway-response":         "MISSING_AUTHENTICATION_TOKEN is also of a request that no route takes",
	"gateway-response-4xx":     "MISSING_AUTHENTICATION_TOKEN is also of a request that no route takes",
	"caller-denied":            "ACCESS_DENIED is of all policies",
	"caller-not-allowed":       "ACCESS_DENIED is of all policies",
	"backend-401":              "the status of the integration may be the gateway's own",
	"backend-403":              "the status of the integration may be the gateway's own",
}

// unnamed are the faults that not all requests which met them are found to have met, and why.
var unnamed = map[string]string{
	"mapping-gone": "no entry tells a domain without the mapping from a shut door, or from a stage that is not there",
	"stage-gone":   "no entry tells a stage that is not there from a web ACL",
}

// understood runs the world and compares what was found with the truth.
func (w *world) understood(t *testing.T, f sandbox.Fault, logs bool) understood {
	t.Helper()
	env, err := openBuiltin([]string{f.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer env.close()
	var opts probe.RunOptions
	if logs {
		flags := accountFlags{wanted: true, budget: evidence.DefaultBudget}
		account, err := flags.open(t.Context(), env)
		if err != nil {
			t.Fatal(err)
		}
		opts.Testify = account.Testify
	}
	if err := w.probe(context.WithoutCancel(t.Context()), env, opts); err != nil {
		t.Fatal(err)
	}
	var out understood
	for _, r := range slices.Concat(w.report.Results, w.report.Extra) {
		if r.Attribution == nil || r.Observed == nil {
			continue
		}
		a := r.Attribution
		layer, cause := w.truth(r)
		if a.Confidence == probe.Certain && string(a.Layer) != layer {
			t.Errorf("%s: got %s, certain; truth %s", r.ID, a.Layer, layer)
		}
		if !slices.ContainsFunc(a.Candidates, func(c probe.Candidate) bool { return string(c.Layer) == layer }) {
			t.Errorf("%s: got the candidates %v, want %s among them", r.ID, a.Candidates, layer)
		}
		if layer != f.Layer || cause != f.Cause {
			continue
		}
		out.met++
		if string(a.Layer) == layer && (a.Confidence == probe.Certain || a.Confidence == probe.Likely) {
			out.right++
			if a.Confidence == probe.Certain {
				out.certain++
			}
		}
	}
	return out
}
