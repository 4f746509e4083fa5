package probe

import (
	"slices"
	"testing"
)

// TestCauseTable holds the table of causes equal to what fingerprints, recordings and the code name.
func TestCauseTable(t *testing.T) {
	table := make(map[Candidate]bool)
	for _, row := range Causes() {
		key := Candidate{row.Layer, row.Cause}
		if table[key] {
			t.Errorf("%s/%s: stands twice in the table", row.Layer, row.Cause)
		}
		table[key] = true
		if !row.Layer.Valid() {
			t.Errorf("%s/%s: the layer is not one of Layers", row.Layer, row.Cause)
		}
		if row.Means == "" {
			t.Errorf("%s/%s: does not say what it means", row.Layer, row.Cause)
		}
	}
	for _, f := range slices.Concat(fingerprints, httpFingerprints, socketFingerprints, elsewhere, excerpts) {
		for _, p := range f.candidates {
			if !table[p.Candidate] {
				t.Errorf("fingerprint %q: candidate %s/%s is not in the table of causes", f.name, p.Layer, p.Cause)
			}
		}
	}
	for _, v := range recorded(t) {
		if !table[Candidate{v.Layer, v.Cause}] {
			t.Errorf("vector %s: %s/%s is not in the table of causes", v.ID, v.Layer, v.Cause)
		}
	}
	named := make(map[Layer]bool)
	for c := range table {
		named[c.Layer] = true
	}
	for _, l := range Layers() {
		if !named[l] {
			t.Errorf("layer %s: has no cause", l)
		}
	}
}

func TestFingerprintTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, f := range slices.Concat(fingerprints, httpFingerprints, socketFingerprints, elsewhere, excerpts) {
		switch {
		case seen[f.name]:
			t.Errorf("fingerprint %q: stands twice", f.name)
		case f.source == "" || f.grade == "":
			t.Errorf("fingerprint %q: got no source or grade, want both", f.name)
		case len(f.candidates) == 0:
			t.Errorf("fingerprint %q: has no candidate", f.name)
		}
		seen[f.name] = true
	}
}

// TestOrderTable: the edges must be an order for each kind of API, and an inferred one must not serve a proof.
func TestOrderTable(t *testing.T) {
	for api, order := range plainOrders {
		for _, l := range layers {
			if order.before(l, l) {
				t.Errorf("order of %q: %s comes before itself", api, l)
			}
		}
	}
	for _, e := range edges {
		if e.source == "" || e.grade == "" {
			t.Errorf("edge %s < %s: got no source or grade, want both", e.before, e.after)
		}
		for _, api := range e.apis {
			if !plainOrders[api].before(e.before, e.after) {
				t.Errorf("edge %s < %s: not in the plain order of %s", e.before, e.after, api)
			}
		}
	}
	unknown := [][2]Layer{ // attribution must not lean on what nobody states
		{WAF, RouteLayer}, {WAF, IAMAuthentication}, {IAMAuthentication, ResourcePolicy}, {IAMAuthentication, APIKeyLayer},
		{IAMAuthorization, APIKeyLayer}, {ResourcePolicy, APIKeyLayer}, {ResourcePolicy, IAMAuthentication}, {UsagePlan, APIKeyLayer},
		{EndpointPolicy, Stage}, {Stage, EndpointPolicy}, {EndpointPolicy, RouteLayer}, {RouteLayer, UsagePlan},
	}
	for api, order := range soundOrders {
		for _, pair := range unknown {
			if order.before(pair[0], pair[1]) {
				t.Errorf("order of %q: a proof uses %s before %s, which is not known", api, pair[0], pair[1])
			}
		}
		for _, l := range layers {
			if l == Network || l == Edge || l == None {
				continue
			}
			if !order.before(l, None) {
				t.Errorf("order of %q: %s does not come before acceptance", api, l)
			}
		}
	}
	for pair, apis := range map[[2]Layer][]APIType{ // what holds of some kinds of API only
		{WAF, ResourcePolicy}: {REST}, {Stage, WAF}: {REST}, {LambdaAuthorizer, APIKeyLayer}: {REST}, {RouteLayer, JWTAuthorizer}: {HTTP},
	} {
		for api, order := range soundOrders {
			if got, want := order.before(pair[0], pair[1]), slices.Contains(apis, api); got != want {
				t.Errorf("order of %q: %s before %s: got %t, want %t", api, pair[0], pair[1], got, want)
			}
		}
	}
}
