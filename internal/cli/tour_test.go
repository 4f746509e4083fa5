package cli

import (
	"slices"
	"testing"

	"apigwprobe/internal/causes"
	"apigwprobe/internal/sandbox"
	"apigwprobe/probe"
)

// untoured are faults without a stop, and why.
var untoured = map[string]string{
	"waf-rate": "which request is the first to be blocked depends on their order",
}

// Every row of the table of causes is found for what it really is, or the truth is among the candidates and the pages
// say what would tell; and nothing that is certain is wrong, in all that the worlds of the tour answered.
func TestTour(t *testing.T) {
	t.Parallel()
	worlds, err := visit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen, err := sightings(worlds)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range seen {
		name := s.Title + ": " + s.Result.Scenario + " on " + s.Result.Route + ", fault " + s.Fault
		a := s.Result.Attribution
		switch {
		case s.TrueLayer == "" || s.TrueLayer == string(probe.None):
			t.Errorf("%s: got the truth %q, want a layer that rejected it", name, s.TrueLayer)
		case string(a.Layer) != s.TrueLayer && len(causes.Separate(*a)) == 0:
			t.Errorf("%s: got %s, truth %s, and nothing that would tell them apart", name, a.Layer, s.TrueLayer)
		}
	}
	for _, f := range sandbox.Faults() { // each does what it says
		for _, s := range seen {
			if s.Fault == f.Name && (s.TrueLayer != f.Layer || s.TrueCause != f.Cause) {
				t.Errorf("fault %q: says %s/%s, and made it %s/%s", f.Name, f.Layer, f.Cause, s.TrueLayer, s.TrueCause)
			}
		}
	}
	for fault, w := range worlds {
		answers := 0
		for _, r := range slices.Concat(w.report.Results, w.report.Extra) {
			if r.Attribution == nil || r.Observed == nil {
				continue
			}
			answers++
			a := r.Attribution
			truth, _ := w.truth(r)
			if a.Confidence == probe.Certain && string(a.Layer) != truth {
				t.Errorf("fault %q, %s: got %s, certain; truth %s", fault, r.ID, a.Layer, truth)
			}
			if !slices.ContainsFunc(a.Candidates, func(c probe.Candidate) bool { return string(c.Layer) == truth }) {
				t.Errorf("fault %q, %s: got the candidates %v, want %s among them", fault, r.ID, a.Candidates, truth)
			}
		}
		if answers == 0 {
			t.Errorf("fault %q: got no answers", fault)
		}
	}
}

// The tour has all rows, and shows every fault.
func TestTourIsWhole(t *testing.T) {
	t.Parallel()
	var numbers []int
	shown := make(map[string]bool)
	for _, r := range rows {
		numbers = append(numbers, r.number)
		for _, s := range r.shown {
			shown[s.fault] = true
		}
	}
	for i, n := range numbers {
		if n != i+1 {
			t.Fatalf("rows: got %v, want 1 to 31 without a gap", numbers)
		}
	}
	if len(numbers) != 31 {
		t.Errorf("rows: got %d, want 31", len(numbers))
	}
	for _, f := range sandbox.Faults() {
		if shown[f.Name] == (untoured[f.Name] != "") {
			t.Errorf("fault %q: want it either at a stop of the tour or among those without one", f.Name)
		}
	}
}
